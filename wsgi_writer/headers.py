"""Header lists as they lie on disk: every name, and every value that may be there.

A list of (name, value) pairs comes in; its HAR JSON goes out with credentials,
cookies and the parameters of URLs replaced, and beside it what the rest of the
record needs to know: content type and coding, Location, and what the credentials
say about the caller. Called once per request for each side, so everything that
depends on a name, or on a value that comes again, is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted

from wsgi_writer.credentials import (
    Cookies,
    Credential,
    SetCookies,
    read_cookies,
    read_credential,
)
from wsgi_writer.mask import Masks, Remembered, header_word, redacted
from wsgi_writer.urls import UrlMask, without_userinfo

# Headers whose values are URLs, or hold one (Refresh, Link).
URL_HEADERS = frozenset(
    {
        "destination", "link", "ping-from", "ping-to", "refresh", "sourcemap",
        "x-lighttpd-send-file", "x-sendfile", "x-sourcemap",
    }
)  # fmt: skip
# How all others end, such as Referer and Content-Location, and the request target as
# it is written again by a proxy in front of the application.
URL_ENDS = (
    "location",
    "path",
    "redirect",
    "referer",
    "referrer",
    "target",
    "uri",
    "url",
)
# Values up to this stay in a record that sheds values: no mask is longer than 128.
SHED_VALUE_LENGTH = 128

REMEMBERED_PLANS = 256  # clients of a service send their headers in few orders

_FIRST = '},{"name":'


class HeaderBlock:
    """One side's headers: the JSON array, and what the record needs beside it.

    `authorization` is what the Authorization header said, `keys` and `cookies` are
    the masks of other credentials by lower-case name. Built twice per request, hence
    not frozen, with what most requests lack left to the class, and without
    dictionaries as long as there is nothing to put in them.
    """

    json = "[]"
    content_type = ""
    content_encoding = ""
    location = ""
    authorization: Credential | None = None
    keys: dict[str, str] | None = None
    cookies: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How to lay out a list of headers whose names are known, in one step.

    `pieces` is the JSON with every second piece left empty, for a value; `readers` are
    the values that may not be shown as they are, by their place in the list; `type_at`
    is where the first Content-Type stands, which nearly every list has, or -1; `words`
    are the names as they are compared.
    """

    words: list[str]
    pieces: list[str]
    readers: tuple[tuple[int, str, Reader], ...]
    type_at: int

    def lay_out(self, values: list[str]) -> HeaderBlock:
        """Return the headers with these values, which are replaced in the list."""
        block = HeaderBlock()
        if self.type_at >= 0:
            block.content_type = str.__str__(values[self.type_at])
        for index, word, read in self.readers:
            value = values[index]
            if type(value) is not str:
                # A subclass of str may slice and join with its own ideas.
                value = str.__str__(value)
            values[index] = read(word, value, block)
        pieces = self.pieces.copy()
        pieces[1::2] = map(quoted, values)
        block.json = "".join(pieces)
        if "@" in block.json:
            pieces[1::2] = map(quoted, map(without_userinfo, self.words, values))
            block.json = "".join(pieces)
        return block


# Takes a header's name as it is compared, and its value. Returns what is shown of
# the value, and notes in the block what the value says.
Reader = Callable[[str, str, HeaderBlock], str]


