"""``shipper tail``: exchanges as they are logged, a line each, for developers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from shipper.cli import console, history, options, tail_lines
from shipper.cli.heard import Heard
from shipper.clock import Clock, SystemClock
from shipper.errors import EXIT_NO_INPUT, EXIT_OK

if TYPE_CHECKING:
    from shipper.cli.har_file import HarFile
    from shipper.config.settings import Settings
    from shipper.events import Events
    from shipper.reports.browse import Seen
    from shipper.reports.exchanges import Exchange, Exchanges
    from shipper.reports.following import Following

LAST_LINES = 10


@click.command("tail")
@options.common
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, sys.maxsize),
    default=LAST_LINES,
    show_default=True,
    metavar="N",
    help="Begin with the last N lines that are there.",
)
@click.option(
    "--no-follow", is_flag=True, help="Show those lines alone, and do not wait."
)
@click.option(
    "--status",
    metavar="STATUS",
    multiple=True,
    callback=history.statuses,
    help="Only these: 404, 5xx or 400-499. May be given several times.",
)
@click.option(
    "--path",
    "paths",
    metavar="GLOB",
    multiple=True,
    callback=history.globs,
    help="Only these paths, such as '/v1/**'. May be given several times.",
)
@click.option("--har", metavar="OUT", help="Write what is shown to a HAR 1.2 file too.")
@click.option("--force", is_flag=True, help="Replace the HAR file if it is there.")
@click.argument("files", metavar="[FILES]...", nargs=-1)
def command(  # noqa: PLR0917 - click hands them over by name
    chosen: options.Common,
    lines: int,
    no_follow: bool,
    status: tuple[str, ...],
    paths: tuple[str, ...],
    har: str | None,
    force: bool,
    files: tuple[str, ...],
) -> int:
    """Show exchanges as they are logged, one a line.

    Follows FILES, or the configured sources, through every rotation; ends with
    Ctrl-C. A file that a [[source]] names is read as that says, any other as a log of
    our own. Hides what the configuration hides. Sends nothing, reads and writes no
    state, and needs neither key nor network.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415
    from shipper.filters import Filters  # noqa: PLC0415
    from shipper.reports.exchanges import Exchanges  # noqa: PLC0415
    from shipper.shapers import shapers_of  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file", needs_source=not files)
    clock = SystemClock()
    events = Heard(console.event_log(chosen, clock, unless_verbose="warning"))
    shapers = shapers_of(settings, events=events, clock=clock)
    exchanges = Exchanges(
        identifiers=[shaper.identifier for shaper in shapers.by_source],
        general=shapers.own.identifier,
        redactor=shapers.own.redactor,
        detector=shapers.own.detector,
        filters=Filters(include_statuses=status, include_paths=paths),
    )
    following, numbers = _following(settings, files, lines, events, clock)
    with ExitStack() as parts:
        out = None
        if har is not None:
            from shipper.cli.har_file import HarFile  # noqa: PLC0415 - late, as above

            out = HarFile(har, may_replace=force)
            parts.callback(out.close)
        with _until_signal(clock) as is_over:
            for seen in following.lines(is_over=is_over, follows=not no_follow):
                _tell(
                    chosen,
                    seen,
                    source=None if seen.source is None else numbers[seen.source],
                    exchanges=exchanges,
                    following=following,
                    out=out,
                )
    # Who follows may have seen it mended, and has ended it by hand.
    return EXIT_NO_INPUT if no_follow and events.is_unread else EXIT_OK


def _tell(
    chosen: options.Common,
    seen: Seen,
    *,
    source: int | None,
    exchanges: Exchanges,
    following: Following,
    out: HarFile | None,
) -> None:
    from shipper.model import Reject, Skip  # noqa: PLC0415 - late, as above
    from shipper.record import UnknownVersion  # noqa: PLC0415 - late, as above

    found: Exchange | Reject | Skip | UnknownVersion
    found = seen.fate or exchanges.of(seen.line, source)
    if isinstance(found, Skip):
        return
    if isinstance(found, UnknownVersion):
        following.stop_file(seen.line.file_id, found.why)
    elif isinstance(found, Reject):
        if chosen.as_json:
            console.say_json(tail_lines.refused_as_json(seen, found))
        elif not chosen.is_quiet:
            console.notice(tail_lines.refused(seen, found))
    else:
        # The file first: whoever reads the line may end us at once.
        if out is not None:
            out.add(found.har_entry)
        if chosen.as_json:
            console.say_json(tail_lines.as_json(seen, found))
        else:
            console.say(tail_lines.line_of(found))


def _following(
    settings: Settings,
    files: tuple[str, ...],
    last: int,
    events: Events,
    clock: Clock,
) -> tuple[Following, list[int | None]]:
    """Return what follows the files, and which source of the settings each is of."""
    from shipper.reports.browse import source_naming  # noqa: PLC0415 - late, as above
    from shipper.reports.following import Following  # noqa: PLC0415 - late, as above
    from shipper.ways import ways_of  # noqa: PLC0415 - late, as above

    ways = ways_of(settings)
    numbers: list[int | None] = list(range(len(settings.sources)))
    sources = [tail_lines.from_the_end(source) for source in settings.sources]
    if files:
        numbers = [source_naming(file, settings.sources) for file in files]
        sources = [
            tail_lines.just(file, None if number is None else settings.sources[number])
            for file, number in zip(files, numbers, strict=True)
        ]
    following = Following(
        sources=sources,
        ways=[None if number is None else ways[number] for number in numbers],
        last=last,
        events=events,
        clock=clock,
        watch=settings.watch,
        poll_interval_seconds=settings.poll_interval,
    )
    return following, numbers


@contextmanager
def _until_signal(clock: Clock) -> Iterator[Callable[[], bool]]:
    """Give a way to ask whether SIGINT or SIGTERM has come; they only end the wait."""
    received: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        clock.wake()

    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, on_signal) for number in watched}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
