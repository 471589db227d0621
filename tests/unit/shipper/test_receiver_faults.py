"""When the receiver misbehaves."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.receiver.faults import Faults, Misdeed


def numbers(faults: Faults, misdeed: Misdeed, up_to: int = 12) -> list[int]:
    """Return which requests meet the misdeed."""
    return [n for n in range(1, up_to + 1) if faults.misdeed(n) is misdeed]


def test_honest_unless_told_otherwise() -> None:
    """Without faults every answer is honest."""
    assert {None} == {Faults().misdeed(number) for number in range(1, 100)}


def test_every_nth_request_meets_its_fault() -> None:
    """Faults are counted, so that a test knows beforehand which request fails."""
    assert numbers(Faults(status=500, every=7), Misdeed.STATUS) == [7]
    assert numbers(Faults(reset_every=5), Misdeed.RESET) == [5, 10]
    assert numbers(Faults(lose_answer_every=4), Misdeed.LOSE_ANSWER) == [4, 8, 12]
    assert numbers(Faults(html_every=6), Misdeed.HTML) == [6, 12]


def test_a_status_alone_is_every_answer() -> None:
    """`status` without `every` fails every request."""
    assert numbers(Faults(status=503), Misdeed.STATUS, 3) == [1, 2, 3]


def test_one_fault_a_request() -> None:
    """Where two faults meet, the more violent one is played."""
    faults = Faults(
        status=500, every=1, reset_every=4, lose_answer_every=2, html_every=3
    )

    assert [faults.misdeed(number) for number in range(1, 7)] == [
        Misdeed.STATUS,
        Misdeed.LOSE_ANSWER,
        Misdeed.HTML,
        Misdeed.RESET,
        Misdeed.STATUS,
        Misdeed.LOSE_ANSWER,
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0},
        {"reset_every": 0},
        {"lose_answer_every": -1},
        {"html_every": 0},
        {"status": 199},
        {"status": 600},
        {"delay_seconds": -1.0},
        {"drip_seconds": -0.1},
    ],
)
def test_what_cannot_be_played_is_refused(wrong: dict[str, Any]) -> None:
    """A fault that cannot be counted or sent is told at once."""
    with pytest.raises(ValueError, match="expected"):
        Faults(**wrong)
