r"""Values that are secrets by their looks: tokens, keys, and numbers of payment cards.

A text comes in, what is suspected in it goes out; or the bytes of an entry come in,
and a quick answer whether anything could be found there at all. A yes may be wrong
and only costs time; a no never is. It cannot be: a kind is only looked for in texts
that hold one of its signs, a sign is a piece of plain ASCII, and an entry can hide
such a piece only behind an escape (``\u0041``, ``%41``) or Base64, which are a yes.

Our own masks and marks are never suspected.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import string
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final

from msgspec import Struct

from shipper.cards import (
    FEWEST_DIGITS,
    FIRST_DIGITS,
    card_numbers,
    may_be_within,
)
from shipper.needles import Needles

CARD: Final = "card-number"
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


Judge = Callable[[re.Match[str]], bool]


class _Kind(Struct, frozen=True):
    """One kind of token.

    Attributes:
        word: Its name in settings, counters and reports.
        signs: Pieces of ASCII; each token of the kind stands in a text with one.
        shape: What it looks like; the group `secret`, if there is one, is the token.
        judge: Says of a match whether it is one after all.
    """

    word: str
    signs: tuple[str, ...]
    shape: re.Pattern[str]
    judge: Judge | None = None


def _is_jwt(found: re.Match[str]) -> bool:
    """Tell whether the first part is a JOSE header (RFC 7515 section 4.1.1)."""
    header = found[0].partition(".")[0]
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and "alg" in fields


def _is_packed_key(found: re.Match[str]) -> bool:
    """Tell whether Base64 that begins like a PEM block holds a private key."""
    packed = found[0][: len(found[0]) // 4 * 4]
    try:
        return b"PRIVATE KEY" in base64.b64decode(packed)
    except binascii.Error:  # pragma: no cover - the shape lets nothing else through
        return False


def _has_digit(found: re.Match[str]) -> bool:
    return any(character.isdigit() for character in found["secret"])


def _is_sas(found: re.Match[str]) -> bool:
    """Tell whether a signature has the version and expiry of a SAS beside it."""
    return all(name in found.string for name in ("sv=", "se="))


_WORD: Final = r"(?<![A-Za-z0-9_-])"  # no part of a longer word
_END: Final = r"(?![A-Za-z0-9_-])"

_KINDS: Final = (
    # A private key of RFC 7468 or OpenPGP, to its end or as far as it goes.
    _Kind(
        "private-key",
        ("-----BEGIN",),
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----)[A-Za-z0-9+/=\s:,.()\\-]){0,20000}"
            r"(?:-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
    ),
    _Kind(
        "private-key",
        ("LS0tLS1CRUdJTi",),  # the Base64 of "-----BEGIN "
        re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]{40,}"),
        _is_packed_key,
    ),
    _Kind(
        "jwt",
        # The Base64 of '{"', and of a header laid out with blanks or in lines.
        ("eyJ", "eyAg", "eyAi", "ewog", "ewoi", "ewoJ", "ew0K"),
        re.compile(
            _WORD + r"(?:eyJ|eyA[gi]|ewo[giJ]|ew0K)"
            r"[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}" + _END,
        ),
        _is_jwt,
    ),
    _Kind(
        "aws-key",
        ("AKIA", "ASIA"),
        re.compile(r"(?<![A-Za-z0-9/+])A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9/+])"),
    ),
    _Kind(
        "aws-key",
        ("ecretAccessKey", "ecret_access_key", "SECRET_ACCESS_KEY"),
        re.compile(
            r"(?:ecret(?:AccessKey|_access_key)|SECRET_ACCESS_KEY)"
            r"[\"'\\ :=>]{1,8}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
        ),
    ),
    _Kind(
        "google-key",
        ("AIza", "GOCSPX-"),
        re.compile(
            _WORD + r"(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28})" + _END
        ),
    ),
    _Kind(
        "azure-key",
        ("AccountKey", "SharedAccessKey"),
        re.compile(
            r"(?:Account|SharedAccess)Key\s*=\s*"
            r"(?P<secret>[A-Za-z0-9+/]{42,86}={1,2})(?![A-Za-z0-9+/=])"
        ),
    ),
    _Kind(
        "azure-key",
        ("sig=",),
        re.compile(
            r"(?<![A-Za-z0-9])sig=(?P<secret>[A-Za-z0-9+/%]{40,}=?)(?![A-Za-z0-9+/%=])"
        ),
        _is_sas,
    ),
    _Kind(
        "github-token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(
            _WORD + r"(?:gh[pousr]_[A-Za-z0-9]{36,251}"
            r"|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})" + _END
        ),
    ),
    _Kind(
        "gitlab-token",
        ("glpat-",),
        re.compile(_WORD + r"glpat-[A-Za-z0-9_-]{20,}(?:\.[a-z0-9.]+)?"),
    ),
    _Kind(
        "slack-token",
        ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-1-A",
         "hooks.slack"),
        re.compile(
            _WORD + r"(?:xox[abeoprs]-[A-Za-z0-9-]{10,}"
            r"|xapp-1-A[A-Za-z0-9-]{20,})" + _END
            + r"|hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/"
            r"(?P<secret>[A-Za-z0-9/_-]{20,})"
        ),
    ),
    _Kind(
        "stripe-key",
        ("k_live_", "k_test_", "whsec_"),
        re.compile(
            _WORD + r"(?:[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,})"
        ),
    ),
    _Kind(
        "service-token",
        ("npm_", "pypi-AgE", "SG.", "dop_v1_", "shpat_", "shpca_", "shppa_", "shpss_",
         "sk-ant-", "sk-proj-", "rdme_"),
        re.compile(
            _WORD + r"(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{50,}"
            r"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|dop_v1_[0-9a-f]{64}"
            r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sk-ant-[A-Za-z0-9_-]{24,}"
            r"|sk-proj-[A-Za-z0-9_-]{24,}|rdme_[A-Za-z0-9]{24,})" + _END
        ),
    ),
    # After the tokens that say what they are: of two findings in one place, the
    # earlier kind is told.
    _Kind(
        "bearer-token",
        ("Bearer", "bearer", "BEARER"),
        re.compile(
            r"(?:[Bb]earer|BEARER)[ \t]+(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)"
            r"(?![A-Za-z0-9._~+/=-])"
        ),
        _has_digit,
    ),
)  # fmt: skip

KINDS: Final = (*dict.fromkeys(kind.word for kind in _KINDS), CARD)

# What stands for a secret already: ReadMe's mask, the keyed one, and our marks.
_MASKED = re.compile(
    r"(?:hmac-)?sha512-[A-Za-z0-9+/]{86}==(?:\?[^\s\"\\]{1,4})?"
    r"|\[(?:REDACTED(?: [0-9]+)?|NOT SENT: [a-z-]+)\]"
)
# An entry can hide these behind an escape. Signs are made of letters, digits and
# - _ . = alone; cards have blanks too, for which a form writes +.
_HIDDEN_LETTERS: Final = string.ascii_letters + string.digits + "-_.= +%"
# Encoded in every other URL, and no part of a sign but one, which is looked for so.
_OFTEN_ENCODED: Final = "= +%"
_BLANK: Final = "%20"
_ASCII_ESCAPE: Final = "\\u00"  # what JSON's escapes of these begin with
_NEVER: Final = "\0-----"  # no text holds it
_RAW_SIGN: Final = "sig%3"
_PACKED: Final = "base64"  # what is packed cannot be judged by the bytes around it

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


class Detectors:
    """Looks for some kinds of secrets, or all of them.

    Args:
        kinds: Which of `KINDS`.

    Attributes:
        are_any: False when there is nothing to look for.
    """

    def __init__(self, kinds: Iterable[str] = KINDS) -> None:
        wanted = frozenset(kinds)
        self._kinds = tuple(kind for kind in _KINDS if kind.word in wanted)
        self._has_cards = CARD in wanted
        self.are_any = bool(self._kinds) or self._has_cards
        own = dict.fromkeys(sign for kind in self._kinds for sign in kind.signs)
        signs = (*own, _RAW_SIGN)
        self._own_signs = _needles(own or [_NEVER])
        self._signs = _needles(signs)
        self._hidings = _needles(_hidings())
        # One look at all the bytes is enough for most entries. Three bytes and more of
        # each word are what the library needs to be quick.
        self._glance = _needles((*signs, _PACKED, _ASCII_ESCAPE))
        self._encoded = _needles(_encoded())
        self._encodings = _needles((*_encoded(), _BLANK))

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
        is_seen = self._glance.occur_in(entry)
        if is_seen and (self._signs.occur_in(entry) or self._hidings.occur_in(entry)):
            return Doubt.SOME
        text = entry
        if _PERCENT in entry and self._encodings.occur_in(entry):
            if self._encoded.occur_in(entry):
                return Doubt.SOME
            text = entry.replace(_BLANK.encode(), b" ")
        if self._has_cards and _may_hold_card(text):
            return Doubt.SOME
        return Doubt.PACKED if is_seen and _PACKED.encode() in entry else NO_DOUBT

    def may_hold(self, content: bytes) -> bool:
        """Tell the same of bytes in which nothing is in Base64."""
        return self.doubt(content) is Doubt.SOME

    def _tokens(self, text: str, name: str) -> Iterator[Finding]:
        # Not in `name=text`: a sign must not come about by the joining alone.
        apart = f"{name}\n{text}".encode("utf-8", "surrogatepass")
        if not self._own_signs.occur_in(apart):
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


def _needles(words: Iterable[str]) -> Needles:
    return Needles(word.encode() for word in words)


def _hidings() -> Iterator[str]:
    """Yield every escape that can stand for a character of a sign or of a number."""
    for letter in _HIDDEN_LETTERS:
        for code in _spellings(letter):
            yield f"{_ASCII_ESCAPE}{code}"


def _encoded() -> Iterator[str]:
    """Yield the same in percent-encoding, but for what is often encoded."""
    for letter in _HIDDEN_LETTERS:
        if letter not in _OFTEN_ENCODED:
            for code in _spellings(letter):
                yield f"%{code}"


def _spellings(letter: str) -> set[str]:
    """Return the two hexadecimal digits of an ASCII character in either case."""
    code = f"{ord(letter):02x}"
    return {code, code.upper()}


def _may_hold_card(entry: bytes) -> bool:
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
