"""Figures are compared within a round, and what is shown of them is the median."""

from __future__ import annotations

import pytest

from benchmarks.peers.ratios import paired_difference, paired_ratio, percentile


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that is ten times slower in one round changes no ratio."""
    assert paired_ratio([2.0, 20.0, 4.0], [1.0, 10.0, 2.0]) == 2.0


def test_one_odd_round_does_not_count() -> None:
    """The median over the rounds is shown."""
    assert paired_ratio([2.0, 90.0, 2.0], [1.0, 1.0, 1.0]) == 2.0
    assert paired_difference([5.0, 90.0, 6.0], [3.0, 3.0, 3.0]) == 3.0


def test_rounds_without_a_partner_are_an_error() -> None:
    """Figures of different numbers of rounds are compared by nobody."""
    with pytest.raises(ValueError, match="zip"):
        paired_ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("share", "figure"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)]
)
def test_a_percentile_is_one_of_the_figures(share: float, figure: int) -> None:
    """The smallest figure that this share does not exceed, whatever the order."""
    assert percentile(list(range(100, 0, -1)), share) == figure


def test_there_is_no_percentile_of_nothing() -> None:
    """An empty run is an error rather than a zero."""
    with pytest.raises(ValueError, match="no figure"):
        percentile([], 0.5)
