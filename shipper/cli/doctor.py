"""``shipper doctor``: what stands in the way of shipping, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from shipper.cli import console, options
from shipper.clock import SystemClock
from shipper.events import one_line

if TYPE_CHECKING:
    from shipper.cli.examination import Examination
    from shipper.reports.doctor.check import Check, Verdict

_COLOURS = {"ok": "green", "warning": "yellow", "failure": "red"}
_QUIET = ("ok", "skipped")  # not told with --quiet


@click.command("doctor")
@options.common
@click.option("--offline", is_flag=True, help="Leave out what needs the network.")
@click.option(
    "--send-test",
    is_flag=True,
    help="Post one record, marked as development data, and say what ReadMe answers.",
)
def command(chosen: options.Common, offline: bool, send_test: bool) -> int:
    """Say what stands in the way of shipping, and how to mend it.

    Looks at configuration, files, disk, state, network, key and systemd. Reads
    beside a running shipper. Without --send-test no record is made anywhere.
    docs/doctor.md explains every code.
    """
    # Late: they load what --help should not pay for.
    from shipper.cli.examination import Examination, host_name  # noqa: PLC0415
    from shipper.reports.doctor.check import exit_code_of  # noqa: PLC0415
    from shipper.reports.doctor.firewall import request_text  # noqa: PLC0415

    if offline and send_test:
        raise click.UsageError("--send-test needs the network that --offline leaves.")
    clock = SystemClock()
    examination = Examination(
        config=chosen.config,
        is_offline=offline,
        sends_test=send_test,
        events=console.event_log(chosen, clock, unless_verbose="warning"),
        clock=clock,
    )
    checks = []
    for check in examination.checks():
        checks.append(check)
        if not chosen.as_json and not (chosen.is_quiet and check.verdict in _QUIET):
            _show(check)
    code = exit_code_of(checks)
    text = request_text(examination.openings, source=host_name())
    if chosen.as_json:
        console.say_json(_result(examination, checks, code, text))
    elif not chosen.is_quiet:
        console.say()
        console.say(_sums(checks))
        if examination.openings:
            console.say()
            console.say(text)
    return code


def _show(check: Check) -> None:
    where = f"{check.where}: " if check.where else ""
    word = _coloured(check.verdict, f"{check.verdict:<8}")
    # Names of files and words of servers are in them.
    told = one_line(f"{check.title}: {where}{check.why}")
    console.say(f"{word} {check.code}  {told}")
    if check.mend:
        console.say(f"{'':<16} mend: {one_line(check.mend)}")


def _coloured(verdict: Verdict, text: str) -> str:
    colour = _COLOURS.get(verdict)
    return click.style(text, fg=colour, bold=verdict == "failure") if colour else text


def _sums(checks: list[Check]) -> str:
    counts = [
        f"{sum(check.verdict == word for check in checks)} {word}"
        for word in ("ok", "warning", "failure", "skipped")
    ]
    return f"{len(checks)} checks: {', '.join(counts)}"


def _result(
    examination: Examination, checks: list[Check], code: int, text: str
) -> dict[str, Any]:
    return {
        "exit_code": code,
        "checks": [{**asdict(check), "title": check.title} for check in checks],
        "firewall": {
            "openings": [asdict(opening) for opening in examination.openings],
            "text": text,
        },
    }
