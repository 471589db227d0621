"""The bounded window of batches in flight: who is sent when, and what became of it.

Batches are admitted in the order read. Their parts may be answered in any
order, halved when refused, and sent again when deferred. Batches leave at the
front only, after their commit: what stays in the window is all that a crash can
repeat. Dead letters that are sent again travel beside them: they take up no room,
no position waits for them, and what is not taken stays what it was. This is the
one place that retries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

from shipper.events import Events
from shipper.flight import Flight, Part
from shipper.gate import Gate, backoff_seconds
from shipper.model import Batch, Taken
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.settle import Settlement

SUSPECT_FAILURES = 5  # a gateway's 403, 5xx or silence, while others pass
SUSPECT_ACCEPTANCES = 5  # how many others must pass while a lone record fails
FAILING_AT_MOST = 4  # failing batches held at once before it is an outage
WITNESSES = 32  # batches let in past a stuck front, one at a time
LONE_REFUSALS_TO_HOLD = 20
_NOT_THE_RECORDS_FAULT = frozenset({Cause.HOLD, Cause.BUSY, Cause.NETWORK})


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


class Window:
    """Keeps at most `max_in_flight` batches between reading and commit."""

    def __init__(
        self,
        *,
        poster: Poster,
        gate: Gate,
        events: Events,
        jitter: Callable[[], float],
        max_in_flight: int,
        max_records: int,
        pace: Pace | None = None,
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: the flights in the
        # order read, the one behind them that may not be sent yet, the posted parts
        # by ticket, three running counts, why the next request has to wait, and the
        # failure that was told last.
        self._poster = poster
        self._gate = gate
        self._events = events
        self._jitter = jitter
        self._max_in_flight = max_in_flight
        self._pace = pace
        self._wait: Wait | None = None
        self._flights: list[Flight] = []
        self._ahead: Flight | None = None
        self._posted: dict[int, Part] = {}
        self._next_ticket = 1
        self._accepted = 0
        self._lone_refusals = 0
        self._told_failure = ""
        self.max_records = max_records

    @property
    def is_empty(self) -> bool:
        """True when every admitted batch has been committed."""
        return not self._flights and self._ahead is None

    @property
    def trouble(self) -> str:
        """Why uploads do not flow, in words, or nothing."""
        return self._gate.why_failing

    @property
    def limit(self) -> str:
        """The name of the limit that a request waits for, or nothing."""
        if self._wait is None or all(part.is_posted for part in self._parts()):
            return ""
        return self._wait.limit

    @property
    def posted(self) -> int:
        """How many requests are out."""
        return len(self._posted)

    @property
    def records(self) -> int:
        """How many records wait here for their answer."""
        ahead = () if self._ahead is None else self._ahead.parts
        return sum(len(part.entries) for part in (*self._parts(), *ahead))

    @property
    def has_room(self) -> bool:
        """True when one more batch may be admitted.

        One more than may be sent is made ready while requests take up every place:
        over a long way, a place that falls free would else stay empty until the next
        batch was read.

        When all that is unanswered keeps failing, a witness is let in past it:
        whether the records or the receiver are at fault shows only by others
        passing. In an outage the witness fails too, and no other follows.
        """
        if self._ahead is not None:
            return False
        are_out = len(self._posted) >= self._max_in_flight and self._gate.is_free
        return are_out or self._may_send_one_more

    @property
    def _may_send_one_more(self) -> bool:
        flights = [flight for flight in self._flights if not flight.is_retry]
        return len(flights) < self._max_in_flight or self._wants_witness(flights)

    def _wants_witness(self, flights: list[Flight]) -> bool:
        unsettled = [flight for flight in flights if flight.parts]
        if len(flights) >= self._max_in_flight + WITNESSES or not unsettled:
            return False
        if not all(flight.is_stuck for flight in unsettled):
            return False
        front = unsettled[0].parts
        if not any(part.suspicions >= SUSPECT_FAILURES for part in front):
            return False
        return len(unsettled) <= max(self._max_in_flight, FAILING_AT_MOST) or any(
            self._accepted > part.accepted_before for part in front
        )

    def admit(self, batch: Batch) -> None:
        """Take a batch; its entries go out with the next `turn` that has a place."""
        flight = Flight(batch)
        if self._ahead is None and not flight.is_retry and not self._may_send_one_more:
            # Until the front is committed: a crash would repeat one batch too many.
            self._ahead = flight
            return
        if not flight.is_retry:
            self._join_ahead()
        self._flights.append(flight)

    def _join_ahead(self) -> None:
        flight, self._ahead = self._ahead, None
        if flight is None:
            return
        # Read before the receiver asked for less, it may hold too much.
        while large := [p for p in flight.parts if len(p.entries) > self.max_records]:
            large[0].halve()
        self._flights.append(flight)

    def turn(self, now: float, *, may_post: bool = True) -> None:
        """Take in every answer, then post what is due."""
        for answered in self._poster.answered():
            part = self._posted.pop(answered.ticket)
            self._take_in(part, answered.receipt, now)
        self._look_at_pace(now)
        if self._ahead is not None and self._may_send_one_more:
            self._join_ahead()
        if may_post:
            self._post_due(now)

    def settled(self) -> list[Settlement]:
        """Return what became of the batches at the front that are finished."""
        return [flight.settlement() for flight in self._settled()]

    def leave(self, count: int) -> None:
        """Forget the first `count` of them: their commit has been stored."""
        gone = self._settled()[:count]
        self._flights = [flight for flight in self._flights if flight not in gone]

    def _settled(self) -> list[Flight]:
        settled: list[Flight] = []
        for flight in self._flights:
            if not flight.parts:
                settled.append(flight)
            elif not flight.is_retry:
                break
        return settled

    def taken(self) -> frozenset[Taken]:
        """Return the records that were delivered and not committed yet."""
        return frozenset(
            one
            for flight in self._flights
            if not flight.is_retry
            for one in flight.taken
        )

    def abandon_retries(self) -> None:
        """Leave dead letters that nobody has answered for to the next time."""
        for flight in self._flights:
            if flight.is_retry:
                flight.abandon()

    def due_in(self, now: float) -> float | None:
        """Return the seconds until a post is due; None when an answer comes first."""
        waiting = [part for part in self._parts() if not part.is_posted]
        if not waiting:
            return None
        paced = 0.0 if self._wait is None else self._wait.seconds
        if not self._gate.is_free:
            return None if self._posted else max(paced, self._gate.probe_in(now))
        if len(self._posted) >= self._max_in_flight:
            return None
        return max(paced, min(part.not_before for part in waiting) - now)

    def _parts(self) -> list[Part]:
        return [part for flight in self._flights for part in flight.parts]

    def _post_due(self, now: float) -> None:
        while len(self._posted) < self._max_in_flight:
            part = self._next_part(now)
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
            self._look_at_pace(now)

    def _look_at_pace(self, now: float) -> None:
        self._wait = None if self._pace is None else self._pace.wait(now)

    def _next_part(self, now: float) -> Part | None:
        waiting = [part for part in self._parts() if not part.is_posted]
        if self._gate.is_free:
            return next((part for part in waiting if part.not_before <= now), None)
        if self._posted or self._gate.probe_in(now) > 0 or not waiting:
            return None
        # The part that has waited longest since its last try: a poisoned one
        # must not be the only probe for ever.
        return min(waiting, key=lambda part: part.tried_at)

    def _take_in(self, part: Part, receipt: Receipt, now: float) -> None:
        part.is_posted = False
        match receipt:
            case Delivered():
                self._accepted += 1
                self._told_failure = ""
                self._lone_refusals = 0
                part.flight.accept(part)
                if self._gate.delivered(now, is_probe=part.is_probe):
                    self._hurry(now)
            case Refused():
                self._refused(part, receipt, now)
            case Deferred():
                self._deferred(part, receipt, now)
            case _ as never:
                assert_never(never)

    def _hurry(self, now: float) -> None:
        """Let nobody wait out a back-off that belongs to a trouble now over."""
        for part in self._parts():
            part.not_before = min(part.not_before, now)

    def _refused(self, part: Part, receipt: Refused, now: float) -> None:
        if self._gate.refused(now, is_probe=part.is_probe):
            self._hurry(now)
        if receipt.is_too_large:
            self._lower_limit(part)
        if len(part.entries) > 1:
            self._events.emit(
                "batch_refused",
                records=len(part.entries),
                status=receipt.status,
                why=receipt.reason,
            )
            part.halve()
            return
        detail = f"status {receipt.status}: {receipt.reason}"
        if part.flight.is_retry:
            # It was dead before: that proves nothing about the other records.
            self._put_back(part, "refused", detail)
            return
        if self._lone_refusals >= LONE_REFUSALS_TO_HOLD:
            part.not_before = now + backoff_seconds(part.fail(), self._jitter())
            return
        self._lone_refusals += 1
        self._bury(part, "refused", detail, receipt.status)
        if self._lone_refusals == LONE_REFUSALS_TO_HOLD:
            why = f"{LONE_REFUSALS_TO_HOLD} records refused and none taken: {detail}"
            self._gate.refuses_everything(now, why)

    def _deferred(self, part: Part, receipt: Deferred, now: float) -> None:
        if self._gate.is_free:
            self._tell(part, receipt)
        self._gate.deferred(receipt, now, is_probe=part.is_probe)
        part.not_before = now + backoff_seconds(part.fail(), self._jitter())
        if receipt.cause is Cause.TIMEOUT and receipt.body_sent:
            self._lower_limit(part)
            if len(part.entries) > self.max_records:
                part.halve()
                return
        if receipt.cause not in _NOT_THE_RECORDS_FAULT:
            self._suspect(part, receipt)

    def _tell(self, part: Part, receipt: Deferred) -> None:
        """Tell of a failure, and how to mend it; the same one again only in detail."""
        if receipt.cause in {Cause.HOLD, Cause.BUSY}:
            return  # the gate tells of it, with the same reason
        why = receipt.reason
        # Layer and host, or status and meaning: the words behind may vary.
        trouble = ": ".join(why.split(": ")[:2])
        is_news = trouble != self._told_failure
        self._told_failure = trouble
        if receipt.hint:
            why = f"{why}: {receipt.hint}"
        name = "batch_deferred" if is_news else "batch_deferred_again"
        self._events.emit(name, records=len(part.entries), why=why)

    def _suspect(self, part: Part, receipt: Deferred) -> None:
        """Count a failure that may be the record's own fault, and act on the fifth."""
        if part.suspicions == 0:
            part.accepted_before = self._accepted
        part.suspicions += 1
        passed = self._accepted - part.accepted_before
        if part.suspicions < SUSPECT_FAILURES:
            return
        if part.flight.is_retry and (passed == 0 or len(part.entries) == 1):
            # Whoever asked wants an answer, and nothing is lost by giving one.
            detail = f"failed {part.suspicions} times: {receipt.reason}"
            self._put_back(part, "suspect", detail)
        elif passed == 0:
            return
        elif len(part.entries) > 1:
            part.halve()
        elif passed >= SUSPECT_ACCEPTANCES:
            detail = (
                f"failed {part.suspicions} times while {passed} others passed: "
                f"{receipt.reason}"
            )
            self._bury(part, "suspect", detail, receipt.status)

    def _lower_limit(self, part: Part) -> None:
        # Only a batch as it was read lowers the limit: the halves that close in
        # on one huge record say nothing about the others.
        if part.is_whole and len(part.entries) > 1:
            self.max_records = min(self.max_records, (len(part.entries) + 1) // 2)

    def _bury(self, part: Part, reason: str, detail: str, status: int | None) -> None:
        self._events.emit(
            "record_refused",
            id=part.entries[0].id,
            status=status,
            why=f"{reason}: {detail}",
        )
        part.flight.bury(part, part.letters(reason, detail))

    def _put_back(self, part: Part, reason: str, detail: str) -> None:
        """Leave dead letters what they are, with the new reason."""
        part.flight.bury(part, part.letters(reason, detail))
