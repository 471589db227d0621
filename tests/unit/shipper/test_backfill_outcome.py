"""What became of logs, and the sums over all of them."""

from __future__ import annotations

from collections import Counter

import pytest

from shipper.backfill.outcome import (
    LEFT_ALONE,
    SENT,
    UNFINISHED,
    FileOutcome,
    Outcome,
    Progress,
)
from shipper.model import Advance


def a_file(
    state: str = SENT,
    *,
    sent_before: int = 0,
    delivered: int = 0,
    dead: int = 0,
    refused: int = 0,
) -> FileOutcome:
    """Return what became of a log; one line of it is blank."""
    return FileOutcome(
        "a",
        "a",
        state=state,
        sent_before=sent_before,
        delivered=delivered,
        dead=dead,
        blank=1,
        rejects=Counter(shape=refused),
    )


def test_a_commit_is_counted_by_what_became_of_its_lines() -> None:
    """Two commits are added up."""
    file = FileOutcome("a.log", "a.log")
    for _ in range(2):
        file.count(Advance("f", 0, 9, 0, 0, b"", *(1, 2, 3, 4)))

    assert (file.delivered, file.skipped, file.dead, file.blank) == (2, 4, 6, 8)
    assert file.lines == 20


@pytest.mark.parametrize(
    ("states", "is_complete"),
    [
        ([], True),
        ([SENT, LEFT_ALONE], True),
        ([SENT, UNFINISHED, LEFT_ALONE], False),
    ],
)
def test_what_was_left_alone_is_not_missing(
    states: list[str], is_complete: bool
) -> None:
    """It was left on purpose."""
    files = tuple(map(a_file, states))

    assert Outcome(files, None).is_complete is is_complete


def test_refused_lines_are_a_share_of_all_that_are_no_blanks() -> None:
    """Those of earlier runs count; half a line is refused and not settled."""
    grown = Outcome((a_file(sent_before=10, delivered=3, dead=2, refused=2),), None)
    half = Outcome((a_file(refused=1), a_file()), None)

    assert (grown.rejected, grown.lines) == (2, 15)
    assert (half.rejected, half.lines) == (1, 1)


def test_progress_never_goes_back() -> None:
    """Whoever shows it is called with each commit."""
    shown: list[tuple[int, int]] = []
    progress = Progress(lambda far: shown.append((far.records, far.done_bytes)))
    progress.moved(2, 50)
    progress.moved(1, 40)

    assert shown == [(2, 50), (3, 50)]
