"""``shipper status``: what was delivered from each file, and what waits."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from msgspec import structs, to_builtins

from shipper.cli import console, losses, options, watching
from shipper.clock import SystemClock
from shipper.errors import EXIT_OK
from shipper.events import one_line
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipper.pacing import LimitsNow
    from shipper.reports.status import FileStatus, Records, Status
    from shipper.store import Exported

GONE = "gone"
EXPORTED = "exported"  # a column for those who export
HEADINGS = ("size", "position", "delivered", EXPORTED, "skipped", "dead", "pending")


@click.command("status")
@options.common
@click.option(
    "--watch",
    is_flag=True,
    help="Show rates and what waits, every 2 s, until Ctrl-C.",
)
def command(chosen: options.Common, watch: bool) -> int:
    """Show what was delivered from each file and what waits.

    Reads beside a running shipper and changes nothing. Pending records are
    counted by reading them; with --watch their bytes are measured instead.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415
    from shipper.pacing import limits_at  # noqa: PLC0415
    from shipper.reports.status import take_status  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file", needs_source=False)
    clock = SystemClock()
    # What the daemon warns of is not news here; what cannot be read is.
    events = console.event_log(chosen, clock, unless_verbose="error")
    if watch:
        watching.keep_watching(
            settings.state_dir,
            settings.sources,
            as_json=chosen.as_json,
            events=events,
            clock=clock,
        )
    status = take_status(
        settings.state_dir, settings.sources, events=events, clock=clock
    )
    limits = limits_at(settings, clock.now())
    if chosen.as_json:
        console.say_json(
            {
                **_result(settings.state_dir, status),
                "limits": {**structs.asdict(limits), "held_records": dict(status.held)},
            }
        )
    else:
        _show(settings.state_dir, status, now=clock.now().timestamp())
        _show_limits(limits, status.held)
        console.say(_sentence(status.records))
    return EXIT_OK


def _result(state_dir: str, status: Status) -> dict[str, object]:
    return {
        "state_dir": state_dir,
        "has_run": status.has_run,
        "pid": status.holder.pid,
        "last_delivery": status.last_delivery,
        "records": {**asdict(status.records), "total": status.records.total},
        "losses": to_builtins(status.losses),
        "bundles": to_builtins(status.bundles),
        "files": [
            {
                **asdict(file),
                "records": {**asdict(file.records), "total": file.records.total},
            }
            for file in status.files
        ],
    }


def _show(state_dir: str, status: Status, *, now: float) -> None:
    say = console.say
    if not status.has_run:
        say(f"nothing was shipped yet: there is no state in {state_dir}")
    else:
        say(watching.shipping(status.holder, status.last_delivery, now=now))
    present = [file for file in status.files if file.state != GONE]
    gone = [file for file in status.files if file.state == GONE]
    row = _row if status.records.exported else _row_without_exported
    if present:
        say(console.emphasise(row("state", HEADINGS)) + "  file")
    for file in present:
        say(f"{row(file.state, _cells(file))}  {one_line(file.path)}")
    if gone:
        word = "file" if len(gone) == 1 else "files"
        say(f"{row(GONE, _sum_cells(gone))}  {len(gone)} {word} no longer on disk")
    for file in present:
        if file.stopped is not None:
            say(one_line(f"stopped: {file.path}: {file.stopped}"))
    for sentence in losses.sentences(status.losses):
        say(sentence)
    for bundle in status.bundles:
        say(_told(bundle))


def _show_limits(limits: LimitsNow, held: Mapping[str, int]) -> None:
    if limits.quiet_until is not None:
        console.say(f"quiet hours until {limits.quiet_until}: nothing is sent")
    for limit, unit in (
        (limits.records_per_second, "records/s"),
        (limits.bytes_per_second, "bytes/s"),
    ):
        if limit is not None:
            console.say(f"limit: {limit:,g} {unit}")
    if held:
        listed = ", ".join(f"{limit}: {count:,}" for limit, count in held.items())
        console.say(f"records that limits made wait: {sum(held.values()):,} ({listed})")


def _cells(file: FileStatus) -> tuple[str, ...]:
    numbers = file.size_bytes, file.position_bytes, *_counts(file.records)
    return tuple(f"{number:,}" for number in numbers)


def _sum_cells(files: list[FileStatus]) -> tuple[str, ...]:
    columns = zip(*(_counts(file.records) for file in files), strict=True)
    return ("", "", *(f"{sum(column):,}" for column in columns))


def _counts(records: Records) -> tuple[int, int, int, int, int]:
    return (
        records.delivered,
        records.exported,
        records.skipped,
        records.dead,
        records.pending,
    )


def _row(state: str, cells: tuple[str, ...]) -> str:
    return f"{state:<8}" + "".join(f"{cell:>14}" for cell in cells)


def _row_without_exported(state: str, cells: tuple[str, ...]) -> str:
    at = HEADINGS.index(EXPORTED)
    return _row(state, cells[:at] + cells[at + 1 :])


def _told(bundle: Exported) -> str:
    what = "not acknowledged yet" if bundle.is_sealed else "not sealed: export again"
    return (
        f"bundle {bundle.id}: {counted(bundle.records, 'record')} exported at "
        f"{bundle.exported_at[:19]}Z to {one_line(bundle.path)}: {what}"
    )


def _sentence(records: Records) -> str:
    exported = f"{records.exported:,} exported, " if records.exported else ""
    return (
        f"{counted(records.total, 'record')}: {records.delivered:,} delivered, "
        f"{exported}{records.skipped:,} skipped, {records.dead:,} dead, "
        f"{records.pending:,} pending"
    )
