"""Whether any of many short byte strings occurs in a text: one pass for all of them.

Looking for each one by itself costs a pass for each; a regular expression tries all of
them at every character. The library looks at many bytes at a time, so that a dozen
needles in an entry of 3 KB take a microsecond (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import ceil
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind

# Up to 64 needles the library looks for with vector instructions; from 65 on byte by
# byte, which takes as long as ten searches for fewer.
MOST_AT_ONCE: Final = 64
MOST_IN_TURNS: Final = 10 * MOST_AT_ONCE


Span = tuple[int, int]  # from, and what stands behind it


class Needles:
    """A set of byte strings to be looked for.

    Args:
        words: None of them empty; a text is compared with them byte by byte.
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        # Where all matches are wanted, overlapping ones too, the library has to go
        # byte by byte; the leftmost ones it finds with vector instructions.
        searches = [
            BytesAhoCorasick(
                share, matchkind=MatchKind.LeftmostLongest
            ).find_matches_as_indexes
            for share in _shares(sorted(set(words)))
        ]
        self._find = searches[0]
        self._others = tuple(searches[1:])

    def occur_in(self, text: bytes) -> bool:
        """Tell whether one of them stands in a text."""
        if self._find(text):
            return True
        return bool(self._others) and any(find(text) for find in self._others)

    def spans_in(self, text: bytes) -> list[Span]:
        """Return where they stand, from and to, first to last.

        Of those that overlap only one is told of: the one that begins first, and the
        longest of those that do.
        """
        spans = [(start, end) for _, start, end in self._find(text)]
        if self._others:
            for find in self._others:
                spans += [(start, end) for _, start, end in find(text)]
            spans.sort()
        return spans


def _shares(words: list[bytes]) -> list[list[bytes]]:
    """Part words evenly, those that begin alike together; one part at least."""
    if len(words) > MOST_IN_TURNS:
        return [words]
    turns = max(1, ceil(len(words) / MOST_AT_ONCE))
    bounds = [len(words) * turn // turns for turn in range(turns + 1)]
    return [words[start:end] for start, end in pairwise(bounds)]
