"""Which rule names the callers of which records, and who stays unidentified.

Lines come in, one after the other; what is found of each goes out, and the sums at
the end. Nothing is shown that may be a credential: ids are masks, queries are left
out, and so are the steps of a path that look like somebody's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from shipper.filters import Filters
from shipper.identify import Identified, Identifier, mask_kind
from shipper.model import Caller, Skip
from shipper.record import Record
from shipper.reports.browse import Seen, parsed

MAX_PLACES: Final = 10_000  # hosts and paths kept apart; beyond it they are "other"
OTHER: Final = "(other)"
MAX_STEP_LENGTH: Final = 24  # of a path; a longer one is no word
_OWN_MARKS: Final = frozenset("@%:=~;,")
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF-")


class Place(Struct, frozen=True, order=True):
    """Where requests went: a host, and a path without what is somebody's own."""

    host: str
    path: str


class Missed(Struct, frozen=True):
    """A rule that did not match, and why."""

    rule: str
    why: str


class Explained(Struct, frozen=True):
    """What was found of one record.

    Attributes:
        file: Where its line stands; `byte` is the line's offset.
        rule: The one that matched, ``application``, or None.
        caller: None when the record is left out.
        missed: The rules that were tried before.
    """

    file: str
    byte: int
    method: str
    host: str
    path: str
    status: int
    rule: str | None
    caller: Caller | None
    missed: tuple[Missed, ...]


class RuleSum(Struct, frozen=True):
    """How many records a rule matched, and how many callers those have."""

    rule: str
    records: int
    callers: int


class PlaceSum(Struct, frozen=True):
    """How many records of a place stay unidentified."""

    host: str
    path: str
    records: int


class Sums(Struct, frozen=True):
    """What a census came to.

    Attributes:
        records: All that can be read, those left out by filters too.
        skipped: Left out by the rules of `[filter]`.
        unreadable: Lines that are no record.
        unidentified: Records that no rule matched.
        rules: In the order they are tried, those without a match too.
        places: Where unidentified records went, most first.
        sha512: Records with ReadMe's masks; `hmac` those with keyed ones.
    """

    records: int
    skipped: int
    unreadable: int
    unidentified: int
    rules: tuple[RuleSum, ...]
    places: tuple[PlaceSum, ...]
    sha512: int
    hmac: int


class Census:
    """Counts who is known by which rule.

    Args:
        filters: Records they leave out are counted and not looked at.
        identifier: Applies the rules.
        by_source: Apply those of each `[[source]]`, in order.
    """

    def __init__(
        self,
        *,
        filters: Filters,
        identifier: Identifier,
        by_source: Sequence[Identifier] = (),
    ) -> None:
        # Mutable state: the counts so far.
        self._filters = filters
        self._identifier = identifier
        self._by_source = by_source
        self._counts: Counter[Literal["records", "skipped", "unreadable"]] = Counter()
        self._matches: Counter[str | None] = Counter()
        self._callers: dict[str, set[str]] = {}
        self._places: Counter[Place] = Counter()
        self._masks: Counter[str | None] = Counter()

    def add(self, seen: Seen) -> Explained | None:
        """Count a line; None for one that is no record, or left out by a filter."""
        record = parsed(seen)
        if isinstance(record, Skip):
            return None
        if not isinstance(record, Record):
            self._counts["unreadable"] += 1
            return None
        self._counts["records"] += 1
        if self._filters.reason_to_skip(record) is not None:
            self._counts["skipped"] += 1
            return None
        identifier = self._identifier_for(seen)
        found = identifier.identify(record)
        place = place_of(record)
        self._count(record, found, place)
        return Explained(
            file=seen.path,
            byte=seen.line.start_bytes,
            method=record.method,
            host=place.host,
            path=place.path,
            status=record.status,
            rule=found.rule,
            caller=found.caller,
            missed=tuple(
                Missed(rule, miss.value)
                for rule, miss in zip(identifier.rules, found.misses, strict=False)
            ),
        )

    def _identifier_for(self, seen: Seen) -> Identifier:
        if seen.source is None or not self._by_source:
            return self._identifier
        return self._by_source[seen.source]

    def _count(self, record: Record, found: Identified, place: Place) -> None:
        self._matches[found.rule] += 1
        self._masks[mask_kind(record)] += 1
        if found.rule is not None:
            if found.caller is not None:
                self._callers.setdefault(found.rule, set()).add(found.caller.id)
        elif place in self._places or len(self._places) < MAX_PLACES:
            self._places[place] += 1
        else:
            self._places[Place(OTHER, OTHER)] += 1

    def _rules(self) -> Iterator[str]:
        for identifier in (*self._by_source, self._identifier):
            yield from identifier.rules

    def sums(self, *, own: str) -> Sums:
        """Return the sums; `own` is what stands for the record's own caller."""
        rules = tuple(
            RuleSum(rule, self._matches[rule], len(self._callers.get(rule, ())))
            for rule in dict.fromkeys((own, *self._rules()))
        )
        places = sorted(self._places.items(), key=lambda each: (-each[1], each[0]))
        return Sums(
            records=self._counts["records"],
            skipped=self._counts["skipped"],
            unreadable=self._counts["unreadable"],
            unidentified=self._matches[None],
            rules=rules,
            places=tuple(PlaceSum(at.host, at.path, count) for at, count in places),
            sha512=self._masks["sha512"],
            hmac=self._masks["hmac"],
        )


def place_of(record: Record) -> Place:
    """Return where a request went: its route if known, else the path's general form."""
    try:
        parts = urlsplit(record.url)
        host, path = parts.hostname or "", parts.path
    except ValueError:
        return Place(OTHER, OTHER)
    route = record.har.pageref
    if isinstance(route, str) and route.startswith("/"):
        return Place(host, route.partition("?")[0])
    steps = ("{…}" if _is_own(step) else step for step in path.split("/"))
    return Place(host, "/".join(steps) or "/")


def _is_own(step: str) -> bool:
    """Tell whether a step of a path looks like somebody's id, name or token."""
    if len(step) > MAX_STEP_LENGTH or not _OWN_MARKS.isdisjoint(step):
        return True
    if not any(map(str.isdigit, step)):
        return False
    if step.isdigit() or len(step) > MAX_STEP_LENGTH // 2:
        return True
    return len(step) >= 8 and _HEXADECIMAL.issuperset(step)
