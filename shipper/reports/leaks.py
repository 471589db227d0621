"""What would still leak: secrets by their looks, and values under telling names.

Lines come in, one after the other, and go as far as the shipper would take them: past
the filters and the lists. The sums go out, by operation, place and kind, each with a
sample that gives nothing of a value away, and the entries of a denylist that would
hide them. Nothing is sent and no position is moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from shipper import har
from shipper.detect import Detectors, Finding, is_masked, shape_of
from shipper.filters import Filters
from shipper.model import Reject, Skip
from shipper.record import Record
from shipper.redact import Redactor
from shipper.reports.browse import Seen, parsed
from shipper.values import told_operation, told_place
from shipper.walk import Walk

NAME: Final = "name"  # the kind of a value that only its name makes suspicious
MAX_LEAKS: Final = 10_000  # told apart; beyond it they are only counted

_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_WORDS: Final = frozenset(
    {
        "apikey", "authorization", "bearer", "credential", "credentials", "cvc", "cvv",
        "dob", "iban", "jwt", "otp", "pan", "passcode", "passphrase", "passport",
        "passwd", "password", "pin", "pwd", "secret", "secrets", "session", "sessionid",
        "signature", "ssn", "token", "tokens",
    }
)  # fmt: skip
_PHRASES: Final = (
    "accesskey", "accountnumber", "apikey", "bankaccount", "cardnumber", "creditcard",
    "dateofbirth", "privatekey", "socialsecurity", "taxid",
)  # fmt: skip
# What is said about a secret with these at its end is none.
_ABOUT: Final = frozenset(
    {
        "at", "count", "enabled", "endpoint", "expires", "expiry", "hint", "in",
        "length", "name", "required", "type", "uri", "url",
    }
)  # fmt: skip


class Leak(Struct, frozen=True):
    """What would leave in one place.

    Attributes:
        records: How many records hold it.
        kind: A kind of `detect.KINDS`, or ``name``.
        operation: Method and route, without ids.
        field: Its place in the words of the lists, or ``request.path``.
        sample: Length and shape of the first one.
        entry: The entry of a denylist that would hide it, or None.
    """

    records: int
    kind: str
    operation: str
    field: str
    sample: str
    entry: str | None


class Report(Struct, frozen=True):
    """The sums.

    Attributes:
        records: Those that were looked at.
        skipped: Those that a filter leaves out.
        unreadable: Lines that are no records.
        leaks: The most frequent first.
        untold: Findings beyond `MAX_LEAKS`.
        denylist: What to put on the denylist, each entry once.
    """

    records: int
    skipped: int
    unreadable: int
    leaks: tuple[Leak, ...]
    untold: int
    denylist: tuple[str, ...]


class Leaks:
    """Gathers what would leak.

    Args:
        filters: Which records are shipped at all.
        redactor: The lists.
        kinds: What is looked for, see `detect.KINDS`.
    """

    def __init__(
        self, *, filters: Filters, redactor: Redactor, kinds: Iterable[str]
    ) -> None:
        # Mutable state: sums so far.
        self._filters = filters
        self._redactor = redactor
        self._detectors = Detectors(kinds)
        self._records = 0
        self._skipped = 0
        self._unreadable = 0
        self._untold = 0
        self._counts: dict[tuple[str, str, str], int] = {}
        self._samples: dict[tuple[str, str, str], str] = {}

    def add(self, seen: Seen) -> None:
        """Look at one line."""
        record = parsed(seen)
        match record:
            case Record():
                self._look_at(record)
            case Skip():
                pass  # a blank line, or a header
            case _:
                self._unreadable += 1

    def report(self) -> Report:
        """Return the sums."""
        leaks = [
            Leak(count, kind, operation, field, self._samples[key], entry_for(field))
            for key, count in self._counts.items()
            for operation, field, kind in (key,)
        ]
        leaks.sort(key=lambda leak: (-leak.records, leak.operation, leak.field))
        entries = dict.fromkeys(leak.entry for leak in leaks if leak.entry is not None)
        return Report(
            records=self._records,
            skipped=self._skipped,
            unreadable=self._unreadable,
            leaks=tuple(leaks),
            untold=self._untold,
            denylist=tuple(sorted(entries)),
        )

    def _look_at(self, record: Record) -> None:
        if self._filters.reason_to_skip(record) is not None:
            self._skipped += 1
            return
        redacted = self._redactor.apply(record)
        if isinstance(redacted, Reject):
            self._unreadable += 1
            return
        self._records += 1
        entry = har.decode(redacted.entry)
        looker = _Looker(self._detectors)
        Walk(looker).entry(entry)
        operation = told_operation(entry)
        found: dict[tuple[str, str], str] = {}
        for (field, kind), sample in looker.found.items():
            found.setdefault((told_place(field), kind), sample)
        for (field, kind), sample in found.items():
            key = (operation, field, kind)
            if key not in self._counts and len(self._counts) >= MAX_LEAKS:
                self._untold += 1
                continue
            self._counts[key] = self._counts.get(key, 0) + 1
            self._samples.setdefault(key, sample)


class _Looker:
    """Notes what is found, and what only has a telling name."""

    def __init__(self, detectors: Detectors) -> None:
        # Mutable state, of one entry: the sample of each place and kind.
        self._detectors = detectors
        self.found: dict[tuple[str, str], str] = {}

    def look(self, field: str, name: str, text: str) -> Sequence[Finding]:
        """Return what is suspected in a text, by its looks."""
        findings = self._detectors.find(text, name)
        for finding in findings:
            secret = text[finding.start : finding.end]
            self.found.setdefault((field, finding.kind), shape_of(secret))
        if not findings and name and text and is_telling(name) and not is_masked(text):
            self.found.setdefault((field, NAME), shape_of(text))
        return findings

    def may_look_into(self, content: bytes) -> bool:
        """Tell whether bytes may hold anything."""
        return self._detectors.may_hold(content)


@lru_cache(maxsize=4096)
def is_telling(name: str) -> bool:
    """Tell whether a name says that its value is a secret, or somebody's own."""
    words = [word.lower() for word in _SPLIT.split(name) if word]
    if not words or words[-1] in _ABOUT:
        return False
    joined = "".join(words)
    return not _WORDS.isdisjoint(words) or any(each in joined for each in _PHRASES)


def entry_for(field: str) -> str | None:
    """Return the entry of a denylist that hides a place, or None if none can."""
    side, _, rest = field.partition(".")
    place, _, name = rest.partition(".")
    if place not in {"header", "query", "body"} or not name:
        return None
    if place == "header" and "." in name:
        # A parameter of a URL that stands in a header.
        place, name = "query", name.rpartition(".")[2]
    return None if name.rpartition(".")[2] == "*" else f"{side}.{place}.{name}"
