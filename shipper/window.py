"""The bounded window of batches in flight: who is sent when, and what became of it.

Batches are admitted in the order read. Their parts may be answered in any
order, halved when refused, and sent again when deferred. Batches leave at the
front only, after their commit: what stays in the window is all that a crash can
repeat. Dead letters that are sent again travel beside them: they take up no room,
no position waits for them, and what is not taken stays what it was. This is the
one place that retries; `dispatch` says when, and `blame` whose fault it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from shipper.blame import LONE_REFUSALS_TO_HOLD, Blame, Verdict
from shipper.ceiling import Ceiling
from shipper.dispatch import Dispatcher, Pace, Poster
from shipper.events import Events
from shipper.flight import Flight, Part
from shipper.gate import Gate, backoff_seconds
from shipper.model import Batch, Taken
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.settle import Settlement


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
        # order read, the one behind them that may not be sent yet, and the failure that
        # was told last.
        self._gate = gate
        self._events = events
        self._jitter = jitter
        self._max_in_flight = max_in_flight
        self._dispatcher = Dispatcher(
            poster=poster, gate=gate, pace=pace, max_in_flight=max_in_flight
        )
        self._blame = Blame(max_in_flight=max_in_flight)
        self._flights: list[Flight] = []
        self._ahead: Flight | None = None
        self._told_failure = ""
        self._ceiling = Ceiling(max_records)

    @property
    def max_records(self) -> int:
        """How many records a batch may hold."""
        return self._ceiling.max_records

    @property
    def is_empty(self) -> bool:
        """True when every admitted batch has been committed."""
        return not self._flights and self._ahead is None

    @property
    def trouble(self) -> str:
        """Why uploads do not flow, in words, or nothing."""
        return self._gate.why_failing

    def closed_seconds(self, now: float) -> float:
        """Return how long the receiver is to be left alone; 0 while it answers."""
        return self._gate.probe_in(now)

    @property
    def limit(self) -> str:
        """The name of the limit that a request waits for, or nothing."""
        return self._dispatcher.limit_on(self._parts())

    @property
    def posted(self) -> int:
        """How many requests are out."""
        return self._dispatcher.posted

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
        are_out = self._dispatcher.is_full and self._gate.is_free
        return are_out or self._may_send_one_more

    @property
    def _may_send_one_more(self) -> bool:
        flights = [flight for flight in self._flights if not flight.is_retry]
        return len(flights) < self._max_in_flight or self._blame.wants_witness(flights)

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
        for part, receipt in self._dispatcher.answered():
            self._take_in(part, receipt, now)
        self._dispatcher.look_at_pace(now)
        if self._ahead is not None and self._may_send_one_more:
            self._join_ahead()
        if may_post:
            self._dispatcher.post_due(self._parts(), now)

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
        return self._dispatcher.due_in(self._parts(), now)

    def _parts(self) -> list[Part]:
        return [part for flight in self._flights for part in flight.parts]

    def _take_in(self, part: Part, receipt: Receipt, now: float) -> None:
        match receipt:
            case Delivered():
                self._blame.accepted()
                self._ceiling.delivered(now)
                self._told_failure = ""
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
        if receipt.is_too_large and _tells_of_size(part):
            self._ceiling.refused(len(part.entries))
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
        if self._blame.is_the_receivers:
            part.not_before = now + backoff_seconds(part.fail(), self._jitter())
            return
        is_one_too_many = self._blame.refused_alone()
        self._bury(part, "refused", detail, receipt.status)
        if is_one_too_many:
            why = f"{LONE_REFUSALS_TO_HOLD} records refused and none taken: {detail}"
            self._gate.refuses_everything(now, why)

    def _deferred(self, part: Part, receipt: Deferred, now: float) -> None:
        if self._gate.is_free:
            self._tell(part, receipt)
        self._gate.deferred(receipt, now, is_probe=part.is_probe)
        part.not_before = now + backoff_seconds(part.fail(), self._jitter())
        if receipt.cause is Cause.TIMEOUT and receipt.body_sent:
            if _tells_of_size(part):
                self._ceiling.timed_out(len(part.entries), now)
            if len(part.entries) > self.max_records:
                part.halve()
                return
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
        match self._blame.suspect(part, receipt.cause):
            case Verdict.SEND_AGAIN:
                pass
            case Verdict.HALVE:
                part.halve()
            case Verdict.BURY:
                detail = (
                    f"failed {part.suspicions} times while "
                    f"{self._blame.passed_beside(part)} others passed: {receipt.reason}"
                )
                self._bury(part, "suspect", detail, receipt.status)
            case Verdict.PUT_BACK:
                detail = f"failed {part.suspicions} times: {receipt.reason}"
                self._put_back(part, "suspect", detail)
            case _ as never:
                assert_never(never)

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


def _tells_of_size(part: Part) -> bool:
    """Tell whether a part is a batch as it was read.

    The halves that close in on one huge record say nothing about the others.
    """
    return part.is_whole and len(part.entries) > 1
