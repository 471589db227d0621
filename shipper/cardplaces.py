r"""Where the bytes of an entry may hold the number of a payment card.

A shape goes out, for one search through all the bytes of an entry, and whether a place
it was found at may be a card number after all. A yes may be wrong and only costs time;
a no never is, however the number is encoded. Ids and times are runs of digits and
dashes too, so that the shape asks for as much as `cards` knows: the first digit, the
groups that are printed on cards, and no digit before or behind them.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.cards import (
    FEWEST_DIGITS,
    FIRST_DIGITS,
    MOST_DIGITS,
    SHAPES,
    card_numbers,
)

# A number ends an escape, or anything that is no digit.
_BEFORE: Final = rb"(?:^|[^0-9]|%[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})"
_BEHIND: Final = rb"(?:[^0-9]|$)"
_BETWEEN: Final = rb"(?:[ +-]|%20)"  # a form writes + for a blank
_LONGEST: Final = 48  # more than any of the shapes is long
_BLANK = re.compile(rb"%20|\+")
_ESCAPE = re.compile(rb"\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}")


def _digits(fewest: int, most: int) -> bytes:
    """Return the shape of a group of digits that a number begins with."""
    return f"[{FIRST_DIGITS}][0-9]{{{fewest - 1},{most - 1}}}".encode()


def _groups(sizes: tuple[int, ...]) -> bytes:
    """Return the shape of a number in groups of these sizes."""
    first, *others = sizes
    rest = [f"[0-9]{{{size}}}".encode() for size in others]
    return _BETWEEN.join((_digits(first, first), *rest))


_ONE_GROUP: Final = _digits(FEWEST_DIGITS, MOST_DIGITS)
_NUMBER: Final = b"|".join((_ONE_GROUP, *map(_groups, sorted(SHAPES))))
CARD_SHAPE: Final = b"%b(?:%b)%b" % (_BEFORE, _NUMBER, _BEHIND)


def is_card_before(entry: bytes, end: int) -> bool:
    """Tell whether what ends at a place may be a card number, however it is encoded.

    Args:
        entry: Any bytes.
        end: Where `CARD_SHAPE` ends.
    """
    nearby = _BLANK.sub(b" ", entry[max(0, end - _LONGEST) : end])
    # An escape may end in digits, which are no part of a number behind it.
    return any(
        next(card_numbers(text.decode("latin-1"), is_loose=True), None) is not None
        for text in (nearby, _ESCAPE.sub(b"?", nearby))
    )
