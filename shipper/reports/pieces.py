"""Two lists of named things joined by name: headers, parameters, pieces of a URL.

What stands on one side alone is joined with None. A text with parameters is parted
into `Piece`s at its separators.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from msgspec import Struct

T = TypeVar("T")

LOOK_AHEAD: Final = (
    32  # more things of one name than this are told apart by their order
)

_MARKED = re.compile(r"\[REDACTED|%5BREDACTED")
_SEPARATOR = re.compile(r"([?&;#])")


def aligned(
    left: Sequence[T], right: Sequence[T], name_of: Callable[[T], str]
) -> Iterator[tuple[T | None, T | None]]:
    """Join two lists by name, in order; what is missing on a side is None.

    Of several with one name, those that are equal on both sides belong together, as
    far as it can be seen by looking a little ahead. A name that is hidden itself
    belongs to the mark in its place.
    """
    at = 0
    for place, one in enumerate(left):
        other = right[at] if at < len(right) else None
        surplus = (len(left) - place) - (len(right) - at)
        ahead = left[place + 1 : place + 1 + min(surplus, LOOK_AHEAD)]
        if other is not None and (
            (
                name_of(other) == name_of(one)
                and (one == other or surplus <= 0 or other not in ahead)
            )
            or (surplus <= 0 and _MARKED.search(name_of(other)))
        ):
            yield one, other
            at += 1
        else:
            yield one, None
    for other in right[at:]:
        yield None, other


class Piece(Struct, frozen=True, gc=False):
    """What stands between two separators, and the one before it."""

    glue: str
    text: str

    @property
    def is_pair(self) -> bool:
        """Tell whether it is a name and a value, and not the path of a URL."""
        name, equals, _ = self.text.partition("=")
        return bool(equals) and (bool(self.glue) or "/" not in name)

    @property
    def name(self) -> str:
        """What stands before the equals sign."""
        return self.text.partition("=")[0].strip()

    @property
    def value(self) -> str:
        """What stands behind it, as it is encoded."""
        return self.text.partition("=")[2]


def split(text: str) -> list[Piece]:
    """Part a URL, a form or a Cookie header."""
    pieces = ["", *_SEPARATOR.split(text)]
    # Behind a path, and before any separator, an escaped "#" is one as well.
    path, mark, rest = pieces[1].partition("%23")
    if mark and "/" in path:
        pieces[1:2] = [path, mark, rest]
    return list(map(Piece, pieces[::2], pieces[1::2]))


def joined_pieces(
    left: list[Piece], right: list[Piece]
) -> list[tuple[Piece | None, Piece | None]]:
    """Join the pieces of two texts, with all of a hidden value in its piece."""
    joined: list[tuple[Piece | None, Piece | None]] = []
    for before, after in aligned(left, right, lambda piece: piece.name):
        last = joined[-1] if joined else (None, None)
        if (
            before is not None
            and after is None
            and before.glue != "&"
            and last[0] is not None
            and last[0] != last[1]
        ):
            # A hidden value reaches to the next "&", whatever stands in it.
            whole = last[0].text + before.glue + before.text
            joined[-1] = (Piece(last[0].glue, whole), last[1])
            continue
        joined.append((before, after))
    return joined
