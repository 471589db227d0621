"""Why an exchange does not leave as it lies on disk: a reason beside every change.

A record and the entry that leaves come in; a `Change` for each place goes out. The
reasons are found by comparing, so that a change by a rule this room does not know is
told all the same. What stood there before is in `Change.before`, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Protocol

from msgspec import UNSET, Struct
from msgspec.structs import replace

from shipper import har
from shipper.bodies import codings_of
from shipper.detect import Detectors
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from shipper.reports.leaf import Leaf, Part, Side
from shipper.reports.leaves import leaves
from shipper.reports.texts import is_mark

BY_A_RULE: Final = "changed by a rule"
BY_ITS_LOOKS: Final = "looks like a secret"
IN_TEXT: Final = "a listed name stands in it, and its value cannot be told apart"
SAMPLED: Final = "sampled: it stands for others too"
BY_THE_WRITER: Final = "masked by the writer before the disk"

_NOT_SENT = re.compile(r"\[NOT SENT: ([^\]]*)\]\Z")
_HIDDEN = re.compile(r"\[REDACTED(?: [0-9]+)?\]|%5BREDACTED(?:%20[0-9]+)?%5D")
_BODIES: Final = ("request.postData", "response.content")
_WORDS: Final = {
    "unparsed": "a listed name may stand in it, and it cannot be taken apart",
    "packed": "it is packed and cannot be opened",
    "binary": "it is not text, and fields may be hidden in it",
}


class Kind(StrEnum):
    """What sort of change it is."""

    LISTED = "listed"  # hidden because of the denylist or the allowlist
    WITHHELD = "withheld"  # a body that is not sent
    DETECTED = "detected"  # hidden because of what the value looks like
    SUSPECTED = "suspected"  # leaves, and looks like a secret
    RULE = "rule"  # by something else that is configured
    OPENED = "opened"  # laid out in another way, nothing hidden
    MASKED = "masked"  # hidden on disk already


class Change(Struct, frozen=True, gc=False):
    """One place, and what became of it.

    Attributes:
        place: For people, such as ``request.headers[X-Key]``.
        kind: What sort of change.
        why: The reason in words.
        before: What lies on disk; None if nothing does. For the host's own people.
        after: What leaves; None if nothing does.
    """

    place: str
    kind: Kind
    why: str
    before: str | None
    after: str | None


class Field(Struct, frozen=True, gc=False):
    """One place of an entry, changed or not.

    Attributes:
        place: For people.
        after: What leaves; None if nothing does.
        change: What became of it, or None if it leaves as it lies on disk.
    """

    place: str
    after: str | None
    change: Change | None


class Lists(Protocol):
    """The lists in force, asked for one name."""

    def why(self, side: Side, part: Part, path: tuple[str, ...]) -> str | None:
        """Return the entry that hides a value, such as ``denylist "ssn"``."""
        ...

    def occur_in(self, text: str) -> bool:
        """Tell whether a listed name stands in free text."""
        ...


class Reasons:
    """Finds the reasons under one pair of lists."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._detectors = Detectors()
        self._opener = Redactor()  # without lists it opens bodies and hides nothing

    def changes(self, record: Record, sent: har.HarEntry) -> Iterator[Change]:
        """Yield what became of a record's entry, in reading order."""
        is_same = not record.is_open and record.har == sent
        if is_same and not _has_marks(record.entry):
            yield from _notes(record)
            return
        for field in self.fields(record, sent):
            if field.change is not None:
                yield field.change

    def fields(self, record: Record, sent: har.HarEntry) -> Iterator[Field]:
        """Yield every place of a record's entry, with what became of it."""
        for change in _notes(record):
            yield Field(change.place, None, change)
        before, opened = record.har, self._opened(record)
        openings = {each.place: each for each in _openings(before, opened, sent)}
        for leaf in leaves(_as_opened(before, opened, sent), sent):
            if openings and (body := _body_of(leaf.place)) in openings:
                yield Field(body, None, openings.pop(body))
            yield Field(leaf.place, leaf.after, self._change(leaf))

    def _opened(self, record: Record) -> har.HarEntry:
        """Return the entry with its bodies opened, and nothing hidden yet."""
        result = self._opener.apply(replace(record, is_open=True))
        return har.decode(result.entry) if isinstance(result, Redacted) else record.har

    def _looks(self, leaf: Leaf) -> str:
        """Say which kinds of secrets stood in a value."""
        name = leaf.path[-1] if leaf.path else ""
        found = self._detectors.find(leaf.before or "", name)
        kinds = ", ".join(dict.fromkeys(one.kind for one in found))
        return f"{BY_ITS_LOOKS}: {kinds}" if kinds else BY_ITS_LOOKS

    def _change(self, leaf: Leaf) -> Change | None:
        if not leaf.is_changed:
            if leaf.after is None or not is_mark(leaf.after):
                return None
            return _told(leaf, Kind.MASKED, BY_THE_WRITER)
        if leaf.after is not None and (found := _NOT_SENT.match(leaf.after)):
            why = _WORDS.get(found[1], found[1])
            return _told(leaf, Kind.WITHHELD, f"body not sent: {why}")
        listed = self._lists.why(leaf.side, leaf.part, leaf.path)
        if listed is not None:
            return _told(leaf, Kind.LISTED, listed)
        if leaf.after is None:
            if leaf.path and self._detectors.find(leaf.path[-1]):
                return _told(leaf, Kind.DETECTED, BY_ITS_LOOKS)  # its name is hidden
            return _told(leaf, Kind.RULE, BY_A_RULE)
        if _HIDDEN.search(leaf.after) is not None:
            if self._lists.occur_in(leaf.before or ""):
                return _told(leaf, Kind.LISTED, IN_TEXT)
            return _told(leaf, Kind.DETECTED, self._looks(leaf))
        if leaf.place == "comment" and "sampled: " in leaf.after:
            return _told(leaf, Kind.RULE, SAMPLED)
        return _told(leaf, Kind.RULE, BY_A_RULE)


