"""One look at many lines: those in which nothing is to be hidden are known by it.

What redactor and detector search each entry with comes in; whether an entry may leave
as it is goes out. A no only costs time, since the two then look for themselves; a yes
is never wrong: the bytes that were looked at are the entry's own, one by one. To search
the block that lines were read in costs less than its entries do one after the other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from shipper.model import Line
from shipper.needles import Automaton

# Of a few lines it would spare next to nothing.
LEAST_BYTES: Final = 16_384
# Where more entries are not clear, the look costs as much as it spares.
BYTES_A_FIND: Final = 8_192
BLOCKS_LEFT_OUT: Final = 15  # then, before it is tried again
_CLOSING: Final = b"}"  # of the record that ends with its entry


class Glance:
    """Looks at blocks.

    Args:
        searches: Of each of those that may change an entry, or None if one of them
            goes by something else.
    """

    def __init__(self, *searches: Sequence[Automaton] | None) -> None:
        # Mutable state: the block that was looked at last, with the places in it where
        # something ends (replaced as one), how many of its entries were not clear, and
        # how many more blocks are left out.
        self._automata = [each for one in searches if one for each in one]
        self._is_on = bool(self._automata) and None not in searches
        self._seen: tuple[bytes, list[int] | None] = (b"", None)
        self._found = 0
        self._left_out = 0

    def is_clear(self, line: Line, entry: bytes) -> bool:
        """Tell whether nothing that is looked for stands in an entry.

        Args:
            line: Where the entry was read.
            entry: Its bytes, as they are to leave.
        """
        if not self._is_on:
            return False
        block = line.block
        closing = line.block_start + len(line.data) - 1
        start = closing - len(entry)
        # What follows ends a word and a number as the end of the entry does. Lines of
        # other programs became records since, and are not looked at in vain.
        if (
            start < 0
            or not block.startswith(entry, start)
            or not block.startswith(_CLOSING, closing)
        ):
            return False
        seen, ends = self._seen
        if block is not seen:
            ends = self._look_at(block)
        if ends is None:
            return False
        first = bisect_right(ends, start)
        if first == len(ends) or ends[first] > closing + 1:
            return True
        self._found += 1
        return False

    def _look_at(self, block: bytes) -> list[int] | None:
        """Return where in a block something ends, or None if a look is not worth it."""
        ends = None
        if len(block) >= LEAST_BYTES:
            if self._found * BYTES_A_FIND > len(self._seen[0]):
                self._left_out = BLOCKS_LEFT_OUT
            self._found = 0
            if self._left_out:
                self._left_out -= 1
            else:
                hits = (hit for each in self._automata for hit in each.hits_in(block))
                ends = sorted(end for _, _, end in hits)
        self._seen = block, ends
        return ends
