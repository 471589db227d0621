"""Every text of an entry shown to somebody who looks for secrets, and hidden if found.

A typed entry goes in, with who looks; the entry without what was found comes out. A
text is shown with the place it has in the record, in the words of the lists:
``request.query.q``, ``response.body.user.card``. JSON is shown value by value, so that
it stays JSON; a URL piece by piece, so that it stays a URL; Base64 as the bytes in it.
Where a secret shows only through an encoding that cannot be undone in place, the whole
text is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote, unquote_plus

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from shipper import har
from shipper.bodies import (
    codings_of,
    from_base64,
    from_data_url,
    read_media_type,
    unpack,
)
from shipper.jsontext import is_json, looks_like_json, read_json, write_json
from shipper.lists import mark_of

MAX_NESTING: Final = 4  # JSON in JSON in …; deeper it is text
MOST_ROUNDS: Final = 8  # a text with more layers of secrets is hidden whole
FEWEST_DIGITS: Final = 13  # of a number that may be a card's

_WITHHELD: Final = "[NOT SENT: secret]"
_PIECES = re.compile(r"([/?&;=#]+)")
_ESCAPE = re.compile(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
# A name is shown only if it looks like one: a name may be a secret as well.
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z_$@][\w.$@\[\]-]{0,39}\Z", re.ASCII)


class Found(Protocol):
    """Where a secret stands: `text[start:end]`."""

    @property
    def start(self) -> int:
        """Its first character."""
        ...

    @property
    def end(self) -> int:
        """What stands after its last one."""
        ...


class Looker(Protocol):
    """Who looks for secrets."""

    def look(self, field: str, name: str, text: str) -> Sequence[Found]:
        """Return what is to be hidden in a text, in order, none overlapping.

        Args:
            field: Where it stands.
            name: What it is the value of, as the client wrote it; empty if unnamed.
            text: Decoded.
        """
        ...

    def may_look_into(self, content: bytes) -> bool:
        """Tell whether binary content is worth a look."""
        ...


class Walk:
    """One walk through one entry.

    Attributes:
        withheld: Why bodies were replaced, one reason a body.
    """

    def __init__(self, looker: Looker) -> None:
        # Mutable state, of one walk: which bodies were replaced.
        self._looker = looker
        self.withheld: list[str] = []

    def entry(self, entry: har.HarEntry) -> har.HarEntry:
        """Walk through all of it."""
        pageref = entry.pageref
        return replace(
            entry,
            request=self._request(entry.request),
            response=self._response(entry.response),
            pageref=pageref if pageref is UNSET else self._url("request.path", pageref),
        )

    def _request(self, request: har.Request) -> har.Request:
        return replace(
            request,
            url=self._url("request.path", request.url),
            headers=self._headers("request", request.headers),
            cookies=self._cookies("request", request.cookies),
            query_string=[
                har.Pair(
                    self._text("request.query", "", pair.name),
                    self._value("request.query", pair.name, pair.value),
                    pair.comment,
                )
                for pair in request.query_string
            ],
            post_data=self._sent(request),
        )

    def _response(self, response: har.Response) -> har.Response:
        return replace(
            response,
            headers=self._headers("response", response.headers),
            cookies=self._cookies("response", response.cookies),
            content=self._given(response),
            redirect_url=self._url("response.header.location", response.redirect_url),
        )

    def _headers(self, side: str, headers: list[har.Pair]) -> list[har.Pair]:
        return [
            har.Pair(
                header.name,
                self._value(f"{side}.header", header.name, header.value),
                header.comment,
            )
            for header in headers
        ]

    def _cookies(self, side: str, cookies: list[har.Cookie]) -> list[har.Cookie]:
        return [
            replace(
                cookie, value=self._value(f"{side}.header", cookie.name, cookie.value)
            )
            for cookie in cookies
        ]

    def _sent(self, request: har.Request) -> har.PostData | UnsetType:
        body = request.post_data
        if body is UNSET:
            return body
        if body.text is UNSET:
            assert body.params is not UNSET
            return replace(body, params=[self._param(param) for param in body.params])
        if _is_data_url(body.text):
            content = from_data_url(body.text)
            is_found = self._is_found_in("request.body", content, request.headers)
            text = self._withheld() if is_found else body.text
        else:
            text = self._body("request.body", body.text, body.mime_type)
        return replace(body, text=text)

    def _param(self, param: har.Param) -> har.Param:
        name = self._text("request.body", "", param.name)
        value = param.value
        if value is UNSET:
            return replace(param, name=name)
        if _is_data_url(value):
            field = _field("request.body", param.name)
            if self._is_found_in(field, from_data_url(value), ()):
                value = self._withheld()
        else:
            value = self._value("request.body", param.name, value)
        return replace(param, name=name, value=value)

    def _given(self, response: har.Response) -> har.Content:
        body = response.content
        if body.text is UNSET or not body.text:
            return body
        if body.encoding is UNSET:
            text = self._body("response.body", body.text, body.mime_type)
            return replace(body, text=text)
        content = from_base64(body.text)
        if self._is_found_in("response.body", content, response.headers):
            return replace(body, text=self._withheld(), encoding=UNSET)
        return body

    def _withheld(self) -> str:
        self.withheld.append("secret")
        return _WITHHELD

    def _is_found_in(
        self, field: str, content: bytes | None, headers: Sequence[har.Pair]
    ) -> bool:
        """Tell whether something is found in bytes, or in what they are packed from."""
        return any(
            self._looker.look(field, "", version.decode("latin-1"))
            for version in _versions(content, headers)
            if self._looker.may_look_into(version)
        )

    def _body(self, field: str, text: str, mime_type: str) -> str:
        """Hide what is found in the text of a body, or all of it."""
        hidden = self._json(field, text, _WITHHELD) if looks_like_json(text) else None
        if hidden is None and read_media_type(mime_type).is_form:
            hidden = self._pieces(field, field, text, unquote_plus)
        elif hidden is None:
            hidden = self._plain(field, "", text)
        if hidden is None or (hidden == _WITHHELD and text != _WITHHELD):
            return self._withheld()
        return hidden

    def _value(self, place: str, name: str, text: str) -> str:
        """Hide what is found in the value of a header, a parameter or a cookie."""
        field = _field(place, name)
        if looks_like_json(text):
            hidden = self._json(field, text, mark_of(text))
            if hidden is not None:
                return hidden
        if "%" in text or "://" in text:
            return self._pieces(field, field, text, unquote_plus, name)
        return self._text(field, name, text)

    def _text(self, field: str, name: str, text: str) -> str:
        hidden = self._plain(field, name, text)
        return mark_of(text) if hidden is None else hidden

    def _hidden(
        self, field: str, name: str, text: str, written: Callable[[str], str] = str
    ) -> str:
        """Put marks in the place of what is found."""
        # A secret may show only when its neighbour has gone.
        for _ in range(MOST_ROUNDS):
            found = self._looker.look(field, name, text)
            if not found:
                return text
            for one in reversed(found):
                mark = written(mark_of(text[one.start : one.end]))
                text = text[: one.start] + mark + text[one.end :]
        return written(mark_of(text))

    def _plain(self, field: str, name: str, text: str) -> str | None:
        """Hide what is found; None when that cannot be done in place."""
        text = self._hidden(field, name, text)
        if "\\u" in text or "%" in text:
            decoded = unquote(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
            if decoded != text and self._looker.look(field, name, decoded):
                return None
        return text

    def _url(self, field: str, text: str) -> str:
        """Hide what is found in a URL: in its path, and in each of its parameters."""
        path, mark, query = text.partition("?")
        path = self._pieces(field, field, path, unquote)
        if not mark:
            return path
        # The parameters of a redirect are the redirect's; nothing else names them.
        place = field if field.startswith("response") else "request.query"
        return path + mark + self._pieces(place, place, query, unquote_plus)

    def _pieces(
        self,
        field: str,
        place: str,
        text: str,
        decode: Callable[[str], str],
        name: str = "",
    ) -> str:
        """Hide what is found between the separators of a URL or a form.

        Args:
            field: Where the whole stands.
            place: What the names within it belong to.
            text: Percent-encoded, and so is what comes back.
            decode: How a piece is decoded.
            name: What the whole is the value of.
        """
        # In a piece too a secret may show only when its neighbour has gone.
        for _ in range(MOST_ROUNDS):
            hidden = self._parted(field, place, text, decode, name)
            if hidden == text:
                return text
            text = hidden
        return _quoted(mark_of(text))

    def _parted(
        self,
        field: str,
        place: str,
        text: str,
        decode: Callable[[str], str],
        name: str,
    ) -> str:
        """Hide what is found in the pieces, and then in the whole; see `_pieces`."""
        pieces = _PIECES.split(text)
        for index in range(0, len(pieces), 2):
            piece = pieces[index]
            named = ""
            if index >= 2 and pieces[index - 1] == "=":
                named = unquote_plus(pieces[index - 2])
            decoded = decode(piece)
            where = _field(place, named) if named else field
            hidden = self._hidden(where, named, decoded)
            if hidden != decoded:
                pieces[index] = _quoted(hidden)
        # As it stands too: some secrets have separators in them.
        return self._hidden(field, name, "".join(pieces), _quoted)

    def _json(
        self, field: str, text: str, otherwise: str, depth: int = 0
    ) -> str | None:
        """Hide what is found in JSON, value by value; None if it is no JSON.

        Args:
            field: Where it stands.
            text: What may be JSON.
            otherwise: What takes its place when hiding would break it.
            depth: In how many documents it stands.
        """
        document = read_json(text)
        if document is None:
            return None
        holder = [document.root]
        if self._tree(field, "", holder, depth):
            document.root = holder[0]
            text = write_json(document)
        # Keys, and the first of two members of one name, stand in no tree.
        hidden = self._hidden(field, "", text)
        if hidden != text and not is_json(hidden):
            return otherwise
        return hidden

    def _tree(self, field: str, name: str, holder: list[Any], depth: int) -> bool:
        """Hide what is found in the one value of a holder; True if anything was."""
        # A stack, so that no depth of nesting can end the program.
        is_changed = False
        work: list[tuple[Any, Any, str, str]] = [(holder, 0, field, name)]
        while work:
            parent, key, here, named = work.pop()
            value = parent[key]
            match value:
                case str():
                    hidden = self._string(here, named, value, depth)
                    if hidden != value:
                        parent[key] = hidden
                        is_changed = True
                case int() if abs(value) >= 10 ** (FEWEST_DIGITS - 1):
                    if self._looker.look(here, named, str(abs(value))):
                        parent[key] = mark_of(value)
                        is_changed = True
                case dict():
                    work.extend(
                        (value, inner, _field(here, str(inner)), str(inner))
                        for inner in reversed(value)
                    )
                case list():
                    work.extend(
                        (value, index, here, named)
                        for index in reversed(range(len(value)))
                    )
                case _:
                    pass  # too short, or no value that could hold anything
        return is_changed

    def _string(self, field: str, name: str, text: str, depth: int) -> str:
        if depth < MAX_NESTING and looks_like_json(text):
            nested = self._json(field, text, mark_of(text), depth + 1)
            if nested is not None:
                return nested
        return self._text(field, name, text)


def packed_bytes(entry: har.HarEntry) -> Iterator[bytes]:
    """Yield what is in Base64 in an entry, and what that is packed from."""
    request, response = entry.request, entry.response
    sent = request.post_data
    if sent is not UNSET:
        if sent.text is not UNSET and _is_data_url(sent.text):
            yield from _versions(from_data_url(sent.text), request.headers)
        for param in () if sent.params is UNSET else sent.params:
            if param.value is not UNSET and _is_data_url(param.value):
                yield from _versions(from_data_url(param.value), ())
    given = response.content
    if given.text is not UNSET and given.encoding is not UNSET:
        yield from _versions(from_base64(given.text), response.headers)


def shown_name(name: str) -> str:
    """Return a name as it may be shown: ``*`` for one that may be a secret itself."""
    return name if _NAME.match(name) else "*"


def _field(place: str, name: str) -> str:
    return f"{place}.{shown_name(name)}"


def _versions(content: bytes | None, headers: Sequence[har.Pair]) -> Iterator[bytes]:
    """Yield bytes, and what they are packed from."""
    if not content:
        return
    yield content
    if codings := codings_of(headers):
        unpacked = unpack(content, codings)
        if unpacked is not None:
            yield unpacked.content


def _is_data_url(text: str) -> bool:
    return text.startswith("data:") and ";base64," in text[:300]


def _quoted(mark: str) -> str:
    return quote(mark, safe="")
