"""Whether a record can hold a listed name at all, decided cheaply.

A parsed record comes in and a yes or no goes out. A yes may be wrong and only costs
time; a no never is: property tests compare with what the redactor finds in every
record. Names can hide in JSON escapes, in percent-encoding, in letters that fold to
ASCII, and in bodies that are packed, cut or Base64; all of these are a yes, unless
the escape cannot spell a letter of a name.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from msgspec import UNSET, UnsetType

from shipper import har
from shipper.jsontext import is_json, looks_like_json
from shipper.lists import (
    REMEMBERED_LENGTH,
    REMEMBERED_NAMES,
    HeaderKind,
    Lists,
    Memory,
    last_name,
)
from shipper.record import Record
from shipper.scrub import may_nest, may_part

_PLAIN = re.compile(r"[a-z0-9_.\-]+\Z")
_ASCII: Final = bytes(range(128))


# Every character beyond ASCII that case folding turns into ASCII letters, or into
# ASCII and something else (Unicode CaseFolding.txt; a test computes them anew).
FOLDING: Final = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a"
    "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)

# Byte patterns, all lower case, that can spell a letter of a name: a folding letter;
# a JSON escape of one, of an ASCII name character, quote, percent sign, backslash or
# NUL; percent-encoding of the same.
_RAW = re.compile(b"|".join(re.escape(letter.encode().lower()) for letter in FOLDING))
# Asked for as numbers, single bytes are looked for by memchr, at next to no cost.
_NUL, _PERCENT, _BACKSLASH = b"\0%\\"
_FIRST_BYTES: Final = frozenset(letter.encode()[0] for letter in FOLDING)
_SHARP_S: Final = "\u00df".encode()  # its first byte is common, its second one is not
_ESCAPES = re.compile(
    rb"\\u(?:00(?:00|2[25de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5[cf])|"
    + "|".join(f"{ord(letter):04x}" for letter in FOLDING).encode()
    + b")"
)
_PERCENTS = re.compile(
    rb"%(?:00|2[25de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5[cf]|"
    + "|".join(letter.encode().hex("%") for letter in FOLDING).encode()
    + b")"
)


def _by_letter(words: list[bytes]) -> bytes:
    """Return a pattern of any of the words that tries one branch for each letter."""
    branches = []
    for letter, group in groupby(words, key=lambda word: word[:1]):
        rests = b"|".join(re.escape(word[1:]) for word in group)
        branches.append(re.escape(letter) + b"(?:" + rests + b")")
    return b"|".join(branches)


class Scan:
    """Looks for the names of a denylist in records."""

    def __init__(self, lists: Lists) -> None:
        # Mutable state: bounded memories of pure functions, since headers repeat; in
        # `_plain` are names of headers about which there is nothing to say. Pipeline
        # thread.
        self._lists = lists
        words = lists.names | {last_name(path) for path in lists.paths}
        # A name with other characters may be escaped in ways not looked for here.
        self._is_blind = lists.is_allowlist or not all(map(_PLAIN.match, words))
        ordered = sorted(word.encode() for word in words)
        anywhere = _by_letter(ordered)
        self._anywhere = re.compile(anywhere)
        self._quoted = re.compile(b'"(?:' + anywhere + b')["\\\\]')
        self._plain: set[str] = set()
        self._mentioned = Memory(self._mentions)
        self._nests = Memory(may_nest)

    def suspects(self, record: Record) -> bool:
        """Tell whether the redactor has to look at this record."""
        if self._is_blind or record.is_open:
            return True
        entry = record.har
        request, response = entry.request, entry.response
        urls = (request.url, response.redirect_url, entry.pageref)
        # Short texts in which a name may stand anywhere; looked through all at once.
        odds = [url for url in urls if url is not UNSET and "=" in url]
        return (
            self._suspects_headers(request.headers, odds)
            or self._suspects_headers(response.headers, odds)
            or self._suspects_names(request, response, odds)
            or self._suspects_sent(request.post_data, odds)
            or self._suspects_given(response.content)
            or (bool(odds) and self._mentions("\n".join(odds)))
        )

    def _suspects_headers(self, headers: list[har.Pair], odds: list[str]) -> bool:
        plain = self._plain
        for header in [header for header in headers if header.name not in plain]:
            kind = self._kind(header.name)
            if kind is HeaderKind.HIDDEN:
                return True
            if kind is not HeaderKind.PLAIN and self._mentioned[header.value]:
                return True
        # What may nest has a "=", or is JSON and has quotes; most have neither.
        for value in [
            value
            for header in headers
            if "=" in (value := header.value) or '"' in value
        ]:
            if self._nests[value]:
                odds.append(value)
        return False

    def _kind(self, name: str) -> HeaderKind:
        kind = self._lists.header_kinds[name]
        if kind is HeaderKind.PLAIN and len(name) <= REMEMBERED_LENGTH:
            if len(self._plain) >= REMEMBERED_NAMES:
                self._plain.clear()
            self._plain.add(name)
        return kind

    def _suspects_names(
        self, request: har.Request, response: har.Response, odds: list[str]
    ) -> bool:
        hides = self._lists.hides_param
        for pair in request.query_string:
            if hides[pair.name]:
                return True
            if may_part(pair.value):
                odds.append(pair.value)
        cookies = request.cookies or response.cookies
        return bool(cookies) and any(
            self._lists.hides[cookie.name]
            for cookie in (*request.cookies, *response.cookies)
        )

    def _suspects_sent(self, body: har.PostData | UnsetType, odds: list[str]) -> bool:
        if body is UNSET:
            return False
        if body.text is not UNSET:
            return body.text.startswith("data:") or self._suspects_body(body.text)
        assert body.params is not UNSET
        for param in body.params:
            if self._lists.hides_param[param.name]:
                return True
            value = param.value
            if value is not UNSET:
                if value.startswith("data:"):
                    return True
                if may_part(value):
                    odds.append(value)
        return False

    def _suspects_given(self, body: har.Content) -> bool:
        if body.text is UNSET or not body.text:
            return False
        return body.encoding is not UNSET or self._suspects_body(body.text)

    def _suspects_body(self, text: str) -> bool:
        if not looks_like_json(text) or not is_json(text):
            return self._mentions(text)
        low = text.encode().lower()
        if self._quoted.search(low) or (_BACKSLASH in low and _ESCAPES.search(low)):
            return True
        return not text.isascii() and _folds(low)

    def _mentions(self, text: str) -> bool:
        """Tell whether a name may stand anywhere in a text."""
        low = text.encode().lower()
        if self._anywhere.search(low) or _NUL in low:
            return True
        if _PERCENT in low and _PERCENTS.search(low):
            return True
        if _BACKSLASH in low and _ESCAPES.search(low):
            return True
        return not text.isascii() and _folds(low)


def _folds(low: bytes) -> bool:
    """Tell whether a letter stands in a text that folds to an ASCII one."""
    for first in _FIRST_BYTES:
        if first in low and (first != _SHARP_S[0] or _SHARP_S[1] in low):
            return _RAW.search(low.translate(None, _ASCII)) is not None
    return False
