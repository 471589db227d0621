"""How the plan of a backfill is shown: a table, or one JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from shipper.backfill.plan import FilePlan, seconds_to_send
from shipper.cli import console
from shipper.events import one_line
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.backfill.pacing import Limits

_HEADINGS = ("lines", "exchanges", "skipped", "rejects", "requests")


def as_json(plans: Sequence[FilePlan], limits: Limits) -> dict[str, object]:
    """Return the plan as one object."""
    return {
        "files": [
            {
                **asdict(plan),
                "skipped": dict(plan.skipped),
                "rejects": dict(plan.rejects),
            }
            for plan in plans
        ],
        "totals": {
            "files": len(plans),
            "lines": sum(plan.lines for plan in plans),
            "exchanges": sum(plan.exchanges for plan in plans),
            "skipped": sum(plan.skipped.total() for plan in plans),
            "rejects": sum(plan.rejects.total() for plan in plans),
            "blank": sum(plan.blank for plan in plans),
            "first": min((plan.first for plan in plans if plan.first), default=""),
            "last": max((plan.last for plan in plans), default=""),
            "requests": sum(plan.requests for plan in plans),
            "body_bytes": sum(plan.body_bytes for plan in plans),
            "seconds": _seconds(plans, limits),
        },
    }


def show(plans: Sequence[FilePlan], limits: Limits) -> None:
    """Print the plan for people."""
    heading = "".join(f"{word:>12}" for word in _HEADINGS)
    console.say(console.emphasise(f"{'format':<15}{heading}") + "  file")
    for plan in plans:
        numbers = (
            plan.lines,
            plan.exchanges,
            plan.skipped.total(),
            plan.rejects.total(),
            plan.requests,
        )
        cells = "".join(f"{number:>12,}" for number in numbers)
        console.say(f"{plan.format:<15}{cells}  {one_line(plan.path)}")
    for plan in plans:
        _show_details(plan)
    _show_totals(plans, limits)


def _show_details(plan: FilePlan) -> None:
    path = one_line(plan.path)
    if plan.left_alone:
        console.say(f"{path}: left alone: {plan.left_alone}")
    if plan.first:
        console.say(f"{path}: from {plan.first} to {plan.last}")
    for gap in plan.gaps:
        hours = counted(gap.hours, "hour")
        console.say(f"{path}: nothing for {hours} from {gap.begin}")
    if plan.gap_count > len(plan.gaps):
        more = counted(plan.gap_count - len(plan.gaps), "other gap")
        console.say(f"{path}: and {more}")
    for reason, count in plan.rejects.most_common():
        console.say(f"{path}: {count:,} rejected: {reason}")
    for reason, count in plan.skipped.most_common():
        console.say(f"{path}: {count:,} skipped: {reason}")
    if plan.trouble:
        console.notice(plan.trouble)


def _show_totals(plans: Sequence[FilePlan], limits: Limits) -> None:
    exchanges = sum(plan.exchanges for plan in plans)
    requests = sum(plan.requests for plan in plans)
    size = sum(plan.body_bytes for plan in plans)
    rejects: Counter[str] = sum((plan.rejects for plan in plans), Counter())
    text = (
        f"{counted(exchanges, 'exchange')} in {counted(requests, 'request')}, "
        f"{counted(size, 'byte')}; {counted(rejects.total(), 'line')} rejected"
    )
    seconds = _seconds(plans, limits)
    if seconds is not None:
        text += f"; {timedelta(seconds=round(seconds))} at the given limits"
    console.say(text)


def _seconds(plans: Sequence[FilePlan], limits: Limits) -> float | None:
    return seconds_to_send(
        plans,
        records_per_second=limits.records_per_second,
        bytes_per_second=limits.bytes_per_second,
    )
