"""Secrets by their looks in what is about to leave: told of, or hidden too.

An entry comes in as the lists have left it; None goes out when nothing is suspected in
it, which is mostly decided by a look at its bytes alone. Otherwise the findings go out,
each with its kind and its place, and the entry: unchanged, or with marks where they
stood. No finding holds any of the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

from msgspec import Struct

from shipper import har
from shipper.detect import KINDS, NO_DOUBT, Detectors, Doubt, Finding
from shipper.model import Suspicion
from shipper.needles import Automaton
from shipper.operation import operation_of
from shipper.walk import Walk, packed_bytes

Mode = Literal["off", "warn", "redact"]


class Checked(Struct, frozen=True, gc=False):
    """What became of an entry in which something is suspected.

    Attributes:
        entry: What may leave.
        suspicions: What was found, each kind once a place.
        withheld: Why bodies stay here, one reason a body.
    """

    entry: bytes
    suspicions: tuple[Suspicion, ...]
    withheld: tuple[str, ...] = ()


class Detector:
    """Looks at entries.

    Args:
        mode: ``warn`` tells, ``redact`` hides, ``off`` does neither.
        kinds: Which of `detect.KINDS`.
    """

    def __init__(self, *, mode: Mode = "off", kinds: Iterable[str] = KINDS) -> None:
        self._detectors = Detectors(kinds)
        self.is_on = mode != "off" and self._detectors.are_any
        self._hides = mode == "redact"

    @property
    def automata(self) -> tuple[Automaton, ...]:
        """One of these finds something in every entry with anything suspected."""
        return self._detectors.automata if self.is_on else ()

    def load(self) -> None:
        """Make ready for the first entry."""
        if self.is_on:
            self._detectors.load()

    def check(self, entry: bytes) -> Checked | None:
        """Return what is suspected in an entry, or None for nothing."""
        if not self.is_on:
            return None
        doubt = self._detectors.doubt(entry)
        if doubt is NO_DOUBT:
            return None
        if doubt is Doubt.PACKED:
            packed = packed_bytes(har.decode(entry))
            if not any(map(self._detectors.may_hold, packed)):
                return None
        return self.examine(entry)

    def examine(self, entry: bytes) -> Checked | None:
        """Look at every text of an entry, whatever its bytes promise."""
        decoded = har.decode(entry)
        looker = _Looker(self._detectors)
        walk = Walk(looker)
        hidden = walk.entry(decoded)
        if not looker.found:
            return None
        operation = told_operation(decoded)
        places = dict.fromkeys(
            (kind, told_place(field)) for kind, field in looker.found
        )
        suspicions = tuple(
            Suspicion(kind, operation, field, self._hides) for kind, field in places
        )
        if not self._hides:
            return Checked(entry, suspicions)
        return Checked(har.encode(hidden), suspicions, tuple(walk.withheld))


def told_operation(entry: har.HarEntry) -> str:
    """Return the operation of an entry as it may be told: a step may be a secret."""
    return "/".join(map(told_place, operation_of(entry).split("/")))


def told_place(place: str) -> str:
    """Return a place as it may be told: a name in it may be a secret as well."""
    for one in reversed(_every_kind().find(place)):
        place = f"{place[: one.start]}*{place[one.end :]}"
    return place


@cache
def _every_kind() -> Detectors:
    """Return what is looked for in names, whatever is looked for in values."""
    return Detectors()


class _Looker:
    """Notes each kind once a place."""

    def __init__(self, detectors: Detectors) -> None:
        # Mutable state, of one entry: kinds and places in the order found.
        self._detectors = detectors
        self.found: dict[tuple[str, str], None] = {}

    def look(self, field: str, name: str, text: str) -> Sequence[Finding]:
        """Return what is suspected in a text."""
        findings = self._detectors.find(text, name)
        for finding in findings:
            self.found[finding.kind, field] = None
        return findings

    def may_look_into(self, content: bytes) -> bool:
        """Tell whether bytes may hold anything."""
        return self._detectors.may_hold(content)
