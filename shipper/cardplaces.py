r"""Where the bytes of an entry may hold the number of a payment card.

A shape goes out, for one search through all the bytes of an entry, and whether a place
it was found at may be a card number after all. A yes may be wrong and only costs time;
a no never is, however the number is encoded. Ids and times are runs of digits and
dashes too, so that the shape asks for as much as it can: the first digit, the groups
that are printed on cards, and no digit before or behind them.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.cards import card_numbers

# A number ends an escape, or anything that is no digit.
_BEFORE: Final = rb"(?:^|[^0-9]|%[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})"
_BEHIND: Final = rb"(?:[^0-9]|$)"
_BETWEEN: Final = rb"(?:[ +-]|%20)"  # a form writes + for a blank
# By `cards`: one group of digits, or groups such as 4-4-4-4-3, 4-6-5 and 6-13, with S
# for what is between them.
_GROUPS: Final = (
    rb"[2-6][0-9]{3}(?:[0-9]{9,15}|[0-9]{2}S[0-9]{13}|S[0-9]{6}S[0-9]{4,5}"
    rb"|S[0-9]{4}S(?:[0-9]{5}|[0-9]{4}S[0-9]{1,4}))"
)
CARD_SHAPE: Final = b"".join((_BEFORE, _GROUPS, _BEHIND)).replace(b"S", _BETWEEN)
_LONGEST: Final = 48  # more than any of these is long
_FIFTH_GROUP: Final = len("%204444")  # of the longest ones
_BLANK = re.compile(rb"%20|\+")
_ESCAPE = re.compile(rb"\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}")


def is_card_before(entry: bytes, end: int) -> bool:
    """Tell whether what ends at a place may be a card number, however it is encoded.

    Args:
        entry: Any bytes.
        end: Where `CARD_SHAPE` ends; of five groups, the first four do.
    """
    nearby = entry[max(0, end - _LONGEST) : end + _FIFTH_GROUP]
    nearby = _BLANK.sub(b" ", nearby)
    # An escape may end in digits, which are no part of a number behind it.
    return any(
        next(card_numbers(text.decode("latin-1"), is_loose=True), None) is not None
        for text in (nearby, _ESCAPE.sub(b"?", nearby))
    )
