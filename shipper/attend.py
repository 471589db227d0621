"""What happens each time the pipeline has come round: signals heard, managers told.

`Attendant` stands between one pipeline after the other and the world that looks on:
it carries out SIGHUP and SIGUSR1 on the pipeline's own thread, tells the service
manager how things are, and keeps the sums of the whole run. It builds nothing; how a
changed configuration becomes parts is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from shipper.clock import Clock
from shipper.errors import ShipperError
from shipper.events import Events
from shipper.notify import Notifier
from shipper.parts import Plan
from shipper.pulse import Pulse
from shipper.signals import Signals
from shipper.sums import Sums

NEWS_SECONDS: Final = 1.0  # between two lines for the service manager, at least
STATUS_SECONDS: Final = 10.0  # the backlog grows without any news from us
# Of our time at most goes into counting what waits, however many files there are.
COUNTING_SHARE: Final = 0.02


class Vitals(Struct, frozen=True):
    """How a run stands.

    Attributes:
        sums: Lines committed since it began, by outcome.
        backlog_bytes: On disk and not read yet.
        in_flight: Records that were read and have no answer yet.
        trouble: What keeps work from being finished, or empty.
    """

    sums: Sums
    backlog_bytes: int
    in_flight: int
    trouble: str

    @property
    def sentence(self) -> str:
        """One line for people: what is delivered, what waits, what is wrong."""
        sums = self.sums
        parts = [f"{sums.delivered:,} delivered"]
        if sums.skipped:
            parts.append(f"{sums.skipped:,} skipped")
        if sums.dead:
            parts.append(f"{sums.dead:,} dead")
        waits = [
            *([f"{self.backlog_bytes:,} bytes"] if self.backlog_bytes else []),
            *([f"{self.in_flight:,} records in flight"] if self.in_flight else []),
        ]
        text = f"{', '.join(parts)}; waiting: {' and '.join(waits) or 'nothing'}"
        return f"{text}; trouble: {self.trouble}" if self.trouble else text


class Attended(Protocol):
    """One set of parts that runs; `parts.Engine` in the product."""

    @property
    def is_ready(self) -> bool:
        """True once state and logs are open."""
        ...

    @property
    def sums(self) -> Sums:
        """Lines committed by it, by outcome."""
        ...

    @property
    def trouble(self) -> str:
        """What keeps work from being finished, in words, or nothing."""
        ...

    @property
    def records_in_flight(self) -> int:
        """How many records were read and have no answer yet."""
        ...

    def pending_bytes(self) -> int:
        """Return how much is on disk and not read yet."""
        ...

    def pause(self) -> None:
        """End so that another can go on in its place."""
        ...

    def stop(self, signal_name: str) -> None:
        """End soon; safe in a signal handler."""
        ...


class Attendant:
    """Attends the pipelines of one run, one after the other.

    Args:
        signals: Heard at every turn.
        notifier: Told of the start, of reloads, the end, and how things are.
        pulse: Beaten at every turn.
        events: Where answers to signals go.
        clock: Paces what the notifier is told.
        plan_again: Reads the configuration again and builds what it can; raises
            `ConfigError` when it cannot be used.
    """

    def __init__(
        self,
        *,
        signals: Signals,
        notifier: Notifier,
        pulse: Pulse,
        events: Events,
        clock: Clock,
        plan_again: Callable[[], Plan],
    ) -> None:
        # Mutable state, touched by the pipeline's thread alone: the engine that is
        # attended and the sums of those before; what comes next; what was told.
        self._signals = signals
        self._notifier = notifier
        self._pulse = pulse
        self._events = events
        self._clock = clock
        self._plan_again = plan_again
        self._engine: Attended | None = None
        self._past = Sums()
        self._plan: Plan | None = None
        self._is_ready = False
        self._is_ending = False
        self._told_at = 0.0
        self._quiet_until = 0.0
        self._told = Vitals(Sums(), 0, 0, "")

    def attend(self, engine: Attended) -> None:
        """Turn to the next engine; its pipeline must call `turned`."""
        self._past = self.sums
        self._engine = engine
        self._is_ready = False
        self._signals.on_stop = engine.stop
        if self._signals.stop_name is not None:
            engine.stop(self._signals.stop_name)

    @property
    def sums(self) -> Sums:
        """Lines committed in the whole run, by outcome."""
        if self._engine is None:
            return self._past
        return self._past + self._engine.sums

    @property
    def vitals(self) -> Vitals:
        """How the run stands."""
        engine = self._engine
        if engine is None:
            return Vitals(self.sums, 0, 0, "")
        return Vitals(
            self.sums,
            backlog_bytes=engine.pending_bytes(),
            in_flight=engine.records_in_flight,
            trouble=engine.trouble,
        )

    def turned(self) -> None:
        """Do what has come up since the last turn; called by the pipeline."""
        self._pulse.beat()
        if self._signals.stop_name is not None:
            self.ending(f"{self._signals.stop_name}: finishing what is in flight")
            return
        if not self._is_ready and self._engine is not None and self._engine.is_ready:
            self._is_ready = True
            self._tell(self._notifier.ready)
            self._pulse.start()
        if self._signals.take_status():
            self._emit_status()
        # A second wish during a reload is for the next engine.
        if self._plan is None and self._signals.take_reload():
            self._reload()
        self._tell_now_and_then()

    def take_plan(self) -> Plan | None:
        """Return what the next engine is made of, once, if a reload has made it."""
        plan, self._plan = self._plan, None
        return plan

    def ending(self, why: str) -> None:
        """Tell the service manager that the end has begun, once."""
        if not self._is_ending:
            self._is_ending = True
            self._notifier.stopping(why)

    def _reload(self) -> None:
        self._notifier.reloading()
        try:
            self._plan = self._plan_again()
        except ShipperError as error:
            self._events.emit("reload_refused", why=error.in_one_line)
            # The service manager waits for the end of a reload, however it ends.
            self._tell(self._notifier.ready)
        else:
            assert self._engine is not None
            self._engine.pause()

    def _emit_status(self) -> None:
        vitals = self.vitals
        sums = vitals.sums
        self._events.emit(
            "status",
            delivered=sums.delivered,
            skipped=sums.skipped,
            dead=sums.dead,
            blank=sums.blank,
            backlog_bytes=vitals.backlog_bytes,
            in_flight=vitals.in_flight,
            trouble=vitals.trouble or "none",
        )

    def _tell_now_and_then(self) -> None:
        if not self._notifier.is_heard or self._engine is None:
            return
        now = self._clock.monotonic()
        if now < self._quiet_until:
            return
        passed = now - self._told_at
        if (
            passed >= STATUS_SECONDS
            or self._engine.trouble != self._told.trouble
            or (passed >= NEWS_SECONDS and self.sums != self._told.sums)
        ):
            self._tell(self._notifier.status)

    def _tell(self, tell: Callable[[str], None]) -> None:
        if not self._notifier.is_heard:
            return
        began = self._clock.monotonic()
        self._told = self.vitals
        self._told_at = self._clock.monotonic()
        self._quiet_until = began + (self._told_at - began) / COUNTING_SHARE
        tell(self._told.sentence)