class HeaderMask:
    """Lays out header lists under one set of masks."""

    def __init__(self, masks: Masks, urls: UrlMask) -> None:
        # Mutable state: memories of pure functions, which any thread may fill.
        self._urls = urls
        self._known = Remembered(self._learn)
        self._credentials: Remembered[Credential] = Remembered(
            lambda value: read_credential(value, masks)
        )
        self._cookies: Remembered[Cookies] = Remembered(
            lambda value: read_cookies(value, masks)
        )
        self._set_cookies = SetCookies()
        readers: dict[str, Reader] = dict.fromkeys(URL_HEADERS, self._read_url)
        readers |= dict.fromkeys(masks.redacted_headers, _redact)
        readers |= dict.fromkeys(masks.key_headers, self._read_key)
        is_target = "location" not in masks.redacted_headers
        # An added name cannot take these from their own readers.
        self._readers = readers | {
            "authorization": self._read_authorization,
            "content-encoding": _note_encoding,
            "content-type": _note_type,
            "cookie": self._read_cookie,
            "cookie2": self._read_cookie,
            "location": self._read_location if is_target else _redact_location,
            "set-cookie": self._redact_set_cookie,
            "set-cookie2": self._redact_set_cookie,
        }

    def lay_out(self, headers: Iterable[tuple[str, str]]) -> HeaderBlock:
        """Return the headers in their order as HAR `[{"name":…,"value":…}]`."""
        block = HeaderBlock()
        parts: list[str] = []
        add = parts.append
        known = self._known
        for name, value in headers:
            lead, word, read = known[name]
            add(lead)
            if read is None:
                add(quoted(value))
            else:
                # A subclass of str may slice and join with its own ideas.
                add(quoted(read(word, str.__str__(value), block)))
        if parts:
            # Each lead closes the header before it; the first has none to close.
            block.json = f"[{''.join(parts)[2:]}}}]"
        return self._lay_out_each(headers) if "@" in block.json else block

    def plan(self, names: Iterable[str]) -> Plan:
        """Return how headers of these names, in this order, are laid out."""
        words: list[str] = []
        pieces: list[str] = []
        readers: list[tuple[int, str, Reader]] = []
        type_at = -1
        for index, name in enumerate(names):
            lead, word, read = self._known[name]
            words.append(word)
            pieces += (lead, "")
            if read is _note_type and type_at < 0:
                type_at = index
            elif read is not None:
                readers.append((index, word, read))
        if pieces:
            # Each lead closes the header before it; the first has none to close.
            pieces[0] = pieces[0][2:]
        pieces.append("}]" if pieces else "]")
        pieces[0] = "[" + pieces[0]
        return Plan(words, pieces, tuple(readers), type_at)

    def lay_out_short(self, headers: Iterable[tuple[str, str]]) -> HeaderBlock:
        """Do as `lay_out`, with a mark in place of every long value."""
        block = self._lay_out_each(headers, SHED_VALUE_LENGTH)
        if len(block.location) > SHED_VALUE_LENGTH:
            block.location = f"[SHED {len(block.location)}]"
        return block

    def _lay_out_each(
        self, headers: Iterable[tuple[str, str]], longest: int | None = None
    ) -> HeaderBlock:
        """Lay headers out, one after the other, with all that is rare looked for."""
        block = HeaderBlock()
        pieces = []
        for name, value in headers:
            _, word, read = self._known[name]
            if read == self._read_url and longest is not None and len(value) > longest:
                # Nothing is learned of a URL, and hiding what is in it takes time.
                shown = value
            else:
                shown = read(word, str.__str__(value), block) if read else value
                shown = without_userinfo(word, shown)
            if longest is not None and len(shown) > longest:
                shown = f"[SHED {len(shown)}]"
            pieces.append(f'{{"name":{quoted(name)},"value":{quoted(shown)}}}')
        block.json = f"[{','.join(pieces)}]"
        return block

    def _learn(self, name: str) -> tuple[str, str, Reader | None]:
        word = header_word(name)
        read = self._readers.get(word)
        if read is None and word.endswith(URL_ENDS):
            read = self._read_url
        return f'{_FIRST}{quoted(name)},"value":', word, read

    def _read_authorization(self, word: str, value: str, block: HeaderBlock) -> str:
        if block.authorization is not None:
            return self._read_key(word, value, block)
        block.authorization = self._credentials[value]
        return block.authorization.shown

    def _read_key(self, word: str, value: str, block: HeaderBlock) -> str:
        credential = self._credentials[value]
        if credential.id is not None:
            if block.keys is None:
                block.keys = {word: credential.shown}
            else:
                block.keys.setdefault(word, credential.shown)
        return credential.shown

    def _read_cookie(self, word: str, value: str, block: HeaderBlock) -> str:
        cookies = self._cookies[value]
        if cookies.known:
            block.cookies = cookies.known | (block.cookies or {})
        return cookies.shown

    def _redact_set_cookie(self, word: str, value: str, block: HeaderBlock) -> str:
        return self._set_cookies.redact(value)

    def _read_url(self, word: str, value: str, block: HeaderBlock) -> str:
        return self._urls.header(value)

    def _read_location(self, word: str, value: str, block: HeaderBlock) -> str:
        shown = self._urls.header(value)
        block.location = block.location or shown
        return shown


def _redact_location(word: str, value: str, block: HeaderBlock) -> str:
    # HAR repeats it as redirectURL.
    shown = _redact(word, value, block)
    block.location = block.location or shown
    return shown


def _redact(word: str, value: str, block: HeaderBlock) -> str:
    return redacted(value) if value else value


def _note_type(word: str, value: str, block: HeaderBlock) -> str:
    block.content_type = block.content_type or value
    return value


def _note_encoding(word: str, value: str, block: HeaderBlock) -> str:
    codings = (block.content_encoding, value.strip().lower())
    block.content_encoding = ",".join(filter(None, codings))
    return value
