"""Which numbers of a writer are missing, and from when on that is certain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipper.gaps import (
    MOST_GAPS,
    MOST_NUMBER,
    REORDER,
    Gap,
    Writer,
    begin,
    found_late,
    is_plausible,
    newly_settled,
    observe,
)
from shipper.model import Run


def a_run(first: int, last: int, *, file_id: str = "one", told: int = 0) -> Run:
    """Return a run of one writer."""
    return Run(file_id, 4211, 1_795_435_200_000_000_000, first, last, told)


def after(*runs: Run, is_past_known: bool = True) -> Writer:
    """Return a writer after some runs."""
    writer = begin(runs[0], is_past_known=is_past_known)
    for run in runs:
        writer = observe(writer, run)
    return writer


def test_numbers_in_a_row_leave_no_gap() -> None:
    """Nothing is missing where nothing was lost."""
    writer = after(a_run(1, 10), a_run(11, 500, file_id="two"))

    assert (writer.high, writer.missing, writer.gaps) == (500, 0, ())


def test_a_hole_is_a_gap_that_is_waited_for() -> None:
    """A late record may still fill it."""
    writer = after(a_run(1, 10), a_run(14, 20))

    assert writer.gaps == (Gap(11, 13),)


def test_what_comes_late_is_not_missing() -> None:
    """Whether or not the gap was given up: a record that is there is not lost."""
    late = after(a_run(1, 10), a_run(21, 30), a_run(11, 13), a_run(15, 20))
    later = observe(after(a_run(1, 10), a_run(21, 200)), a_run(11, 19))

    assert late.gaps == (Gap(14, 14),)
    assert later.gaps == (Gap(20, 20, is_settled=True),)


def test_a_gap_is_given_up_after_so_many_more_numbers() -> None:
    """One fewer, and it is still waited for."""
    early = after(a_run(1, 10), a_run(12, 11 + REORDER))
    late = observe(early, a_run(12 + REORDER, 12 + REORDER))

    assert [gap.is_settled for gap in early.gaps] == [False]
    assert [gap.is_settled for gap in late.gaps] == [True]


def test_a_gap_is_given_up_when_the_file_is_left() -> None:
    """The next file begins where the one before was read to its end."""
    writer = after(a_run(1, 10), a_run(12, 20), a_run(23, 25, file_id="two"))

    assert writer.gaps == (Gap(11, 11, is_settled=True), Gap(21, 22))


def test_a_late_run_of_an_older_file_does_not_leave_the_newer_one() -> None:
    """Gaps of the file that is being read stay open."""
    writer = after(
        a_run(11, 20, file_id="two"), a_run(22, 25, file_id="two"), a_run(1, 9)
    )

    assert writer.gaps == (Gap(10, 10), Gap(21, 21))
    assert writer.file_id == "two"


def test_a_writer_first_seen_late_has_lost_its_beginning() -> None:
    """Its numbers begin with 1; those before were evicted."""
    assert after(a_run(100, 110)).missing == 99


def test_a_writer_whose_past_is_unknown_has_lost_what_it_tells() -> None:
    """Nothing is concluded from where it is seen first, but its own word counts."""
    assert after(a_run(100, 110), is_past_known=False).missing == 0
    assert after(a_run(100, 110, told=3), is_past_known=False).missing == 3


def test_many_gaps_are_summed_up() -> None:
    """Memory and state stay small; no missing record is forgotten."""
    writer = after(*(a_run(n, n) for n in range(2, 1002, 2)))

    assert len(writer.gaps) == MOST_GAPS
    assert writer.missing == 500


def test_a_gap_is_news_once() -> None:
    """What is left of a gap given up before is not told again."""
    before = after(a_run(1, 10), a_run(21, 200))
    now = observe(before, a_run(15, 15))
    later = observe(now, a_run(204, 300))

    assert newly_settled((), before) == 10
    assert newly_settled(before.gaps, now) == 0
    assert newly_settled(now.gaps, later) == 3


def test_what_was_given_up_may_come_late() -> None:
    """Of a gap that is waited for no number is late; of a settled one those in it."""
    gaps = (Gap(5, 9, is_settled=True), Gap(12, 20, is_settled=True), Gap(30, 40))

    assert [found_late(gaps, a_run(*ends)) for ends in ((1, 4), (8, 13), (1, 50))] == [
        0,
        4,
        14,
    ]


def test_a_number_no_writer_gives_is_left_out() -> None:
    """It would make every sum useless, or fit no column of the database."""
    huge = 1 << 63

    assert is_plausible(a_run(1, MOST_NUMBER - 1))
    assert not is_plausible(a_run(0, 4))
    assert not is_plausible(a_run(1, MOST_NUMBER))
    assert not is_plausible(Run("one", huge, 1, 1, 1))
    assert not is_plausible(Run("one", 1, huge, 1, 1))


@given(
    lost=st.sets(st.integers(1, 300), max_size=40),
    size=st.integers(1, 60),
    swaps=st.lists(st.integers(0, 400), max_size=10),
)
def test_what_is_missing_is_what_was_lost(
    lost: set[int], size: int, swaps: list[int]
) -> None:
    """However files are cut and neighbours swapped, every loss is counted, once."""
    numbers = [n for n in range(1, 301) if n not in lost] + [301]
    for at in swaps:
        here = at % (len(numbers) - 1)
        numbers[here : here + 2] = numbers[here : here + 2][::-1]
    runs = [a_run(n, n, file_id=str(at // size)) for at, n in enumerate(numbers)]

    assert after(*runs).missing == len(lost)
