"""Logs whose header line names the columns: which value stands under which name.

The header of W3C extended logs (``#Fields: date time cs-method …``) comes in, then
the fields of lines; a value by name goes out. Names are compared in lower case.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipper.foreign import Header
from shipper.formats.native import ABSENT


class Columns:
    """The names of the columns, in their order, as one header line gives them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        # A name that comes twice counts where it stands first.
        lowered = [name.lower() for name in names]
        self._places = {
            name: place for place, name in reversed(list(enumerate(lowered)))
        }

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a column of this name, given in lower case."""
        return name in self._places

    def __len__(self) -> int:
        """How many fields a line must have."""
        return len(self.names)

    def value(self, fields: Sequence[str], *names: str) -> str | None:
        """Return the first value that is there under one of the names."""
        for name in names:
            place = self._places.get(name)
            if place is not None and fields[place] not in ABSENT:
                return fields[place]
        return None

    def headers(self, fields: Sequence[str], lead: str) -> tuple[Header, ...]:
        """Return the columns named ``lead(Header-Name)``, such as ``cs(Referer)``."""
        start = f"{lead}("
        return tuple(
            (name[len(start) : -1], value)
            for name, value in zip(self.names, fields, strict=True)
            if name.lower().startswith(start)
            and name.endswith(")")
            and value not in ABSENT
        )


def named_columns(line: str) -> Columns | None:
    """Read a ``#Fields:`` line; None for any other line."""
    lead, colon, names = line.partition(":")
    if not colon or lead.strip().lower() != "#fields":
        return None
    return Columns(names.split())
