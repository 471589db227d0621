"""``shipper run``: the daemon, or one pass with ``--once``."""

from __future__ import annotations

import os
from functools import partial

import click

from shipper.cli import console, options
from shipper.clock import SystemClock
from shipper.errors import EXIT_OK, StateLockedError
from shipper.events import Events, Value


@click.command("run")
@options.common
@click.option("--once", is_flag=True, help="Send what is there, then exit.")
@click.option(
    "--max-duration",
    callback=options.duration,
    metavar="DURATION",
    help="Exit 75 when there is work left after this time.  "
    "[default with --once: limits.max_duration, 5m]",
)
@click.option(
    "--if-locked",
    type=click.Choice(["skip", "wait", "fail"]),
    default="fail",
    show_default=True,
    help="When another shipper holds the state directory: exit 0, wait, or exit 75.",
)
@click.option(
    "--splay",
    callback=options.duration,
    metavar="DURATION",
    help="Wait a random part of this time before the start.",
)
def command(
    chosen: options.Common,
    once: bool,
    max_duration: float | None,
    if_locked: str,
    splay: float | None,
) -> int:
    """Follow the sources and deliver what they hold.

    Runs until SIGTERM or SIGINT, which end it cleanly with positions saved.
    SIGHUP reads the configuration again, SIGUSR1 tells how things are.
    With --once it ends when every line that was there is delivered, skipped or
    a dead letter, and with 75 when some had to be left.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415
    from shipper.service import run  # noqa: PLC0415
    from shipper.start import run_in_turn  # noqa: PLC0415
    from shipper.start import splay as wait_for_splay  # noqa: PLC0415

    def tell_wait(error: StateLockedError) -> None:
        if not chosen.is_quiet:
            console.notice(f"{error}: waiting for it")

    settings = load(chosen.config, os.environ)
    if once and max_duration is None:
        max_duration = settings.limits.max_duration
    clock = SystemClock()
    sums = Sums(console.event_log(chosen, clock))
    if splay is not None:
        ended = wait_for_splay(splay, events=sums, clock=clock)
        if ended is not None:
            return _told(chosen, sums, ended, ran=False)
    ran = True
    try:
        ship = run if if_locked != "wait" else partial(run_in_turn, on_wait=tell_wait)
        code = ship(
            settings,
            once=once,
            max_duration_seconds=max_duration,
            events=sums,
            clock=clock,
            read_again=lambda: load(chosen.config, os.environ),
        )
    except StateLockedError as error:
        if if_locked != "skip":
            raise
        if not chosen.is_quiet:
            console.notice(f"{error}: nothing done")
        ran, code = False, EXIT_OK
    return _told(chosen, sums, code, ran=ran)


def _told(chosen: options.Common, sums: Sums, code: int, *, ran: bool) -> int:
    if chosen.as_json:
        console.say_json({"ran": ran, "exit_code": code, **sums.fields})
    return code


class Sums:
    """Passes events on and remembers what ``stopped`` said."""

    def __init__(self, events: Events) -> None:
        # Mutable state: the fields of the last `stopped`.
        self._events = events
        self.fields: dict[str, Value] = {
            "seconds": 0.0,
            "delivered": 0,
            "skipped": 0,
            "dead": 0,
            "blank": 0,
        }

    def emit(self, name: str, **fields: Value) -> None:
        """Report one event."""
        if name == "stopped":
            self.fields.update(fields)
        self._events.emit(name, **fields)
