"""Settlements join into one commit with contiguous advances."""

from __future__ import annotations

from shipper.batch import Batcher
from shipper.flight import Flight
from shipper.model import DeadLetter, LinePlace, Skip
from shipper.settle import Settlement, commit_of
from tests.support.lines import an_entry, lines_of


def settlements_of(*sizes: int) -> list[Settlement]:
    """Return settlements of consecutive batches of one file, one a size."""
    lines = iter(lines_of([b"text"] * sum(sizes)))
    settlements = []
    for size in sizes:
        batcher = Batcher(
            max_records=100, max_bytes=10_000, buffer_length=1, max_age_seconds=1
        )
        for number in range(size):
            item = Skip("host") if number == 0 else an_entry(number)
            batcher.add(next(lines), item, 0.0)
        batch = batcher.take()
        assert batch is not None
        settlements.append(Flight(batch).settlement())
    return settlements


def test_advances_of_one_file_join() -> None:
    """Three batches of one file become one advance from first to last byte."""
    commit = commit_of(settlements_of(3, 2, 4))

    (advance,) = commit.advances
    assert (advance.start_bytes, advance.end_bytes) == (0, 45)
    assert (advance.delivered, advance.skipped) == (6, 3)
    assert advance.crc_before == 0
    assert commit.counters == (("skipped:host", 3),)


def test_refused_records_are_dead_not_delivered() -> None:
    """A refused record moves the position and counts as dead."""
    (settlement,) = settlements_of(3)
    letter = DeadLetter(
        LinePlace("file-1", 5, 10), "id-1", "refused", "why", b"{}", "hash", 2
    )
    refused = Settlement(
        spans=settlement.spans,
        dead_letters=(letter,),
        refused=(("file-1", 1),),
        counters=settlement.counters,
    )

    commit = commit_of([refused])

    (advance,) = commit.advances
    assert (advance.delivered, advance.dead, advance.skipped) == (1, 1, 1)
    assert commit.dead_letters == (letter,)
