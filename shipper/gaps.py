"""Which numbers of a writer were never seen: a pure tracker of gaps.

A writer numbers its attempts to write from 1 on; a number that no line carries is
a record that was lost before anybody could read it. Runs of numbers come in, in
the order read and as they are committed; what is missing goes out. A run may come
late, so a gap is settled only when the file has been left behind or enough numbers
have passed.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from shipper.model import Run, Serial

# How far behind the highest number a late one is still waited for.
REORDER = 64
# So many gaps are told apart for each writer; the oldest are then only summed up.
MOST_GAPS = 64
# No writer gets this far; a larger number is no number of ours.
MOST_NUMBER = 1 << 48


class Gap(Struct, frozen=True):
    """Numbers that were not seen, both ends included.

    Attributes:
        is_settled: They are not waited for any more.
    """

    first: int
    last: int
    is_settled: bool = False

    @property
    def count(self) -> int:
        """How many records it stands for."""
        return self.last - self.first + 1


class Writer(Struct, frozen=True):
    """What has been seen of one writer.

    Attributes:
        high: The highest number seen.
        file_id: The file it was seen in last.
        gaps: In order.
        summed: Missing numbers whose gaps are no longer told apart.
    """

    high: int
    file_id: str
    gaps: tuple[Gap, ...] = ()
    summed: int = 0

    @property
    def missing(self) -> int:
        """Records that were not seen, those that may still come included."""
        return self.summed + sum(gap.count for gap in self.gaps)


def is_plausible(run: Run) -> bool:
    """Return True if a writer of ours may have given these numbers."""
    return 0 < run.first <= run.last < MOST_NUMBER and (
        max(run.pid, run.opened_ns) < 1 << 63
    )


def may_be_ours(serial: Serial) -> bool:
    """Return True if a writer of ours may have given this number."""
    number = serial.number
    return is_plausible(Run("", serial.pid, serial.opened_ns, number, number))


def begin(run: Run, *, is_past_known: bool) -> Writer:
    """Return a writer as it is before its first run.

    Args:
        run: The first run; its `told` losses count in any case.
        is_past_known: Everything the writer ever wrote would have been seen. If
            not, what came before the run proves nothing.
    """
    high = 0 if is_past_known else max(0, run.first - 1 - run.told)
    return Writer(high, run.file_id)


def observe(writer: Writer, run: Run) -> Writer:
    """Return the writer after a run."""
    gaps, high = writer.gaps, writer.high
    if run.file_id != writer.file_id and run.first > high:
        # It goes on in another file: the one before has been read to its end.
        gaps = settled(gaps)
    gaps = tuple(piece for gap in gaps for piece in _without(gap, run))
    if run.first > high + 1:
        gaps = (*gaps, Gap(high + 1, run.first - 1))
    high = max(high, run.last)
    gaps = tuple(
        Gap(gap.first, gap.last, is_settled=True) if gap.last < high - REORDER else gap
        for gap in gaps
    )
    file_id = run.file_id if run.last >= writer.high else writer.file_id
    return _summed(replace(writer, high=high, file_id=file_id, gaps=gaps))


def settled(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """Return the gaps, none of which is waited for any more."""
    return tuple(Gap(gap.first, gap.last, is_settled=True) for gap in gaps)


def newly_settled(before: tuple[Gap, ...], after: Writer) -> int:
    """Return how many numbers are given up now that were not before."""
    given_up = [gap for gap in before if gap.is_settled]
    return sum(
        gap.count
        for gap in after.gaps
        # What is left of a settled gap, after some of it came late, is not news.
        if gap.is_settled
        and not any(old.first <= gap.first <= old.last for old in given_up)
    )


def found_late(before: tuple[Gap, ...], run: Run) -> int:
    """Return how many numbers that were given up a run brings after all."""
    return sum(
        max(0, min(gap.last, run.last) - max(gap.first, run.first) + 1)
        for gap in before
        if gap.is_settled
    )


def _without(gap: Gap, run: Run) -> list[Gap]:
    """Return what is left of a gap after a run that may have come late."""
    if run.last < gap.first or gap.last < run.first:
        return [gap]
    pieces = []
    if gap.first < run.first:
        pieces.append(Gap(gap.first, run.first - 1, gap.is_settled))
    if run.last < gap.last:
        pieces.append(Gap(run.last + 1, gap.last, gap.is_settled))
    return pieces


def _summed(writer: Writer) -> Writer:
    surplus = len(writer.gaps) - MOST_GAPS
    if surplus <= 0:
        return writer
    oldest = sum(gap.count for gap in writer.gaps[:surplus])
    return replace(writer, gaps=writer.gaps[surplus:], summed=writer.summed + oldest)
