"""Numbers of payment cards, as they stand and within longer runs of digits."""

from __future__ import annotations

import pytest

from shipper.cards import card_numbers


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
