"""Samples of what leaves: one record for each way in which records are treated.

Lines go by; a few stay, cut to a bounded size, with nothing in them that does not
leave. Which ones is decided by a hash of the record's id, so that the same lines
give the same samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from msgspec import Struct

from shipper import har
from shipper.detect import Detectors
from shipper.model import Caller
from shipper.record import Record
from shipper.reports.preview import Shown
from shipper.reports.reasons import Change, Field, Kind, Reasons

MAX_KINDS: Final = 64  # ways of treatment that are kept apart
MAX_FIELDS: Final = 60  # of a sample
VALUE_CHARACTERS: Final = 280
PAYLOAD_CHARACTERS: Final = 6000

# Of HAR, and of no interest to a reviewer unless a rule changed them.
_DULL: Final = re.compile(
    r"time|timings\..*|.*\.(?:headersSize|bodySize|httpVersion|statusText|size)"
)
_INDEX = re.compile(r"\[[0-9]+\]")
_LENGTH = re.compile(r"\[REDACTED ([0-9]+)\]\Z")


class Row(Struct, frozen=True):
    """One place of a sample.

    Attributes:
        place: For people.
        before: What is told of the disk: what leaves, or a cover such as
            ``hidden: 7 characters``.
        is_covered: `before` is a cover, and no text of the record.
        after: What leaves; None if nothing does.
        change: Kind and reason, or None.
    """

    place: str
    before: str
    is_covered: bool
    after: str | None
    kind: Kind | None = None
    why: str = ""


class Sample(Struct, frozen=True):
    """One record, before and after.

    Attributes:
        like_it: How many records are treated alike, this one included.
        rows: Its places, as far as there is room.
        more_rows: How many there was no room for; they leave unchanged.
        payload: The beginning of the exact bytes that leave.
        size_bytes: All of them.
    """

    id: str
    method: str
    url: str
    status: int
    caller: str
    rows: tuple[Row, ...]
    more_rows: int
    payload: str
    size_bytes: int
    like_it: int = 1


class _Kept(Struct):
    """The sample of one treatment so far; `count` and `sample` are replaced."""

    digest: bytes
    sample: Sample
    count: int


class Samples:
    """Keeps a sample of each treatment it sees."""

    def __init__(self, reasons: Reasons) -> None:
        # Mutable state: the samples so far, by what their changes have in common.
        self._reasons = reasons
        self._detectors = Detectors()
        self._kept: dict[frozenset[str], _Kept] = {}

    def add(self, shown: Shown) -> None:
        """Look at one line that is sent."""
        sent, text, record = shown.sent, shown.text, shown.record
        if sent is None or text is None or record is None:
            return
        treatment = frozenset(map(_treatment, shown.changes))
        digest = sha256((shown.id or "").encode()).digest()
        kept = self._kept.get(treatment)
        if kept is None:
            if len(self._kept) < MAX_KINDS:
                sample = self._sample(shown, record, sent, text)
                self._kept[treatment] = _Kept(digest, sample, 1)
            return
        kept.count += 1
        if digest < kept.digest:
            kept.digest = digest
            kept.sample = self._sample(shown, record, sent, text)

    def choose(self, count: int) -> Iterator[Sample]:
        """Yield samples that show as many reasons as can be, common ones first."""
        rest = dict(self._kept)
        told: set[str] = set()
        for _ in range(min(count, len(rest))):
            best = max(rest, key=lambda each: (len(each - told), rest[each].count))
            kept = rest.pop(best)
            told |= best
            yield _with_count(kept)

    def _sample(
        self, shown: Shown, record: Record, sent: har.HarEntry, text: bytes
    ) -> Sample:
        # What looks like a secret may leave, but is nothing for a ticket.
        fields = (
            Field(
                self._veiled(field.place),
                None if field.after is None else self._veiled(field.after),
                field.change,
            )
            for field in self._reasons.fields(record, sent)
        )
        rows, more = _rows(fields)
        return Sample(
            id=shown.id or "",
            method=sent.request.method,
            url=_cut(self._veiled(sent.request.url)),
            status=sent.response.status,
            caller=_cut(self._veiled(_name(shown.caller))),
            rows=rows,
            more_rows=more,
            payload=self._veiled(text.decode())[:PAYLOAD_CHARACTERS],
            size_bytes=len(text),
        )

    def _veiled(self, text: str) -> str:
        """Return a text without what looks like a secret in it."""
        pieces: list[str] = []
        at = 0
        for found in self._detectors.find(text):
            pieces += (text[at : found.start], f"\u2039{found.kind}\u203a")
            at = found.end
        return "".join((*pieces, text[at:]))


def _with_count(kept: _Kept) -> Sample:
    sample = kept.sample
    return Sample(
        sample.id,
        sample.method,
        sample.url,
        sample.status,
        sample.caller,
        sample.rows,
        sample.more_rows,
        sample.payload,
        sample.size_bytes,
        kept.count,
    )


def _rows(fields: Iterable[Field]) -> tuple[tuple[Row, ...], int]:
    """Return the rows there is room for, changed ones first to stay."""
    rows = [_row(field) for field in fields]
    room = MAX_FIELDS - sum(row.kind is not None for row in rows)
    kept = []
    for row in rows:
        if row.kind is None:
            room -= 1
            if _DULL.fullmatch(row.place):
                continue
        if row.kind is not None or room >= 0:
            kept.append(row)
    kept = kept[: 2 * MAX_FIELDS]
    return tuple(kept), len(rows) - len(kept)


def _row(field: Field) -> Row:
    after = None if field.after is None else _cut(field.after)
    place = _cut(field.place)
    change = field.change
    if change is None:
        return Row(place, after or "", False, after)
    if change.kind is Kind.MASKED:
        return Row(place, after or "", False, after, change.kind, _cut(change.why))
    return Row(place, cover_of(change), True, after, change.kind, _cut(change.why))


def cover_of(change: Change) -> str:
    """Return what is told of a value that does not leave; never more than does.

    Its length is told only where the mark in its place tells it too.
    """
    if change.kind is Kind.WITHHELD:
        return "stays here"
    if change.kind is Kind.OPENED:
        return "laid out otherwise"
    if change.before is None:
        return "not there"
    length = _LENGTH.match(change.after or "")
    if length is None:
        return "hidden"
    noun = "character" if length[1] == "1" else "characters"
    return f"hidden: {length[1]} {noun}"


def place_of(change: Change) -> str:
    """Return a change's place with the items of arrays taken together."""
    return _cut(_INDEX.sub("[*]", change.place))


def _treatment(change: Change) -> str:
    return f"{change.kind} {change.why} {place_of(change)}"


def _name(caller: Caller | None) -> str:
    return "" if caller is None else caller.label or caller.id


def _cut(text: str) -> str:
    if len(text) <= VALUE_CHARACTERS:
        return text
    return f"{text[:VALUE_CHARACTERS]}\u2026"
