"""The bytes of one file in stretches, each with one explanation.

What the ledger has of a file comes in, and the file as it lies on disk, if it is
there; stretches go out, from the first byte on, each joined with a neighbour that is
alike. What disk and ledger do not agree about is a stretch too, and says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from shipper.fileid import FileRow
from shipper.follow import Stream
from shipper.reports.recount import BLOCK_BYTES, LineCount, recount
from shipper.source.sighting import Sighting
from shipper.store.account import Range
from shipper.store.sums import Outcomes, total_of


class Kind(StrEnum):
    """What a stretch of a file is."""

    BEFORE_START = "before-start"  # reading began after it
    COMMITTED = "committed"  # read again, and the ledger is right
    RECORDED = "recorded"  # committed; the file is gone, the ledger stands for it
    PENDING = "pending"  # not committed yet
    LOST = "lost"  # the file went before it was committed
    WRONG = "wrong"  # disk and ledger do not agree


class Stretch(Struct, frozen=True):
    """Bytes of one file that have one explanation.

    Attributes:
        end_bytes: None when nobody knows where it ended (a packed file that
            vanished before it was unpacked).
        lines: What its lines became, of a committed one.
        whole_lines: Lines that wait, of a pending one.
        why: What is wrong, of a wrong one.
    """

    kind: Kind
    start_bytes: int
    end_bytes: int | None
    lines: Outcomes = Outcomes()
    whole_lines: int = 0
    why: str = ""

    @property
    def size_bytes(self) -> int:
        """Its length; 0 when its end is not known."""
        return 0 if self.end_bytes is None else self.end_bytes - self.start_bytes


def read_again(
    sighting: Sighting, row: FileRow, ranges: Iterator[Range]
) -> Iterator[Stretch]:
    """Explain what is committed of a file that is there: count it again."""
    yield from before_start(row.start_bytes)
    merged = _Merger()
    for piece, chain_fault in _chained(row, ranges):
        fault = chain_fault
        if piece is not None and fault is None:
            fault = recount(sighting.stream, piece).fault
        merged.add(Kind.COMMITTED, piece, fault)
    yield from merged.stretches


def recorded(row: FileRow, ranges: Iterator[Range]) -> Iterator[Stretch]:
    """Explain what was committed of a file that is not there, by the ledger."""
    yield from before_start(row.start_bytes)
    merged = _Merger()
    for piece, fault in _chained(row, ranges):
        merged.add(Kind.RECORDED, piece, fault)
    yield from merged.stretches


def before_start(start_bytes: int) -> Iterator[Stretch]:
    """Explain what stands before the place where reading began."""
    if start_bytes:
        yield Stretch(Kind.BEFORE_START, 0, start_bytes)


def passed_over(sighting: Sighting) -> Iterator[Stretch]:
    """Explain an archive from before the start: where it ends nobody has noted."""
    for whole in pending(sighting, 0):
        yield from before_start(whole.end_bytes or 0)


def pending(sighting: Sighting, start_bytes: int) -> Iterator[Stretch]:
    """Explain what stands after the position."""
    stream: Stream = sighting.stream
    lines, at = LineCount(), start_bytes
    # To the end as it was when the file was opened: a busy one never ends.
    end = None if sighting.packing else sighting.size_bytes
    while end is None or at < end:
        count = BLOCK_BYTES if end is None else min(BLOCK_BYTES, end - at)
        piece = stream.read_at(at, count)
        if not piece:
            break
        lines.feed(piece)
        at += len(piece)
    if at > start_bytes:
        yield Stretch(Kind.PENDING, start_bytes, at, whole_lines=lines.whole)


def _chained(
    row: FileRow, ranges: Iterator[Range]
) -> Iterator[tuple[Range | None, str | None]]:
    """Yield the ranges, each with what is wrong in how it follows the one before."""
    at, crc = row.start_bytes, 0
    for piece in ranges:
        fault = None
        if piece.start_bytes != at or piece.crc_before != crc:
            fault = f"the ledger does not go on from byte {at}"
        yield piece, fault
        at, crc = piece.end_bytes, piece.crc_after
    if (at, crc) != (row.offset_bytes, row.crc):
        fault = f"the ledger ends at byte {at}, and the position is {row.offset_bytes}"
        yield None, fault


class _Merger:
    """Joins neighbouring ranges that are alike."""

    def __init__(self) -> None:
        # Mutable state: the stretches so far.
        self.stretches: list[Stretch] = []

    def add(self, kind: Kind, piece: Range | None, fault: str | None) -> None:
        """Take the next range, or a fault that stands behind the last one."""
        if fault is not None:
            kind = Kind.WRONG
        last = self.stretches[-1] if self.stretches else None
        if piece is None:
            at = (last.end_bytes or 0) if last is not None else 0
            self.stretches.append(Stretch(kind, at, at, why=fault or ""))
        elif last is not None and last.kind is kind and last.end_bytes is not None:
            self.stretches[-1] = Stretch(
                kind,
                last.start_bytes,
                piece.end_bytes,
                lines=total_of((last.lines, piece.lines)),
                why=last.why,
            )
        else:
            self.stretches.append(
                Stretch(
                    kind,
                    piece.start_bytes,
                    piece.end_bytes,
                    lines=piece.lines,
                    why=fault or "",
                )
            )
