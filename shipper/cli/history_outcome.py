"""How the end of a backfill is told: in words, or as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shipper.cli import console
from shipper.cli.reject_file import reject_as_json
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.backfill.outcome import Outcome
    from shipper.backfill.shaping import Rejected
    from shipper.cli.history import Allowance

NAMED_REJECTS = 10  # on the terminal; --rejects has all of them


def as_json(
    outcome: Outcome, rejects: Sequence[Rejected], code: int
) -> dict[str, object]:
    """Return it as one object.

    Args:
        outcome: What became of all logs.
        rejects: Refused lines, or the first of them.
        code: The exit code.
    """
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
        "rejects": [reject_as_json(one) for one in rejects],
    }


def show(
    outcome: Outcome,
    rejects: Sequence[Rejected],
    allowance: Allowance,
    *,
    quiet: bool,
) -> None:
    """Print it for people: what had trouble, refused lines by name, sums, what to do.

    Args:
        outcome: What became of all logs.
        rejects: Refused lines, or the first of them.
        allowance: How many are put up with.
        quiet: Only what is wrong.
    """
    for file in outcome.files:
        if file.why and (not quiet or file.state == "unfinished"):
            console.notice(f"{file.name}: {file.state}: {file.why}")
    _name(rejects, outcome.rejected)
    if quiet:
        return
    console.say(_sums(outcome))
    if outcome.signal_number is not None:
        console.notice("stopped; the same command goes on where it was")
    elif not outcome.is_complete:
        console.notice("not all was sent; the same command goes on where it was")
    refused, lines = outcome.rejected, outcome.lines
    if not allowance.permits(refused, lines):
        console.notice(
            f"{refused:,} of {counted(lines, 'line')} were refused, over --max-rejects "
            f"{allowance}; see docs/formats.md for the reasons"
        )


def _name(rejects: Sequence[Rejected], rejected: int) -> None:
    """Name the first of so many refused lines."""
    for one in rejects[:NAMED_REJECTS]:
        place = f"line {one.line:,} (byte {one.offset_bytes:,})"
        if one.is_entry:
            place = f"entry {one.line:,}"
        console.notice(f"{one.file}: {place}: refused: {one.reason}: {one.detail}")
    more = rejected - min(len(rejects), NAMED_REJECTS)
    if more > 0:
        console.notice(f"and {more:,} more; --rejects FILE has all of them")


def _sums(outcome: Outcome) -> str:
    delivered = sum(file.delivered for file in outcome.files)
    before = sum(file.sent_before for file in outcome.files)
    parts = [f"{delivered:,} delivered"]
    skipped = sum(file.skipped for file in outcome.files)
    dead = sum(file.dead for file in outcome.files)
    refused = outcome.rejected
    parts += [f"{skipped:,} skipped"] if skipped else []
    parts += [f"{refused:,} rejected"] if refused else []
    parts += [counted(dead - refused, "dead letter")] if dead > refused else []
    parts += [f"{counted(before, 'line')} settled before"] if before else []
    return f"{counted(len(outcome.files), 'file')}: {', '.join(parts)}"
