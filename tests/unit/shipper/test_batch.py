"""The batcher partitions items in order and closes by count, bytes or age."""

from __future__ import annotations

from hashlib import sha256

import pytest
from msgspec.structs import replace

from shipper.batch import Batcher, tail_of
from shipper.model import BLANK, Entry, Item, Line, LineFault, Reject, Run, Serial, Skip
from tests.support.lines import an_entry, entry_ids, lines_of


def a_batcher(
    *,
    max_records: int = 100,
    max_bytes: int = 1_000_000,
    buffer_length: int = 10,
    max_age_seconds: float = 1.0,
    keep_bytes: int = 0,
) -> Batcher:
    """Return a batcher with the defaults of the configuration."""
    return Batcher(
        max_records=max_records,
        max_bytes=max_bytes,
        buffer_length=buffer_length,
        max_age_seconds=max_age_seconds,
        keep_bytes=keep_bytes,
    )


def fill(batcher: Batcher, items: list[Item], *, file_id: str = "file-1") -> list[Line]:
    """Add items over consecutive lines and return the lines."""
    lines = lines_of([b"line"] * len(items), file_id=file_id)
    for line, item in zip(lines, items, strict=True):
        batcher.add(line, item, 0.0)
    return lines


def test_closes_by_count() -> None:
    """The batch is full with its last permitted record, not before."""
    batcher = a_batcher(max_records=2)

    fill(batcher, [an_entry(1)])
    assert not batcher.is_full
    fill(batcher, [an_entry(2)])
    assert batcher.is_full


def test_refuses_the_entry_that_would_pass_the_byte_limit() -> None:
    """An entry that would make the body too large waits for the next batch."""
    batcher = a_batcher(max_bytes=100)
    fill(batcher, [an_entry(1, size=60)])

    assert not batcher.has_room_for(an_entry(2, size=60))
    assert batcher.has_room_for(an_entry(2, size=20))
    assert batcher.has_room_for(Skip("host"))


def test_a_record_larger_than_a_batch_goes_alone() -> None:
    """A record beyond the byte limit is accepted by an empty batch."""
    batcher = a_batcher(max_bytes=100)

    assert batcher.has_room_for(an_entry(1, size=500))


def test_size_is_the_body_length() -> None:
    """The size of a batch is that of the JSON array it becomes, within a byte."""
    batcher = a_batcher()
    entries = [an_entry(number, size=30) for number in range(3)]
    fill(batcher, list(entries))

    batch = batcher.take()

    assert batch is not None
    body = b"[" + b",".join(entry.payload for entry in entries) + b"]"
    assert len(body) <= batch.size_bytes <= len(body) + 1


def test_is_ready_when_enough_wait() -> None:
    """`buffer_length` waiting entries are enough to be sent at once."""
    batcher = a_batcher(buffer_length=2)
    fill(batcher, [an_entry(1)])
    assert not batcher.is_ready(0.5)

    fill(batcher, [an_entry(2)])

    assert batcher.is_ready(0.5)


def test_is_ready_when_the_first_line_is_old_enough() -> None:
    """A single line, skipped or not, waits no longer than the maximum age."""
    batcher = a_batcher(max_age_seconds=1.0)
    fill(batcher, [Skip("host")])

    assert not batcher.is_ready(0.9)
    assert batcher.is_ready(1.0)
    assert batcher.due_in(0.4) == 0.6


def test_an_empty_batcher_is_never_due() -> None:
    """Nothing waits, so nothing is due and nothing is taken."""
    batcher = a_batcher()

    assert batcher.is_empty
    assert batcher.due_in(5.0) is None
    assert not batcher.is_ready(5.0)
    assert batcher.take() is None


def test_skipped_lines_alone_close_a_batch() -> None:
    """A long run of skipped lines is committed without waiting for an entry."""
    batcher = a_batcher(max_records=2)

    fill(batcher, [Skip("host")] * 20)

    assert batcher.is_full


