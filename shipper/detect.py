r"""Values that are secrets by their looks: tokens, keys, and numbers of payment cards.

A text comes in, what is suspected in it goes out; or the bytes of an entry come in,
and a quick answer whether anything could be found there at all. A yes may be wrong
and only costs time; a no never is. It cannot be: a kind is only looked for in texts
that hold one of its signs, a sign is a piece of plain ASCII, and an entry can hide
such a piece only behind an escape (``\u0041``, ``%41``) or Base64, which are a yes.

Our own masks and marks are never suspected.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from msgspec import Struct

from shipper.cardplaces import CARD_SHAPE, is_card_before
from shipper.cards import FEWEST_DIGITS, card_numbers
from shipper.needles import Automaton, Needles, Pattern, Shapes
from shipper.tokens import TOKENS

CARD: Final = "card-number"
MOST_PLACES: Final = 8  # that look like a card's; of more, looking at all is quicker
MOST_SHOWN: Final = 24  # characters of a shape; a longer one says nothing more


class Finding(Struct, frozen=True, gc=False):
    """What is suspected, and where: `text[start:end]`."""

    kind: str
    start: int
    end: int


class Doubt(Enum):
    """What a look at the bytes of an entry leaves open."""

    NONE = "nothing is there"
    PACKED = "something may be in what is in Base64"
    SOME = "something may be anywhere"


# Asked for once a record: a member of an enumeration costs as much as a short search.
NO_DOUBT: Final = Doubt.NONE

KINDS: Final = (*dict.fromkeys(kind.word for kind in TOKENS), CARD)

# What stands for a secret already: ReadMe's mask, the keyed one, and our marks.
_MASKED = re.compile(
    r"(?:hmac-)?sha512-[A-Za-z0-9+/]{86}==(?:\?[^\s\"\\]{1,4})?"
    r"|\[(?:REDACTED(?: [0-9]+)?|NOT SENT: [a-z-]+)\]"
)
# An entry can hide these behind an escape. Signs are made of letters, digits and
# - _ . = alone; cards have blanks too, for which a form writes +; and what begins an
# escape may be hidden itself.
_HIDDEN_LETTERS: Final = string.ascii_letters + string.digits + "-_.= +%\\"
# Encoded in every other URL, and no part of a sign but one, which is looked for so.
_OFTEN_ENCODED: Final = "= +%"
_RAW_SIGN: Final = "sig%3"
_PACKED: Final = b"base64"  # what is packed cannot be judged by the bytes around it


class Detectors:
    """Looks for some kinds of secrets, or all of them.

    Args:
        kinds: Which of `KINDS`.

    Attributes:
        are_any: False when there is nothing to look for.
    """

    def __init__(self, kinds: Iterable[str] = KINDS) -> None:
        wanted = frozenset(kinds)
        self._kinds = tuple(kind for kind in TOKENS if kind.word in wanted)
        self._has_cards = CARD in wanted
        self.are_any = bool(self._kinds) or self._has_cards
        signs = dict.fromkeys(sign for kind in self._kinds for sign in kind.signs)
        self._signs = Needles([sign.encode() for sign in signs])
        hidden = (*signs, _RAW_SIGN, *_hidings())
        self._glance = Needles([*(sign.encode() for sign in hidden), _PACKED])
        self._card_places = Shapes([Pattern(CARD_SHAPE)] if self._has_cards else [])

    def load(self) -> None:
        """Make ready for the first entry."""
        self._glance.load()
        self._card_places.load()

    @property
    def automata(self) -> tuple[Automaton, ...]:
        """One of these finds something in all bytes that leave a doubt."""
        return self._glance, self._card_places

    def find(self, text: str, name: str = "") -> list[Finding]:
        """Return what is suspected in a text, first to last, none overlapping.

        Args:
            text: Decoded: escapes are looked at as the characters they are.
            name: What the text is the value of; some secrets have no other sign.
        """
        found = list(self._tokens(text, name))
        if self._has_cards and len(text) >= FEWEST_DIGITS:
            found += (
                Finding(CARD, span.start, span.end) for span in card_numbers(text)
            )
        if not found:
            return found
        masked = [(mask.start(), mask.end()) for mask in _MASKED.finditer(text)]
        found = [
            one
            for one in found
            if not any(start < one.end and one.start < end for start, end in masked)
        ]
        # Stable: of two that begin in one place, the earlier kind of the table stays.
        found.sort(key=lambda one: one.start)
        apart: list[Finding] = []
        for one in found:
            if not apart or one.start >= apart[-1].end:
                apart.append(one)
        return apart

    def doubt(self, entry: bytes) -> Doubt:
        """Tell whether the bytes of an entry may hold anything `find` would find.

        Args:
            entry: JSON in UTF-8, of which any string may itself be JSON, a form or a
                URL, whatever is in it encoded again.
        """
        signs = self._glance.spans_in(entry)
        if signs and any(entry[start:end] != _PACKED for start, end in signs):
            return Doubt.SOME
        places = self._card_places.ends_in(entry)
        if places and (
            len(places) > MOST_PLACES
            or any(is_card_before(entry, end) for end in places)
        ):
            return Doubt.SOME
        return Doubt.PACKED if signs else NO_DOUBT

    def may_hold(self, content: bytes) -> bool:
        """Tell the same of bytes in which nothing is in Base64."""
        return self.doubt(content) is Doubt.SOME

    def _tokens(self, text: str, name: str) -> Iterator[Finding]:
        # Not in `name=text`: a sign must not come about by the joining alone.
        apart = f"{name}\n{text}".encode("utf-8", "surrogatepass")
        if not self._signs.occur_in(apart):
            return
        whole, shift = text, 0
        if name:
            whole, shift = f"{name}={text}", len(name) + 1
        for kind in self._kinds:
            if not any(sign in text or sign in name for sign in kind.signs):
                continue
            for match in kind.shape.finditer(whole):
                if kind.judge is None or kind.judge(match):
                    start, end = match.span(_secret_group(match))
                    if start >= shift:
                        yield Finding(kind.word, start - shift, end - shift)


def is_masked(text: str) -> bool:
    """Tell whether a mask or a mark stands in a text."""
    return _MASKED.search(text) is not None


def masked_sample(text: str, finding: Finding) -> str:
    """Describe a finding so that nothing of it is given away: length and shape."""
    return shape_of(text[finding.start : finding.end])


def shape_of(secret: str) -> str:
    """Return the length and the shape of a value: letters as a and A, digits as 9."""
    shown = "".join(map(_shape_of, secret[:MOST_SHOWN]))
    more = "\u2026" if len(secret) > MOST_SHOWN else ""
    return f"{shown}{more} ({len(secret)} characters)"


def _shape_of(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isascii() and character.isprintable() else "?"


def _secret_group(match: re.Match[str]) -> int | str:
    named = match.re.groupindex
    return "secret" if "secret" in named and match["secret"] is not None else 0


def _hidings() -> Iterator[str]:
    """Yield every escape that can stand for a character of a sign or of a number."""
    for letter in _HIDDEN_LETTERS:
        for code in _spellings(letter):
            yield f"\\u00{code}"
            if letter not in _OFTEN_ENCODED:
                yield f"%{code}"


def _spellings(letter: str) -> set[str]:
    """Return the two hexadecimal digits of an ASCII character in either case."""
    code = f"{ord(letter):02x}"
    return {code, code.upper()}
