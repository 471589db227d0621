"""The arithmetic of the results: pure, and tested.

A shared machine changes its speed from one minute to the next, so that two figures
are compared only where they were taken in the same round, one right after the other.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def paired_ratio(figures: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios figure / base, taken round by round.

    Args:
        figures: One figure a round.
        base: What it is compared with, of the same rounds in the same order.

    Raises:
        ValueError: The two have not the same number of rounds, or none.
    """
    return statistics.median(
        figure / other for figure, other in zip(figures, base, strict=True)
    )


def paired_difference(figures: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the differences figure - base, taken round by round."""
    return statistics.median(
        figure - other for figure, other in zip(figures, base, strict=True)
    )


def percentile(figures: Sequence[float], share: float) -> float:
    """Return the smallest figure that `share` (0 to 1) of all do not exceed.

    Raises:
        ValueError: There is no figure.
    """
    if not figures:
        raise ValueError("no figure to take a percentile of")
    ordered = sorted(figures)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
