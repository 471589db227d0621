"""Whether the bytes of an entry may hold the number of a payment card.

The bytes come in and a yes or no goes out. A yes may be wrong and only costs time; a no
never is, however the number is encoded. Ids and times are runs of digits and dashes
too, so that only the places where the groups of a card stand are looked at closely.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from shipper.cards import (
    FEWEST_DIGITS,
    FIRST_DIGITS,
    card_numbers,
    may_be_within,
)

# Digits and what may stand between those of a card, each as one character.
_BETWEEN: Final = b" -+"
_DIGITS = bytes(
    48 if 48 <= byte < 58 else 45 if byte in _BETWEEN else 120 for byte in range(256)
)
_CARD_RUN: Final = b"0" * FEWEST_DIGITS
_CARD_GROUPS: Final = (_CARD_RUN, b"0000-0000-0000", b"0000-000000-0000")
_CARD_SHAPE = re.compile(
    b"(?<!0)(?:0{13,19}|0000-(?:0000-(?:0{3,5}|0000-0{1,4})|000000-0{4,5}))(?!0)"
)
_RUN_OF_DIGITS = re.compile(b"0+")
_FIRST_GROUP: Final = len("000000-")  # before a run that is a card's second group
_LONGEST_CARD: Final = 25  # 19 digits in 5 groups, and what ends them
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}")
(_PERCENT,) = b"%"  # as a number it is looked for by memchr


def may_hold_card(entry: bytes) -> bool:
    """Tell whether an entry may hold a card number, however it is encoded.

    Ids and times are runs of digits and dashes too, so only the places where the
    groups of a card stand are looked at closely: as they are, and with every escape
    read as the end of a number.
    """
    # Without what may stand between the groups, each card is part of one run.
    runs = entry.translate(_DIGITS, _BETWEEN)
    if _CARD_RUN not in runs or not any(map(may_be_within, _long_runs(entry, runs))):
        return False
    outline = entry.translate(_DIGITS)
    present = [groups for groups in _CARD_GROUPS if groups in outline]
    if not present:
        return False
    if _has_card(entry, outline, present):
        return True
    # An escape whose last character is no digit ends a number by itself.
    if _PERCENT in entry or b"\\u" in entry:
        entry = _ESCAPED.sub(b"?", entry)
        return _has_card(entry, entry.translate(_DIGITS), present)
    return False


def _long_runs(entry: bytes, runs: bytes) -> Iterator[bytes]:
    """Yield the digits that stand together but for what may stand between groups."""
    digits = entry.translate(None, _BETWEEN)
    end = 0
    while (start := runs.find(_CARD_RUN, end)) >= 0:
        end = runs.find(b"x", start)
        end = len(runs) if end < 0 else end
        yield digits[start:end]


def _has_card(entry: bytes, outline: bytes, present: Iterable[bytes]) -> bool:
    """Tell whether a card number stands in bytes, perhaps within a longer word."""
    for groups in present:
        place = outline.find(groups)
        while place >= 0:
            if _is_card_near(entry, outline, place):
                return True
            # Another group may begin here, unless all this is one long run.
            after = place + 1
            if groups is _CARD_RUN:
                after = _RUN_OF_DIGITS.match(outline, place).end()  # type: ignore[union-attr]  # digits stand there
            place = outline.find(groups, after)
    return False


def _is_card_near(entry: bytes, outline: bytes, place: int) -> bool:
    """Tell whether a card number begins at a place, or one group before it."""
    start = max(0, place - _FIRST_GROUP)
    if outline[start:place] != b"000000-":
        start = place
        if entry[place] not in FIRST_DIGITS or not _CARD_SHAPE.match(outline, place):
            return False
    nearby = entry[start : place + _LONGEST_CARD].decode("latin-1").replace("+", " ")
    return next(card_numbers(nearby, is_loose=True), None) is not None
