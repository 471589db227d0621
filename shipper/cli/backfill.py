"""``shipper backfill``: history from files, directories or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from shipper.cli import console, history, history_choices, history_outcome, options
from shipper.cli.bar import Bar
from shipper.cli.reject_file import reject_file
from shipper.clock import SystemClock
from shipper.errors import EXIT_BAD_DATA, EXIT_OK, EXIT_TRY_AGAIN

if TYPE_CHECKING:
    from shipper.backfill.choices import Choices
    from shipper.backfill.outcome import FileOutcome, Outcome
    from shipper.backfill.pacing import Limits
    from shipper.backfill.shaping import Rejected
    from shipper.config.settings import Settings

LISTED_REJECTS = 1000  # in --json


@click.command("backfill")
@options.common
@click.argument("files", metavar="FILES|DIRS|-", nargs=-1, required=True)
@history_choices.choices
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
    choices: Choices,
    chosen: options.Common,
    files: tuple[str, ...],
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
    from shipper.backfill.inputs import find_logs, spooled  # noqa: PLC0415
    from shipper.backfill.pacing import Limits  # noqa: PLC0415
    from shipper.backfill.survey import survey  # noqa: PLC0415
    from shipper.config import load  # noqa: PLC0415
    from shipper.joints import own_files_of  # noqa: PLC0415

    settings = load(
        chosen.config,
        os.environ,
        checks="file" if dry_run else "key",
        needs_source=False,
    )
    choices = replace(
        choices,
        replay=replay,
        has_rule=choices.has_rule or bool(settings.identify.rules),
    )
    history_choices.check(choices)
    limits = Limits(rate, bwlimit)
    own_files = (*own_files_of(settings), *((rejects,) if rejects else ()))
    with spooled(find_logs(files, own_files=own_files)) as (paths, names):
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
        keep = reject_file(rejects)
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
        console.say_json(history_outcome.as_json(outcome, first, code))
    elif not chosen.is_quiet or code != EXIT_OK:
        history_outcome.show(outcome, first, allowance, quiet=chosen.is_quiet)
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
