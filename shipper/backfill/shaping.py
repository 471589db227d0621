"""What a line of history becomes, and what has to be told of those refused.

Lines go in as the reader hands them out, items come out for the pipeline. Numbers of
our own writers are left out: history read out of its order would make gaps that are
none. Rejects are told with file, line, offset and masked text. A refused last line
without its newline, or without its last part, may be half of one that is being
written: it is not settled.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from shipper.backfill.reader import Opened, Reader
from shipper.model import Item, Line, Reject, Unsettled
from shipper.record import UnknownVersion
from shipper.rejected import RejectedText
from shipper.translate import ForeignShaper, Shape


class Rejected(Struct, frozen=True):
    """A line that tells of no exchange.

    Attributes:
        file: As it was named.
        line: Its number from 1; of an entry of a document, its index from 0.
        offset_bytes: Where it begins in the unpacked stream; of an entry, its index.
        text: What stands there, without listed secrets.
    """

    file: str
    line: int
    is_entry: bool
    offset_bytes: int
    reason: str
    detail: str
    text: str


class HistoryShaper:
    """Implements the pipeline's shape for a backfill.

    Args:
        shaper: For records of our own.
        reader: Knows the line that is being shaped.
        text: Shows refused lines.
        on_reject: Told of each.
    """

    def __init__(
        self,
        shaper: Shape,
        *,
        reader: Reader,
        text: RejectedText,
        on_reject: Callable[[Rejected], None],
    ) -> None:
        self._shaper = ForeignShaper(shaper, reader.translator_of)
        self._reader = reader
        self._text = text
        self._on_reject = on_reject

    def shape(self, line: Line) -> Item | UnknownVersion | Unsettled:
        """Return the line's item; never raises for what the line holds."""
        item = self._shaper.shape(line)
        if isinstance(item, UnknownVersion):
            return item
        if isinstance(item, Reject):
            opened = self._reader.current
            assert opened is not None
            text = self._text.show(line.data)
            self._on_reject(_told(opened, line, item, text))
            if opened.translator is None or not opened.translator.is_record:
                # Nobody has masked what another program wrote.
                item = replace(item, shown=text.encode())
            if opened.may_go_on:
                opened.leave(line)
                return Unsettled(item)
        if item.w is not None or item.dropped:
            return replace(item, w=None, dropped=0)
        return item


def _told(opened: Opened, line: Line, item: Reject, text: str) -> Rejected:
    is_entry = opened.is_document
    return Rejected(
        file=opened.name,
        line=line.start_bytes if is_entry else opened.number,
        is_entry=is_entry,
        offset_bytes=line.start_bytes,
        reason=item.reason,
        detail=item.detail,
        text=text,
    )
