"""``shipper identify``: which rule names whom, and who stays unidentified."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from shipper.cli import console, options
from shipper.cli.heard import Heard
from shipper.cli.looked_at import lines_of
from shipper.clock import SystemClock
from shipper.errors import EXIT_NO_INPUT, EXIT_OK
from shipper.events import one_line
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.config.settings import Settings
    from shipper.reports.identities import Explained, Sums

SHOWN_PLACES = 20  # of those where callers stay unidentified; --json has all


@click.command("identify")
@options.common
@click.option(
    "--explain",
    "--records",
    "explains",
    is_flag=True,
    help="Show for each record which rule matched, and why those before did not.",
)
@click.argument("files", metavar="[FILE]...", nargs=-1)
def command(chosen: options.Common, explains: bool, files: tuple[str, ...]) -> int:
    """Show which rule names the callers, and who stays unidentified.

    Reads FILEs (- is standard input), or what a shipper would read next when none
    is given. A FILE that a [[source]] names is read as that says, any other as a log
    of our own. Sends nothing and moves no position; needs no key and no network.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415
    from shipper.identify import APPLICATION  # noqa: PLC0415
    from shipper.logfile import BadInputError  # noqa: PLC0415
    from shipper.reports.identities import Census  # noqa: PLC0415
    from shipper.shapers import shapers_of  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file")
    clock = SystemClock()
    events = console.event_log(chosen, clock, unless_verbose="warning")
    shapers = shapers_of(settings, events=events, clock=clock)
    census = Census(
        filters=shapers.own.filters,
        identifier=shapers.own.identifier,
        by_source=[shaper.identifier for shaper in shapers.by_source],
    )
    # What the daemon warns of is not news here; what cannot be read is.
    heard = Heard(console.event_log(chosen, clock, unless_verbose="error"))
    explained: list[Explained] = []
    code = EXIT_OK
    try:
        for seen in lines_of(settings, files, heard, clock):
            found = census.add(seen)
            if found is None or not explains:
                continue
            if chosen.as_json:
                explained.append(found)
            else:
                _show_record(found)
    except BadInputError as error:
        # What could be read is told all the same.
        console.complain(error)
        code = error.exit_code
    sums = census.sums(own=APPLICATION)
    if chosen.as_json:
        more = {"explained": to_builtins(explained)} if explains else {}
        console.say_json({**to_builtins(sums), "mask": settings.identify.mask, **more})
    else:
        _show(sums, settings)
    return code or (EXIT_NO_INPUT if heard.is_unread else EXIT_OK)


def _say(text: str) -> None:
    """Print a line that holds words of the log, which may be hostile."""
    console.say(one_line(text))


def _show_record(found: Explained) -> None:
    say = _say
    say(
        f"{found.file} byte {found.byte}: {found.method} {found.host}{found.path} "
        f"{found.status}"
    )
    for miss in found.missed:
        say(f"    {miss.rule}: {miss.why}")
    caller = found.caller
    if caller is None:
        say("    no rule matched: left out")
        return
    email = f" <{caller.email}>" if caller.email else ""
    label = f"  {caller.label}" if caller.label and caller.label != caller.id else ""
    say(f"    {found.rule or 'no rule matched'}: {caller.id}{label}{email}")


def _show(sums: Sums, settings: Settings) -> None:
    say = console.say
    say(console.emphasise(f"{'records':>12}{'callers':>12}  rule"))
    for rule in sums.rules:
        say(f"{rule.records:>12,}{rule.callers:>12,}  {rule.rule}")
    fate = (
        "left out" if settings.identify.unidentified == "drop" else "sent as anonymous"
    )
    say(f"{sums.unidentified:>12,}{'':>12}  no rule matched: {fate}")
    if sums.places:
        say()
        say(console.emphasise(f"{'records':>12}  unidentified"))
    for place in sums.places[:SHOWN_PLACES]:
        _say(f"{place.records:>12,}  {place.host}{place.path}")
    rest = sums.places[SHOWN_PLACES:]
    if rest:
        count = sum(place.records for place in rest)
        say(f"{count:>12,}  at {counted(len(rest), 'other place')}")
    say()
    other = sums.sha512 if settings.identify.mask == "hmac" else sums.hmac
    if other:
        kind = "sha512" if settings.identify.mask == "hmac" else "hmac"
        say(
            f"{counted(other, 'record')} with {kind} masks, [identify] mask is "
            f"{settings.identify.mask}: a caller may get two identities"
        )
    say(
        f"{counted(sums.records, 'record')}, {sums.skipped:,} of them skipped by "
        f"filters; {counted(sums.unreadable, 'unreadable line')}"
    )
