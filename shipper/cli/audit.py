"""``shipper audit``: counts the files again and proves the sums, or names the bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from shipper.cli import console, losses, options
from shipper.clock import SystemClock
from shipper.errors import EXIT_BAD_DATA, EXIT_OK
from shipper.events import one_line
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.reports.audit import Audit, FileAudit
    from shipper.reports.stretches import Stretch
    from shipper.store.sums import Outcomes

EXPORTED = "exported"  # a column for those who export
HEADINGS = (
    "bytes",
    "delivered",
    EXPORTED,
    "skipped",
    "dead",
    "blank",
    "pending",
    "lost",
)


@click.command("audit")
@options.common
def command(chosen: options.Common) -> int:
    """Count the files again and prove that the sums add up.

    Reads beside a running shipper and changes nothing. Exits 65, naming file and
    bytes, when disk and ledger do not agree. Bytes that were lost are named as well;
    they are accounted for.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415
    from shipper.reports.audit import take_audit  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file", needs_source=False)
    clock = SystemClock()
    audit = take_audit(
        settings.state_dir,
        settings.sources,
        # What the daemon warns of is told below, where it belongs.
        events=console.event_log(chosen, clock, unless_verbose="error"),
        clock=clock,
    )
    if chosen.as_json:
        console.say_json(_result(settings.state_dir, audit))
    else:
        _show(settings.state_dir, audit)
    return EXIT_OK if audit.is_exact else EXIT_BAD_DATA


def _result(state_dir: str, audit: Audit) -> dict[str, object]:
    return {
        "state_dir": state_dir,
        "has_run": audit.has_run,
        "is_exact": audit.is_exact,
        "lines": _outcomes(audit.lines),
        "bytes": {str(kind): size for kind, size in _sizes(audit).items()},
        "faults": [*audit.faults, *_complaints(audit, "wrong")],
        "losses": to_builtins(audit.losses),
        "counters": dict(audit.counters),
        "files": [
            {
                "path": file.path,
                "state": file.state,
                "ranges": [_range(stretch) for stretch in file.stretches],
            }
            for file in audit.files
        ],
    }


def _range(stretch: Stretch) -> dict[str, object]:
    shown: dict[str, object] = {
        "is": str(stretch.kind),
        "start_bytes": stretch.start_bytes,
        "end_bytes": stretch.end_bytes,
    }
    if any(_outcomes(stretch.lines).values()):
        shown["lines"] = _outcomes(stretch.lines)
    if stretch.kind == "pending":
        shown["whole_lines"] = stretch.whole_lines
    if stretch.why:
        shown["why"] = stretch.why
    return shown


def _show(state_dir: str, audit: Audit) -> None:
    say = console.say
    if not audit.has_run:
        say(f"nothing was shipped yet: there is no state in {state_dir}")
    told = [file for file in audit.files if not _is_settled_and_gone(file)]
    gone = [file for file in audit.files if _is_settled_and_gone(file)]
    row = _row if audit.lines.exported else _row_without_exported
    if told:
        say(console.emphasise(row("state", HEADINGS)) + "  file")
    for file in told:
        say(f"{row(file.state, _cells([file]))}  {one_line(file.path)}")
    if gone:
        word = "file" if len(gone) == 1 else "files"
        say(f"{row('gone', _cells(gone))}  {len(gone)} {word} no longer on disk")
    for complaint in _complaints(audit, "lost", "wrong"):
        console.notice(complaint)
    for fault in audit.faults:
        console.notice(f"wrong: {fault}")
    for sentence in losses.sentences(audit.losses):
        say(sentence)
    say(_sentence(audit))


def _complaints(audit: Audit, *kinds: str) -> Iterator[str]:
    for file in audit.files:
        for stretch in file.stretches:
            if stretch.kind in kinds:
                yield _complaint(file, stretch)


def _complaint(file: FileAudit, stretch: Stretch) -> str:
    end = "its end" if stretch.end_bytes is None else f"{stretch.end_bytes:,}"
    why = stretch.why or "the file went before they were sent"
    where = f"{file.path}: bytes {stretch.start_bytes:,} to {end}"
    return one_line(f"{stretch.kind}: {where}: {why}")


def _is_settled_and_gone(file: FileAudit) -> bool:
    return file.state == "gone" and not any(
        stretch.kind in {"lost", "wrong"} for stretch in file.stretches
    )


def _cells(files: list[FileAudit]) -> tuple[str, ...]:
    totals = [0] * len(HEADINGS)
    for file in files:
        for stretch in file.stretches:
            lines = stretch.lines
            cells = (
                stretch.size_bytes,
                lines.delivered,
                lines.exported,
                lines.skipped,
                lines.dead,
                lines.blank,
                stretch.size_bytes if stretch.kind == "pending" else 0,
                stretch.size_bytes if stretch.kind == "lost" else 0,
            )
            totals = [total + cell for total, cell in zip(totals, cells, strict=True)]
    return tuple(f"{total:,}" for total in totals)


def _row(state: str, cells: tuple[str, ...]) -> str:
    return f"{state:<8}" + "".join(f"{cell:>14}" for cell in cells)


def _row_without_exported(state: str, cells: tuple[str, ...]) -> str:
    at = HEADINGS.index(EXPORTED)
    return _row(state, cells[:at] + cells[at + 1 :])


def _sizes(audit: Audit) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for file in audit.files:
        for stretch in file.stretches:
            kind = str(stretch.kind)
            sizes[kind] = sizes.get(kind, 0) + stretch.size_bytes
    return sizes


def _outcomes(lines: Outcomes) -> dict[str, int]:
    return {
        "delivered": lines.delivered,
        "skipped": lines.skipped,
        "dead": lines.dead,
        "blank": lines.blank,
        "exported": lines.exported,
    }


def _sentence(audit: Audit) -> str:
    sizes, lines = _sizes(audit), audit.lines
    verdict = "the sums are exact" if audit.is_exact else "THE SUMS ARE NOT EXACT"
    exported = f" {lines.exported:,} exported," if lines.exported else ""
    pending, lost = sizes.get("pending", 0), sizes.get("lost", 0)
    return (
        f"{verdict}: {counted(lines.delivered, 'line')} delivered,{exported} "
        f"{lines.skipped:,} skipped, "
        f"{lines.dead:,} dead, {lines.blank:,} blank; "
        f"{counted(pending, 'byte')} pending, {lost:,} lost"
    )
