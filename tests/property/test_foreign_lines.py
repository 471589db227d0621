"""Any bytes at all become an exchange or a reason, and any exchange a valid record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.adopt import Adopter
from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS
from shipper.formats.detect import detect
from shipper.formats.envoy_text import open_envoy_text
from shipper.formats.reasons import REASONS
from shipper.formats.unwrap import CRI, DOCKER, Unwrapper
from shipper.model import Reject, Skip
from shipper.parse import parse
from shipper.record import Record
from shipper.rejected import RejectedText
from tests.support.foreign_logs import sample
from tests.support.har import record_complaints
from wsgi_writer.mask import Masks

AN_ID = "0d4f8c1e-6f0a-4c52-9b1e-2a7d3c9e5f10"
SHOWN = RejectedText(Masks())
LINE_FORMATS = [row for row in FORMATS.values() if not row.is_document]
SAMPLES = [
    line
    for name in (
        "apache-mixed-plaso.log", "aws-alb-crowdsec.log", "haproxy-httplog-lnav.log",
        "lighttpd-mtail.log", "nginx-combined-malformed-crowdsec.log",
        "traefik-clf-crowdsec.log",
    )
    for line in sample(name)
] + [
    b"#Fields: date time cs-method cs-uri-stem sc-status cs(Cookie) time-taken",
    b"#Fields: date time x-edge-location cs-method cs-uri-stem sc-status",
    b"2024-01-15 10:00:03 GET /a 200 a=b 7",
    b"2024-01-15\t10:00:03\tLAX1\tGET\t/a\t200",
    b'[2016-04-15T20:17:00.310Z] "GET /a HTTP/2" 204 - 1 0 2 1 "-" "-" "-" "a" "b"',
]  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Draw a real line of which a stretch is replaced by anything."""
    line = draw(st.sampled_from(SAMPLES))
    start = draw(st.integers(0, len(line)))
    end = draw(st.integers(start, min(len(line), start + 40)))
    return line[:start] + draw(st.binary(max_size=12)) + line[end:]


lines = st.lists(st.one_of(st.binary(max_size=80), mangled()), max_size=6)
texts = st.text(st.characters(max_codepoint=255), max_size=40) | st.text(max_size=20)
headers = st.lists(
    st.tuples(st.sampled_from(["Referer", "Cookie", "Authorization", "X"]), texts),
    max_size=3,
).map(tuple)
sizes = st.none() | st.integers(0, 10**12)
foreigns = st.builds(
    Foreign,
    started_ns=st.integers(0, 2 * 10**20),
    method=texts,
    target=texts | texts.map(lambda text: "http://" + text),
    status=st.integers(100, 599),
    duration_ms=sizes,
    http_version=st.none() | texts,
    scheme=st.none() | st.sampled_from(["http", "https"]),
    host=st.none() | texts,
    client=st.none() | texts,
    user=st.none() | texts,
    reason=st.none() | texts,
    request_headers=headers,
    response_headers=headers,
    request_size_bytes=sizes,
    response_size_bytes=sizes,
    request_body=st.none() | st.binary(max_size=40),
    response_body=st.none() | st.binary(max_size=40),
    route=st.none() | texts,
    remarks=st.lists(texts, max_size=2).map(tuple),
)


@pytest.mark.parametrize("name", [*(row.name for row in LINE_FORMATS), "envoy text"])
@settings(max_examples=150, deadline=None)
@given(given_lines=lines)
def test_reading_never_raises(name: str, given_lines: list[bytes]) -> None:
    """A reader returns for any bytes, and refuses for a documented reason."""
    opened = open_envoy_text if name == "envoy text" else FORMATS[name].open
    reader = opened(Hints())
    for line in given_lines:
        reader.fits(line)
        item = reader.read(line)

        assert isinstance(item, (Foreign, Skip)) or item.reason in REASONS


@settings(max_examples=150, deadline=None)
@given(given_lines=lines)
def test_what_is_read_becomes_a_record(given_lines: list[bytes]) -> None:
    """With a base URL, every exchange of every format does."""
    adopter = Adopter(masks=Masks(), base_url="https://api.example.com")
    for row in LINE_FORMATS:
        reader = row.open(Hints())
        for line in given_lines:
            item = reader.read(line)
            if isinstance(item, Foreign):
                adopted = adopter.adopt(item, AN_ID)

                assert isinstance(adopted, bytes)
                assert isinstance(parse(adopted), Record)


@settings(max_examples=300, deadline=None)
@given(foreign=foreigns, base_url=st.sampled_from([None, "https://api.example.com"]))
def test_any_exchange_becomes_a_valid_record(
    foreign: Foreign, base_url: str | None
) -> None:
    """One line that `parse` takes, and the published schema and HAR 1.2 too."""
    adopted = Adopter(masks=Masks(), base_url=base_url).adopt(foreign, AN_ID)

    if isinstance(adopted, Reject):
        assert base_url is None
        return
    assert b"\n" not in adopted
    assert isinstance(parse(adopted), Record)
    record: dict[str, Any] = json.loads(adopted)
    assert record_complaints(record) == []


@settings(max_examples=150, deadline=None)
@given(given_lines=lines)
def test_detection_and_unwrapping_never_raise(given_lines: list[bytes]) -> None:
    """Whatever the first lines of a file are."""
    detect(given_lines)
    for wrapper in (DOCKER, CRI):
        unwrapper = Unwrapper(wrapper)
        for line in given_lines:
            unwrapper.take(line, 0)


@settings(max_examples=200, deadline=None)
@given(
    line=st.binary(max_size=60) | mangled(),
    name=st.sampled_from(
        ["api_key=", "password%3D", "Authorization: ", '"cvv": "', "x[secret]=", "sig="]
    ),
)
def test_a_shown_line_never_has_the_secret(line: bytes, name: str) -> None:
    """Wherever a listed name is put into a line, its value is not shown."""
    for at in range(0, len(line) + 1, 7):
        planted = line[:at] + b"&" + name.encode() + b"hunter2S3CR3T&" + line[at:]

        assert b"hunter2S3CR3T" not in SHOWN.show(planted).encode()
