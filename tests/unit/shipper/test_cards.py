"""Numbers of payment cards, as they stand and within longer runs of digits."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shipper.cards import LONGEST_RUN, card_numbers, is_card_number, may_be_within

RUNS = st.text("0123456789", min_size=13, max_size=40)


def parts_of(run: str) -> list[str]:
    """Return every part of a run that is as long as a number may be."""
    return [
        run[start : start + length]
        for length in range(13, 20)
        for start in range(len(run) - length + 1)
    ]


@given(RUNS)
@example("4111111111111111")
@example("22378282246310005")
@example("0000000040008000000000000080")
def test_a_part_of_a_run_is_found_wherever_it_stands(run: str) -> None:
    """As looking at each part by itself finds it."""
    assert may_be_within(run.encode()) is any(map(is_card_number, parts_of(run)))


def test_of_a_very_long_run_nothing_is_known() -> None:
    """Which is no reason to say that there is none."""
    assert may_be_within(b"0" * (LONGEST_RUN + 1))
    assert not may_be_within(b"0" * LONGEST_RUN)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pay 4111 1111 1111 1111 now", ["4111 1111 1111 1111"]),
        ("3782-822463-10005", ["3782-822463-10005"]),
        ("4111111111111112", []),
        ("x4111111111111111", []),
        ("4111  1111 1111 1111", []),
    ],
)
def test_a_number_stands_alone_or_in_the_groups_of_a_card(
    text: str, shown: list[str]
) -> None:
    """With a right check digit, and no part of a longer word."""
    found = [text[span.start : span.end] for span in card_numbers(text)]

    assert found == shown
