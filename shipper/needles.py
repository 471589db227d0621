"""Whether any of many short byte strings occurs in a text: one pass for all of them.

Looking for each one by itself costs a pass for each; a regular expression tries all of
them at every character. The library looks at many bytes at a time, so that a dozen
needles in an entry of 3 KB take a microsecond (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind

# Up to 64 needles the library looks for with vector instructions, from 65 on byte by
# byte, which takes as long as ten searches for 48. They are quickest well below that.
MOST_AT_ONCE: Final = 48
MOST_IN_TURNS: Final = 10 * MOST_AT_ONCE


class Needles:
    """A set of byte strings to be looked for.

    Args:
        words: None of them empty; a text is compared with them byte by byte.
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        # Where all matches are wanted, overlapping ones too, the library has to go
        # byte by byte; the leftmost ones it finds with vector instructions.
        ordered = sorted(set(words))  # those that begin alike together
        count = MOST_AT_ONCE if len(ordered) <= MOST_IN_TURNS else len(ordered)
        searches = [
            BytesAhoCorasick(
                ordered[start : start + count], matchkind=MatchKind.LeftmostFirst
            ).find_matches_as_indexes
            for start in range(0, len(ordered), count)
        ]
        self._find = searches[0] if searches else _find_none
        self._others = tuple(searches[1:])

    def occur_in(self, text: bytes) -> bool:
        """Tell whether one of them stands in a text."""
        if self._find(text):
            return True
        return bool(self._others) and any(find(text) for find in self._others)


def _find_none(_: bytes) -> list[tuple[int, int, int]]:
    return []
