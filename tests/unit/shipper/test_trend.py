"""Rates and the end of a backlog, from a few looks."""

from __future__ import annotations

import pytest

from shipper.reports.trend import LOOKS, Look, Trend


def trend_of(*looks: tuple[float, int, int]) -> Trend:
    """Return the trend of looks: when, delivered so far, bytes waiting."""
    trend = Trend()
    for at, delivered, waiting in looks:
        trend.add(Look(at, delivered, waiting))
    return trend


def test_a_backlog_that_shrinks_has_an_end() -> None:
    """100 bytes a second: the 400 that are left take four."""
    trend = trend_of((0.0, 0, 600), (2.0, 10, 400))

    assert trend.delivered_per_second == pytest.approx(5.0)
    assert trend.growth_per_second == pytest.approx(-100.0)
    assert trend.seconds_left == pytest.approx(4.0)


def test_a_backlog_that_grows_or_stays_has_none() -> None:
    """Nothing is foretold of it."""
    assert trend_of((0.0, 0, 400), (2.0, 0, 600)).seconds_left is None
    assert trend_of((0.0, 0, 400), (2.0, 0, 400)).seconds_left is None


def test_one_look_tells_no_speed() -> None:
    """Nor do two at the same moment."""
    assert trend_of((0.0, 0, 400)).delivered_per_second is None
    assert trend_of((0.0, 0, 400), (0.0, 9, 0)).seconds_left is None


def test_old_looks_are_forgotten() -> None:
    """A rate is of the last half minute, not of the whole watch."""
    before = [(float(at), 0, 0) for at in range(LOOKS)]
    after = [(float(LOOKS + at), 10 * at, 0) for at in range(LOOKS)]

    assert trend_of(*before, *after).delivered_per_second == pytest.approx(10.0)
