"""What an approval needs to know of many lines, in bounded memory.

Lines go by as the previewer shows them; sums by endpoint, by caller and by reason
stay, with a few samples. Nothing stays that does not leave this machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from shipper import har
from shipper.model import Caller
from shipper.operation import operation_of
from shipper.reports.preview import Outcome, Shown
from shipper.reports.reasons import Kind, Reasons
from shipper.reports.samples import Samples, place_of
from shipper.reports.timeline import Timeline, seconds_of

MAX_ROWS: Final = 2000  # endpoints or callers that are kept apart
MAX_REASONS: Final = 500
MAX_PLACES: Final = 200  # of one reason
MAX_NAME: Final = 200  # characters of a path or caller
OTHERS: Final = "all others"
STATUS_CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")


class Name(Struct, frozen=True):
    """What a row is about: an endpoint's method and path, or a caller.

    Attributes:
        word: Said first: the method, or nothing.
        text: The path, or the caller's label or id.
        note: What stands beside it in small: the host, or the caller's id.
    """

    word: str
    text: str
    note: str


@dataclass(slots=True)
class Group:
    """The sums of one endpoint or caller."""

    name: Name
    records: int = 0
    size_bytes: int = 0
    hidden: int = 0
    withheld: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    times: Timeline = field(default_factory=Timeline)

    def add(self, shown: Shown, sent: har.HarEntry, seconds: int) -> None:
        """Count one record."""
        self.records += 1
        self.size_bytes += len(shown.text or b"")
        for change in shown.changes:
            self.hidden += change.kind in (Kind.LISTED, Kind.DETECTED)
            self.withheld += change.kind is Kind.WITHHELD
        self.statuses[status_class(sent.response.status)] += 1
        self.times.add(seconds)


@dataclass(slots=True)
class Reason:
    """How often one reason changed something, and where."""

    kind: Kind
    why: str
    changes: int = 0
    records: int = 0
    places: Counter[str] = field(default_factory=Counter)


class Groups:
    """Groups by name, up to a bound; what comes later goes to one called others."""

    def __init__(self) -> None:
        # Mutable state: the groups so far.
        self._groups: dict[Name, Group] = {}

    def of(self, name: Name) -> Group:
        """Return the group of that name."""
        if name not in self._groups and len(self._groups) >= MAX_ROWS:
            name = Name("", OTHERS, "")
        return self._groups.setdefault(name, Group(name))

    def largest_first(self) -> list[Group]:
        """Return all groups."""
        groups = self._groups.values()
        return sorted(groups, key=lambda each: (-each.records, each.name.text))


class Gathering:
    """Sums over lines; the attributes are read when all lines have gone by.

    Attributes:
        whole: The sums of all that is sent.
        endpoints: By method and path; `callers` likewise.
        paths: The files that lines came from, as far as there is room.
    """

    def __init__(self, reasons: Reasons) -> None:
        # Mutable state: all of it grows with what is seen, up to the bounds above.
        self.whole = Group(Name("", "", ""))
        self.endpoints = Groups()
        self.callers = Groups()
        self.paths: dict[str, int] = {}
        self.samples = Samples(reasons)
        self._reasons: dict[tuple[Kind, str], Reason] = {}
        self._digest = sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of all payloads, each ended by a newline."""
        return self._digest.hexdigest()

    def add(self, shown: Shown) -> None:
        """Take note of one line."""
        if shown.path in self.paths or len(self.paths) < MAX_ROWS:
            self.paths[shown.path] = self.paths.get(shown.path, 0) + 1
        sent, text = shown.sent, shown.text
        if shown.outcome is not Outcome.SENT or sent is None or text is None:
            return
        self._digest.update(text + b"\n")
        seconds = seconds_of(sent.started_date_time)
        endpoint = self.endpoints.of(endpoint_of(sent))
        caller = self.callers.of(_caller_name(shown.caller))
        for group in (self.whole, endpoint, caller):
            group.add(shown, sent, seconds)
        self._add_reasons(shown)
        self.samples.add(shown)

    def reasons(self) -> Iterator[Reason]:
        """Yield the reasons, kind by kind, the most frequent first."""
        order = list(Kind)
        yield from sorted(
            self._reasons.values(),
            key=lambda each: (order.index(each.kind), -each.changes, each.why),
        )

    def _add_reasons(self, shown: Shown) -> None:
        counted: set[tuple[Kind, str]] = set()
        for change in shown.changes:
            key = (change.kind, change.why)
            if key not in self._reasons and len(self._reasons) >= MAX_REASONS:
                key = (change.kind, OTHERS)
            reason = self._reasons.setdefault(key, Reason(*key))
            reason.changes += 1
            reason.records += key not in counted
            counted.add(key)
            place = place_of(change)
            if place not in reason.places and len(reason.places) >= MAX_PLACES:
                place = OTHERS
            reason.places[place] += 1


def status_class(status: int) -> str:
    """Return ``4xx`` for 404; what is no final status counts as the nearest one."""
    return STATUS_CLASSES[min(max(status // 100, 2), 5) - 2]


def endpoint_of(sent: har.HarEntry) -> Name:
    """Return which endpoint an entry is about: its route, or its path made general."""
    method, _, route = operation_of(sent).partition(" ")
    try:
        host = urlsplit(sent.request.url).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return Name(method, route[:MAX_NAME], host[:MAX_NAME])


def _caller_name(caller: Caller | None) -> Name:
    if caller is None:
        return Name("", "unknown", "")
    note = caller.id if caller.label else ""
    return Name("", (caller.label or caller.id)[:MAX_NAME], note[:MAX_NAME])
