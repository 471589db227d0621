"""Our own records, format v1 (docs/record-format.md), among other people's logs.

They are records already: nothing is read here, a line goes to `parse` as it is and
keeps its id. This room only knows one when it sees one.
"""

from __future__ import annotations

from typing import Final

from shipper.foreign import Foreign, Hints
from shipper.formats.objects import LogObject, read_object
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import refuse
from shipper.model import Reject, Skip


class OwnReader:
    """Knows our records; the row of the table says who reads them."""

    def fits(self, line: bytes) -> bool:
        """Tell whether the line is an object with a version and an entry."""
        found = read_object(line)
        return isinstance(found, LogObject) and found.has("v") and found.has("entry")

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Refuse the line: a record of ours is no `Foreign`."""
        found = read_object(line)
        if isinstance(found, LogObject):
            return refuse("shape", "the line is to be passed on, not to be read here")
        return found


def _open(_: Hints) -> LineReader:
    return OwnReader()


OWN: Final = Format("own", _open, "records of our own", is_record=True)
