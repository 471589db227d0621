"""What a line becomes, rule by rule, and that its number goes with it."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.model import Entry, LineFault, Reject, Serial, Skip
from shipper.payload import PayloadBuilder
from shipper.pipeline import Shaper
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from shipper.sample import Sampler
from tests.support.lines import lines_of
from tests.support.records import a_record_line


def a_shaper() -> Shaper:
    """Return a shaper that leaves out every host but one."""
    return Shaper(
        filters=Filters(allowed_http_hosts=["api.example.com"]),
        identifier=Identifier(rules=(), unidentified="anonymous"),
        redactor=Redactor(denylist=(), allowlist=()),
        payloads=PayloadBuilder(version="1", development_mode=False, comment="x"),
    )


NUMBERED = {"w": [4211, 1_795_435_200_000_000_000, 17], "dropped": 3}
SERIAL = Serial(4211, 1_795_435_200_000_000_000, 17)


@pytest.mark.parametrize(
    ("url", "kind"),
    [("https://api.example.com/", Entry), ("https://other.example.com/", Skip)],
)
def test_the_number_of_a_line_goes_with_whatever_it_becomes(
    url: str, kind: type[Entry | Skip]
) -> None:
    """A record that a rule leaves out was not lost."""
    data = a_record_line(envelope=NUMBERED, url=url)

    item = a_shaper().shape(lines_of([data])[0])

    assert isinstance(item, kind)
    assert (item.w, item.dropped) == (SERIAL, 3)


def test_a_record_outside_the_sample_is_skipped_under_that_name() -> None:
    """Its number goes with it, as with every rule."""
    shaper = replace(a_shaper(), sampler=Sampler(rate=0.0))

    item = shaper.shape(lines_of([a_record_line(envelope=NUMBERED)])[0])

    assert item == Skip("sample", SERIAL, 3)


def test_a_record_of_the_sample_tells_its_weight() -> None:
    """In the entry's comment, which a reader of the log sees."""
    shaper = replace(a_shaper(), sampler=Sampler(rate=0.999))

    item = shaper.shape(lines_of([a_record_line()])[0])

    assert isinstance(item, Entry)
    (entry,) = json.loads(item.payload)["request"]["log"]["entries"]
    assert entry["comment"] == "sampled: 1 of 1.001"


@pytest.mark.parametrize("fault", [None, LineFault("torn", "")])
def test_a_dead_letter_is_not_missing(fault: LineFault | None) -> None:
    """A line that cannot be read is kept; its number is taken from its beginning."""
    data = b'{"v":1,"id":"x","w":[4211,1795435200000000000,17],"client":"203.0.'
    (line,) = lines_of([data])

    item = a_shaper().shape(replace(line, fault=fault))

    assert isinstance(item, Reject)
    assert item.w == SERIAL


class _Deep(Redactor):
    """Gives up, as a rule does that what a client has nested is too deep for."""

    def apply(self, record: Record) -> Redacted | Reject:
        raise RecursionError


def test_what_is_too_deep_for_a_rule_stays_here() -> None:
    """No client ends the shipper by what it sends; the rest of the log goes on."""
    data = a_record_line(envelope=NUMBERED)
    shaper = replace(a_shaper(), redactor=_Deep(denylist=["a"]))

    item = shaper.shape(lines_of([data])[0])

    assert isinstance(item, Reject)
    assert (item.reason, item.w) == ("too-deep", SERIAL)


def test_a_foreign_line_has_no_number() -> None:
    """Only the beginning of a line of ours is believed."""
    (line,) = lines_of([b'{"note":{"v":1,"id":"x","w":[4211,1,17]}'])

    item = a_shaper().shape(line)

    assert isinstance(item, Reject)
    assert item.w is None