def test_span_counts_every_outcome_and_joins_the_chain() -> None:
    """A span covers its lines from first to last and counts what they became."""
    batcher = a_batcher()
    lines = fill(
        batcher,
        [an_entry(1), Skip("host"), Skip(BLANK), Reject("not-json", "no"), an_entry(2)],
    )

    batch = batcher.take()

    assert batch is not None
    (span,) = batch.spans
    assert (span.start_bytes, span.end_bytes) == (0, lines[-1].end_bytes)
    assert (span.crc_before, span.crc_after) == (0, lines[-1].crc_after)
    assert (span.entries, span.skipped, span.blank, span.rejected) == (2, 1, 1, 1)
    assert entry_ids(batch) == ["id-1", "id-2"]
    assert batch.counters == (("rejected:not-json", 1), ("skipped:host", 1))


def test_one_span_a_file() -> None:
    """Lines of two files that alternate make one span each."""
    batcher = a_batcher()
    first = lines_of([b"a", b"b"], file_id="one")
    second = lines_of([b"c", b"d"], file_id="two")
    for number, line in enumerate((first[0], second[0], first[1], second[1])):
        batcher.add(line, an_entry(number), 0.0)

    batch = batcher.take()

    assert batch is not None
    assert [span.file_id for span in batch.spans] == ["one", "two"]
    assert [span.entries for span in batch.spans] == [2, 2]
    assert [place.file_id for place in batch.places] == ["one", "two", "one", "two"]


def test_withheld_bodies_are_counted_by_reason() -> None:
    """Every body that stays here is counted with the batch that leaves it out."""
    batcher = a_batcher()
    fill(batcher, [Entry("id", b"{}", ("not json", "not json"))])

    batch = batcher.take()

    assert batch is not None
    assert batch.counters == (("withheld:not json", 2),)


def test_unreadable_line_becomes_a_dead_letter_without_its_bytes() -> None:
    """A reject is kept as place, length, hash and reason; never as content."""
    batcher = a_batcher()
    (line,) = lines_of([b"no json"])
    batcher.add(line, Reject("not-json", "no JSON object"), 0.0)

    batch = batcher.take()

    assert batch is not None
    (letter,) = batch.rejects
    assert letter.payload is None
    assert letter.sha256 == sha256(b"no json").hexdigest()
    assert letter.length_bytes == 7
    assert (letter.reason, letter.detail) == ("not-json", "no JSON object")


def test_faulty_line_keeps_the_hash_of_the_whole_line() -> None:
    """The dead letter of an over-long line has the hash its reader computed."""
    batcher = a_batcher()
    line = Line("f", 0, 5000, 0, 7, b"prefix", LineFault("too-long", "ab" * 32))
    batcher.add(line, Reject("too-long", "the line has no usable bytes"), 0.0)

    batch = batcher.take()

    assert batch is not None
    assert batch.rejects[0].sha256 == "ab" * 32
    assert batch.rejects[0].length_bytes == 5000
    assert tail_of(line) == b""


@pytest.mark.parametrize(("limit", "records"), [(0, 1), (5, 5), (50, 10)])
def test_a_receiver_may_take_less_than_was_allowed(limit: int, records: int) -> None:
    """Down to one record, and never more than the operator allows."""
    batcher = a_batcher(max_records=10)
    batcher.limit(3)
    batcher.limit(limit)

    fill(batcher, [an_entry(number) for number in range(records - 1)])
    assert not batcher.is_full
    fill(batcher, [an_entry(records)])

    assert batcher.is_full


def test_tail_is_the_end_of_the_last_line() -> None:
    """The marker is at most 256 bytes, the newline included."""
    (line,) = lines_of([b"x" * 300])

    assert tail_of(line) == b"x" * 255 + b"\n"


def _numbered(pid: int, number: int, dropped: int = 0) -> Entry:
    return Entry("id", b"x", (), Serial(pid, pid * 10, number), dropped)


