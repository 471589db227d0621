"""Run a shipper from its start to its end, whatever comes between.

The lock is taken once and held; under it one set of parts after the other is built,
run and taken apart, a new one for each reload. What comes out is the exit code of the
command. How parts are built is in `parts`, what signals mean in `attend`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from shipper import cycles
from shipper.attend import Attendant
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.ending import Ending, LeftFiles, exit_code
from shipper.errors import ConfigError, Fault
from shipper.events import Events
from shipper.limits.pace import Balance
from shipper.model import Taken
from shipper.notify import Notifier, watchdog_seconds
from shipper.parts import Plan, join, prepare
from shipper.pulse import Pulse
from shipper.signals import Signals
from shipper.store import StateLock
from shipper.sums import Sums

if TYPE_CHECKING:
    from shipper.workers.engine import CrewEngine


def run(
    settings: Settings,
    *,
    once: bool,
    max_duration_seconds: float | None,
    events: Events,
    clock: Clock,
    read_again: Callable[[], Settings] | None = None,
) -> int:
    """Ship until stopped or, with `once`, until nothing is left.

    Args:
        settings: What `config.load` returned.
        once: End when everything readable has been delivered, skipped or buried.
        max_duration_seconds: End after so long even with work left, or None.
        events: Where the run reports.
        clock: The time, and the bell that ends every wait.
        read_again: Returns the settings of now, for SIGHUP; raises `ConfigError`.

    Returns:
        The exit code: 0 drained, 75 with work left (out of time, in quiet hours, in
        left files), 128 + signal when stopped by one (0 under systemd).

    Raises:
        StateLockedError: Another shipper uses the state directory.
        StateError: The state cannot be read or written, and waiting cannot help.
    """
    # Before any parts are built, which a reload takes apart.
    cycles.settle()
    started = clock.monotonic()
    deadline = None if max_duration_seconds is None else started + max_duration_seconds
    notifier = Notifier(os.environ, events=events, clock=clock)
    every_seconds = watchdog_seconds(os.environ, pid=os.getpid())
    with ExitStack() as held:
        signals = held.enter_context(Signals(clock.wake))
        pulse = held.enter_context(
            Pulse(
                watchdog=notifier,
                every_seconds=every_seconds if notifier.is_heard else None,
                events=events,
            )
        )
        lock = StateLock(settings.state_dir)
        lock.acquire()
        held.callback(lock.release)
        left_files = LeftFiles(events)
        lives = _Lives(
            settings,
            once=once,
            deadline=deadline,
            events=left_files,
            clock=clock,
            signals=signals,
            notifier=notifier,
            pulse=pulse,
            read_again=read_again,
        )
        ending = left_files.judged(lives.run())
        if ending is Ending.DRAINED:
            events.emit("drained")
        elif ending is Ending.LEFT:
            left_files.tell()
        elif ending is Ending.OUT_OF_TIME:
            events.emit(
                "out_of_time",
                seconds=max_duration_seconds or 0.0,
                why=lives.trouble or "the backlog is larger",
            )
        events.emit(
            "stopped", seconds=clock.monotonic() - started, **asdict(lives.sums)
        )
    return exit_code(ending, signals.ended_by, environ=os.environ)


class _Lives:
    """Runs one set of parts after the other, until there is no next one.

    Attributes:
        trouble: What kept the last one from being finished, or empty.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        once: bool,
        deadline: float | None,
        events: Events,
        clock: Clock,
        signals: Signals,
        notifier: Notifier,
        pulse: Pulse,
        read_again: Callable[[], Settings] | None,
    ) -> None:
        # Mutable state: what was delivered and not committed by the life before, and
        # what is owed to the limits.
        self._settings = settings
        self._once = once
        self._deadline = deadline
        self._events = events
        self._clock = clock
        self._pulse = pulse
        self._read_again = read_again
        self._attendant = Attendant(
            signals=signals,
            notifier=notifier,
            pulse=pulse,
            events=events,
            clock=clock,
            plan_again=self._plan_again,
        )
        self._taken: frozenset[Taken] = frozenset()
        self._balance = Balance()
        self.trouble = ""

    @property
    def sums(self) -> Sums:
        """Lines committed in all lives, by outcome."""
        return self._attendant.sums

    def run(self) -> Ending:
        """Live until the end, reloads included."""
        ending = self._live(self._plan(self._settings), "started")
        while (plan := self._attendant.take_plan()) is not None:
            if ending is not Ending.PAUSED:
                # The end came while the life before was still settling down.
                plan.parts.close()
                break
            ending = self._live(plan, "reloaded")
        self._attendant.ending(ending.value)
        return ending

    def _live(self, plan: Plan, news: str) -> Ending:
        self._pulse.be_patient()
        with ExitStack() as parts:
            joins = join if plan.settings.batch.workers == 1 else _join_crew()
            engine = joins(
                parts,
                plan,
                once=self._once,
                deadline=self._deadline,
                events=self._events,
                clock=self._clock,
                on_turn=self._attendant.turned,
                beat=self._pulse.beat,
                beat_seconds=self._pulse.beat_seconds,
                taken=self._taken,
                balance=self._balance,
            )
            self._events.emit(
                news,
                sources=len(plan.settings.sources),
                endpoint=plan.settings.readme.endpoint,
            )
            self._attendant.attend(engine)
            ending = engine.run()
            self._taken = engine.taken
            self.trouble = engine.trouble
            return ending

    def _plan(self, settings: Settings) -> Plan:
        return prepare(
            settings, events=self._events, clock=self._clock, beat=self._pulse.beat
        )

    def _plan_again(self) -> Plan:
        """Return the parts of the configuration as it is now.

        Raises:
            ConfigError: It cannot be used, or not without a new start.
        """
        self._pulse.be_patient()
        if self._read_again is None:
            return self._plan(self._settings)
        settings = self._read_again()
        if settings.state_dir != self._settings.state_dir:
            raise ConfigError((_moved_state(self._settings, settings),))
        return self._plan(settings)


def _join_crew() -> Callable[..., CrewEngine]:
    # Late: multiprocessing is large, and who works alone needs nothing of it.
    from shipper.workers.joined import join_crew  # noqa: PLC0415

    return join_crew


def _moved_state(before: Settings, after: Settings) -> Fault:
    return Fault(
        where=after.origin or "environment",
        key="state_dir",
        problem=f"cannot change while the shipper runs: it is {before.state_dir}, "
        f"and {after.state_dir} was found",
        hint="restart the shipper for that",
    )
