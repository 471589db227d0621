"""Payment card numbers in text, known by issuer, length and check digit.

A text comes in, the places of card numbers go out. A number counts when its first
digits belong to an issuer that gives out numbers of its length, its check digit is
right (ISO/IEC 7812-1 annex B, "Luhn"), its digits stand together or in the groups
that are printed on cards, and it is no part of a longer word or number, or of an IBAN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

FEWEST_DIGITS: Final = 13
MOST_DIGITS: Final = 19

# Runs of digits with single blanks or dashes between them.
_RUN = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,}")
_GROUP = re.compile(r"[0-9]+")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_MOST_OF_IBAN: Final = 40  # characters behind the country of one in printed groups
# How numbers are printed on cards; an ungrouped one may have any length.
SHAPES: Final = frozenset(
    {
        (4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1),
        (4, 6, 5), (4, 6, 4), (4, 4, 5), (6, 13), (4, 4, 4, 3),
    }
)  # fmt: skip
_MOST_GROUPS: Final = 5
_FIRST_LENGTHS: Final = frozenset(shape[0] for shape in SHAPES)
# Of each ASCII digit, the value that it counts for where it is doubled.
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))


class _Range(Struct, frozen=True):
    """First digits, from and to, and the lengths of the numbers they begin."""

    first: str
    last: str
    lengths: frozenset[int]


def _range(first: str, last: str, *lengths: int) -> _Range:
    return _Range(first, last, frozenset(lengths))


_ISSUERS: Final = (
    _range("4", "4", 13, 16, 19),  # Visa
    _range("51", "55", 16),  # Mastercard
    _range("2221", "2720", 16),  # Mastercard
    _range("34", "34", 15),  # American Express
    _range("37", "37", 15),  # American Express
    _range("300", "305", 14, 16),  # Diners Club
    _range("3095", "3095", 14, 16),  # Diners Club
    _range("36", "36", 14, 16),  # Diners Club
    _range("38", "39", 14, 16),  # Diners Club
    _range("6011", "6011", 16, 19),  # Discover
    _range("644", "649", 16, 19),  # Discover
    _range("65", "65", 16, 19),  # Discover, RuPay
    _range("3528", "3589", 16, 19),  # JCB
    _range("62", "62", 16, 17, 18, 19),  # UnionPay
    _range("2200", "2204", 16, 19),  # Mir
    _range("5018", "5018", 13, 14, 15, 16, 18, 19),  # Maestro
    _range("5020", "5020", 13, 14, 15, 16, 18, 19),  # Maestro
    _range("5038", "5038", 13, 14, 15, 16, 18, 19),  # Maestro
    _range("6304", "6304", 16, 18, 19),  # Maestro
    _range("6759", "6759", 16, 18, 19),  # Maestro
    _range("6761", "6763", 16, 18, 19),  # Maestro
)
FIRST_DIGITS: Final = "".join(sorted({issuer.first[0] for issuer in _ISSUERS}))


class Span(Struct, frozen=True, gc=False):
    """Where a number stands: `text[start:end]`."""

    start: int
    end: int


def card_numbers(text: str, *, is_loose: bool = False) -> Iterator[Span]:
    """Yield the card numbers of a text, first to last, none overlapping another.

    Args:
        text: Any text.
        is_loose: Also yield those that are part of a longer word.
    """
    for run in _RUN.finditer(text):
        if not is_loose and _is_iban(text, run):
            continue
        groups = [
            Span(run.start() + group.start(), run.start() + group.end())
            for group in _GROUP.finditer(run[0])
        ]
        index = 0
        while index < len(groups):
            ahead = groups[index : index + _MOST_GROUPS]
            count = _cards_groups(text, ahead, is_loose=is_loose)
            if count:
                yield Span(groups[index].start, groups[index + count - 1].end)
            index += count or 1


def _is_iban(text: str, run: re.Match[str]) -> bool:
    """Tell whether a run of digits is all of an IBAN but its country (ISO 13616)."""
    start, end = run.span()
    country = _COUNTRY.fullmatch(text, max(0, start - 2), start)
    if country is None or end - start > _MOST_OF_IBAN or run[0][2:3] != " ":
        return False
    letters = "".join(str(int(letter, 36)) for letter in country[0])
    digits = run[0].replace(" ", "").replace("-", "")
    return int(digits[2:] + letters + digits[:2]) % 97 == 1


def _is_card_number(digits: str) -> bool:
    """Tell whether digits are the number of a card."""
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return False
    length = len(digits)
    return _has_check_digit(digits.encode()) and any(
        length in issuer.lengths
        and issuer.first <= digits[: len(issuer.first)] <= issuer.last
        for issuer in _ISSUERS
    )


def _cards_groups(text: str, groups: list[Span], *, is_loose: bool) -> int:
    """Return how many of the first groups make a card number, 0 if none do."""
    start, first_length = groups[0].start, groups[0].end - groups[0].start
    if first_length not in _FIRST_LENGTHS:
        if first_length < FEWEST_DIGITS:
            return 0  # no number of its own, and none begins so
        groups = groups[:1]
    if not is_loose and not _may_begin(text, start):
        return 0
    lengths = tuple(group.end - group.start for group in groups)
    for count in range(len(groups), 0, -1):
        if lengths[:count] not in SHAPES and count > 1:
            continue
        taken = groups[:count]
        digits = "".join(text[group.start : group.end] for group in taken)
        if _is_card_number(digits) and (is_loose or _may_end(text, taken[-1].end)):
            return count
    return 0


def _may_begin(text: str, start: int) -> bool:
    before = text[max(0, start - 2) : start]
    if before[-1:].isalnum() or before[-1:] == "_":
        return False
    return not (before[-1:] == "." and before[:1].isdigit())  # 0.4111111111111111


def _may_end(text: str, end: int) -> bool:
    after = text[end : end + 2]
    if after[:1].isalnum() or after[:1] == "_":
        return False
    return not (after[:1] == "." and after[1:].isdigit())


def _has_check_digit(digits: bytes) -> bool:
    last = digits[::-2]  # each second one, from the last one on
    return (
        sum(last) - 48 * len(last) + sum(digits[-2::-2].translate(_DOUBLED))
    ) % 10 == 0
