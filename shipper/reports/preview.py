"""What would leave: each line with its bytes, and a reason beside every change.

Lines come in as `browse` finds them; a `Shown` goes out for each that is not blank.
What becomes of a line is asked of the very shaper that ships, so that what is shown
and what is sent cannot differ. No position moves, and nothing is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, Protocol, assert_never, get_args

import msgspec
from msgspec import Raw, Struct

from shipper import har
from shipper.model import BLANK, Caller, Entry, Item, Line, Reject, Skip
from shipper.record import Record, UnknownVersion
from shipper.reports.browse import Seen, parsed
from shipper.reports.reasons import Change, Kind, Reasons

Stage = Literal["parsed", "filtered", "identified", "payload"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
UNIDENTIFIED: Final = "unidentified"


class Outcome(StrEnum):
    """What becomes of a line at the stage that is looked at."""

    SENT = "sent"
    KEPT = "kept"  # it goes on to the next stage
    SKIPPED = "skipped"
    REJECTED = "rejected"
    STOPPED = "stopped"  # the file is read no further


class Shown(Struct, frozen=True, gc=False):
    """One line, and what becomes of it.

    Attributes:
        path: The file; ``-`` for standard input.
        start_bytes: Where the line begins in it, unpacked; `end_bytes` likewise.
        outcome: See there.
        reason: The name of the rule that skips it, or why it cannot be read.
        detail: The same in a sentence, if there is more to say.
        id: The record's, if it is one.
        text: What the stage shows, UTF-8 JSON on one line; None if nothing goes on.
        changes: What became of the entry, at the last stage.
        sent: The entry that leaves, typed, at the last stage.
        caller: Who made the request, at the last stages.
        record: As it lies on disk, at the last stage; hidden values are in it. That
            of a line of another format is what was made of it.
    """

    path: str
    start_bytes: int
    end_bytes: int
    outcome: Outcome
    reason: str | None = None
    detail: str = ""
    id: str | None = None
    text: bytes | None = None
    changes: tuple[Change, ...] = ()
    sent: har.HarEntry | None = None
    caller: Caller | None = None
    record: Record | None = None


@dataclass(slots=True)
class Totals:
    """The sums over what was shown."""

    lines: int = 0
    going_on: int = 0
    size_bytes: int = 0
    blank: int = 0
    stopped: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    changes: Counter[Kind] = field(default_factory=Counter)

    def add(self, shown: Shown) -> None:
        """Count one line."""
        self.lines += 1
        match shown.outcome:
            case Outcome.SENT | Outcome.KEPT:
                self.going_on += 1
                self.size_bytes += len(shown.text or b"")
                self.changes.update(change.kind for change in shown.changes)
            case Outcome.SKIPPED:
                self.skipped[shown.reason or ""] += 1
            case Outcome.REJECTED:
                self.rejected[shown.reason or ""] += 1
            case Outcome.STOPPED:
                self.stopped += 1
            case _:
                assert_never(shown.outcome)


class Shape(Protocol):
    """What says what a line becomes; `pipeline.Shaper` in the product."""

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item."""
        ...


class _LogEntries(Struct, frozen=True):
    entries: list[har.HarEntry]


class _Log(Struct, frozen=True):
    log: _LogEntries


class _Payload(Struct, frozen=True):
    """As much of a log object as is looked at here."""

    group: Caller
    request: _Log


_PAYLOADS = msgspec.json.Decoder(_Payload)


