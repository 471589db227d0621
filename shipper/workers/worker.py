"""What runs in a worker's process: one pipeline over its share of the logs.

Everything it needs comes with its assignment, over the connection that it was started
with. It opens no state, hears no signal, and ends with its parent.
"""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import Final

from shipper import cycles
from shipper.clock import Clock, SystemClock
from shipper.ending import Ending
from shipper.errors import EXIT_TRY_AGAIN, ShipperError
from shipper.joints import pipeline_of, poster_of, source_of
from shipper.model import Batch, Commit
from shipper.pacing import is_limited, pacing_of
from shipper.parts import Engine, prepare
from shipper.workers.holding import Candid, HeldPace
from shipper.workers.messages import (
    Assignment,
    Busy,
    Failed,
    Hold,
    Order,
    Over,
    Pause,
    Stop,
    Vital,
)
from shipper.workers.proxies import RemoteEvents, RemotePace, RemoteShare, RemoteState
from shipper.workers.wire import Wire

# A terminal and a service manager signal every process there is: the parent hears
# them and gives its orders.
HEARD_BY_THE_PARENT: Final = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1}
)
WORD_SECONDS: Final = 1.0  # between two words to the parent, at most
# Of our time at most goes into counting what waits, however many files there are.
COUNTING_SHARE: Final = 0.02


def main(connection: Connection, assignment: Assignment) -> None:
    """Ship this worker's share to its end; the exit code is 0 or 75."""
    for number in HEARD_BY_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    # They were held back while this process was made: none may end it half made.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD_BY_THE_PARENT)
    cycles.settle()
    clock = SystemClock()
    orders = _Orders(clock)
    wire = Wire(connection, on_order=orders.take)
    try:
        over = _ship(assignment, wire, orders, clock)
    except ShipperError as error:
        wire.tell(Failed(str(error)))
        sys.exit(EXIT_TRY_AGAIN)
    except Exception as error:
        # The last resort: the parent tells of it in one line, as it would of its own.
        wire.tell(Failed(f"unexpected error: {type(error).__name__}: {error}"))
        raise
    wire.tell(over)


def _ship(assignment: Assignment, wire: Wire, orders: _Orders, clock: Clock) -> Over:
    events = RemoteEvents(wire)
    state = RemoteState(wire)
    speaker = _Speaker(wire, clock)
    settings = assignment.settings
    seconds = assignment.seconds_left
    with ExitStack() as parts:
        plan = prepare(
            settings,
            events=events,
            clock=clock,
            beat=speaker.turned,
            calls_monitor=False,
        )
        parts.push(plan.parts.pop_all())
        source = source_of(
            parts,
            settings,
            sources=settings.sources,
            catalog=state,
            share=RemoteShare(wire),
            events=events,
            clock=clock,
        )
        if not assignment.once:
            plan.shapers.load()
        pipeline = pipeline_of(
            parts,
            plan,
            source=source,
            checkpoints=state,
            desk=_NoDesk(clock, speaker),
            pacing=pacing_of(settings, events=events, clock=clock),
            pace=orders.pace_around(RemotePace(wire) if is_limited(settings) else None),
            poster=Candid(poster_of(plan), lambda seconds: wire.tell(Busy(seconds))),
            once=assignment.once,
            deadline=None if seconds is None else clock.monotonic() + seconds,
            events=events,
            clock=clock,
            on_turn=speaker.turned,
            taken=assignment.taken,
        )
        engine = Engine(pipeline, source, plan.uploader)
        speaker.engine = engine
        orders.give_to(engine)
        ending = engine.run()
        taken = engine.taken if ending is Ending.PAUSED else frozenset()
        return Over(ending, engine.trouble, taken)


class _Orders:
    """Hands the parent's orders to the engine, once there is one."""

    def __init__(self, clock: Clock) -> None:
        # Mutable state: the engine, and an order that came before it; of a hold, up
        # to when. Each is set by one thread first and read by the other after: one of
        # the two sees both.
        self._clock = clock
        self._engine: Engine | None = None
        self._order: Stop | Pause | None = None
        self._held = HeldPace(None)

    def pace_around(self, pace: RemotePace | None) -> HeldPace:
        """Return a pace that obeys a hold too, one that came before it as well."""
        earlier, self._held = self._held, HeldPace(pace)
        now = self._clock.monotonic()
        self._held.hold(now + earlier.left_seconds(now))
        return self._held

    def take(self, order: Order) -> None:
        """Carry out an order, now or when there is an engine; the wire's thread."""
        if isinstance(order, Hold):
            self._held.hold(self._clock.monotonic() + order.seconds)
            return
        self._order = order
        self._carry_out()

    def give_to(self, engine: Engine) -> None:
        """Let an engine have the orders."""
        self._engine = engine
        self._carry_out()

    def _carry_out(self) -> None:
        engine = self._engine
        if engine is None:
            return
        match self._order:
            case Stop(signal_name):
                engine.stop(signal_name)
            case Pause():
                engine.pause()
                self._clock.wake()
            case None:
                pass


class _Speaker:
    """Tells the parent once a second that we move, and how things are."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        # Mutable state, of the pipeline's thread: when it spoke last, when files may
        # be counted again, and what the count was.
        self._wire = wire
        self._clock = clock
        self._told_at = float("-inf")
        self._count_at = 0.0
        self._unread_bytes = 0
        self.engine: Engine | None = None

    def turned(self) -> None:
        """Say a word if it is time; called whenever the pipeline has come round."""
        now = self._clock.monotonic()
        if self.engine is None or now - self._told_at < WORD_SECONDS:
            return
        self._told_at = now
        if now >= self._count_at:
            self._unread_bytes = self.engine.pending_bytes()
            took = self._clock.monotonic() - now
            self._count_at = now + took / COUNTING_SHARE
        self._wire.tell(
            Vital(
                self.engine.trouble, self.engine.records_in_flight, self._unread_bytes
            )
        )


class _NoDesk:
    """Implements the pipeline's desk: requests go to the parent, which has one."""

    is_idle = True

    def __init__(self, clock: Clock, speaker: _Speaker) -> None:
        self._clock = clock
        self._speaker = speaker

    def turn(self, now: float) -> Batch | None:
        """Carry out nothing."""
        return None

    def committed(self, commit: Commit) -> None:
        """Take note of nothing."""

    def rest(self, seconds: float) -> None:
        """Wait, or until somebody wakes the clock; the parent hears of us meanwhile."""
        end = self._clock.monotonic() + seconds
        while True:
            self._speaker.turned()
            left = end - self._clock.monotonic()
            if self._clock.wait(min(WORD_SECONDS, left)) or left <= WORD_SECONDS:
                return
