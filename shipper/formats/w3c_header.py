"""What the header lines of a W3C log have said, as far as later lines depend on it.

``#Fields`` names the columns and ``#Date`` the day; ``#Software`` names the program.
The logger of ASP.NET Core names none, and begins with ``#Start-Date``: it stamps the
start of a request, counts milliseconds with a fraction, and decodes nothing. Servers
written in Java (WildFly, Tomcat) say ``#Version: 2.0``.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.formats.columns import Columns, named_columns
from shipper.formats.stamps import MONTHS

_DATE_LINE: Final = re.compile(
    r"#[Dd]ate:[ \t]*"
    r"([0-9]{4}[/\-][0-9]{2}[/\-][0-9]{2}|[0-9]{1,2}-[A-Z][a-z]{2}-[0-9]{4})"
    r"(?:[ \tT]+([0-9:.]{5,18}))?"
)
_SPELLED: Final = re.compile(r"([0-9]{1,2})-([A-Z][a-z]{2})-([0-9]{4})")
_PROGRAM: Final = "#software:"
_BEGINNING: Final = "#start-date:"
_OF_JAVA: Final = re.compile(r"#[Vv]ersion:[ \t]*2\.0")


class W3cHeader:
    """The header of one file, which may come again in its middle.

    Attributes:
        columns: Of the last ``#Fields``; None before the first one.
        date: Of the last ``#Date``; `since` is its time of day, perhaps empty.
        is_of_java: Fields may stand in single quotes, and a query behind its mark.
    """

    def __init__(self) -> None:
        # Mutable state: what the header lines said so far, used by one reader.
        self.columns: Columns | None = None
        self.date: str | None = None
        self.since = ""
        self.is_of_java = False
        self._names_program = False
        self._names_beginning = False

    @property
    def is_of_asp_net_core(self) -> bool:
        """Tell that logger from all that say which program they are."""
        return self._names_beginning and not self._names_program

    def note(self, text: str) -> None:
        """Take note of a line that begins with ``#``."""
        columns = named_columns(text)
        if columns is not None:
            self.columns = columns
        date = _DATE_LINE.match(text)
        if date is not None:
            self.date, self.since = _SPELLED.sub(_in_numbers, date[1]), date[2] or ""
        self.is_of_java |= _OF_JAVA.match(text) is not None
        beginning = text[: len(_BEGINNING)].lower()
        self._names_program |= beginning.startswith(_PROGRAM)
        self._names_beginning |= beginning == _BEGINNING


def _in_numbers(date: re.Match[str]) -> str:
    """Return ``12-Jan-1996``, as the draft's examples have it, as ``1996-01-12``."""
    return f"{date[3]}-{MONTHS.get(date[2], 0):02d}-{int(date[1]):02d}"
