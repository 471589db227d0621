"""What a dead letter would be if its record were read today.

A letter comes in; an entry to be sent goes out, or the reason why it stays. A kept
payload goes through today's rules and lists once more, so that nothing leaves that is
listed by now; an unreadable line is read again from its place and shaped anew.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from shipper import har
from shipper.filters import Filters
from shipper.model import DeadLetter, Entry, Item, Line, Reject, Skip
from shipper.record import Record, UnknownVersion
from shipper.redact import Redactor
from shipper.source import Unread
from shipper.values import Detector


class Stays(Struct, frozen=True):
    """Why a letter cannot be sent: in one word, and in a sentence."""

    reason: str
    detail: str


class Shape(Protocol):
    """What says what a line becomes."""

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item."""
        ...


class Lines(Protocol):
    """Where unreadable lines are read again."""

    def read(self, letter: DeadLetter) -> Line | Unread:
        """Return the line, or why it cannot be had."""
        ...

    def close(self) -> None:
        """Let go of the file that is open."""
        ...


class _Log(Struct, frozen=True, gc=False):
    entries: list[Raw]


class _Har(Struct, frozen=True, gc=False):
    log: _Log


class _LogObject(Struct, frozen=True, gc=False):
    client: str = msgspec.field(name="clientIPAddress")
    request: _Har
    id: str = msgspec.field(name="_id")


_LOG_OBJECTS = msgspec.json.Decoder(_LogObject)


class Reviver:
    """Makes entries of dead letters.

    Args:
        shaper: For lines that are read again.
        filters: Today's rules; `redactor` holds today's lists, and `detector` looks
            at what they leave.
        lines: Reads them.
    """

    def __init__(
        self,
        *,
        shaper: Shape,
        filters: Filters,
        redactor: Redactor,
        lines: Lines,
        detector: Detector | None = None,
    ) -> None:
        self._shaper = shaper
        self._filters = filters
        self._redactor = redactor
        self._lines = lines
        self._detector = detector or Detector()

    def revive(self, letter: DeadLetter) -> Entry | Stays:
        """Return what is sent of a letter today, or why it stays."""
        item = self._item_of(letter)
        match item:
            case Entry():
                return item
            case Skip(reason):
                return Stays("skipped", f"the rule {reason!r} leaves it out today")
            case Reject(reason, detail):
                return Stays(reason, detail)
            case UnknownVersion():
                return Stays("version", item.why)
            case Unread():
                return Stays("unread", item.why)

    def close(self) -> None:
        """Let go of the file that was read last."""
        self._lines.close()

    def _item_of(self, letter: DeadLetter) -> Item | UnknownVersion | Unread:
        if letter.payload is not None:
            return self._listed_anew(letter.payload)
        line = self._lines.read(letter)
        return line if isinstance(line, Unread) else self._shaper.shape(line)

    def _listed_anew(self, payload: bytes) -> Item:
        try:
            record = _record_in(payload)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            # Another version's payload: sent unseen it might hold what is listed.
            return Reject("payload", f"the kept payload cannot be read: {error}")
        reason = self._filters.reason_to_skip(record)
        if reason is not None:
            return Skip(reason)
        redacted = self._redactor.apply(record)
        if isinstance(redacted, Reject):
            return redacted
        checked = self._detector.check(redacted.entry)
        left, withheld = redacted.entry, redacted.withheld
        if checked is not None:
            left, withheld = checked.entry, withheld + checked.withheld
        changed = payload.replace(record.entry, left, 1)
        return Entry(record.id, changed, withheld)


def _record_in(payload: bytes) -> Record:
    """Return the record a log object was made of, as far as the lists look at it.

    Raises:
        msgspec.DecodeError: It is no log object of ours.
        ValueError: It does not hold exactly one entry.
    """
    log_object = _LOG_OBJECTS.decode(payload)
    (entry,) = log_object.request.log.entries
    return Record(
        id=log_object.id,
        client=log_object.client,
        caller=None,
        auth=None,
        notes=(),
        dropped=0,
        w=None,
        is_open=False,
        entry=bytes(entry),
        decoded=har.decode(bytes(entry)),
    )
