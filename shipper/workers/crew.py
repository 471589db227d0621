"""The workers as their parent sees them: started, heard, replaced, ended.

Messages are taken up on the pipeline's thread, each worker's in its order. A worker
that is lost leaves nothing behind but its number: whatever it had not seen committed is
read again by its replacement. When one is given up or replaced, `hand` says.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from shipper.clock import Clock
from shipper.ending import Ending
from shipper.errors import StateError
from shipper.events import Events
from shipper.model import Taken
from shipper.store import NotJoinedError
from shipper.workers.chorus import Chorus
from shipper.workers.hand import Hand
from shipper.workers.holding import HeldPace
from shipper.workers.keeper import Keeper
from shipper.workers.messages import (
    Answered,
    Assignment,
    Busy,
    Failed,
    Hold,
    Order,
    Over,
    Pause,
    Question,
    Refused,
    Save,
    Stop,
    Told,
    Vital,
)
from shipper.workers.process import Gone, WorkerProcess

ASLEEP_SECONDS: Final = 5.0  # between two turns: we were stopped, and they with us


class _Heard(Struct, frozen=True):
    """One message, and the process that it came from."""

    process: WorkerProcess
    message: object


class Crew:
    """All workers of one life.

    Args:
        numbers: Of the workers.
        keeper: Answers what they ask.
        assignment_for: Says what the worker of this number is to do now.
        pace: What the parent itself sends by; held with the workers.
        events: Where they and we report.
        clock: Woken by every message.
    """

    def __init__(
        self,
        *,
        numbers: Iterable[int],
        keeper: Keeper,
        assignment_for: Callable[[int], Assignment],
        pace: HeldPace,
        events: Events,
        clock: Clock,
    ) -> None:
        # Mutable state, of the pipeline's thread but for two things: `_inbox` is
        # filled by listeners, and `_order` is set by a signal handler too.
        self._keeper = keeper
        self._assignment_for = assignment_for
        self._pace = pace
        self._events = events
        self._clock = clock
        self._hands = [Hand(number) for number in numbers]
        self._inbox: queue.SimpleQueue[_Heard] = queue.SimpleQueue()
        self._order: Order | None = None
        self._chorus = Chorus()
        self._turned_at = clock.monotonic()

    @property
    def is_at_work(self) -> bool:
        """True while a worker has not come to its end."""
        return not all(hand.is_over for hand in self._hands)

    @property
    def is_ready(self) -> bool:
        """True while every worker has opened its logs, or is done with them."""
        return all(hand.is_ready for hand in self._hands)

    @property
    def vital(self) -> Vital:
        """How all of them stand, by their last words."""
        troubles = (hand.trouble for hand in self._hands)
        return Vital(
            next(filter(None, troubles), ""),
            sum(hand.vital.in_flight for hand in self._hands),
            sum(hand.vital.unread_bytes for hand in self._hands),
        )

    @property
    def endings(self) -> set[Ending]:
        """How the workers that are over have ended."""
        return {hand.over.ending for hand in self._hands if hand.over is not None}

    @property
    def taken(self) -> frozenset[Taken]:
        """Records that were delivered and not committed when workers ended."""
        found: frozenset[Taken] = frozenset()
        for hand in self._hands:
            if hand.over is not None:
                found |= hand.over.taken
        return found

    @property
    def is_stopping(self) -> bool:
        """True once the workers were told to end for good."""
        return isinstance(self._order, Stop)

    def start(self) -> None:
        """Start every worker."""
        for hand in self._hands:
            self._start(hand)

    def order(self, order: Order) -> None:
        """Give an order with the next turn; safe in a signal handler.

        A stop is not taken back.
        """
        if not isinstance(self._order, Stop):
            self._order = order

    def hold(self, seconds: float, *, besides: Hand | None = None) -> None:
        """Let nobody send for so long; one was told so by the receiver itself."""
        self._pace.hold(self._clock.monotonic() + seconds)
        for hand in self._hands:
            if hand is not besides and hand.process is not None:
                hand.process.send(Hold(seconds))

    def turn(self) -> None:
        """Take up every message, carry on orders, replace who is lost.

        Raises:
            StateError: The state cannot be used, and waiting cannot help.
        """
        now = self._clock.monotonic()
        if now - self._turned_at > ASLEEP_SECONDS:
            for hand in self._hands:
                hand.heard(now)
        self._turned_at = now
        self._take_up()
        for hand in self._hands:
            if hand.start_at is not None:
                self._replace(hand, hand.start_at, now)
            elif hand.process is not None:
                if self._order is not None:
                    hand.obey(self._order)
                hand.check_pulse(now)

    def due_in(self) -> float | None:
        """Return the seconds until a lost worker is replaced, or None."""
        due = [hand.start_at for hand in self._hands if hand.start_at is not None]
        return max(0.0, min(due) - self._clock.monotonic()) if due else None

    def close(self) -> None:
        """End every process that is left: nobody would store what it may send."""
        left = [hand.process for hand in self._hands if hand.process is not None]
        for process in left:
            process.kill()
        for process in left:
            process.end()
        for hand in self._hands:
            hand.process = None

    def _take_up(self) -> None:
        # What comes meanwhile is for the next turn: others wait for theirs, too.
        for _ in range(self._inbox.qsize()):
            heard = self._inbox.get_nowait()
            for hand in self._hands:
                if hand.process is heard.process:
                    hand.heard(self._clock.monotonic())
                    self._take(hand, heard.process, heard.message)

    def _take(self, hand: Hand, process: WorkerProcess, message: object) -> None:
        match message:
            case Question():
                process.send(self._answer(hand, message))
            case Told(name=name, fields=fields):
                if self._chorus.is_news(hand.number, name, fields):
                    self._events.emit(name, **fields)
            case Vital():
                hand.came_round(message)
                self._keeper.looked(hand.number)
            case Busy():
                self.hold(message.seconds, besides=hand)
            case Over():
                hand.ended(message)
            case Failed():
                hand.why_lost = message.why
            case Gone():
                self._let_go(hand, process)
            case _:
                raise TypeError(f"nobody expects {message!r}")

    def _answer(self, hand: Hand, question: Question[object]) -> Answered | Refused:
        try:
            answer = Answered(self._keeper.answer(hand.number, question))
        except StateError as error:
            # What does not join is that worker's fault, and a new one reads on from
            # the stored position; any other lasting trouble is everybody's.
            if not error.is_temporary and not isinstance(error, NotJoinedError):
                raise
            return Refused(str(error), error.path, error.is_temporary, error.hint)
        if isinstance(question, Save):
            hand.got_on()
        return answer

    def _let_go(self, hand: Hand, process: WorkerProcess) -> None:
        """Take note that a process is gone."""
        how = process.end()
        hand.process = None
        if hand.over is None and self._order is not None:
            # It was to end anyway; whatever it had in flight is read again.
            hand.over = Over(self._ordered_ending)
        self._keeper.gone(hand.number, for_good=hand.over is not None)
        if hand.over is None:
            self._lose(hand, hand.why_lost or how)

    @property
    def _ordered_ending(self) -> Ending:
        return Ending.PAUSED if isinstance(self._order, Pause) else Ending.STOPPED

    def _lose(self, hand: Hand, why: str) -> None:
        """Tell of a worker that is lost, and when it is replaced."""
        seconds = hand.lose(why, self._clock.monotonic())
        self._events.emit("worker_lost", worker=hand.number, why=why, seconds=seconds)

    def _replace(self, hand: Hand, due_at: float, now: float) -> None:
        if self._order is not None:
            hand.give_up(self._ordered_ending)
        elif now >= due_at:
            self._start(hand)

    def _start(self, hand: Hand) -> None:
        hand.prepare()
        assignment = self._assignment_for(hand.number)
        try:
            process = WorkerProcess(assignment, hear=self._hear)
        except OSError as error:
            self._lose(hand, f"it cannot be started: {error.strerror or error}")
            return
        now = self._clock.monotonic()
        hand.begin(process, now)
        if (left := self._pace.left_seconds(now)) > 0:
            process.send(Hold(left))
        self._events.emit(
            "worker_started",
            worker=hand.number,
            workers=len(self._hands),
            pid=process.pid,
        )

    def _hear(self, process: WorkerProcess, message: object) -> None:
        """Put a message down for the next turn; a listener's thread."""
        self._inbox.put(_Heard(process, message))
        self._clock.wake()
