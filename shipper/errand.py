"""Carry out one request of an operator where no shipper runs that could be asked.

The same parts as a shipper's, for one pipeline that reads no line and ends when
nobody waits for an answer any more.
"""

from __future__ import annotations

from contextlib import ExitStack

from msgspec.structs import replace

from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.events import Events
from shipper.parts import join, prepare
from shipper.signals import Signals
from shipper.store import Selection, StateLock


def carry_out(
    settings: Settings,
    verb: str,
    selection: Selection,
    *,
    number: int | None,
    max_duration_seconds: float,
    events: Events,
    clock: Clock,
) -> int:
    """Carry out what was asked of the shipper when none is running.

    Files are found again, so that unreadable lines can be, but nothing new of them
    is sent. Other requests that wait are carried out on the way.

    Args:
        settings: What `config.load` returned.
        verb: What is asked, such as `store.RETRY`.
        selection: Which letters are meant.
        number: The request, if it is written down already.
        max_duration_seconds: Leave it for the next run after so long.
        events: Where the run reports.
        clock: The time, and the bell that ends every wait.

    Returns:
        The request's number.

    Raises:
        StateLockedError: A shipper is running; ask it.
        StateError: The state cannot be read or written.
    """
    deadline = clock.monotonic() + max_duration_seconds
    with ExitStack() as parts:
        lock = StateLock(settings.state_dir)
        lock.acquire()
        parts.callback(lock.release)
        engine = join(
            parts,
            prepare(
                replace(settings, watch="poll"),
                events=events,
                clock=clock,
                calls_monitor=False,
            ),
            once=True,
            deadline=deadline,
            events=events,
            clock=clock,
            reads_lines=False,
        )
        if number is None:
            assert engine.letterbox is not None
            number = engine.letterbox.ask(verb, selection)
        # A terminal that goes away ends the command, as it would end any other.
        with Signals(clock.wake, only_the_end=True) as signals:
            signals.on_stop = engine.stop
            engine.pipeline.run()
    return number
