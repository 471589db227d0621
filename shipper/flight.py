"""A batch in the window, in parts that are sent and answered on their own.

A flight begins as one part. Parts are halved until the guilty record stands
alone; a flight without parts has found its end. Only unanswered parts keep
their payloads, so memory is bounded by what is still owed.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from operator import attrgetter

from shipper.model import Batch, DeadLetter, Entry, LinePlace, Taken
from shipper.settle import Settlement

# Asked of every record, and quicker so than by a loop.
_id = attrgetter("id")
_is_taken = attrgetter("is_taken")
LIMITED = "limited:"  # records that a limit of the operator's has made wait


class Part:
    """A run of a batch's entries that is sent as one request."""

    __slots__ = (
        "accepted_before",
        "entries",
        "failures",
        "flight",
        "is_posted",
        "is_probe",
        "is_whole",
        "not_before",
        "places",
        "suspicions",
        "tried_at",
    )

    def __init__(
        self,
        flight: Flight,
        entries: tuple[Entry, ...],
        places: tuple[LinePlace, ...],
        *,
        is_whole: bool,
    ) -> None:
        self.flight = flight
        self.entries = entries
        self.places = places
        self.is_whole = is_whole
        self.is_posted = False
        self.is_probe = False
        self.not_before = float("-inf")
        self.tried_at = float("-inf")
        self.failures = 0
        self.suspicions = 0
        self.accepted_before = 0

    def fail(self) -> int:
        """Count one failure and return how many there have been."""
        self.failures += 1
        return self.failures

    def letters(self, reason: str, detail: str) -> list[DeadLetter]:
        """Return this part's entries as dead letters, for one reason."""
        retries = self.flight.retries
        return [
            DeadLetter(
                place=place,
                id=entry.id,
                reason=reason,
                detail=detail,
                payload=entry.payload,
                sha256=sha256(entry.payload).hexdigest(),
                length_bytes=len(entry.payload),
                retries=retries[place] + 1 if place in retries else 0,
            )
            for entry, place in zip(self.entries, self.places, strict=True)
        ]

    def halve(self) -> None:
        """Put two halves, counted anew, in this part's place."""
        middle = len(self.entries) // 2
        halves = [
            Part(
                self.flight, self.entries[:middle], self.places[:middle], is_whole=False
            ),
            Part(
                self.flight, self.entries[middle:], self.places[middle:], is_whole=False
            ),
        ]
        here = self.flight.parts.index(self)
        self.flight.parts[here : here + 1] = halves


class Flight:
    """A batch in the window; keeps the payloads of unanswered parts only."""

    __slots__ = (
        "counters",
        "held_by",
        "letters",
        "parts",
        "refused",
        "retries",
        "runs",
        "spans",
        "taken",
    )

    def __init__(self, batch: Batch) -> None:
        self.spans = batch.spans
        self.counters = batch.counters
        self.runs = batch.runs
        self.letters = list(batch.rejects)
        self.refused: Counter[str] = Counter()
        self.held_by = ""
        # Dead letters that are sent again: how often each one was before.
        self.retries: dict[LinePlace, int] = dict(
            zip(batch.places, batch.retries, strict=bool(batch.retries))
        )
        self.parts: list[Part] = []
        self.taken: list[Taken] = []
        entries, places = batch.entries, batch.places
        if any(map(_is_taken, entries)):
            kept = [index for index, one in enumerate(entries) if not one.is_taken]
            self.taken += [
                Taken(place, entry.id)
                for entry, place in zip(entries, places, strict=True)
                if entry.is_taken
            ]
            entries = tuple(entries[index] for index in kept)
            places = tuple(places[index] for index in kept)
        if entries:
            self.parts.append(Part(self, entries, places, is_whole=True))

    @property
    def is_stuck(self) -> bool:
        """True when only parts that keep failing hold this batch from its end."""
        return bool(self.parts) and all(part.suspicions > 0 for part in self.parts)

    @property
    def is_retry(self) -> bool:
        """True for dead letters sent again: no position waits for them."""
        return bool(self.retries)

    def accept(self, part: Part) -> None:
        """End a part that the receiver has taken."""
        self.parts.remove(part)
        self.taken += map(Taken, part.places, map(_id, part.entries))

    def abandon(self) -> None:
        """Leave what is not answered to whoever asks for it again."""
        for part in self.parts:
            for place in part.places:
                self.retries.pop(place, None)
        self.parts.clear()

    def hold(self, limit: str) -> None:
        """Note which limit of the operator's has made this batch wait first."""
        self.held_by = self.held_by or limit

    def bury(self, part: Part, letters: list[DeadLetter]) -> None:
        """End a part with dead letters."""
        self.parts.remove(part)
        self.letters += letters
        self.refused.update(letter.place.file_id for letter in letters)

    def settlement(self) -> Settlement:
        """Return what became of the batch; meant for a flight without parts."""
        buried = {letter.place for letter in self.letters}
        return Settlement(
            spans=self.spans,
            dead_letters=tuple(self.letters),
            refused=tuple(sorted(self.refused.items())),
            counters=self.counters + self._held(),
            runs=self.runs,
            recovered=tuple(place for place in self.retries if place not in buried),
        )

    def _held(self) -> tuple[tuple[str, int], ...]:
        if not self.held_by:
            return ()
        records = len(self.retries) or sum(span.entries for span in self.spans)
        return ((f"{LIMITED}{self.held_by}", records),)
