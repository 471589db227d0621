"""The readings of followed files: made when asked for, and made anew alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.model import Line, Reject
from shipper.readings import Reading, Readings, UnfollowedError, Way
from shipper.source import Opening
from tests.support.lines import a_line, lines_of
from tests.support.readings import COMBINED, FakeFiles, a_way

CRI = b"2026-11-23T12:00:00.000000000Z stdout F " + COMBINED
W3C = [
    b"#Fields: date time cs-method cs-uri-stem sc-status",
    b"2026-11-23 12:00:01 GET /a 200",
    b"2026-11-23 12:00:02 GET /b 200",
]


def readings(
    way: Way | None = None, opening: Opening | None = None, **options: Any
) -> tuple[Readings, FakeFiles]:
    """Return readings of an own source and a foreign one."""
    files = FakeFiles(opening or Opening(b"head"))
    return Readings(files=files, ways=[None, way or a_way()], **options), files


def record(reading: Reading | None, line: Line) -> dict[str, Any]:
    """Return the record that a line becomes."""
    assert reading is not None
    own = reading.as_own(line)
    assert isinstance(own, Line)
    made: dict[str, Any] = json.loads(own.data)
    return made


def test_a_file_is_asked_about_once() -> None:
    """Its reading is kept, and goes on when the file is let go of."""
    found, files = readings()
    line = a_line(COMBINED)
    first = found.of(line)
    files.gone.add(line.file_id)

    assert first is found.of(line)
    assert files.asked == [("file-1", None)]
    assert first is not None
    assert first.number == 1
    assert found.of(a_line(b"{}", file_id="own")) is None


def test_lines_of_our_own_stay_so_when_their_file_is_let_go_of() -> None:
    """In the middle of a block, too."""
    found, files = readings()
    line = a_line(b"{}", file_id="own")
    found.of(line)
    files.gone.add("own")

    assert found.of(line) is None


def test_nobody_reads_a_file_that_no_table_names() -> None:
    """It must never be taken for one of our own."""
    found, files = readings()
    files.gone.add("file-1")

    with pytest.raises(UnfollowedError):
        found.of(a_line(COMBINED))


def test_a_reading_that_was_dropped_is_made_anew_alike() -> None:
    """The bound is on files, and no id depends on it."""
    found, files = readings(most=1)
    line = a_line(COMBINED, start_bytes=90)
    first = record(found.of(line), line)
    found.of(a_line(COMBINED, file_id="file-2"))

    assert first == record(found.of(line), line)
    assert [file_id for file_id, _ in files.asked] == ["file-1", "file-2", "file-1"]


def test_the_fingerprint_is_part_of_the_id() -> None:
    """As `adopt.record_id` has it, with the empty label."""
    line = a_line(COMBINED)
    one, other = (readings(opening=Opening(head))[0] for head in (b"a", b"b"))

    assert record(one.of(line), line)["id"] != record(other.of(line), line)["id"]


@pytest.mark.parametrize(
    ("wrapper", "lines", "is_wrapped"),
    [
        ("auto", (CRI, CRI), True),
        ("auto", (COMBINED, CRI), False),
        ("auto", (), True),  # the line itself has to tell
        ("none", (CRI, CRI), False),
        ("cri", (COMBINED,), True),
    ],
)
def test_the_wrapper_is_what_was_said_or_what_the_first_lines_have(
    wrapper: Any, lines: tuple[bytes, ...], is_wrapped: bool
) -> None:
    """It is never guessed line by line."""
    found, _ = readings(a_way(wrapper=wrapper), Opening(b"head", lines))
    reading = found.of(a_line(CRI))
    assert reading is not None

    assert is_wrapped == (reading.joiner is not None)
    assert is_wrapped == isinstance(reading.as_own(a_line(CRI)), Line)


def test_a_file_nobody_can_open_is_read_all_the_same() -> None:
    """Without a fingerprint, as one that has none."""
    files = FakeFiles(None)
    found = Readings(files=files, ways=[None, a_way()])
    line = a_line(COMBINED)

    assert record(found.of(line), line)["entry"]["response"]["status"] == 200


def test_headers_are_asked_for_where_a_line_does_not_follow() -> None:
    """Once at the start, and again for a line read out of turn."""
    header, first, second = lines_of(W3C)
    found, files = readings(a_way("w3c"), Opening(b"head", headers=(W3C[0],)))
    record(found.of(first), first)
    record(found.of(second), second)
    record(found.of(first), first)

    assert [("file-1", first.start_bytes)] * 2 == files.asked
    assert found.of(header) is not None


def test_what_is_held_back_is_not_dropped() -> None:
    """A reading that has parts of a text is kept beyond the bound."""
    part = a_line(CRI.replace(b" F ", b" P "))
    found, files = readings(a_way(wrapper="cri"), most=1)
    reading = found.of(part)
    assert reading is not None
    assert reading.joiner is not None
    reading.joiner.take(part)
    found.of(a_line(CRI, file_id="file-2"))
    found.of(a_line(CRI, file_id="file-3"))

    assert [("file-1", reading.joiner)] == found.holding()
    assert found.of(part) is reading
    assert [file_id for file_id, _ in files.asked] == ["file-1", "file-2", "file-3"]


@pytest.mark.parametrize("is_own", [True, False])
def test_a_file_that_another_table_has_by_now_is_read_as_that_one_says(
    is_own: bool,
) -> None:
    """It was moved there while it was read."""
    files = FakeFiles(Opening(b"head"))
    ways = [None if is_own else a_way("caddy"), a_way()]
    found = Readings(files=files, ways=ways)
    line = a_line(COMBINED, file_id="own")
    before = found.of(line)
    files.moved["own"] = 1
    after = found.of(line)

    assert (None if before is None else before.number) == (None if is_own else 0)
    assert after is not None
    assert after.number == 1
    assert found.of(line) is after


def test_parts_of_a_text_are_read_to_its_end_by_the_table_before() -> None:
    """What its joiner holds would be lost otherwise."""
    part = a_line(CRI.replace(b" F ", b" P "))
    files = FakeFiles(Opening(b"head"))
    found = Readings(files=files, ways=[a_way(), a_way(wrapper="cri")])
    reading = found.of(part)
    assert reading is not None
    assert reading.joiner is not None
    reading.joiner.take(part)
    files.moved["file-1"] = 0

    assert found.of(part) is reading
    reading.joiner.finish()
    assert found.of(part) is not reading


def test_half_of_a_surrogate_pair_in_a_refused_line_stops_nobody() -> None:
    """JSON can name one, and no encoding has bytes for it."""
    found, _ = readings()
    line = a_line(b'{"a":"x\\ud800","token":"hunter2"}')
    reading = found.of(line)
    assert reading is not None
    refused = reading.refused(line, Reject("shape", "no"))

    assert refused.shown == '{"a": "x\ufffd", "token": "[REDACTED]"}'.encode()
