"""Logs of AWS Application Load Balancers, of all years."""

from __future__ import annotations

import pytest

from shipper.formats.alb import ENDED, MIN_FIELDS
from tests.support.foreign_logs import a_reader, outcome, outcomes, read_one, sample

NEWEST = sample("aws-alb-crowdsec.log")[7]
OLDEST = b" ".join(NEWEST.split(b" ")[:20])  # the request alone has two blanks


def test_a_line_gives_all_it_has() -> None:
    """Scheme and host from the URL; the start, not the end; the sum of the times."""
    found = read_one(a_reader("alb"), NEWEST)

    assert (
        found.scheme,
        found.host,
        found.target,
        found.client,
        found.duration_ms,
        found.started_ns,
        found.response_size_bytes,
        found.request_headers,
        found.remarks,
    ) == (
        "https",
        "www.example.com:443",
        "/",
        "192.168.131.39",
        171,
        1_530_570_168_364_000_000,
        None,
        (("User-Agent", "curl/7.46.0"),),
        (),
    )


def test_fields_may_be_appended() -> None:
    """A log of next year reads as one of today."""
    line = NEWEST + b' new "quoted field" -'

    assert read_one(a_reader("alb"), NEWEST) == read_one(a_reader("alb"), line)


def test_the_first_load_balancers_logged_no_start() -> None:
    """The durations are taken off the end."""
    assert (
        len(
            OLDEST.replace(b'"GET https://www.example.com:443/ HTTP/1.1"', b"r").split(
                b" "
            )
        )
        == MIN_FIELDS
    )

    found = read_one(a_reader("alb"), OLDEST)

    assert (
        found.started_ns,
        found.remarks,
    ) == (1_530_570_180_186_641_000 - 171_000_000, ())


def test_without_start_and_duration_the_end_is_said_to_be_one() -> None:
    """Nothing is invented, and the reader of the entry is told."""
    line = OLDEST.replace(b"0.086 0.048 0.037", b"-1 -1 -1")

    found = read_one(a_reader("alb"), line)

    assert (found.duration_ms, found.remarks) == (None, (ENDED,))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            b'"GET https://www.example.com:443/ HTTP/1.1"',
            b'"- http://x:80- -"',
            "method",
        ),
        (b" 200 200 ", b" - 200 ", "status"),
        (b"0.086", b"x", "number"),
        (b"2018-07-02T22:22:48.364000Z", b"yesterday", "time"),
        (b'"curl/7.46.0"', b'"cu"rl"', "quotes"),
        (b'"TransformSuccess"', b'"Transfo', "half-line"),
        (b"https 2018", b"tls 2018", "shape"),
    ],
)
def test_what_cannot_be_read_is_refused(old: bytes, new: bytes, reason: str) -> None:
    """Each fault has its own reason."""
    assert reason == outcome(a_reader("alb").read(NEWEST.replace(old, new)))


@pytest.mark.parametrize(
    ("line", "reason"),
    [(b"", "blank"), (NEWEST[:90], "half-line"), (b"h" * 1_048_577, "too-long")],
)
def test_lines_that_are_none_are_told_apart(line: bytes, reason: str) -> None:
    """Blank, cut and endless ones."""
    assert reason == outcome(a_reader("alb").read(line))


def test_the_real_log_gives_its_counts() -> None:
    """Fourteen exchanges, those that no target answered among them."""
    assert outcomes(a_reader("alb"), sample("aws-alb-crowdsec.log")) == {"exchange": 14}


@pytest.mark.parametrize(
    ("written", "client"),
    [
        (b"2001:db8::1:2817", "2001:db8::1"),
        (b"2001:db8:0:0:0:0:0:1:2817", "2001:db8:0:0:0:0:0:1"),
        (b"[2001:db8::1]:2817", "2001:db8::1"),
        (b"-", None),
    ],
)
def test_the_port_is_no_part_of_the_client(written: bytes, client: str | None) -> None:
    """Behind an IPv6 address it would pass for the end of one."""
    for line, old in ((NEWEST, b"192.168.131.39:2817"), (CLASSIC, b"203.0.113.9:2817")):
        assert old in line
        assert read_one(a_reader("alb"), line.replace(old, written)).client == client


def test_a_request_for_the_server_itself_has_no_path() -> None:
    """The star stands right behind the port."""
    line = NEWEST.replace(
        b"GET https://www.example.com:443/", b"OPTIONS https://h:443*"
    )

    found = read_one(a_reader("alb"), line)

    assert (found.method, found.host, found.target) == ("OPTIONS", "h:443", "*")


CLASSIC = (
    b"2026-07-31T12:00:00.123456Z owls 203.0.113.9:2817 192.0.2.1:80 0.000073 0.001048 "
    b'0.0006 200 200 7 29 "GET http://api.example.com:80/owls?page=2 HTTP/1.1" '
    b'"owl/1.0 (\\x22big\\x22)" - -'
)


def test_a_classic_load_balancer_gives_all_it_has() -> None:
    """Its stamp is the start, and its sizes are those of the bodies."""
    found = read_one(a_reader("alb"), CLASSIC)

    assert (
        found.started_ns,
        found.duration_ms,
        found.scheme,
        found.host,
        found.target,
        found.client,
        found.request_size_bytes,
        found.response_size_bytes,
        found.request_headers,
    ) == (
        1_785_499_200_123_456_000,
        2,
        "http",
        "api.example.com:80",
        "/owls?page=2",
        "203.0.113.9",
        7,
        29,
        (("User-Agent", 'owl/1.0 ("big")'),),
    )


def test_the_oldest_classic_ones_end_with_the_request() -> None:
    """User-Agent, cipher and protocol of TLS came later."""
    line = CLASSIC.partition(b' "owl')[0]
    found = read_one(a_reader("alb"), line)

    assert (found.status, found.request_headers) == (200, ())
    assert a_reader("alb").fits(line)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"GET http://api.example.com:80/owls?page=2 HTTP/1.1"', b'"- - - "', None),
        (b" 192.0.2.1:80 0.000073 0.001048 0.0006 ", b" - -1 -1 -1 ", "exchange"),
        (b" 200 200 ", b" 0 0 ", "status"),
        (b" 7 29 ", b" 7 x ", "number"),
        (b" 0.001048 ", b" x ", "number"),
        (b"T12:00:00.", b"T25:00:00.", "time"),
        (b'HTTP/1.1" "owl', b'HTTP/1.1 "owl', "quotes"),
        (b'" - -', b"", "half-line"),
        (b" 7 29 ", b" 7 ", "shape"),
    ],
)
def test_classic_lines_that_cannot_be_read_are_refused(
    old: bytes, new: bytes, reason: str | None
) -> None:
    """Lines of TCP and TLS listeners tell of no exchange."""
    line = CLASSIC.replace(old, new)

    assert (reason or "not-http") == outcome(a_reader("alb").read(line))


def test_connection_logs_are_no_access_logs() -> None:
    """They begin with a stamp too."""
    line = (
        b"2026-07-31T12:00:00.123456Z 203.0.113.9 36280 443 TLSv1.2 "
        b'ECDHE-RSA-AES128-GCM-SHA256 4.036 "CN=owl.example" NotBefore=1 F1 Success'
    )

    assert not a_reader("alb").fits(line)
    assert outcome(a_reader("alb").read(line)) == "shape"
