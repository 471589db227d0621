"""Commits of an export are held as one, and what left is exported in it."""

from __future__ import annotations

from shipper.airgap.held import Held
from shipper.model import Advance, Commit, DeadLetter, LinePlace, Run
from shipper.store.ledger import RANGE_BYTES

LETTER = DeadLetter(LinePlace("a", 1, 2), None, "torn", "why", None, "00", 1)


def _advance(file_id: str, start: int, end: int, delivered: int = 1) -> Advance:
    return Advance(file_id, start, end, start, end, b"\n", delivered, 2, 3, 4)


def test_everything_is_in_the_one_commit() -> None:
    """Counts and letters add up; delivered has become exported."""
    held = Held()
    run = Run("a", 7, 1, first=1, last=5)
    held.commit(Commit((_advance("a", 0, 10),), (LETTER,), (("x", 1),), runs=(run,)))
    more = Run("a", 7, 1, first=6, last=9)
    held.commit(
        Commit(
            (_advance("a", 10, 30, 5), _advance("b", 0, 5)),
            (),
            (("x", 2), ("y", 1)),
            runs=(more, Run("a", 7, 1, first=12, last=12, told=2)),
        )
    )

    whole = held.whole()
    assert whole.advances == (
        Advance("a", 0, 30, 0, 30, b"\n", 0, 4, 6, 8, exported=6),
        Advance("b", 0, 5, 0, 5, b"\n", 0, 2, 3, 4, exported=1),
    )
    assert whole.dead_letters == (LETTER,)
    assert whole.counters == (("x", 3), ("y", 1))
    assert [(run.first, run.last) for run in whole.runs] == [(1, 9), (12, 12)]


def test_a_long_stretch_stays_in_mebibytes() -> None:
    """An audit can still name the mebibyte that does not add up."""
    held = Held()
    step = RANGE_BYTES // 2
    for number in range(5):
        start = number * step
        held.commit(Commit((_advance("a", start, start + step),), (), ()))

    ranges = [(each.start_bytes, each.end_bytes) for each in held.advances]
    assert ranges == [(0, 2 * step), (2 * step, 4 * step), (4 * step, 5 * step)]
