"""Reads committed stretches again and says whether the ledger's sums are true.

A stream of bytes and the ledger's ranges come in; what does not agree goes out.
Each range is checked on its own, from the checksum it began with, so one bad range
does not hide the state of those after it. Never holds more than one block.
"""

from __future__ import annotations

from zlib import crc32

from msgspec import Struct

from shipper.follow import Stream
from shipper.store.account import Range

BLOCK_BYTES = 262_144


class Verdict(Struct, frozen=True):
    """What a recount of one range found.

    Attributes:
        fault: None if checksum and line count agree; otherwise what does not.
    """

    range: Range
    fault: str | None = None


def recount(stream: Stream, committed: Range) -> Verdict:
    """Read a range again and compare it with what the ledger says of it."""
    lines = LineCount()
    crc = committed.crc_before
    at = committed.start_bytes
    while at < committed.end_bytes:
        piece = stream.read_at(at, min(BLOCK_BYTES, committed.end_bytes - at))
        if not piece:
            return Verdict(committed, f"it ends at byte {at}")
        crc = crc32(piece, crc)
        lines.feed(piece)
        at += len(piece)
    if crc != committed.crc_after:
        return Verdict(
            committed,
            f"its checksum is {crc:08x}, and {committed.crc_after:08x} was committed",
        )
    sums = committed.lines
    total = sum((sums.delivered, sums.skipped, sums.dead, sums.blank, sums.exported))
    least = lines.least(committed.torn)
    if not least <= total <= least + lines.spare(sums.blank):
        return Verdict(committed, f"it has {least} lines, and {total} were committed")
    if committed.letters + committed.forgotten != sums.dead:
        return Verdict(
            committed,
            f"it has {sums.dead} dead lines, and {committed.letters} dead letters are "
            f"kept of them and {committed.forgotten} forgotten",
        )
    return Verdict(committed)


class LineCount:
    """Counts the lines of a stretch as the reader of the log does.

    A line ends with its newline; the last one of a sealed file may lack it. A
    run of NULs where a line should begin is a blank line, or several, depending
    on the blocks it was read in: of those only a bound is known.
    """

    def __init__(self) -> None:
        # Mutable state: what was fed so far.
        self._newlines = 0
        self._has_nuls = False
        self._last = b"\n"

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; never empty."""
        self._newlines += piece.count(b"\n")
        self._has_nuls = self._has_nuls or b"\0" in piece
        self._last = piece[-1:]

    @property
    def whole(self) -> int:
        """Lines that have their newline."""
        return self._newlines

    def least(self, torn: int) -> int:
        """Return the fewest lines that the stretch can hold.

        Args:
            torn: So many were read without a newline. What was added behind such a
                line is another one, even if it is no more than a newline.
        """
        # A state of an earlier version has not counted them.
        return self._newlines + max(torn, self._last not in b"\n\0")

    def spare(self, blank: int) -> int:
        """Return how many more lines there may be, `blank` of them blank."""
        if not self._has_nuls:
            return 0
        # A torn line may end in NULs as well, where a file grew ahead of its data.
        return blank + (self._last == b"\0")
