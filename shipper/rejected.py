r"""The text of a line that was refused, fit to be shown to people.

Any bytes come in, text without listed secrets goes out. A refused line has no known
shape, so this errs on the side of hiding: the value of a listed name reaches to the
next ``&``, to ``HTTP/1.1``, or to the end of the text; pairs outside a query may be
cookies and lose their values; and when a listed name may be spelled in a way that is
not looked for, the whole text is replaced by ``[NOT SHOWN: reason]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from wsgi_writer.credentials import SCHEMES
from wsgi_writer.mask import Masks

MAX_SHOWN_BYTES: Final = 4096  # of a line; the rest says nothing about its shape
HIDDEN: Final = "[REDACTED]"

_BODIES: Final = ("postData", "content")  # HAR 1.2: of any type, perhaps packed
_COOKIES: Final = ("cookie", "cookie2", "cookies", "set-cookie", "set-cookie2")
# What may stand between a name and its separator: quotes and brackets, escaped or not.
# A run of backslashes is taken whole: cut at each, one line takes a third of a second.
_CLOSING: Final = (
    r"(?:[\"'\]\)\\\s]|\\++x[0-9a-f]{2}|\\++u[0-9a-f]{4}|%(?:25){0,3}[0-9a-f]{2}){0,8}"
)
# The steps behind a listed one, as in `token[0]` or `password.old`: a parameter's,
# and those of anything else, which may as well be a host with its port.
_INDEX: Final = r"(?:\[|%(?:25){0,3}5b|\\++x5b|\\++u005b)[^&=?/\s]{0,64}"
_STEPS: Final = rf"(?:{_INDEX}|(?:\.|%(?:25){{0,3}}2e)[^&=?/\s]{{0,64}})?"
_INDICES: Final = rf"(?:{_INDEX})?"
_EQUALS: Final = r"(?:=|%(?:25){0,3}3d|\\++x3d|\\++u003d)"
_COLON: Final = r"(?::|%(?:25){0,3}3a|\\++x3a|\\++u003a)"
_PAIR_VALUE: Final = r"(?:(?!&| HTTP/[0-9])[\s\S])*+"
_WORDS: Final = frozenset(SCHEMES) - {"key", "signature", "mutual", "api-key", "apikey"}
_CREDENTIAL: Final = re.compile(
    r"(?<![a-z0-9])((?:"
    + "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
    + r")(?:[\s:+]|%20|%3a)+)[^\s\"]+",
    re.IGNORECASE,
)
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_\-]{4,}+(?:\.[A-Za-z0-9_\-]*+){1,4}")
_USERINFO: Final = re.compile(
    r"((?:[:=\s\"'<(]|^|%3a)(?://|%2f%2f))[^/?#\s<>]*@", re.IGNORECASE
)
# `name=value` that does not follow `?` or `&`: a cookie, for all we know.
_LOOSE_PAIR: Final = re.compile(
    r"((?:^|[\s;\"'{}|,(]|%20|%3b)[^\s=;&?\"/]{1,256}=)(?!\[REDACTED)([^\s;\"&]+)",
    re.IGNORECASE,
)
# What is cut off behind it may be the `@` that makes it one.
_OPEN_USERINFO: Final = re.compile(r"(?://|%2f%2f)[^/?#\s<>@]*\Z", re.IGNORECASE)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_ESCAPE: Final = re.compile(r"(?<!\\)\\++(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_MAX_UNQUOTINGS: Final = 4


class RejectedText:
    """Shows refused lines, under one set of masks."""

    def __init__(self, masks: Masks) -> None:
        fields = masks.fields or frozenset()
        names = {
            *masks.key_headers, *masks.redacted_headers, *masks.key_query,
            *masks.redacted_query, *fields, *_COOKIES,
        }  # fmt: skip
        listed = f"(?<![a-z0-9])(?:{_any_of(names)})"
        # `cookie_NAME` is nginx's variable for one cookie; a form has `user[NAME]`.
        self._key = re.compile(
            rf"{listed}(?:[\[\].][\s\S]*+)?\Z|\Acookie_", re.IGNORECASE
        )
        self._pair = re.compile(
            f"({listed}{_STEPS}{_CLOSING}{_EQUALS}){_PAIR_VALUE}", re.IGNORECASE
        )
        self._member = re.compile(
            rf"({listed}{_INDICES}{_CLOSING}{_COLON})[\s\S]*+", re.IGNORECASE
        )
        self._cookie = re.compile(
            rf"((?<![a-z0-9])(?:{_any_of(_COOKIES)}){_CLOSING}{_EQUALS})[\s\S]*+",
            re.IGNORECASE,
        )
        # A part of a form (multipart) has its value behind its head, and its name in
        # it, as HAR has them one behind the other; the other parts go as well.
        part = (
            rf"(?<![a-z0-9])name\*?{_CLOSING}(?:{_EQUALS}|{_COLON}){_CLOSING}"
            r"(?:[\w\-]{1,16}'')?"
            rf"(?:[\w.\[\]\-]{{0,64}}[\[.])?(?:{_any_of(names)})(?![a-z0-9_\-])"
        )
        self._part = re.compile(rf"({part})[\s\S]*+", re.IGNORECASE)
        self._left = re.compile(
            rf"{listed}(?:{_STEPS}{_CLOSING}{_EQUALS}|{_INDICES}{_CLOSING}{_COLON})"
            rf"(?!\s*\[REDACTED)(?=[^&\s])"
            rf"|{part}(?!\[REDACTED)",
            re.IGNORECASE,
        )

    def show(self, line: bytes) -> str:
        """Return the text of a line without any listed secret in clear."""
        if b"\0" in line[:MAX_SHOWN_BYTES]:
            return "[NOT SHOWN: binary data, or text in UTF-16]"
        try:
            document = _document(line)
            if document is not None:
                text = json.dumps(self._tree(document, _Room()), ensure_ascii=False)
                # Whoever keeps it encodes it, and there are no bytes for half a pair.
                return _SURROGATES.sub("\ufffd", text)[:MAX_SHOWN_BYTES]
            is_cut = len(line) > MAX_SHOWN_BYTES
            return self._text(_decoded(line[:MAX_SHOWN_BYTES]), is_cut=is_cut)
        except _UnsureError:
            return "[NOT SHOWN: a listed name may be hidden in it]"
        except RecursionError:
            return "[NOT SHOWN: nested too deeply]"

    def _tree(self, value: Any, room: _Room) -> Any:
        """Mask a decoded JSON value; what is not known to be safe is text."""
        room.take(1)
        if isinstance(value, dict):
            return self._object(value, room)
        if isinstance(value, list):
            return [self._tree(inner, room) for inner in value if room.is_left]
        if isinstance(value, str):
            document = _document(value.encode("utf-8", "replace"))
            if document is not None:
                return json.dumps(self._tree(document, room), ensure_ascii=False)
            return room.take_text(self._text(value))
        return value

    def _object(self, value: dict[str, Any], room: _Room) -> dict[str, Any]:
        named = value.get("name")
        is_listed = isinstance(named, str) and self._is_listed(named)
        return {
            room.take_text(self._text(key)): HIDDEN
            if self._is_listed(key)
            or (is_listed and key != "name")
            or (key in _BODIES and isinstance(inner, dict))
            else self._tree(inner, room)
            for key, inner in value.items()
            if room.is_left
        }

    def _is_listed(self, name: str) -> bool:
        return self._key.search(_plain(name).strip()) is not None

    def _text(self, text: str, *, is_cut: bool = False) -> str:
        """Mask free text, or as much from its beginning as may be shown of a line.

        Raises:
            _UnsureError: A listed name may be left in a spelling not looked for.
        """
        if is_cut or len(text) > MAX_SHOWN_BYTES:
            text = _OPEN_USERINFO.sub("", text[:MAX_SHOWN_BYTES])
        text = self._cookie.sub(rf"\1{HIDDEN}", text)
        text = self._pair.sub(rf"\1{HIDDEN}", text)
        text = self._member.sub(rf"\1{HIDDEN}", text)
        text = self._part.sub(rf"\1{HIDDEN}", text)
        text = _USERINFO.sub(rf"\1{HIDDEN}@", text)
        text = _CREDENTIAL.sub(rf"\1{HIDDEN}", text)
        text = _JWT.sub(HIDDEN, text)
        text = _LOOSE_PAIR.sub(rf"\1{HIDDEN}", text)
        if self._left.search(_plain(text)):
            raise _UnsureError
        return text


class _Room:
    """How much more can be shown of a document: its other values are left out."""

    def __init__(self) -> None:
        # Mutable state, of one line: characters, by the least that values take.
        self._left = MAX_SHOWN_BYTES

    @property
    def is_left(self) -> bool:
        return self._left > 0

    def take(self, characters: int) -> None:
        self._left -= characters

    def take_text(self, text: str) -> str:
        self.take(len(text))
        return text


class _UnsureError(Exception):
    """It cannot be decided whether a listed secret is left."""


def _any_of(names: Iterable[str]) -> str:
    """Return a pattern of the names in every spelling, percent-encoded dashes too."""
    patterns = {
        re.sub(
            r"(?:\\-|_)", lambda _: r"(?:[_\-]|%(?:25){0,3}(?:2d|5f))?", re.escape(name)
        )
        for name in names
    }
    return "|".join(sorted(patterns, key=len, reverse=True))


def _document(line: bytes) -> Any:
    """Return a JSON object or array, or None for anything else."""
    start = line.lstrip()[:1]
    if start not in (b"{", b"["):
        return None
    try:
        return json.loads(_decoded(line), strict=False)
    except ValueError:
        return None


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _plain(text: str) -> str:
    """Undo the escapes of URLs, JSON and log lines, as deep as anybody nests them."""
    for _ in range(_MAX_UNQUOTINGS):
        plain = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
        plain = unquote(plain, errors="replace")
        if plain == text:
            break
        text = plain
    return text