class Previewer:
    """Shows lines at one stage; `totals` holds the sums of what it has shown.

    Args:
        shaper: Says what records become.
        reasons: Says why.
        stage: How far the lines go.
        by_source: Say it of the records of each `[[source]]`, in order.
    """

    def __init__(
        self,
        *,
        shaper: Shape,
        reasons: Reasons,
        stage: Stage,
        by_source: Sequence[Shape] = (),
    ) -> None:
        # Mutable state: the sums, and the files that are read no further.
        self._shaper = shaper
        self._by_source = by_source
        self.reasons = reasons
        self._stage = stage
        self._stopped: set[str] = set()
        self.totals = Totals()

    def show(self, lines: Iterable[Seen]) -> Iterator[Shown]:
        """Yield what becomes of the lines, in order; blank ones are only counted."""
        for seen in lines:
            if seen.line.file_id in self._stopped:
                continue
            shown = self._shown(seen)
            if shown is None:
                self.totals.blank += 1
                continue
            if shown.outcome is Outcome.STOPPED:
                self._stopped.add(seen.line.file_id)
            self.totals.add(shown)
            yield shown

    def _shown(self, seen: Seen) -> Shown | None:
        item = self._item_of(seen)
        match item:
            case UnknownVersion():
                detail = f"read no further: {item.why}"
                return _left(seen, Outcome.STOPPED, "version", detail)
            case Reject():
                return _left(seen, Outcome.REJECTED, item.reason, item.detail)
            case Skip(reason=reason):
                if reason == BLANK:
                    return None
                record = _record_in(seen)
                if record is None or not self._goes_on(reason):
                    id_ = None if record is None else record.id
                    return _left(seen, Outcome.SKIPPED, reason, id_=id_)
                return _kept(seen, record, None)
            case Entry():
                record = _record_in(seen)
                assert record is not None  # what it was made from
                return self._entry(seen, record, item)
            case _:
                assert_never(item)

    def _item_of(self, seen: Seen) -> Item | UnknownVersion:
        if seen.fate is not None:
            return seen.fate
        shaper = self._shaper
        if seen.source is not None and self._by_source:
            shaper = self._by_source[seen.source]
        return shaper.shape(seen.line)

    def _goes_on(self, reason: str) -> bool:
        """Tell whether a line that is skipped later goes on at this stage."""
        return self._stage == "parsed" or (
            self._stage == "filtered" and reason == UNIDENTIFIED
        )

    def _entry(self, seen: Seen, record: Record, item: Entry) -> Shown:
        payload = _PAYLOADS.decode(item.payload)
        if self._stage != "payload":
            caller = payload.group if self._stage == "identified" else None
            return _kept(seen, record, caller)
        sent = payload.request.log.entries[0]
        changes = (*_suspects(item), *self.reasons.changes(record, sent))
        return Shown(
            seen.path,
            seen.line.start_bytes,
            seen.line.end_bytes,
            Outcome.SENT,
            id=item.id,
            text=item.payload,
            changes=changes,
            sent=sent,
            caller=payload.group,
            record=record,
        )


def _record_in(seen: Seen) -> Record | None:
    """Return the record that a line is, or was made into."""
    found = parsed(seen)
    return found if isinstance(found, Record) else None


def _suspects(item: Entry) -> Iterator[Change]:
    """Yield the values that leave although they look like secrets."""
    for each in item.suspicions:
        if not each.is_hidden:
            why = f"leaves, and looks like a secret: {each.kind}"
            yield Change(each.field, Kind.SUSPECTED, why, None, None)


def _left(
    seen: Seen, outcome: Outcome, reason: str, detail: str = "", id_: str | None = None
) -> Shown:
    line = seen.line
    return Shown(
        seen.path, line.start_bytes, line.end_bytes, outcome, reason, detail, id=id_
    )


def _kept(seen: Seen, record: Record, caller: Caller | None) -> Shown:
    return Shown(
        seen.path,
        seen.line.start_bytes,
        seen.line.end_bytes,
        Outcome.KEPT,
        id=record.id,
        text=_record_text(record, caller or record.caller),
        caller=caller,
    )


def _record_text(record: Record, caller: Caller | None) -> bytes:
    """Lay a record out as it was understood, its entry byte for byte."""
    members: dict[str, Any] = {"v": 1, "id": record.id}
    members |= {"w": record.w} if record.w else {}
    members["client"] = record.client
    if caller is not None:
        named = {"id": caller.id, "label": caller.label, "email": caller.email}
        members["caller"] = {name: value for name, value in named.items() if value}
    members |= {"auth": record.auth} if record.auth else {}
    members |= {"notes": record.notes} if record.notes else {}
    members |= {"dropped": record.dropped} if record.dropped else {}
    members |= {"open": True} if record.is_open else {}
    members["entry"] = Raw(record.entry)
    return msgspec.json.encode(members)
