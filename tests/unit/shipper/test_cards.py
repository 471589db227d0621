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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DE80 2648 4756 4696 0623 07", []),
        ("iban: PL42 3542 8537 8458 8106 2345 4790.", []),
        ("at35 4184 9100 5905 6721", []),
        # Another check, more digits, or no country: a number like any other.
        ("AT36 4184 9100 5905 6721", ["4184 9100 5905 6721"]),
        ("AT35 4184 9100 5905 6721 " * 2, []),
        ("AT35 4184 9100 5905 6721 4111", ["4184 9100 5905 6721"]),
        ("35 4184 9100 5905 6721", ["4184 9100 5905 6721"]),
        ("é\u00b235 4184 9100 5905 6721", ["4184 9100 5905 6721"]),
        ("DE80 " + "4111 " * 9000, []),
    ],
)
def test_the_number_of_an_account_is_no_card(text: str, shown: list[str]) -> None:
    """One in thirty IBANs has digits in it that are a card's by their looks."""
    found = [text[span.start : span.end] for span in card_numbers(text)]

    assert found == shown
