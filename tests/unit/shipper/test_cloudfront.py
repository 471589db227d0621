"""CloudFront's standard logs, with and without their header."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.formats.cloudfront import ORDER
from tests.support.foreign_logs import a_reader, outcome, outcomes, read_one

VERSION = b"#Version: 1.0"
HEADER = b"#Fields: " + " ".join(ORDER.names).encode()
VALUES = {
    "date": "2019-12-04", "time": "21:02:31", "x-edge-location": "LAX1",
    "sc-bytes": "392", "c-ip": "2001:db8::7", "cs-method": "GET",
    "cs(Host)": "d111111abcdef8.cloudfront.net", "cs-uri-stem": "/a%2520b/index.html",
    "sc-status": "200", "cs(Referer)": "https://x.example/?q=a%2520b",
    "cs(User-Agent)": "Mozilla/5.0%2520(X11)%20owl", "cs-uri-query": "b=%25C3%25A9",
    "cs(Cookie)": "sid=1;%20t=2", "x-host-header": "api.example.com",
    "cs-protocol": "https", "cs-bytes": "23", "time-taken": "0.0016",
    "x-forwarded-for": "-", "cs-protocol-version": "HTTP/2.0",
    "sc-content-type": "text/html", "sc-content-len": "78",
}  # fmt: skip


def _line(columns: int = len(ORDER), **changes: str) -> bytes:
    values = VALUES | {name.replace("_", "-"): text for name, text in changes.items()}
    names = ORDER.names[:columns]
    return "\t".join(values.get(name, "-") for name in names).encode("latin-1")


def test_a_line_gives_all_it_has() -> None:
    """Viewer's host, decoded headers, the time taken off the end."""
    found = read_one(a_reader("cloudfront"), _line())

    assert (
        found.started_ns,
        found.duration_ms,
        found.scheme,
        found.host,
        found.target,
        found.client,
        found.http_version,
        found.response_size_bytes,
        found.request_headers,
        found.response_headers,
    ) == (
        1_575_493_350_998_400_000,
        2,
        "https",
        "api.example.com",
        "/a%20b/index.html?b=%C3%A9",
        "2001:db8::7",
        "HTTP/2.0",
        78,
        (
            ("Host", "api.example.com"),
            ("Referer", "https://x.example/?q=a%20b"),
            ("User-Agent", "Mozilla/5.0 (X11) owl"),
            ("Cookie", "sid=1; t=2"),
        ),
        (("Content-Type", "text/html"),),
    )


def test_the_header_names_the_columns() -> None:
    """In another order, and with columns nobody knows."""
    reader = a_reader("cloudfront")
    fields = b"#Fields: x-new sc-status cs-uri-stem cs-method time date x-edge-location"
    line = b"?\t204\t/owls\tPUT\t21:02:31\t2019-12-04\tLAX1"

    counted = outcomes(reader, [VERSION, fields, line, line + b"\tmore"])

    assert counted == {"header": 2, "exchange": 1, "shape": 1}


@pytest.mark.parametrize("columns", [12, 19, 26, 33])
def test_logs_without_a_header_are_read_in_the_documented_order(columns: int) -> None:
    """Logs of older years have fewer columns."""
    assert outcome(a_reader("cloudfront").read(_line(columns))) == "exchange"


def test_columns_that_were_appended_are_left_alone() -> None:
    """A log of next year reads as one of today."""
    assert outcome(a_reader("cloudfront").read(_line() + b"\tnew")) == "exchange"


def test_little_known_is_little_told() -> None:
    """Without a viewer's host the distribution's is taken; no duration is made up."""
    found = read_one(a_reader("cloudfront"), _line(12))

    assert (
        found.host,
        found.duration_ms,
        found.scheme,
    ) == ("d111111abcdef8.cloudfront.net", None, None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_line(cs_method="-"), "method"),
        (_line(cs_method="G T"), "method"),
        (_line(cs_uri_stem="-"), "url"),
        (_line(sc_status="000"), "status"),
        (_line(date="2019-13-04"), "time"),
        (_line(date="-"), "shape"),
        (_line(time="noon"), "shape"),
        (_line(time_taken="x"), "number"),
        (_line(sc_content_len="x"), "number"),
        (_line(11), "shape"),
        (b"", "blank"),
        (b"x" * 1_048_577, "too-long"),
    ],
)
def test_what_cannot_be_read_is_refused(line: bytes, reason: str) -> None:
    """Each fault has its own reason."""
    assert reason == outcome(a_reader("cloudfront").read(line))


def test_other_w3c_logs_are_not_its_own() -> None:
    """Their header has no edge location."""
    reader = a_reader("cloudfront")
    reader.read(b"#Fields: date time cs-method cs-uri-stem sc-status")

    assert not reader.fits(b"2019-12-04\t21:02:31\tGET\t/\t200")
    assert reader.fits(HEADER)
    assert reader.fits(_line())


def _object(**changes: Any) -> bytes:
    values = {name: VALUES.get(name, "-") for name in ORDER.names}
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    return json.dumps({**values, "timestamp(ms)": "1575493351123", **changed}).encode()


def test_the_json_form_says_the_same() -> None:
    """The members are the columns, encoded as in the text."""
    reader = a_reader("cloudfront")

    assert reader.fits(_object())
    assert read_one(reader, _line()) == read_one(reader, _object())


def test_members_may_be_numbers_or_missing() -> None:
    """Some deliveries write numbers; which members there are is the operator's."""
    line = _object(
        sc_status=404, time_taken=0.25, sc_content_len=None, cs_protocol=None
    )
    few = {name: VALUES[name] for name in ("date", "time", "cs-method", "cs-uri-stem")}
    found = read_one(a_reader("cloudfront"), line)
    little = read_one(
        a_reader("cloudfront"), json.dumps({**few, "sc-status": "200"}).encode()
    )

    assert (
        found.status, found.duration_ms, found.response_size_bytes, found.scheme,
    ) == (404, 250, None, None)  # fmt: skip
    assert (little.target, little.host) == ("/a%20b/index.html", None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_object()[:-30], "not-json"),
        (b"{}", "shape"),
        (_object(date="-"), "shape"),
        (_object(sc_status="000"), "status"),
        (_object(cs_method=["GET"]), "method"),
    ],
)
def test_objects_that_cannot_be_read_are_refused(line: bytes, reason: str) -> None:
    """As lines of text are."""
    assert reason == outcome(a_reader("cloudfront").read(line))


def test_a_line_with_less_fields_than_columns_is_cut() -> None:
    """The header says how many there are."""
    reader = a_reader("cloudfront")
    reader.read(HEADER)

    assert outcome(reader.read(_line(20))) == "half-line"
