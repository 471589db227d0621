"""Whether a record can hold a listed name at all, decided cheaply.

A parsed record comes in and a yes or no goes out. A yes may be wrong and only costs
time; a no never is: property tests compare with what the redactor finds in every
record. Names can hide in JSON escapes, in percent-encoding, in letters that fold to
ASCII, and in bodies that are packed, cut or Base64; all of these are a yes, unless
the escape cannot spell a letter of a name.

It is decided twice. The bytes of the whole entry are searched once, for everything
that could be a name; nearly all records end there. Where something was found, the
parts are looked at one by one: "ssn" stands in "className" as well.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from msgspec import UNSET, UnsetType

from shipper import har
from shipper.bodies import document_in, is_data_url
from shipper.disguises import (
    FOLDING,
    SPELLING_BYTE,
    are_plain,
    may_fold,
    may_spell,
)
from shipper.jsontext import is_json, looks_like_json
from shipper.lists import (
    HeaderKind,
    Lists,
    last_name,
)
from shipper.needles import NO_DOUBT, Doubt, Needles
from shipper.record import Record
from shipper.scrub import is_string, may_part, may_tell

# Asked for as numbers, single bytes are looked for by memchr, at next to no cost.
_NUL, _BACKSLASH = b"\0\\"
# What a name may be disguised by, as it stands in the bytes of an entry: an escape of
# an ASCII character or of a folding letter; bodies in Base64 hide anything.
_DISGUISES: Final = (
    *sorted({f"\\u{ord(letter):04x}"[:4].encode() for letter in ("\0", *FOLDING)}),
)
_PACKED: Final = b"base64"
# The same as far as it matters in a text of its own: of an ASCII name character, a
# quote, a percent sign, a backslash, NUL, or a folding letter.
_ESCAPES = re.compile(
    rb"\\u(?:00(?:"
    + SPELLING_BYTE
    + b")|"
    + "|".join(f"{ord(letter):04x}" for letter in FOLDING).encode()
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
        self._lists = lists
        words = lists.names | {last_name(path) for path in lists.paths}
        # A name with other characters may be escaped in ways not looked for here.
        self._is_blind = lists.is_allowlist or not are_plain(words)
        ordered = sorted(word.encode() for word in words)
        self._hints = Needles([*ordered, *_DISGUISES, _PACKED])
        self._telling = Needles([*ordered, *_DISGUISES])
        anywhere = _by_letter(ordered)
        self._anywhere = re.compile(anywhere)
        self._quoted = re.compile(b'"(?:' + anywhere + b')["\\\\]')

    def doubt(self, record: Record) -> Doubt:
        """Tell what the redactor has to look at in this record."""
        if self._is_blind or record.is_open:
            return Doubt.SOME
        low = record.entry.lower()
        is_hinted = self._hints.occur_in(low)
        is_disguised = may_spell(low) or may_fold(low)
        if not is_hinted and not is_disguised:
            return NO_DOUBT
        if not is_disguised and _PACKED in low and not self._telling.occur_in(low):
            return Doubt.PACKED
        return Doubt.SOME if self._suspects_parts(record) else NO_DOUBT

    def _suspects_parts(self, record: Record) -> bool:
        entry = record.har
        request, response = entry.request, entry.response
        urls = (request.url, response.redirect_url, entry.pageref)
        # Short texts in which a name may stand anywhere; looked through all at once.
        odds = [url for url in urls if url is not UNSET and ("=" in url or "?" in url)]
        return (
            self._hides_header(request.headers)
            or self._hides_header(response.headers)
            or self._suspects_names(request, response, odds)
            or self._suspects_sent(request.post_data, odds)
            or self._suspects_given(response.content)
            or self._mentioned(request.headers, response.headers, odds)
        )

    def _hides_header(self, headers: list[har.Pair]) -> bool:
        kinds, hidden = self._lists.header_kinds, HeaderKind.HIDDEN
        for header in headers:  # noqa: SIM110 - a generator costs as much as all of this
            if kinds[header.name] is hidden:
                return True
        return False

    def _mentioned(
        self, sent: list[har.Pair], given: list[har.Pair], odds: list[str]
    ) -> bool:
        """Tell whether a name may stand in the values of headers, or in odd texts."""
        kinds, plain = self._lists.header_kinds, HeaderKind.PLAIN
        odds += (
            header.value
            for header in (*sent, *given)
            if kinds[header.name] is not plain or may_tell(header.value)
        )
        return bool(odds) and self._mentions("\n".join(odds))

    def _suspects_names(
        self, request: har.Request, response: har.Response, odds: list[str]
    ) -> bool:
        hides, bare = self._lists.hides_param, self._lists.hides_bare
        for pair in request.query_string:
            if hides[pair.name] or (not pair.value and bare[pair.name]):
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
            return is_data_url(body.text) or self._suspects_body(body.text)
        assert body.params is not UNSET
        document = document_in(body.params)
        if document is not None:
            odds.append(document)
        for param in body.params:
            if self._lists.hides_param[param.name]:
                return True
            value = param.value
            if (value is UNSET or not value) and self._lists.hides_bare[param.name]:
                return True
            if value is not UNSET:
                if is_data_url(value):
                    return True
                if may_part(value):
                    odds.append(value)
        return False

    def _suspects_given(self, body: har.Content) -> bool:
        if body.text is UNSET or not body.text:
            return False
        return body.encoding is not UNSET or self._suspects_body(body.text)

    def _suspects_body(self, text: str) -> bool:
        if not looks_like_json(text) or is_string(text) or not is_json(text):
            return self._mentions(text)
        low = text.encode().lower()
        if self._quoted.search(low) or (_BACKSLASH in low and _ESCAPES.search(low)):
            return True
        return may_fold(low)

    def _mentions(self, text: str) -> bool:
        """Tell whether a name may stand anywhere in a text."""
        low = text.encode().lower()
        if self._anywhere.search(low) or _NUL in low:
            return True
        if may_spell(low):
            return True
        if _BACKSLASH in low and _ESCAPES.search(low):
            return True
        return may_fold(low)
