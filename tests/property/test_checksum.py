"""A line whose checksum is right becomes the same as one that has none."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.model import Entry, Item, Reject
from shipper.parse import UnknownVersion, parse
from shipper.payload import PayloadBuilder
from shipper.pipeline import Shaper
from shipper.record import Record
from shipper.redact import Redactor
from shipper.sample import Sampler
from shipper.values import Detector
from tests.property.test_record_validity import MASKS, exchanges
from tests.support.exchanges import an_exchange, encoded
from tests.support.lines import lines_of
from tests.support.records import a_record_line, text_body
from wsgi_writer.record import Exchange

PAYLOADS = PayloadBuilder(version="1", development_mode=False, comment="")
ALL_KEPT = {"redactor": Redactor()}
SETTINGS: dict[str, dict[str, Any]] = {
    "nothing set": ALL_KEPT,
    "a denylist": {"redactor": Redactor(denylist=["a", "name", "referer", "key"])},
    "Location hidden": {"redactor": Redactor(denylist=["location"])},
    "an allowlist": {"redactor": Redactor(allowlist=["a"])},
    "detectors": {**ALL_KEPT, "detector": Detector(mode="redact")},
    "a sample": {**ALL_KEPT, "sampler": Sampler(rate=0.5)},
    "filters": {
        **ALL_KEPT,
        "filters": Filters(
            allowed_http_hosts=["a.example"],
            skip_methods=["GET", ""],
            exclude_paths=["/a*"],
            exclude_statuses=["5xx"],
            exclude_content_types=["text/plain"],
        ),
    },
    "rules": {
        **ALL_KEPT,
        "identifier": Identifier(rules=["header:X-Api-Key", "query:a", "cookie:sid"]),
    },
}


def shaped(line: bytes, settings: dict[str, Any]) -> Item | UnknownVersion:
    """Return what a line becomes."""
    usual = {"filters": Filters(), "identifier": Identifier(), "payloads": PAYLOADS}
    (read,) = lines_of([line])
    return Shaper(**{**usual, **settings}).shape(read)


def without_checksum(line: bytes) -> bytes:
    """Return the same line as another program would have written it."""
    found = re.match(rb'(\{"v":1,"id":"[^"]*"),"crc":[0-9]+(,.*)', line, re.DOTALL)
    assert found is not None
    return found[1] + found[2]


def vouched_for(line: bytes) -> bytes:
    """Return a line with the right checksum, whatever it holds."""
    head, rest = line[:50], line[line.index(b',"client":') :]
    return b'%b,"crc":%d%b' % (head, crc32(head + rest), line[50:])


def doubted(line: bytes) -> bytes:
    """Return a line of the same length whose checksum is wrong."""
    found = re.search(rb'"crc":[0-9]+', line)
    assert found is not None
    other = b"1" if line[found.end() - 1 : found.end()] == b"0" else b"0"
    return line[: found.end() - 1] + other + line[found.end() :]


@given(exchange=exchanges(), chosen=st.sampled_from(sorted(SETTINGS)))
@settings(max_examples=400, deadline=None)
def test_what_the_writer_wrote_need_not_be_checked(
    exchange: Exchange, chosen: str
) -> None:
    """Whatever is to be done with it, and in whatever order it is looked at."""
    line = encoded(exchange, MASKS).rstrip(b"\n")

    assert shaped(line, SETTINGS[chosen]) == shaped(
        without_checksum(line), SETTINGS[chosen]
    )


@given(exchange=exchanges())
@settings(max_examples=300, deadline=None)
def test_what_is_asked_most_needs_no_decoding(exchange: Exchange) -> None:
    """Method and URL are those of the decoded entry."""
    line = encoded(exchange, MASKS).rstrip(b"\n")
    trusted, decoded = parse(line, trusts_checksum=True), parse(line)

    assert isinstance(trusted, Record) and isinstance(decoded, Record)
    assert (trusted.method, trusted.url) == (decoded.method, decoded.url)
    assert trusted.har == decoded.har


def test_a_wrong_checksum_is_as_good_as_none() -> None:
    """Whoever edits a log need not know of it; what results is checked."""
    wrong = doubted(encoded(an_exchange()).rstrip(b"\n"))
    torn = wrong.replace(b'"time":12', b'"time":true')

    assert isinstance(shaped(wrong, ALL_KEPT), Entry)
    assert isinstance(shaped(torn, ALL_KEPT), Reject)
    record = parse(wrong, trusts_checksum=True)
    assert isinstance(record, Record) and record.decoded is not None


@pytest.mark.parametrize(
    "change",
    [
        (b'"time":12', b'"time":true'),
        (b'"cookies":[]', b'"cookies":[],"kiss":{"a":"hunter2"}'),
        (b'"headers":[', b'"headers":[{"name":"kiss","values":"hunter2"},'),
        (b'"text":"', b'"text":"kiss=hunter2\\q'),
        (b'"text":"', b'"text":"kiss=hunter2\xff'),
        (b'"timings":', b'"kiss":"hunter2","timing":'),
        (b'"text":"', b'"params":[{"name":"kiss","value":"hunter2"}],"text":"'),
        (b'"text":"a"', b'"comment":"kiss"'),
        (b'"url":"https:', b'"url":"'),
    ],
)
def test_a_right_checksum_of_what_is_no_entry_hides_nothing(
    change: tuple[bytes, bytes],
) -> None:
    """What has to be changed in it is decoded, and then it is refused as ever."""
    query = [("kiss", "hunter2")]
    sent, url = text_body("a"), "https://h/?kiss=hunter2"
    plain = a_record_line(time=12, query=query, url=url, sent=sent)
    line = plain.replace(*change)
    assert line != plain

    vouched = vouched_for(line)
    allowed = {"redactor": Redactor(allowlist=["a"])}
    assert shaped(vouched, allowed) == shaped(doubted(vouched), allowed)
    item = shaped(vouched, {"redactor": Redactor(denylist=["kiss"])})
    if not isinstance(item, Reject):
        assert isinstance(item, Entry) and b"hunter2" not in item.payload
