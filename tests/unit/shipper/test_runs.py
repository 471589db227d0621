"""Numbers of writers become runs, in the order of their beginnings."""

from __future__ import annotations

from shipper.model import Run, Serial
from shipper.runs import DROPPED, MISSING, Runs


def test_consecutive_numbers_are_one_run() -> None:
    """Whatever other writers put between them."""
    runs = Runs()
    for number in (1, 2, 3):
        runs.note("f", Serial(1, 10, number), 0)
        runs.note("f", Serial(2, 20, number + 6), 0)

    assert runs.close() == (Run("f", 1, 10, 1, 3), Run("f", 2, 20, 7, 9))


def test_a_gap_an_earlier_number_and_another_file_begin_a_run() -> None:
    """What they mean is judged elsewhere."""
    runs = Runs()
    for file_id, number in (("f", 1), ("f", 3), ("f", 2), ("g", 3)):
        runs.note(file_id, Serial(1, 10, number), 0)

    assert [(run.file_id, run.first, run.last) for run in runs.close()] == [
        ("f", 1, 1),
        ("f", 3, 3),
        ("f", 2, 2),
        ("g", 3, 3),
    ]


def test_two_writers_opened_in_the_same_nanosecond_are_two() -> None:
    """Runs are never joined across processes."""
    runs = Runs()
    runs.note("f", Serial(1, 9, 1), 0)
    runs.note("f", Serial(2, 9, 2), 0)

    assert runs.close() == (Run("f", 1, 9, 1, 1), Run("f", 2, 9, 2, 2))


def test_told_losses_begin_a_run_and_are_counted() -> None:
    """The number says how many are missing; the writer says how many it dropped."""
    runs = Runs()
    runs.note("f", Serial(1, 10, 1), 0)
    runs.note("f", Serial(1, 10, 2), 3)

    assert runs.close() == (Run("f", 1, 10, 1, 1), Run("f", 1, 10, 2, 2, told=3))
    assert dict(runs.losses) == {DROPPED: 3}


def test_losses_that_no_number_will_show_are_missing_too() -> None:
    """A line without a number begins no run."""
    runs = Runs()
    runs.note("f", None, 2)

    assert runs.close() == ()
    assert dict(runs.losses) == {DROPPED: 2, MISSING: 2}
