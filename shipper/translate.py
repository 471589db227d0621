"""Lines of one foreign file become lines of our own, before anything else is asked.

A line as it was read comes in; the bytes of one record v1 go out, masked and with an
id that the same line always has, or the reject or skip that stands in for it. From
there on a foreign exchange goes the way of every record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from shipper.adopt import Adopter, record_id
from shipper.foreign import Foreign, Hints
from shipper.formats import Format
from shipper.formats.reasons import refuse
from shipper.formats.unwrap import Pending, Unwrapper, Whole
from shipper.model import BOM, Item, Line, Reject, Skip
from shipper.record import UnknownVersion


class Translator:
    """Makes records of the lines of one file, in their order.

    Wrapped lines have to come as `joining` hands them out, one whole text each.

    Args:
        format_: How its lines are read.
        hints: What the operator says of it.
        adopter: Masks, and lays records out.
        label: Goes into the ids; empty unless logs of several hosts begin alike.
        head_digest: Digest of the file's fingerprint (`fileid.Head`).
        wrapper: What a container engine put around the lines, or None.

    Attributes:
        is_record: Its lines are records of our own.
    """

    def __init__(
        self,
        *,
        format_: Format,
        hints: Hints,
        adopter: Adopter,
        label: str,
        head_digest: bytes,
        wrapper: str | None,
    ) -> None:
        # Mutable state: what header lines said.
        self.is_record = format_.is_record
        self._reader = format_.open(hints)
        self._adopter = adopter
        self._label = label
        self._head_digest = head_digest
        self._unwrapper = None if wrapper is None else Unwrapper(wrapper)

    def read_header(self, line: bytes) -> None:
        """Take note of a line before the first one that is read, if it is a header."""
        self._reader.read(line)

    def translate(self, line: Line) -> bytes | Reject | Skip:
        """Return the record of a line, without its newline."""
        data = line.data
        if self._unwrapper is not None:
            taken = _text_in(line, self._unwrapper)
            if isinstance(taken, Reject):
                return taken
            data = taken
        if self.is_record:
            return data
        # Windows programs put one before the first line; the id is of all bytes.
        found = self._reader.read(data.removeprefix(BOM))
        if not isinstance(found, Foreign):
            return found
        id_ = record_id(self._label, self._head_digest, line.start_bytes, data)
        return self._adopter.adopt(found, id_)


def _text_in(line: Line, unwrapper: Unwrapper) -> bytes | Reject:
    """Return the text that the line's last part ends."""
    taken: Whole | Pending | Reject = Pending()
    for part in line.data.split(b"\n"):
        taken = unwrapper.take(part, line.start_bytes)
    # What began inside and ends later has a line of its own.
    unwrapper.finish()
    match taken:
        case Whole():
            return taken.data
        case Pending():
            return refuse("unfinished")
        case Reject():
            return taken


class Shape(Protocol):
    """What says what a line of our own becomes."""

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item."""
        ...


def as_own(line: Line, translator: Translator) -> Line | Reject | Skip:
    """Return a foreign line as one of our own: same place, and a record in it.

    A line without usable bytes stays what it is.
    """
    if line.fault is not None:
        return line
    made = translator.translate(line)
    return replace(line, data=made) if isinstance(made, bytes) else made


class ForeignShaper:
    """Shapes lines of any format.

    Args:
        shaper: For records of our own.
        translator_of: The translator of a file by its id; None for our own logs.
    """

    def __init__(
        self, shaper: Shape, translator_of: Callable[[str], Translator | None]
    ) -> None:
        self._shaper = shaper
        self._translator_of = translator_of

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item; never raises for what the line holds."""
        translator = self._translator_of(line.file_id)
        own = line if translator is None else as_own(line, translator)
        return self._shaper.shape(own) if isinstance(own, Line) else own
