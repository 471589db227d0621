"""``shipper export``: what a run would send, into a directory that can be carried."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import click

from shipper.cli import console, hmac_key, options
from shipper.clock import SystemClock
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.airgap.export import Outcome


@click.command("export")
@options.common
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    help="The directory that becomes the bundle; it must not exist.",
)
@click.option(
    "--label",
    metavar="TEXT",
    callback=options.utf_8,
    help="Where it comes from.  [default: host]",
)
@hmac_key.option("Make the bundle authentic with the key in this file.")
@click.option(
    "--max-duration",
    callback=options.duration,
    metavar="DURATION",
    help="Seal what there is after this time, and exit 75 if there is more.",
)
def command(
    chosen: options.Common,
    *,
    out: str,
    label: str | None,
    hmac_key_file: str | None,
    max_duration: float | None,
) -> int:
    """Write what would be sent into a bundle, for an air gap.

    Needs no project key and touches no network. What is in the bundle counts as
    exported, and is never sent from here; the receipt of "shipper bundle send"
    makes it delivered, with "shipper bundle ack".
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.airgap.export import export  # noqa: PLC0415
    from shipper.config import load  # noqa: PLC0415

    key = hmac_key.read(hmac_key_file)
    settings = load(chosen.config, os.environ, checks="file")
    clock = SystemClock()
    outcome = export(
        settings,
        out,
        label=socket.gethostname() if label is None else label,
        hmac_key=key,
        max_duration_seconds=max_duration,
        events=console.event_log(chosen, clock),
        clock=clock,
    )
    if chosen.as_json:
        console.say_json(_result(outcome))
    elif not chosen.is_quiet:
        console.say(_sentence(outcome))
    return outcome.exit_code


def _result(outcome: Outcome) -> dict[str, object]:
    return {
        "bundle": outcome.bundle,
        "path": outcome.path,
        "records": outcome.records,
        "skipped": outcome.skipped,
        "dead": outcome.dead,
        "blank": outcome.blank,
        "was_cut_off": outcome.was_cut_off,
        "exit_code": outcome.exit_code,
    }


def _sentence(outcome: Outcome) -> str:
    if outcome.path is None:
        text = "no record to export: no bundle was made"
    elif outcome.was_cut_off:
        records = counted(outcome.records, "record")
        return (
            f"bundle {outcome.bundle}: {records} of an export that was cut off "
            f"{'is' if outcome.records == 1 else 'are'} sealed now in {outcome.path}; "
            "nothing else was exported"
        )
    else:
        records = counted(outcome.records, "record")
        text = f"bundle {outcome.bundle}: {records} exported to {outcome.path}"
    return f"{text}; {outcome.skipped:,} skipped, {outcome.dead:,} dead"