def _told(leaf: Leaf, kind: Kind, why: str) -> Change:
    return Change(leaf.place, kind, why, leaf.before, leaf.after)


def _notes(record: Record) -> Iterator[Change]:
    if "body-withheld" in record.notes:
        why = "left out by the writer: it could not be masked"
        yield Change("body", Kind.MASKED, why, None, None)


def _has_marks(entry: bytes) -> bool:
    return b"REDACTED" in entry or b"sha512-" in entry


def _openings(
    before: har.HarEntry, opened: har.HarEntry, sent: har.HarEntry
) -> Iterator[Change]:
    """Yield the bodies that are laid out in another way than on disk."""
    old, new = before.request.post_data, opened.request.post_data
    if old is not UNSET and old not in (new, sent.request.post_data):
        why = "body rewritten as parameters"
        if old.mime_type.lower().startswith("multipart/"):
            why = f"multipart {why}"
        packing = _packing(before.request.headers)
        if new is not UNSET and new.params is UNSET:
            why = f"{packing}body opened"
        yield Change(_BODIES[0], Kind.OPENED, why, None, None)
    given = before.response.content
    if given not in (opened.response.content, sent.response.content):
        why = f"{_packing(before.response.headers)}body opened"
        yield Change(_BODIES[1], Kind.OPENED, why, None, None)


def _body_of(place: str) -> str:
    """Return which body a place is in, if it is in one."""
    return next((body for body in _BODIES if place.startswith(body)), "")


def _packing(headers: list[har.Pair]) -> str:
    codings = codings_of(headers)
    return "".join(f"{coding} " for coding in codings)


def _as_opened(
    before: har.HarEntry, opened: har.HarEntry, sent: har.HarEntry
) -> har.HarEntry:
    """Return the entry of the disk, with those bodies opened that leave so."""
    request, response = before.request, before.response
    if request.post_data != sent.request.post_data:
        request = replace(request, post_data=opened.request.post_data)
    if response.content != sent.response.content:
        response = replace(response, content=opened.response.content)
    return replace(before, request=request, response=response)
