"""Numbers of cards in every shape, by their bytes and by their text."""

from __future__ import annotations

import json
from itertools import accumulate
from urllib.parse import quote, quote_plus

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shipper.cards import card_numbers
from shipper.detect import CARD, Detectors

ALL = Detectors([CARD])
# As they are printed: the sizes of their groups.
GROUPS = (
    (4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1),
    (4, 6, 5), (4, 6, 4), (4, 4, 5), (6, 13), (4, 4, 4, 3),
)  # fmt: skip


def with_check_digit(digits: str) -> str:
    """Return digits with the one behind them that makes a card number of them."""
    doubled = (2 * int(digit) for digit in digits[::-2])
    total = sum(map(int, digits[-2::-2])) + sum(two // 10 + two % 10 for two in doubled)
    return f"{digits}{-total % 10}"


@st.composite
def cards(draw: st.DrawFn) -> str:
    """Return a number of some issuer, in the groups of its length or in one."""
    first, length = draw(
        st.sampled_from(
            [("4", 13), ("4", 16), ("4", 19), ("55", 16), ("2221", 16), ("34", 15)]
            + [("62", length) for length in (16, 17, 18, 19)]
            + [("36", 14), ("5018", 13), ("5018", 15), ("6304", 18)]
        )
    )
    rest = length - len(first) - 1
    digits = with_check_digit(
        first + draw(st.text("0123456789", min_size=rest, max_size=rest))
    )
    shapes = [shape for shape in GROUPS if sum(shape) == length]
    shape = draw(st.sampled_from([(length,), *shapes]))
    between = draw(st.sampled_from(" -"))
    ends = list(accumulate(shape))
    return between.join(
        digits[end - size : end] for end, size in zip(ends, shape, strict=True)
    )


@given(
    cards(),
    st.sampled_from(["", " ", "x", "12 ", "2030 ", "e9-", "0-", "\u2030", "="]),
    st.sampled_from(["", " ", "x", " 12", "-000000000000", ",", "\u00e9"]),
)
@settings(max_examples=1000)
def test_the_bytes_of_a_number_have_its_shape(
    card: str, before: str, after: str
) -> None:
    """Wherever `card_numbers` finds one, one look at the bytes found its place."""
    text = f"{before}{card}{after}"
    written = [text, json.dumps(text)[1:-1], quote(text), quote_plus(text)]
    assume(next(card_numbers(text, is_loose=True), None) is not None)

    missed = [one for one in written if not ALL.may_hold(one.encode())]

    assert missed == []
