"""``shipper scan``: what would leak, where, and what to put on the denylist."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from shipper.cli import console, options
from shipper.cli.heard import Heard
from shipper.cli.looked_at import lines_of
from shipper.clock import SystemClock
from shipper.errors import EXIT_BAD_DATA, EXIT_NO_INPUT, EXIT_OK
from shipper.events import one_line
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.config.settings import FilterSettings
    from shipper.reports.leaks import Report

SHOWN_LEAKS = 50  # the most frequent ones; --json has all


@click.command("scan")
@options.common
@click.argument("files", metavar="[FILE]...", nargs=-1)
def command(chosen: options.Common, files: tuple[str, ...]) -> int:
    """Show what would leak past the lists, and where.

    Reads FILEs (- is standard input), or what a shipper would read next when none
    is given. A FILE that a [[source]] names is read as that says, any other as a log
    of our own. Sends nothing and moves no position; needs no key and no network. Exits
    65 when anything is found that would leave, 66 when a log cannot be read.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415
    from shipper.detect import KINDS  # noqa: PLC0415
    from shipper.logfile import BadInputError  # noqa: PLC0415
    from shipper.reports.leaks import Leaks  # noqa: PLC0415
    from shipper.shapers import shaper_of  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file")
    shaper = shaper_of(settings)
    leaks = Leaks(filters=shaper.filters, redactor=shaper.redactor, kinds=KINDS)
    clock = SystemClock()
    # What the daemon warns of is not news here; what cannot be read is.
    events = Heard(console.event_log(chosen, clock, unless_verbose="error"))
    damage: BadInputError | None = None
    try:
        for seen in lines_of(settings, files, events, clock):
            leaks.add(seen)
    except BadInputError as error:
        damage = error
    report = leaks.report()
    if files and report.unreadable and not report.records and not report.skipped:
        # Nothing was looked at, which must not pass for nothing found.
        why = "none of its lines is a record"
        hint = "a FILE is read as the [[source]] that names it says, else as our own"
        damage = damage or BadInputError(", ".join(files), why, hint=hint)
    if damage is not None:
        # What could be read is told all the same.
        console.complain(damage)
    # A denylist would override the allowlist that is in force.
    proposed = () if _has_allowlist(settings.filter) else report.denylist
    if chosen.as_json:
        shown = {**to_builtins(report), "denylist": list(proposed)}
        console.say_json({**shown, "detectors": settings.filter.detectors})
    else:
        _show(report, settings.filter, proposed)
    if damage is not None or report.leaks:
        return EXIT_BAD_DATA
    return EXIT_NO_INPUT if events.is_unread else EXIT_OK


def _has_allowlist(settings: FilterSettings) -> bool:
    return bool(settings.allowlist) and not settings.denylist


def _show(report: Report, settings: FilterSettings, proposed: tuple[str, ...]) -> None:
    say = console.say
    if report.leaks:
        say(console.emphasise(f"{'records':>10}  {'kind':<14}  where"))
    for leak in report.leaks[:SHOWN_LEAKS]:
        say(one_line(f"{leak.records:>10,}  {leak.kind:<14}  {leak.operation}"))
        say(one_line(f"{'':>10}  {'':<14}  {leak.field}: {leak.sample}"))
    rest = len(report.leaks) - SHOWN_LEAKS
    if rest > 0:
        say(f"{'':>10}  and {counted(rest, 'other place')} (--json shows all)")
    if proposed:
        say()
        say("To hide them, put these on the list in the table [filter]:")
        say("denylist = [")
        for entry in (*settings.denylist, *proposed):
            say(f"    {json.dumps(entry, ensure_ascii=False)},")
        say("]")
    elif report.leaks and _has_allowlist(settings):
        say()
        say("An allowlist is in force: take the names off it.")
    if report.leaks and settings.detectors == "redact":
        say('What has a kind other than "name" is hidden: detectors = "redact".')
    if report.leaks:
        say()
    say(
        f"{counted(report.records, 'record')} looked at, "
        f"{counted(len(report.leaks), 'place')} with what looks like a secret; "
        f"{counted(report.skipped, 'record')} skipped by filters, "
        f"{counted(report.unreadable, 'unreadable line')}"
    )
