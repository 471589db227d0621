"""Where any of many words or shapes occurs in bytes: one pass for all of them.

Looking for each one by itself costs a pass for each; a regular expression tries all of
them at every byte. The library makes one automaton of them all, and looks at many bytes
at a time (docs/decisions). This room alone knows it. An automaton is made when it is
first asked for anything, or loaded; any thread may ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from threading import local
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from hyperscan import Database

Span = tuple[int, int]  # from, and what stands behind it
Hit = tuple[int, int, int]  # which of the patterns, from, and what stands behind it
_Tools = tuple[Callable[..., None], object]  # the search, and the place to search in

# What follows a word that does not stand in the name of a member.
_NO_KEY: Final = rb'[A-Za-z]*(?:[^A-Za-z"]|"[^:]|"?\z)'


class Pattern(Struct, frozen=True):
    """What is looked for: an expression in the library's own dialect.

    Attributes:
        expression: Of bytes; nothing in it looks behind or ahead.
        ignores_case: ASCII letters of a text stand for those of the other case too.
        has_start: Where it begins is told too, which costs time.
    """

    expression: bytes
    ignores_case: bool = False
    has_start: bool = False


class Automaton:
    """Looks for patterns, each of which has a number."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        # Mutable state: what the library makes of the patterns, at the first question,
        # and what it searches with, of which each thread has its own.
        self._patterns = tuple(patterns)
        self._database: Database | None = None
        self._own = _Own()

    def load(self) -> None:
        """Make the automaton, which the first question would otherwise do."""
        if self._patterns and self._own.tools is None:
            self._prepare()

    def hits_in(self, text: bytes) -> list[Hit]:
        """Return what stands in a text."""
        hits: list[Hit] = []
        tools = self._own.tools
        if tools is None:
            if not self._patterns:
                return hits
            tools = self._prepare()
        scan, scratch = tools
        scan(text, _note, 0, hits, scratch)
        return hits

    def _prepare(self) -> _Tools:
        # Late: a run that finds nothing to read does without it.
        from hyperscan import (  # noqa: PLC0415
            HS_FLAG_CASELESS,
            HS_FLAG_SOM_LEFTMOST,
            Database,
            Scratch,
        )

        database = self._database
        if database is None:
            patterns = self._patterns
            database = Database()
            database.compile(
                expressions=[pattern.expression for pattern in patterns],
                ids=list(range(len(patterns))),
                elements=len(patterns),
                flags=[
                    HS_FLAG_CASELESS * pattern.ignores_case
                    | HS_FLAG_SOM_LEFTMOST * pattern.has_start
                    for pattern in patterns
                ],
            )
            self._database = database
        tools = database.scan, Scratch(database)
        self._own.tools = tools
        return tools


class _Own(local):
    """What one thread searches with; the library lets others run meanwhile."""

    tools: _Tools | None = None


class Needles(Automaton):
    """A set of byte strings to be looked for.

    Args:
        words: None of them empty.
        ignores_case: ASCII letters of a text stand for those of the other case too.
        not_in_keys: Of the words, those that are passed over in the name of a member
            of JSON: where letters, a quote and a colon follow. Of several in one row of
            letters the first is told of, and perhaps no other.
    """

    def __init__(
        self,
        words: Iterable[bytes],
        *,
        ignores_case: bool = False,
        not_in_keys: Container[bytes] = (),
    ) -> None:
        wanted = sorted(set(words))
        # How long they are, and whether the library tells where they begin.
        self._words = [(len(word), word in not_in_keys) for word in wanted]
        super().__init__(
            [
                Pattern(
                    _literal(word) + (_NO_KEY if is_passed_over else b""),
                    ignores_case=ignores_case,
                    has_start=is_passed_over,
                )
                for word, (_, is_passed_over) in zip(wanted, self._words, strict=True)
            ]
        )

    def occur_in(self, text: bytes) -> bool:
        """Tell whether one of them stands in a text."""
        return bool(self.hits_in(text))

    def spans_in(self, text: bytes) -> list[Span]:
        """Return where they stand, from and to, first to last.

        Of those that overlap only one is told of: the one that begins first, and the
        longest of those that do.
        """
        hits = self.hits_in(text)
        if not hits:
            return []
        words = self._words
        spans: list[Span] = []
        reach = 0
        is_apart = True
        for number, begun, ended in hits:
            length, has_start = words[number]
            start = begun if has_start else ended - length
            end = start + length
            is_apart = is_apart and start >= reach
            reach = end
            spans.append((start, end))
        return spans if is_apart else _apart(spans)


class Shapes(Automaton):
    """Some patterns of which only their ends are told."""

    def ends_in(self, text: bytes) -> list[int]:
        """Return where one of them ends."""
        return [end for _, _, end in self.hits_in(text)]


def _note(number: int, start: int, end: int, _flags: int, hits: list[Hit]) -> None:
    """Be called by the library with what it finds."""
    hits.append((number, start, end))


def _literal(word: bytes) -> bytes:
    """Return the expression for a word as it stands."""
    return re.escape(word).replace(b"\0", rb"\x00")


def _apart(spans: list[Span]) -> list[Span]:
    """Leave out what begins within another one, or is shorter."""
    spans.sort(key=_leftmost_longest)
    kept = [spans[0]]
    for span in spans:
        if span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _leftmost_longest(span: Span) -> tuple[int, int]:
    start, end = span
    return start, -end