def test_numbers_of_writers_become_runs() -> None:
    """Writers, files, gaps and told losses each begin a run; the order is kept."""
    batcher = a_batcher()
    items: list[Item] = [
        _numbered(1, 1),
        _numbered(2, 5),
        _numbered(1, 2),
        Skip("host", Serial(2, 20, 6)),
        Reject("schema", "no", Serial(1, 10, 3)),
        _numbered(1, 5),
        _numbered(1, 7, dropped=1),
    ]

    fill(batcher, items)
    fill(batcher, [_numbered(1, 8)], file_id="file-2")
    batch = batcher.take()

    assert batch is not None
    assert batch.runs == (
        Run("file-1", 1, 10, 1, 3),
        Run("file-1", 2, 20, 5, 6),
        Run("file-1", 1, 10, 5, 5),
        Run("file-1", 1, 10, 7, 7, told=1),
        Run("file-2", 1, 10, 8, 8),
    )


def test_told_losses_are_counted() -> None:
    """Those that no number will show are counted as missing as well."""
    batcher = a_batcher()

    fill(batcher, [_numbered(1, 4, dropped=3), Skip("host", dropped=2)])
    batch = batcher.take()

    assert batch is not None
    assert dict(batch.counters) == {
        "dropped_records": 5,
        "missing_records": 2,
        "skipped:host": 1,
    }


def test_the_next_batch_begins_its_own_runs() -> None:
    """A run ends with its batch: it is committed with it."""
    batcher = a_batcher()
    fill(batcher, [_numbered(1, 1)])
    batcher.take()

    fill(batcher, [_numbered(1, 2)])
    batch = batcher.take()

    assert batch is not None
    assert batch.runs == (Run("file-1", 1, 10, 2, 2),)


def test_unreadable_line_keeps_as_many_bytes_as_asked_for() -> None:
    """An operator who wants to see such lines gets their beginning."""
    batcher = a_batcher(keep_bytes=3)
    (line,) = lines_of([b"secret"])
    batcher.add(line, Reject("not-json", "no"), 0.0)

    batch = batcher.take()

    assert batch is not None
    assert [letter.excerpt for letter in batch.rejects] == [b"sec"]


def test_no_batch_ends_where_no_position_may_rest() -> None:
    """A line inside another one's text is sent with it, whatever the limits say."""
    batcher = a_batcher(max_records=1, max_bytes=20, buffer_length=1)
    begin, inner, end = lines_of([b"begin", b"inner", b"end"])
    batcher.add(replace(inner, is_open=True), an_entry(1), 0.0)

    assert not batcher.is_full
    assert not batcher.is_ready(9.0)
    assert batcher.has_room_for(an_entry(2, size=60))
    assert batcher.take() is None
    whole = Line(
        "file-1",
        begin.start_bytes,
        end.end_bytes,
        begin.crc_before,
        end.crc_after,
        b"begin\ninner\nend",
        parts=2,
    )
    batcher.add(whole, an_entry(2), 0.0)
    batch = batcher.take()
    assert batch is not None
    (span,) = batch.spans
    assert (span.start_bytes, span.end_bytes) == (0, end.end_bytes)
    assert (span.crc_before, span.crc_after) == (0, end.crc_after)
    assert (span.entries, span.skipped) == (2, 1)
    assert batch.counters == (("skipped:part", 1),)


def test_what_is_kept_of_a_foreign_line_is_what_may_be_shown() -> None:
    """The hash is that of the line, so that it can be found and read again."""
    batcher = a_batcher(keep_bytes=6)
    (line,) = lines_of([b"token=s3cr3t"])
    batcher.add(line, Reject("shape", "why", shown=b"masked text"), 0.0)

    batch = batcher.take()

    assert batch is not None
    (letter,) = batch.rejects
    assert letter.excerpt == b"masked"
    assert letter.sha256 == sha256(b"token=s3cr3t").hexdigest()
