r"""Mark members of JSON text by name, in place: the rest stays as it was written.

A JSON text comes in; the same object comes back when no member is listed, else a text
in which the values of listed members are marks, everything else byte for byte. None
comes back when the names cannot be told from the text alone: it is no strict JSON, a
name may be spelled with escapes or with letters that fold to its own, or stands in
JSON within a string. A tree of the text has to be built then (`trees`).

No tree is needed otherwise. In JSON that was checked, ``"name"`` with quotes of its own
and a colon after it is the name of a member and nothing else: within a string the
quotes would have backslashes, and no value is followed by a colon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from shipper.cuts import Cut, exchanged
from shipper.disguises import FOLDING, SPELLING_BYTE, may_fold
from shipper.jsontext import is_json
from shipper.lists import mark_of
from shipper.needles import Needles, Span

# In JSON, of an ASCII name character, a quote, a backslash, NUL, or a folding letter.
_ESCAPES = re.compile(
    rb"\\u(?:00(?:"
    + SPELLING_BYTE
    + b")|"
    + "|".join(f"{ord(letter):04x}" for letter in FOLDING).encode()
    + b")"
)
# A string within a string within this text: how deep it goes is for a tree to say.
_DEEP: Final = rb"\\"
# Asked for as numbers, single bytes are looked for by memchr, at next to no cost.
_QUOTE, _BACKSLASH = b'"\\'

_BLANKS: Final = rb"[ \t\r\n]*+"
# What stands behind the name of a member; its value, if that is a string as it stands.
_VALUE = re.compile(rb"\"%b:%b(?:\"([^\"\\]*+)\")?" % (_BLANKS, _BLANKS))
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_SCALAR = re.compile(rb"[^,\]}\s]+")
_NESTING = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]')
_MARK: Final = b'"' + mark_of(None).encode() + b'"'


class MemberMarks:
    """Marks the values of some members.

    Args:
        names: In lower case, of plain letters (`disguises.are_plain`), no paths.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = Needles(name.encode() for name in names)

    def scrub(self, text: str) -> str | None:
        """Mark what is listed; None if only a tree can tell."""
        try:
            raw = text.encode()
        except UnicodeEncodeError:
            return None
        low = raw.lower()
        if may_fold(low) or not is_json(text):
            return None
        if _BACKSLASH in low and (_DEEP in low or _ESCAPES.search(low)):
            return None
        spans = self._names.spans_in(low)
        return _marked(text, raw, spans) if spans else text


def _marked(text: str, raw: bytes, spans: Iterable[Span]) -> str | None:
    cuts: list[Cut] = []
    kept_to = 0
    for start, end in spans:
        if start < kept_to or raw[start - 1] != _QUOTE:
            continue  # in a value that is hidden already, or within a longer word
        if raw[start - 2] == _BACKSLASH:
            return None  # quoted within a string, that may be JSON
        found = _VALUE.match(raw, end)
        if found is None:
            continue  # within a longer name, or no name at all
        if (plain := found[1]) is not None:
            value, after = found.start(1) - 1, found.end()
            mark = b'"' + mark_of(plain.decode()).encode() + b'"'
        else:
            value = found.end()
            after = _end_of(raw, value)
            mark = _mark_of(raw[value:after])
        cuts.append((value, after, mark))
        kept_to = after
    marked = exchanged(raw, cuts)
    return text if marked == raw else marked.decode()


def _mark_of(value: bytes) -> bytes:
    """Return what takes the place of a JSON value, as JSON."""
    if value[0] != _QUOTE:
        return _MARK
    return b'"' + mark_of(msgspec.json.decode(value, type=str)).encode() + b'"'


def _end_of(raw: bytes, start: int) -> int:
    """Return where a value ends, in JSON that is known to be well-formed."""
    if raw[start] == _QUOTE:
        return _end(_STRING.match(raw, start))
    if raw[start] not in b"[{":
        return _end(_SCALAR.match(raw, start))
    depth = 0
    for piece in _NESTING.finditer(raw, start):
        if piece[0] in (b"[", b"{"):
            depth += 1
        elif piece[0] in (b"]", b"}"):
            depth -= 1
            if not depth:
                return piece.end()
    raise AssertionError("well-formed JSON ends what it begins")


def _end(found: re.Match[bytes] | None) -> int:
    assert found is not None
    return found.end()
