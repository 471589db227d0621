"""``shipper backfill``: history from files, directories or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

import click

from shipper.cli import console, history, options
from shipper.cli.bar import Bar
from shipper.clock import SystemClock
from shipper.errors import EXIT_BAD_DATA, EXIT_OK, EXIT_TRY_AGAIN

if TYPE_CHECKING:
    from shipper.backfill.choices import Choices
    from shipper.backfill.outcome import FileOutcome, Outcome
    from shipper.backfill.pacing import Limits
    from shipper.backfill.shaping import Rejected
    from shipper.config.settings import Settings

NAMED_REJECTS = 10  # on the terminal; --rejects has all of them
LISTED_REJECTS = 1000  # in --json


@click.command("backfill")
@options.common
@click.argument("files", metavar="FILES|DIRS|-", nargs=-1, required=True)
@click.option(
    "--format",
    "format_",
    default="auto",
    show_default=True,
    metavar="NAME",
    callback=history.format_name,
    help="How lines are read; auto looks at the first 200 and refuses when in doubt.",
)
@click.option(
    "--base-url",
    metavar="URL",
    callback=history.base_url,
    help="Scheme and host of logs that name none, such as https://api.example.com.",
)
@click.option(
    "--identity",
    metavar="RULE",
    callback=history.rule,
    help="Who the caller is: a rule of [identify], such as client-ip or basic-user.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    callback=history.zone,
    help="Of stamps that name none, such as Europe/Berlin.",
)
@click.option(
    "--label",
    default="",
    metavar="TEXT",
    help="Goes into the ids; for hosts whose logs may begin alike.",
)
@click.option(
    "--since",
    metavar="T",
    callback=history.moment,
    help="Leave out what began before: 2026-11-01 or 2026-11-01T12:00:00Z; UTC.",
)
@click.option(
    "--until",
    metavar="T",
    callback=history.moment,
    help="Leave out what began then or later.",
)
@click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    callback=history.globs,
    help="Leave out these paths, such as '/static/**'. May be given several times.",
)
@click.option(
    "--map",
    "fields",
    metavar="FILE",
    callback=history.field_map,
    help="TOML or JSON file that says which member of a JSON log holds what.",
)
@click.option(
    "--max-rejects",
    default="5%",
    show_default=True,
    metavar="N|P%",
    callback=history.allowance,
    help="Exit 65 when more lines than this were refused.",
)
@click.option(
    "--rejects",
    metavar="FILE",
    help="Append refused lines to this file: one JSON object each, masked, mode 0600.",
)
@click.option(
    "--rate",
    metavar="R/s",
    callback=history.rate,
    help="Send no more records a second; unlimited by default.",
)
@click.option(
    "--bwlimit",
    metavar="BYTES",
    callback=history.bandwidth,
    help="Send no more bytes a second, such as 512k or 2M; unlimited by default.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Read and send with so many processes, one file each.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Let a Dask cluster do it, such as tcp://10.0.0.7:8786; needs the extra dask.",
)
@click.option("--dry-run", is_flag=True, help="Read everything, send nothing, report.")
@click.option("--replay", is_flag=True, help="Send again what was sent, same ids.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
def command(  # noqa: PLR0917 - one parameter an option
    chosen: options.Common,
    files: tuple[str, ...],
    format_: str,
    base_url: str | None,
    identity: str | None,
    timezone: str | None,
    label: str,
    since: datetime | None,
    until: datetime | None,
    exclude: tuple[str, ...],
    fields: Mapping[str, str] | None,
    max_rejects: history.Allowance,
    rejects: str | None,
    rate: float | None,
    bwlimit: float | None,
    workers: int,
    scheduler: str | None,
    dry_run: bool,
    replay: bool,
    yes: bool,
) -> int:
    """Bring history to ReadMe: access logs, HAR files, records of our own.

    Sends each exchange once, whatever the log is called and however it is packed;
    run it again to go on where it was stopped. Runs beside the shipper.
    Exits 0 when all was sent and the refused lines stay within --max-rejects, 65
    when they do not, 75 when something is left to be sent.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.backfill.choices import Choices  # noqa: PLC0415
    from shipper.backfill.inputs import find_logs, spooled  # noqa: PLC0415
    from shipper.backfill.pacing import Limits  # noqa: PLC0415
    from shipper.backfill.survey import survey  # noqa: PLC0415
    from shipper.config import load  # noqa: PLC0415

    settings = load(
        chosen.config,
        os.environ,
        checks="file" if dry_run else "key",
        needs_source=False,
    )
    choices = Choices(
        format=format_,
        base_url=base_url,
        identity=identity,
        timezone=timezone,
        label=label,
        since=since,
        until=until,
        exclude=exclude,
        fields=fields,
        replay=replay,
        has_rule=bool(identity or settings.identify.rules),
    )
    history.check(choices)
    limits = Limits(rate, bwlimit)
    with spooled(find_logs(files)) as (paths, names):
        surveyed = survey(paths, choices, names)
        if dry_run:
            return _plan(chosen, settings, surveyed, choices, limits)
        if not yes and not _agreed(surveyed, settings):
            return EXIT_OK
        return _send(
            chosen,
            settings,
            surveyed,
            choices,
            limits=limits,
            allowance=max_rejects,
            rejects=rejects,
            workers=workers,
            scheduler=scheduler,
        )


