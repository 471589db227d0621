"""When a run begins: after a random wait, or when another one has ended.

Signals are heard meanwhile as they are by the run itself. What comes out is its exit
code, or that of a wait which a signal has ended; nothing is built here.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Final

from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.ending import Ending, exit_code
from shipper.errors import ConfigError, StateLockedError
from shipper.events import Events
from shipper.service import run
from shipper.signals import Signals

LOCK_WAIT_SECONDS: Final = 1.0


def run_in_turn(
    settings: Settings,
    *,
    once: bool,
    max_duration_seconds: float | None,
    events: Events,
    clock: Clock,
    read_again: Callable[[], Settings],
    on_wait: Callable[[StateLockedError], None],
) -> int:
    """Ship as `run` does, once nobody else uses the state directory.

    Args:
        settings: What `config.load` returned.
        once: As for `run`.
        max_duration_seconds: Of the wait at most, and then of the run; or None.
        events: Where the run reports.
        clock: The time, and the bell that ends every wait.
        read_again: As for `run`; asked for by SIGHUP during the wait too.
        on_wait: Called once, if there is a wait, with who is waited for.

    Returns:
        The exit code of `run`, or 128 + signal when the wait was ended by one.

    Raises:
        StateLockedError: It is used by another shipper to the end of the wait.
        StateError: As from `run`.
    """
    started = clock.monotonic()
    is_told = False
    # Also during the wait: a SIGHUP to all shippers must not end the one in reserve.
    with Signals(clock.wake) as signals:
        while True:
            try:
                return run(
                    settings,
                    once=once,
                    max_duration_seconds=max_duration_seconds,
                    events=events,
                    clock=clock,
                    read_again=read_again,
                )
            except StateLockedError as error:
                waited = clock.monotonic() - started
                if max_duration_seconds is not None and waited >= max_duration_seconds:
                    raise
                if not is_told:
                    on_wait(error)
                    is_told = True
            clock.wait(LOCK_WAIT_SECONDS)
            if signals.ended_by is not None:
                return exit_code(Ending.STOPPED, signals.ended_by, environ=os.environ)
            if signals.take_reload():
                settings = _read_or_keep(settings, read_again, events)


def _read_or_keep(
    settings: Settings, read_again: Callable[[], Settings], events: Events
) -> Settings:
    try:
        return read_again()
    except ConfigError as error:
        events.emit("reload_refused", why=error.in_one_line)
        return settings


def splay(seconds: float, *, events: Events, clock: Clock) -> int | None:
    """Wait a random part of `seconds`, so that many hosts do not call at once.

    Returns:
        None when it is time, or the exit code if a signal has ended the wait.
    """
    with Signals(clock.wake) as signals:
        pause = seconds * random.random()  # noqa: S311 - spreads load, guards nothing
        events.emit("splayed", seconds=pause)
        end = clock.monotonic() + pause
        while signals.ended_by is None:
            left = end - clock.monotonic()
            if left <= 0:
                return None
            clock.wait(left)
        return exit_code(Ending.STOPPED, signals.ended_by, environ=os.environ)
