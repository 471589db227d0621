"""What a line says of its exchange, for eyes and files that are not ReadMe's; pure.

A line comes in; its exchange goes out, with the entry as the lists of today leave it,
or why there is none. What may not leave this machine is not shown either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import UNSET, Struct
from msgspec.structs import replace

from shipper import har
from shipper.filters import Filters
from shipper.model import Caller, Line, Reject, Skip
from shipper.parse import UnknownVersion, parse
from shipper.record import Record


class Exchange(Struct, frozen=True, gc=False):
    """One exchange.

    Attributes:
        id: The record's.
        caller: Label or id of who made it, or empty.
        entry: As it may leave.
    """

    id: str
    caller: str
    entry: har.HarEntry

    @property
    def target(self) -> str:
        """Path and query of the request."""
        parts = urlsplit(self.entry.request.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def request_bytes(self) -> int | None:
        """Size of the request's body, if it is known."""
        return _known(self.entry.request.body_size)

    @property
    def response_bytes(self) -> int | None:
        """Size of the response's body, if it is known."""
        size = _known(self.entry.response.body_size)
        return _known(self.entry.response.content.size) if size is None else size

    @property
    def har_entry(self) -> har.HarEntry:
        """The entry for a file that has no pages, and so may refer to none."""
        route = self.entry.pageref
        if route is UNSET:
            return self.entry
        comment = self.entry.comment
        comment = f"route {route}" if comment is UNSET else f"route {route}; {comment}"
        return replace(self.entry, pageref=UNSET, comment=comment)


class Identifier(Protocol):
    """Who names callers."""

    def caller_of(self, record: Record) -> Caller | None:
        """Return who made the request, or None."""
        ...


class Redacted(Protocol):
    """An entry that may leave."""

    @property
    def entry(self) -> bytes:
        """UTF-8 JSON."""
        ...


class Redactor(Protocol):
    """Who applies the lists."""

    def apply(self, record: Record) -> Redacted | Reject:
        """Return what may leave of a record."""
        ...


class Detector(Protocol):
    """Who looks for secrets that are on no list."""

    def check(self, entry: bytes) -> Redacted | None:
        """Return the entry without them, or None if it stays as it is."""
        ...


class Exchanges:
    """Makes exchanges of lines.

    Args:
        identifiers: For the records of each source, in order.
        general: For those of any other.
        redactor: Hides what the lists hide.
        detector: Hides what looks like a secret, if it is told to.
        filters: Leave out what nobody asked to see.
    """

    def __init__(
        self,
        *,
        identifiers: Sequence[Identifier],
        general: Identifier,
        redactor: Redactor,
        detector: Detector,
        filters: Filters,
    ) -> None:
        self._identifiers = identifiers
        self._general = general
        self._redactor = redactor
        self._detector = detector
        self._filters = filters

    def of(
        self, line: Line, source: int | None
    ) -> Exchange | Reject | Skip | UnknownVersion:
        """Return the exchange of a line in our own form; never raises for it.

        Args:
            line: Its bytes.
            source: The number of its source, or None.
        """
        if line.fault is not None:
            return Reject(line.fault.reason, "the line has no usable bytes")
        record = parse(line.data)
        if not isinstance(record, Record):
            return record
        reason = self._filters.reason_to_skip(record)
        if reason is not None:
            return Skip(reason)
        redacted = self._redactor.apply(record)
        if isinstance(redacted, Reject):
            return redacted
        checked = self._detector.check(redacted.entry)
        entry = (checked or redacted).entry
        known = self._general if source is None else self._identifiers[source]
        caller = known.caller_of(record)
        name = "" if caller is None else caller.label or caller.id
        return Exchange(record.id, name, har.decode(entry))


def _known(size: int) -> int | None:
    return None if size < 0 else size
