"""Every text of an entry shown to somebody who looks for secrets, and hidden if found.

A typed entry goes in, with who looks; the entry without what was found comes out. A
text is shown with the place it has in the record, in the words of the lists:
``request.query.q``, ``response.body.user.card``; what is found in it is hidden by
`hiding`. Base64 is shown as the bytes in it, and a body in which something is found
there stays here whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote_plus

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from shipper import har
from shipper.bodies import codings_of, from_base64, from_data_url, unpack
from shipper.hiding import (
    WITHHELD,
    Looker,
    field_of,
    hide_in_body,
    hide_in_text,
    hide_in_url,
    hide_in_value,
)


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
        request = self._request(entry.request)
        response = self._response(entry.response)
        pageref = entry.pageref
        if pageref is not UNSET:
            pageref = hide_in_url(self._looker, "request.path", pageref)
        return replace(entry, request=request, response=response, pageref=pageref)

    def _request(self, request: har.Request) -> har.Request:
        looker = self._looker
        query = [
            har.Pair(
                hide_in_text(looker, "request.query", "", pair.name),
                hide_in_value(looker, "request.query", pair.name, pair.value),
                pair.comment,
            )
            for pair in request.query_string
        ]
        url = _with_query(request.url, request.query_string, query)
        return replace(
            request,
            url=hide_in_url(looker, "request.path", url),
            headers=self._headers("request", request.headers),
            cookies=self._cookies("request", request.cookies),
            query_string=query,
            post_data=self._sent(request),
        )

    def _response(self, response: har.Response) -> har.Response:
        return replace(
            response,
            headers=self._headers("response", response.headers),
            cookies=self._cookies("response", response.cookies),
            content=self._given(response),
            redirect_url=hide_in_url(
                self._looker, "response.header.location", response.redirect_url
            ),
        )

    def _headers(self, side: str, headers: list[har.Pair]) -> list[har.Pair]:
        looker, place = self._looker, f"{side}.header"
        return [
            har.Pair(
                header.name,
                hide_in_value(looker, place, header.name, header.value),
                header.comment,
            )
            for header in headers
        ]

    def _cookies(self, side: str, cookies: list[har.Cookie]) -> list[har.Cookie]:
        looker, place = self._looker, f"{side}.header"
        return [
            replace(
                cookie, value=hide_in_value(looker, place, cookie.name, cookie.value)
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
            hidden = None if is_found else body.text
        else:
            hidden = hide_in_body(
                self._looker, "request.body", body.text, body.mime_type
            )
        return replace(body, text=self._withheld() if hidden is None else hidden)

    def _param(self, param: har.Param) -> har.Param:
        name = hide_in_text(self._looker, "request.body", "", param.name)
        value = param.value
        if value is UNSET:
            return replace(param, name=name)
        if _is_data_url(value):
            field = field_of("request.body", param.name)
            if self._is_found_in(field, from_data_url(value), ()):
                value = self._withheld()
        else:
            value = hide_in_value(self._looker, "request.body", param.name, value)
        return replace(param, name=name, value=value)

    def _given(self, response: har.Response) -> har.Content:
        body = response.content
        if body.text is UNSET or not body.text:
            return body
        if body.encoding is UNSET:
            hidden = hide_in_body(
                self._looker, "response.body", body.text, body.mime_type
            )
            return replace(body, text=self._withheld() if hidden is None else hidden)
        content = from_base64(body.text)
        if self._is_found_in("response.body", content, response.headers):
            return replace(body, text=self._withheld(), encoding=UNSET)
        return body

    def _withheld(self) -> str:
        self.withheld.append("secret")
        return WITHHELD

    def _is_found_in(
        self, field: str, content: bytes | None, headers: Sequence[har.Pair]
    ) -> bool:
        """Tell whether something is found in bytes, or in what they are packed from."""
        return any(
            self._looker.look(field, "", version.decode("latin-1"))
            for version in _versions(content, headers)
            if self._looker.may_look_into(version)
        )


def _with_query(url: str, given: Sequence[har.Pair], hidden: Sequence[har.Pair]) -> str:
    """Hide in a URL what was hidden in its parameters, which are decoded there."""
    changed = {
        (before.name, before.value): after.value
        for before, after in zip(given, hidden, strict=True)
        if before.value != after.value
    }
    path, mark, query = url.partition("?")
    if not changed or not mark:
        return url
    pairs = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        instead = changed.get((unquote_plus(name), unquote_plus(value)))
        pairs.append(pair if instead is None else f"{name}={quote(instead, safe='')}")
    return f"{path}?{'&'.join(pairs)}"


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
