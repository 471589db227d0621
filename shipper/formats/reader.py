"""What every format gives: a reader of lines, and a row of the table.

A reader gets the lines of one file in their order and without their newlines; it
may remember what header lines say. It never raises, whatever the bytes are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from shipper.foreign import Foreign, Hints
from shipper.model import Reject, Skip

HEADER: Final = "header"  # the skip of a line that names columns, or of a comment


class LineReader(Protocol):
    """Reads the lines of one file, in their order."""

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the format's shape, blank lines left out.

        Whether the request inside is valid does not matter: a log of nothing but
        broken requests is a log of this format. Header lines fit.
        """

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line; its `Reject` has a reason of `reasons.REASONS`.

        A blank line is ``Skip(BLANK)``, a header or a comment ``Skip(HEADER)``.
        """


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table.

    Attributes:
        name: What operators call it.
        open: Gives a new reader for one file.
        summary: Who writes it, in a few words.
        contains: Names of formats whose every line this one reads as well.
        needs_zone: Its stamps name no time zone; `Hints.zone` has to.
        takes_fields: It reads `Hints.fields`.
        has_headers: What a line means depends on the lines with `#` before it.
        is_document: A file is one document; `open` is for lines and of no use.
        is_record: Its lines are records of our own already: `parse` reads them as
            they are, and they keep their ids. The reader knows them, and no more.
    """

    name: str
    open: Callable[[Hints], LineReader]
    summary: str
    contains: frozenset[str] = frozenset()
    needs_zone: bool = False
    takes_fields: bool = False
    has_headers: bool = False
    is_document: bool = False
    is_record: bool = False
