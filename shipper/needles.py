"""Whether any of many short byte strings occurs in a text: one pass for all of them.

Looking for each one by itself costs a pass for each; a regular expression tries all of
them at every character. The library looks at many bytes at a time, so that a dozen
needles in an entry of 3 KB take a microsecond (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterable

from ahocorasick_rs import BytesAhoCorasick, MatchKind


class Needles:
    """A set of byte strings to be looked for.

    Args:
        words: None of them empty; a text is compared with them byte by byte.
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        # Where all matches are wanted, overlapping ones too, the library has to go
        # byte by byte; the leftmost ones it finds with vector instructions.
        automaton = BytesAhoCorasick(list(words), matchkind=MatchKind.LeftmostFirst)
        self._find = automaton.find_matches_as_indexes

    def occur_in(self, text: bytes) -> bool:
        """Tell whether one of them stands in a text."""
        return bool(self._find(text))
