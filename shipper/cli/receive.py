"""``shipper receive``: ReadMe's side of the protocol, on this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from shipper.cli import console, options
from shipper.clock import SystemClock
from shipper.config.credential import VARIABLE
from shipper.errors import EXIT_OK
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.receiver.contract import Reason
    from shipper.receiver.keeping import Request

SUMS = ("requests", "accepted", "records", "refused", "faults")
WAKE_SECONDS = 3600.0  # a signal ends the wait at once


@click.command("receive")
@options.output
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="The port to listen on.  [default: any free one]",
)
@click.option("--store", metavar="DIR", help="Keep what is received, as JSON lines.")
@click.option(
    "--status",
    type=click.IntRange(200, 599),
    metavar="CODE",
    help="Answer with this status instead of 202.",
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Misbehave only in every N-th answer.",
)
@click.option(
    "--delay",
    callback=options.duration,
    metavar="DURATION",
    help="Wait before answering.",
)
def command(
    chosen: options.Common,
    *,
    port: int,
    store: str | None,
    status: int | None,
    every: int,
    delay: float | None,
) -> int:
    """Run a local receiver that speaks ReadMe's protocol.

    Listens on the loopback interface only and prints its URL. Give that to the
    shipper as README_METRICS_SERVER. When README_API_KEY is set, only that key is
    let in. Ends with SIGINT or SIGTERM.
    """
    # Late: the server needs http.server and what comes with it.
    from shipper.receiver.faults import Faults  # noqa: PLC0415
    from shipper.receiver.server import Receiver  # noqa: PLC0415

    receiver = Receiver(
        port=port,
        store=Path(store) if store else None,
        api_key=os.environ.get(VARIABLE) or None,
        faults=Faults(status=status, every=every, delay_seconds=delay or 0.0),
        on_request=None if chosen.is_quiet else _tell,
    )
    receiver.start()
    try:
        # Before the URL is out: whoever reads it may end us at once.
        with _until_signal() as wait:
            if chosen.as_json:
                console.say_json({"url": receiver.url})
            else:
                console.say(receiver.url)
            sys.stdout.flush()
            wait()
    finally:
        receiver.stop()
    sums = {name: getattr(receiver.counts, name) for name in SUMS}
    if chosen.as_json:
        console.say_json(sums)
    elif not chosen.is_quiet:
        console.say(", ".join(f"{count} {name}" for name, count in sums.items()))
    return EXIT_OK


def _tell(request: Request) -> None:
    """Print one request on stderr, as it is answered."""
    records = counted(len(request.ids), "record")
    line = f"{request.status}: {request.bytes} bytes, {records} kept"
    if request.fault:
        line += f", fault {request.fault}"
    console.notice("; ".join((line, *map(_reason, request.reasons))))


def _reason(reason: Reason) -> str:
    record = "" if reason.record is None else f"record {reason.record}: "
    return f"{record}{reason.field}: {reason.expected}"


@contextmanager
def _until_signal() -> Iterator[Callable[[], None]]:
    """Give a way to rest until SIGINT or SIGTERM, which do nothing else meanwhile."""
    clock = SystemClock()
    received: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        clock.wake()

    def wait() -> None:
        while not received:
            clock.wait(WAKE_SECONDS)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
