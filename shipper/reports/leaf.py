"""One value of two entries side by side, and the way that leads to it.

Whoever walks through two entries keeps a `Where`, and gets a `Leaf` from it for what
stands there. A name that does not leave may be a secret itself, and stands in a place
as ``*`` then.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import Struct

from shipper.detect import Detectors
from shipper.hiding import shown_name

Side = Literal["request", "response", ""]
Part = Literal["header", "cookie", "query", "param", "body", ""]

_DETECTORS: Final = Detectors()


class Absent:
    """What stands on a side that has no such value."""


ABSENT: Final = Absent()


class Leaf(Struct, frozen=True, gc=False):
    """One value, before and after.

    Attributes:
        place: For people, such as ``request.url ?page`` or ``response.content a[0].b``.
        side: Of the exchange; empty for what belongs to neither.
        part: What kind of name leads to the value.
        path: The names that lead to it: one, or several within JSON.
        before: As text; None when it was not there.
        after: As text; None when it is no longer there.
    """

    place: str
    side: Side
    part: Part
    path: tuple[str, ...]
    before: str | None
    after: str | None

    @property
    def is_changed(self) -> bool:
        """What leaves is not what lies on disk."""
        return self.before != self.after


class Where(Struct, frozen=True, gc=False):
    """The way to a value so far."""

    place: str
    side: Side = ""
    part: Part = ""
    path: tuple[str, ...] = ()
    depth: int = 0

    def leaf(self, before: object, after: object) -> Leaf:
        """Return the value that stands here; `ABSENT` is none."""
        return Leaf(
            self.place,
            self.side,
            self.part,
            self.path,
            told_value(before),
            told_value(after),
        )

    def down(self, place: str, part: Part, *path: str) -> Where:
        """Return a place within this one."""
        return Where(place, self.side, part, path, self.depth + 1)


def told_name(name: str, *, is_gone: bool) -> str:
    """Return a name as it may stand in a place."""
    if not is_gone:
        return name
    return "*" if _DETECTORS.find(name) else shown_name(name)


def both_are(kind: type, one: object, other: object) -> bool:
    """Tell whether both sides are of one kind."""
    return type(one) is kind and type(other) is kind


def told_value(value: object) -> str | None:
    """Return a value as text; None for one that is absent."""
    if isinstance(value, str) or value is None:
        return "null" if value is None else value
    if isinstance(value, Absent):
        return None
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return msgspec.json.encode(value).decode()
