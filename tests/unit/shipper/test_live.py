"""Foreign lines among those of our own: in one piece, and each in its own way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shipper.live import LiveShaper, LiveSource
from shipper.model import Entry, Line, LineFault, Reject, Skip
from shipper.readings import Readings
from shipper.source import Opening
from tests.support.lines import MemorySource, a_line, lines_of
from tests.support.readings import COMBINED, FakeFiles, a_way
from tests.support.records import RECORD_ID, a_record_line
from tests.support.shapers import a_shaper

PART = b"2026-11-23T12:00:00.000000000Z stdout P " + COMBINED[:20]
LAST = b"2026-11-23T12:00:00.000000000Z stdout F " + COMBINED[20:]


class Lines(MemorySource):
    """A source that says which files are at rest."""

    def __init__(self, lines: Iterable[Line]) -> None:
        # Mutable state: as above, and the files at rest.
        super().__init__(lines)
        self.resting: set[str] = set()

    def is_at_rest(self, file_id: str) -> bool:
        """Return what the test says."""
        return file_id in self.resting


def the_readings(**changes: Any) -> Readings:
    """Return the readings of an own source and a foreign one."""
    return Readings(files=FakeFiles(Opening(b"head")), ways=[None, a_way(**changes)])


def test_lines_of_our_own_and_plain_ones_pass() -> None:
    """The very same lines, in the order of the source."""
    lines = [a_line(b"{}", file_id="own"), a_line(COMBINED)]
    source = LiveSource(Lines(lines), the_readings())

    assert [*lines, None] == [source.next_line() for _ in range(3)]


def test_parts_are_held_back_until_the_text_is_whole() -> None:
    """Lines of other files go on meanwhile."""
    part, last = lines_of([PART, LAST])
    other = a_line(b"{}", file_id="own")
    inner = Lines([part, other])
    source = LiveSource(inner, the_readings(wrapper="cri"))
    first = [source.next_line(), source.next_line()]
    inner.lines.append(last)
    joined = source.next_line()

    assert [other, None] == first
    assert joined is not None
    assert (part.start_bytes, last.end_bytes) == (joined.start_bytes, joined.end_bytes)


def test_a_text_is_given_up_when_its_file_rests() -> None:
    """And not before, however often is asked."""
    (part,) = lines_of([PART])
    inner = Lines([part])
    source = LiveSource(inner, the_readings(wrapper="cri"))
    waiting = [source.next_line(), source.next_line()]
    inner.resting.add(part.file_id)

    assert waiting == [None, None]
    assert [part, None] == [source.next_line(), source.next_line()]


def test_looking_and_stopping_are_the_sources() -> None:
    """Nothing of it is lost on the way."""
    inner = Lines([])
    source = LiveSource(inner, the_readings())
    source.look()
    source.stop_file("own", "why")

    assert (inner.looks, inner.stopped) == (1, [("own", "why")])


def a_live_shaper(readings: Readings) -> LiveShaper:
    """Return a shaper that hides user agents in the log of another program."""
    own, foreign = a_shaper(), a_shaper(denylist=["user-agent"])
    return LiveShaper(shapers=[own, foreign], own=own, readings=readings)


def test_each_line_is_shaped_by_its_source() -> None:
    """A foreign one is made a record first."""
    shaper = a_live_shaper(the_readings())
    own = shaper.shape(a_line(a_record_line(), file_id="own"))
    foreign = shaper.shape(a_line(COMBINED))

    assert isinstance(own, Entry)
    assert isinstance(foreign, Entry)
    assert own.id == RECORD_ID
    assert b'"owl"' not in foreign.payload


def test_what_becomes_no_record_is_told_as_the_format_tells_it() -> None:
    """Blank lines are blank; a line without usable bytes has its own fault."""
    shaper = a_live_shaper(the_readings())
    fault = LineFault("too-long", "0" * 64)

    made = [
        shaper.shape(a_line(b"what is this")),
        shaper.shape(a_line(b"x", fault=fault)),
        shaper.shape(a_line(b"")),
    ]

    assert [item.reason for item in made if isinstance(item, Reject | Skip)] == [
        "shape",
        "too-long",
        "blank",
    ]


def test_what_may_be_kept_of_a_refused_line_is_masked() -> None:
    """Nobody has masked it before; a line of our own is what its writer made it."""
    shaper = a_live_shaper(the_readings())
    foreign = shaper.shape(a_line(b"GET /a?token=s3cr3t HTTP/1.1"))
    own = shaper.shape(a_line(b"what is this", file_id="own"))

    assert isinstance(foreign, Reject)
    assert isinstance(own, Reject)
    assert foreign.shown == b"GET /a?token=[REDACTED] HTTP/1.1"
    assert own.shown is None


def test_a_line_of_a_file_that_no_table_names_stays_unread() -> None:
    """It is not taken for one of our own, whatever it holds."""
    files = FakeFiles(Opening(b"head"))
    files.gone.add("own")
    shaper = a_live_shaper(Readings(files=files, ways=[None, a_way()]))

    item = shaper.shape(a_line(a_record_line(), file_id="own"))

    assert isinstance(item, Reject)
    assert item.reason == "unfollowed"
