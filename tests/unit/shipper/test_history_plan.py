"""How the plan of a backfill is shown."""

from __future__ import annotations

from collections import Counter

import pytest

from shipper.backfill.pacing import Limits
from shipper.backfill.plan import FilePlan, Gap
from shipper.cli import history_plan

GAP = Gap("2026-11-23T13:00:00Z", "2026-11-23T14:00:00Z", 1)
LONG = Gap("2026-11-24T13:00:00Z", "2026-11-26T14:00:00Z", 49)


def a_plan(**told: object) -> FilePlan:
    """Return the plan of a log in which there is something of everything."""
    plan = FilePlan("access.log", "combined", None, "", 9_000)
    given: dict[str, object] = {
        "lines": 1_200,
        "exchanges": 1_000,
        "blank": 1,
        "skipped": Counter(since=150),
        "rejects": Counter({"half-line": 40, "status": 9}),
        "first": "2026-11-23T12:00:00Z",
        "last": "2026-11-26T14:00:00Z",
        "gaps": (LONG, GAP),
        "gap_count": 3,
        "requests": 10,
        "body_bytes": 100_000,
        "trouble": "the archive ends early",
        **told,
    }
    for name, value in given.items():
        setattr(plan, name, value)
    return plan


def test_a_plan_is_a_table_and_what_is_worth_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Numbers in columns; spans, gaps, reasons and trouble below them."""
    history_plan.show([a_plan()], Limits(records_per_second=2, bytes_per_second=500))

    told = capsys.readouterr()
    heading, row, *details = told.out.splitlines()
    assert heading.split() == (
        ["format", "lines", "exchanges", "skipped", "rejects", "requests", "file"]
    )
    assert row.split() == [
        "combined",
        "1,200",
        "1,000",
        "150",
        "49",
        "10",
        "access.log",
    ]
    assert details == [
        "access.log: from 2026-11-23T12:00:00Z to 2026-11-26T14:00:00Z",
        "access.log: nothing for 49 hours from 2026-11-24T13:00:00Z",
        "access.log: nothing for 1 hour from 2026-11-23T13:00:00Z",
        "access.log: and 1 other gap",
        "access.log: 40 rejected: half-line",
        "access.log: 9 rejected: status",
        "access.log: 150 skipped: since",
        "1,000 exchanges in 10 requests, 100,000 bytes; 49 lines rejected; "
        "0:08:20 at the given limits",
    ]
    assert "the archive ends early" in told.err


def test_nothing_is_told_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A log without lines has a row, and no limit makes no guess of a duration."""
    history_plan.show([FilePlan("empty.log", "", None, "", 0)], Limits())

    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3
    assert told[-1] == "0 exchanges in 0 requests, 0 bytes; 0 lines rejected"


def test_machines_get_the_same_numbers() -> None:
    """The sums are over all files; the span is that of those with records."""
    empty = FilePlan("empty.log", "", None, "", 0)
    told = history_plan.as_json([a_plan(), empty, a_plan()], Limits())

    assert told["totals"] == {
        "files": 3,
        "lines": 2_400,
        "exchanges": 2_000,
        "skipped": 300,
        "rejects": 98,
        "blank": 2,
        "first": "2026-11-23T12:00:00Z",
        "last": "2026-11-26T14:00:00Z",
        "requests": 20,
        "body_bytes": 200_000,
        "seconds": None,
    }
