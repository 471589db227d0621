"""``shipper preview``: what would leave, byte for byte, and why it is as it is.

The payloads are the result, and go to stdout as they would go on the wire; what is
said about them goes to stderr.
"""

from __future__ import annotations

import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

import click

from shipper.cli import console, options, report, told
from shipper.cli.heard import Heard
from shipper.cli.looked_at import lines_of
from shipper.clock import SystemClock
from shipper.errors import EXIT_NO_INPUT, EXIT_OK

if TYPE_CHECKING:
    from shipper.clock import Clock
    from shipper.config.settings import Settings
    from shipper.events import Events
    from shipper.reports.preview import Previewer, Stage, Totals

STAGES = ("parsed", "filtered", "identified", "payload")


@click.command("preview")
@options.common
@click.option(
    "--count", type=click.IntRange(1, sys.maxsize), metavar="N", help="Show N lines."
)
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="payload",
    show_default=True,
    help="How far the lines go: as parsed, kept by the filters, with their caller, "
    "or as payload. Only the last is redacted.",
)
@click.option(
    "--diff",
    is_flag=True,
    help="Print each change with the value before and after, hidden values too; "
    "there are none before the last stage.",
)
@click.option("--html", metavar="FILE", help="Write a report for an approval there.")
@click.option("--force", is_flag=True, help="Replace the report if it is there.")
@click.argument("files", metavar="[FILES]...", nargs=-1)
def command(  # noqa: PLR0917 - click hands them over by name
    chosen: options.Common,
    count: int | None,
    stage: Stage,
    diff: bool,
    html: str | None,
    force: bool,
    files: tuple[str, ...],
) -> int:
    """Show what would be sent, byte for byte, and why.

    Without FILES, the lines that a shipper would read next. A file that a [[source]]
    names is read as that says, any other as a log of our own. The payloads go to
    stdout, one a line, exactly as they would be sent; reasons go to stderr. Needs no
    network and no key, and moves no position.
    """
    if stage != "payload" and html:
        raise click.UsageError("--html is about the last stage.")
    if html and diff:
        raise click.UsageError("--html shows no hidden value, and --diff does.")
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file")
    clock = SystemClock()
    events = Heard(console.event_log(chosen, clock, unless_verbose="warning"))
    previewer = _previewer(settings, stage, events, clock)
    shown = previewer.show(lines_of(settings, files, events, clock))
    shown = shown if count is None else islice(shown, count)
    if html:
        facts = report.facts_of(settings, is_pending=not files, is_partial=bool(count))
        report.write(html, previewer, shown, facts, may_replace=force)
        _tell_of_report(chosen, html, previewer.totals)
    elif chosen.as_json:
        told.show_json(shown, previewer.totals, stage, with_before=diff)
    else:
        told.show(shown, with_before=diff, is_quiet=chosen.is_quiet)
        if not chosen.is_quiet:
            console.notice(told.sums(previewer.totals, stage))
    return EXIT_NO_INPUT if events.is_unread else EXIT_OK


def _tell_of_report(chosen: options.Common, path: str, totals: Totals) -> None:
    if chosen.as_json:
        console.say_json({"report": path, "totals": told.totals_of(totals, "payload")})
    elif not chosen.is_quiet:
        console.say(f"{told.sums(totals, 'payload')}; written to {path}")


def _previewer(
    settings: Settings, stage: Stage, events: Events, clock: Clock
) -> Previewer:
    from shipper.reports.listed import Listed  # noqa: PLC0415
    from shipper.reports.preview import Previewer  # noqa: PLC0415
    from shipper.reports.reasons import Reasons  # noqa: PLC0415
    from shipper.shapers import shapers_of  # noqa: PLC0415

    shapers = shapers_of(settings, events=events, clock=clock)
    return Previewer(
        shaper=shapers.own,
        by_source=shapers.by_source,
        reasons=Reasons(Listed(shapers.own.redactor.policy)),
        stage=stage,
    )
