"""Which request goes out next, and when: as places, gate and pace allow.

Parts of batches come in, in the order read; those that are due go out, each under a
ticket, and come back with their receipts. What a receipt means for a part is none of
this room's business; no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from shipper.flight import Part
from shipper.gate import Gate
from shipper.receipt import Receipt


class Answered(Protocol):
    """A receipt, with the ticket of the request it answers."""

    @property
    def ticket(self) -> int:
        """The number the request was posted under."""
        ...

    @property
    def receipt(self) -> Receipt:
        """What came back."""
        ...


class Poster(Protocol):
    """Where requests go; answers come back later, in any order."""

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send the payloads as one request."""
        ...

    def answered(self) -> Sequence[Answered]:
        """Return every answer since the last call."""
        ...


class Wait(Protocol):
    """Why the next request may not go out yet."""

    @property
    def seconds(self) -> float:
        """Ask again after so long."""
        ...

    @property
    def limit(self) -> str:
        """The name of the limit that holds it up."""
        ...


class Pace(Protocol):
    """How fast requests may go out, and when."""

    def wait(self, now: float) -> Wait | None:
        """Return why and how long the next request has to wait, or None."""
        ...

    def spend(self, payloads: Sequence[bytes], now: float) -> Wait | None:
        """Note a request that goes out, or return why it may not: others may send."""
        ...


class Dispatcher:
    """Keeps at most `max_in_flight` requests out.

    Args:
        poster: Where they go.
        gate: Says whether they may flow freely, or one at a time to probe.
        pace: The operator's limits, or None.
        max_in_flight: How many may be out at a time.
    """

    def __init__(
        self, *, poster: Poster, gate: Gate, pace: Pace | None, max_in_flight: int
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: the posted parts by
        # ticket, the next ticket, and why the next request has to wait.
        self._poster = poster
        self._gate = gate
        self._pace = pace
        self._max_in_flight = max_in_flight
        self._posted: dict[int, Part] = {}
        self._next_ticket = 1
        self._wait: Wait | None = None

    @property
    def posted(self) -> int:
        """How many requests are out."""
        return len(self._posted)

    @property
    def is_full(self) -> bool:
        """True while requests take up every place."""
        return len(self._posted) >= self._max_in_flight

    def limit_on(self, parts: Sequence[Part]) -> str:
        """Return the name of the limit that one of these waits for, or nothing."""
        if self._wait is None or all(part.is_posted for part in parts):
            return ""
        return self._wait.limit

    def answered(self) -> Iterator[tuple[Part, Receipt]]:
        """Yield the parts that have been answered since the last call."""
        for answered in self._poster.answered():
            part = self._posted.pop(answered.ticket)
            part.is_posted = False
            yield part, answered.receipt

    def look_at_pace(self, now: float) -> None:
        """Ask anew whether the next request has to wait."""
        self._wait = None if self._pace is None else self._pace.wait(now)

    def post_due(self, parts: Sequence[Part], now: float) -> None:
        """Post those that are due, as many as may go out."""
        while not self.is_full:
            part = self._next_of(parts, now)
            if part is None:
                return
            payloads = [entry.payload for entry in part.entries]
            if self._wait is None and self._pace is not None:
                self._wait = self._pace.spend(payloads, now)
            if self._wait is not None:
                part.flight.hold(self._wait.limit)
                return
            ticket = self._next_ticket
            self._next_ticket += 1
            part.is_posted = True
            part.is_probe = not self._gate.is_free
            part.tried_at = now
            self._posted[ticket] = part
            self._poster.post(ticket, payloads)
            self.look_at_pace(now)

    def due_in(self, parts: Sequence[Part], now: float) -> float | None:
        """Return the seconds until one is due; None when an answer comes first."""
        waiting = [part for part in parts if not part.is_posted]
        if not waiting:
            return None
        paced = 0.0 if self._wait is None else self._wait.seconds
        if not self._gate.is_free:
            return None if self._posted else max(paced, self._gate.probe_in(now))
        if self.is_full:
            return None
        return max(paced, min(part.not_before for part in waiting) - now)

    def _next_of(self, parts: Sequence[Part], now: float) -> Part | None:
        waiting = [part for part in parts if not part.is_posted]
        if self._gate.is_free:
            return next((part for part in waiting if part.not_before <= now), None)
        if self._posted or self._gate.probe_in(now) > 0 or not waiting:
            return None
        # The part that has waited longest since its last try: a poisoned one
        # must not be the only probe for ever.
        return min(waiting, key=lambda part: part.tried_at)
