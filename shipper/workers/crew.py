"""The workers' processes as their parent sees them: started, heard, replaced, ended.

Messages come in on one thread for each process and are taken up on the pipeline's
thread, each worker's in its order. A worker that is lost leaves nothing behind but its
number: whatever it had not seen committed is read again by its replacement.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Iterable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from msgspec import Struct

from shipper.clock import Clock
from shipper.errors import StateError
from shipper.events import Events
from shipper.model import Taken
from shipper.pipeline import Ending
from shipper.store import NotJoinedError
from shipper.workers.keeper import Keeper
from shipper.workers.messages import (
    Answered,
    Assignment,
    Failed,
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
from shipper.workers.worker import HEARD_BY_THE_PARENT, main

FIRST_PAUSE_SECONDS: Final = 1.0  # before a lost worker is replaced
MOST_PAUSE_SECONDS: Final = 60.0  # doubled up to here while none of them commits
BUILDING_SECONDS: Final = 300.0  # as long as a service manager gives a start
SILENT_SECONDS: Final = 60.0  # as WatchdogSec=: a worker says a word each second
ASLEEP_SECONDS: Final = 5.0  # between two turns: we were stopped, and they with us
LAST_SECONDS: Final = 5.0  # an end that was asked for; then it is killed


class _Gone(Struct, frozen=True):
    """The connection of a process is closed."""


class _Heard(Struct, frozen=True):
    """One message, and the process that it came from."""

    hand: Hand
    message: object


class Hand:
    """One worker: the process it has now, and what is known of it."""

    def __init__(self, number: int) -> None:
        # Mutable state, of the pipeline's thread.
        self.number = number
        self.process: SpawnProcess | None = None
        self.connection: Connection | None = None
        self.heard_at = 0.0
        self.is_moving = False
        self.vital = Vital()
        self.losses = 0
        self.why_lost = ""
        self.start_at: float | None = None
        self.ordered: Order | None = None
        self.over: Over | None = None

    @property
    def is_over(self) -> bool:
        """True when it has ended as it should, and its process is gone."""
        return self.over is not None and self.process is None


class Crew:
    """All workers of one life.

    Args:
        numbers: Of the workers.
        keeper: Answers what they ask.
        assignment_for: Says what the worker of this number is to do now.
        events: Where they and we report.
        clock: Woken by every message.
    """

    def __init__(
        self,
        *,
        numbers: Iterable[int],
        keeper: Keeper,
        assignment_for: Callable[[int], Assignment],
        events: Events,
        clock: Clock,
    ) -> None:
        # Mutable state, of the pipeline's thread but for two things: `_inbox` is
        # filled by listeners, and `_order` is set by a signal handler too.
        self._keeper = keeper
        self._assignment_for = assignment_for
        self._events = events
        self._clock = clock
        self._hands = [Hand(number) for number in numbers]
        self._inbox: queue.SimpleQueue[_Heard] = queue.SimpleQueue()
        self._order: Order | None = None
        self._turned_at = clock.monotonic()

    @property
    def is_at_work(self) -> bool:
        """True while a worker has not come to its end."""
        return not all(hand.is_over for hand in self._hands)

    @property
    def is_ready(self) -> bool:
        """True while every worker has opened its logs, or is done with them."""
        return all(hand.is_moving or hand.over is not None for hand in self._hands)

    @property
    def trouble(self) -> str:
        """What keeps a worker from its work, in words, or nothing."""
        troubles = (
            f"worker {hand.number} is replaced: {hand.why_lost}"
            if hand.start_at is not None
            else hand.vital.trouble
            for hand in self._hands
        )
        return next(filter(None, troubles), "")

    @property
    def in_flight(self) -> int:
        """How many records were read and have no answer yet, by the last words."""
        return sum(hand.vital.in_flight for hand in self._hands)

    @property
    def unread_bytes(self) -> int:
        """How much is on disk and not read yet, by the last words."""
        return sum(hand.vital.unread_bytes for hand in self._hands)

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

    def turn(self) -> None:
        """Take up every message, carry on orders, replace who is lost.

        Raises:
            StateError: The state cannot be used, and waiting cannot help.
        """
        now = self._clock.monotonic()
        if now - self._turned_at > ASLEEP_SECONDS:
            for hand in self._hands:
                hand.heard_at = now
        self._turned_at = now
        self._take_up()
        for hand in self._hands:
            if hand.start_at is not None:
                self._replace(hand, now)
            elif hand.process is not None:
                self._pass_order(hand)
                self._check_pulse(hand, now)

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
            # Its listener sees the end of the connection, and ends too.
            process.join(LAST_SECONDS)
        for hand in self._hands:
            hand.process = None

    def _take_up(self) -> None:
        while True:
            try:
                heard = self._inbox.get_nowait()
            except queue.Empty:
                return
            hand, message = heard.hand, heard.message
            hand.heard_at = self._clock.monotonic()
            match message:
                case Question():
                    self._answer(hand, message)
                case Told():
                    self._events.emit(message.name, **message.fields)
                case Vital():
                    hand.is_moving = True
                    hand.vital = message
                    self._keeper.looked(hand.number)
                case Over():
                    hand.over = message
                    hand.vital = Vital(trouble=message.trouble)
                case Failed():
                    hand.why_lost = message.why
                case _Gone():
                    self._let_go(hand)
                case _:
                    raise TypeError(f"nobody expects {message!r}")

    def _answer(self, hand: Hand, question: Question[object]) -> None:
        try:
            answer: Answered | Refused = Answered(
                self._keeper.answer(hand.number, question)
            )
        except StateError as error:
            # What does not join is that worker's fault, and a new one reads on from
            # the stored position; any other lasting trouble is everybody's.
            if not error.is_temporary and not isinstance(error, NotJoinedError):
                raise
            answer = Refused(str(error), error.path, error.is_temporary, error.hint)
        if isinstance(question, Save) and isinstance(answer, Answered):
            # It does get on: if it is lost, the next one need not wait for long.
            hand.losses = 0
        _send(hand, answer)

    def _pass_order(self, hand: Hand) -> None:
        if self._order is not None and hand.ordered is not self._order:
            hand.ordered = self._order
            _send(hand, self._order)

    def _check_pulse(self, hand: Hand, now: float) -> None:
        patience = SILENT_SECONDS if hand.is_moving else BUILDING_SECONDS
        if now - hand.heard_at > patience and hand.process is not None:
            hand.why_lost = f"nothing was heard of it for {patience:.0f} s"
            hand.heard_at = now
            hand.process.kill()

    def _let_go(self, hand: Hand) -> None:
        """Take note that a process is gone, and say when it is replaced."""
        process, connection = hand.process, hand.connection
        assert process is not None
        assert connection is not None
        connection.close()
        process.join(LAST_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join(LAST_SECONDS)
        hand.process = hand.connection = None
        if hand.over is None and self._order is not None:
            # It was to end anyway; whatever it had in flight is read again.
            is_pause = isinstance(self._order, Pause)
            hand.over = Over(Ending.PAUSED if is_pause else Ending.STOPPED)
        self._keeper.gone(hand.number, for_good=hand.over is not None)
        if hand.over is not None:
            return
        now = self._clock.monotonic()
        seconds = min(FIRST_PAUSE_SECONDS * 2.0**hand.losses, MOST_PAUSE_SECONDS)
        hand.losses += 1
        hand.start_at = now + seconds
        hand.why_lost = hand.why_lost or _how_ended(process.exitcode)
        # What was in flight there is on disk alone again.
        hand.vital = Vital(unread_bytes=hand.vital.unread_bytes)
        self._events.emit(
            "worker_lost", worker=hand.number, why=hand.why_lost, seconds=seconds
        )

    def _replace(self, hand: Hand, now: float) -> None:
        if self._order is not None:
            hand.start_at = None
            is_pause = isinstance(self._order, Pause)
            hand.over = Over(Ending.PAUSED if is_pause else Ending.STOPPED)
        elif hand.start_at is not None and now >= hand.start_at:
            hand.start_at = None
            self._start(hand)

    def _start(self, hand: Hand) -> None:
        context = multiprocessing.get_context("spawn")  # no thread or lock is copied
        ours, theirs = context.Pipe()
        process = context.Process(
            target=main,
            args=(theirs, self._assignment_for(hand.number)),
            name=f"worker-{hand.number}",
            daemon=True,
        )
        # Its own start would let go of the signals that are held back here.
        resource_tracker.ensure_running()
        # The new process inherits what is held back, and lets go when it is ready.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD_BY_THE_PARENT)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        # The only other end is the worker's: its death is the end of the connection.
        theirs.close()
        hand.process, hand.connection = process, ours
        hand.heard_at = self._clock.monotonic()
        hand.is_moving = False
        hand.why_lost = ""
        hand.ordered = None
        threading.Thread(
            target=_listen,
            args=(hand, ours, self._inbox, self._clock),
            name=process.name,
            daemon=True,
        ).start()
        self._events.emit(
            "worker_started",
            worker=hand.number,
            workers=len(self._hands),
            pid=process.pid,
        )


def _listen(
    hand: Hand,
    connection: Connection,
    inbox: queue.SimpleQueue[_Heard],
    clock: Clock,
) -> None:
    """Hand over what a process says, until it is gone."""
    while True:
        try:
            message: object = connection.recv()
        except (EOFError, OSError):
            # A message that was cut off in its middle is none.
            message = _Gone()
        inbox.put(_Heard(hand, message))
        clock.wake()
        if isinstance(message, _Gone):
            return


def _send(hand: Hand, message: Answered | Refused | Order) -> None:
    if hand.connection is None:
        return
    try:
        hand.connection.send(message)
    except OSError:
        return  # it is gone, and its listener says so


def _how_ended(code: int | None) -> str:
    if code is None:
        return "it does not end"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"it ended with code {code}"