def _agreed(files: Sequence[FileOutcome], settings: Settings) -> bool:
    """Ask, where there is somebody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    size = sum(file.size_bytes for file in files)
    noun = "file" if len(files) == 1 else "files"
    return click.confirm(
        f"Send the exchanges of {len(files)} {noun} ({size:,} bytes) to "
        f"{settings.readme.endpoint}?",
        default=True,
        err=True,
    )


def _plan(
    chosen: options.Common,
    settings: Settings,
    files: Sequence[FileOutcome],
    choices: Choices,
    limits: Limits,
) -> int:
    from shipper.backfill.dry_run import plan_all  # noqa: PLC0415 - late, as above
    from shipper.cli import history_plan  # noqa: PLC0415 - late, as above

    plans = plan_all(settings, files, choices, limits)
    if chosen.as_json:
        console.say_json(history_plan.as_json(plans, limits))
    else:
        history_plan.show(plans, limits)
    return EXIT_OK


def _send(
    chosen: options.Common,
    settings: Settings,
    files: Sequence[FileOutcome],
    choices: Choices,
    *,
    limits: Limits,
    allowance: history.Allowance,
    rejects: str | None,
    workers: int,
    scheduler: str | None,
) -> int:
    from shipper.backfill import crew, engines, job  # noqa: PLC0415 - late, as above
    from shipper.backfill.outcome import Progress  # noqa: PLC0415 - late, as above

    clock = SystemClock()
    first: list[Rejected] = []
    with ExitStack() as parts:
        keep = history.reject_file(rejects)
        parts.callback(keep.close)
        bar = Bar(is_quiet=chosen.is_quiet or chosen.as_json, clock=clock)
        parts.callback(bar.close)

        def on_reject(refused: Rejected) -> None:
            if len(first) < LISTED_REJECTS:
                first.append(refused)
            keep.write(refused)

        if workers > 1 or scheduler is not None:
            engine = engines.engine(workers=workers, scheduler=scheduler)
            parts.callback(engine.close)
            run = crew.runner(engine)
        else:
            run = job.run
        outcome = run(
            settings,
            files,
            choices,
            limits=limits,
            progress=Progress(bar.tick),
            on_reject=on_reject,
            events=console.event_log(chosen, clock, unless_verbose="warning"),
            clock=clock,
        )
    code = _exit_code(outcome, allowance)
    if chosen.as_json:
        console.say_json(_result(outcome, first, code))
    elif not chosen.is_quiet or code != EXIT_OK:
        _show(outcome, first, allowance, quiet=chosen.is_quiet)
    return code


def _exit_code(outcome: Outcome, allowance: history.Allowance) -> int:
    if outcome.signal_number is not None:
        from shipper.ending import EXIT_BY_SIGNAL  # noqa: PLC0415 - late

        return EXIT_BY_SIGNAL + outcome.signal_number
    if not allowance.permits(outcome.rejected, outcome.lines):
        return EXIT_BAD_DATA
    if any(file.why and file.state == "unfinished" for file in outcome.files):
        return EXIT_BAD_DATA
    return EXIT_OK if outcome.is_complete else EXIT_TRY_AGAIN


def _result(
    outcome: Outcome, rejects: Sequence[Rejected], code: int
) -> dict[str, object]:
    return {
        "exit_code": code,
        "is_complete": outcome.is_complete,
        "totals": {
            "files": len(outcome.files),
            "delivered": sum(file.delivered for file in outcome.files),
            "skipped": sum(file.skipped for file in outcome.files),
            "dead": sum(file.dead for file in outcome.files),
            "blank": sum(file.blank for file in outcome.files),
            "rejects": outcome.rejected,
            "sent_before": sum(file.sent_before for file in outcome.files),
        },
        "files": [
            {
                "path": file.name,
                "format": file.format,
                "wrapper": file.wrapper,
                "packing": file.packing,
                "state": file.state,
                "why": file.why,
                "delivered": file.delivered,
                "skipped": file.skipped,
                "dead": file.dead,
                "blank": file.blank,
                "rejects": dict(file.rejects),
                "sent_before": file.sent_before,
            }
            for file in outcome.files
        ],
        "rejects": [history.reject_as_json(one) for one in rejects],
    }


def _show(
    outcome: Outcome,
    rejects: Sequence[Rejected],
    allowance: history.Allowance,
    *,
    quiet: bool,
) -> None:
    for file in outcome.files:
        if file.why and (not quiet or file.state == "unfinished"):
            console.notice(f"{file.name}: {file.state}: {file.why}")
    for one in rejects[:NAMED_REJECTS]:
        noun = "entry" if one.is_entry else "line"
        place = f"{one.file}: {noun} {one.line:,} (byte {one.offset_bytes:,})"
        console.notice(f"{place}: refused: {one.reason}: {one.detail}")
    more = outcome.rejected - min(len(rejects), NAMED_REJECTS)
    if more > 0:
        console.notice(f"and {more:,} more; --rejects FILE has all of them")
    if quiet:
        return
    delivered = sum(file.delivered for file in outcome.files)
    before = sum(file.sent_before for file in outcome.files)
    parts = [f"{delivered:,} delivered"]
    skipped = sum(file.skipped for file in outcome.files)
    dead = sum(file.dead for file in outcome.files)
    refused = outcome.rejected
    parts += [f"{skipped:,} skipped"] if skipped else []
    parts += [f"{refused:,} rejected"] if refused else []
    parts += [f"{dead - refused:,} dead letters"] if dead > refused else []
    parts += [f"{before:,} lines settled before"] if before else []
    noun = "file" if len(outcome.files) == 1 else "files"
    console.say(f"{len(outcome.files)} {noun}: {', '.join(parts)}")
    if outcome.signal_number is not None:
        console.notice("stopped; the same command goes on where it was")
    elif not outcome.is_complete:
        console.notice("not all was sent; the same command goes on where it was")
    lines = outcome.lines
    if not allowance.permits(refused, lines):
        console.notice(
            f"{refused:,} of {lines:,} lines were refused, over --max-rejects "
            f"{allowance}; see docs/formats.md for the reasons"
        )
