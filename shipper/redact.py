"""What may leave: one record's entry with everything hidden that the lists hide.

A parsed record comes in; the bytes of its HAR entry go out, the very bytes of the
disk when nothing had to change. Bodies that are still packed or in parts are
rewritten whatever the lists say. What cannot be decided stays here: that body is
replaced by ``[NOT SENT: reason]``, the rest of the record goes, and nothing raises.

Names are looked for in every place a value has one: headers, cookies, the query, the
URL, the route when it is one, Referer, Location and the like, forms, multipart parts,
and JSON bodies of either side. Methods, paths, status, content types and the Host
header are never hidden: they say which endpoint the record is about, and an allowlist
that hid them would make the log useless.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_not

from msgspec import UNSET, Struct
from msgspec.structs import replace

from shipper import har
from shipper.content import BodyScrubber
from shipper.lists import HeaderKind, Lists, mark_of
from shipper.model import Reject
from shipper.record import Record
from shipper.scan import Scan
from shipper.scrub import Scrubber, may_nest


class Redacted(Struct, frozen=True, gc=False):
    """An entry that may leave.

    Attributes:
        entry: UTF-8 JSON, one HAR entry.
        withheld: Why bodies stay here, one reason a body.
    """

    entry: bytes
    withheld: tuple[str, ...] = ()


class Redactor:
    """Applies the lists to records.

    Args:
        denylist: Names whose values are hidden; overrides the allowlist.
        allowlist: Names whose values are kept whole, all others being hidden.
    """

    def __init__(
        self, *, denylist: Iterable[str] = (), allowlist: Iterable[str] = ()
    ) -> None:
        self._lists = Lists(denylist=denylist, allowlist=allowlist)
        self._scan = Scan(self._lists)
        self._scrubber = Scrubber(self._lists)
        self._bodies = BodyScrubber(self._lists, self._scrubber)

    def apply(self, record: Record) -> Redacted | Reject:
        """Return what may leave of a record."""
        if not record.is_open and not self._lists.is_set:
            return Redacted(record.entry)
        if not self._scan.suspects(record):
            return Redacted(record.entry)
        return self.rewrite(record)

    def rewrite(self, record: Record) -> Redacted | Reject:
        """Look at every part of a record, whatever the scan would say of it."""
        entry = record.har
        withheld: list[str] = []
        request = self._request(entry.request, withheld, is_open=record.is_open)
        response = self._response(entry.response, withheld)
        pageref = entry.pageref if entry.pageref is UNSET else self._url(entry.pageref)
        if (
            request is entry.request
            and response is entry.response
            and pageref == entry.pageref
        ):
            return Redacted(record.entry)
        changed = replace(entry, request=request, response=response, pageref=pageref)
        try:
            return Redacted(har.encode(changed), tuple(withheld))
        except UnicodeEncodeError:  # pragma: no cover - nothing known leads here
            # Half of a surrogate pair has no UTF-8: keep the record, do not stop.
            return Reject("unencodable", "a body was opened that is no text")

    def _request(
        self, request: har.Request, withheld: list[str], *, is_open: bool
    ) -> har.Request:
        url = self._url(request.url)
        headers = self._headers(request.headers)
        cookies = self._cookies(request.cookies)
        query = self._query(request.query_string)
        body = request.post_data
        if body is not UNSET:
            body = self._bodies.sent(body, request.headers, withheld, is_open=is_open)
        if (
            url == request.url
            and headers is request.headers
            and cookies is request.cookies
            and query is request.query_string
            and body is request.post_data
        ):
            return request
        return replace(
            request,
            url=url,
            headers=headers,
            cookies=cookies,
            query_string=query,
            post_data=body,
        )

    def _response(self, response: har.Response, withheld: list[str]) -> har.Response:
        headers = self._headers(response.headers)
        cookies = self._cookies(response.cookies)
        target = response.redirect_url
        if target and self._lists.hides["location"]:
            target = mark_of(target)
        elif not self._lists.is_allowlist:
            target = self._url(target)
        content = response.content
        if content.text is not UNSET and content.text:
            content = self._bodies.given(content, response.headers, withheld)
        if (
            target == response.redirect_url
            and headers is response.headers
            and cookies is response.cookies
            and content is response.content
        ):
            return response
        return replace(
            response,
            headers=headers,
            cookies=cookies,
            content=content,
            redirect_url=target,
        )

    def _url(self, url: str) -> str:
        return self._scrubber.url(url) if self._lists.is_set else url

    def _headers(self, headers: list[har.Pair]) -> list[har.Pair]:
        if not self._lists.is_set:
            return headers
        kinds, plain = self._lists.header_kinds, HeaderKind.PLAIN
        scrubbed = []
        is_changed = False
        for header in headers:
            kind = kinds[header.name]
            value = header.value
            if kind is not plain or (
                ("=" in value or '"' in value) and may_nest(value)
            ):
                value = self._header(kind, value)
                if value != header.value:
                    is_changed = True
                    header = har.Pair(header.name, value, header.comment)  # noqa: PLW2901
            scrubbed.append(header)
        return scrubbed if is_changed else headers

    def _header(self, kind: HeaderKind, value: str) -> str:
        match kind:
            case HeaderKind.HIDDEN:
                return mark_of(value)
            case HeaderKind.COOKIE:
                return self._scrubber.cookies(value)
            case HeaderKind.SET_COOKIE:
                return self._scrubber.set_cookie(value)
            case HeaderKind.PLAIN:
                return self._scrubber.value(value)

    def _query(self, query: list[har.Pair]) -> list[har.Pair]:
        if not query or not self._lists.is_set:
            return query
        scrubbed = []
        for pair in query:
            value = pair.value
            if self._lists.hides_param[pair.name]:
                value = mark_of(value) if value else value
            else:
                value = self._scrubber.parameter(value)
            same = value == pair.value
            scrubbed.append(pair if same else har.Pair(pair.name, value, pair.comment))
        return scrubbed if _differ(scrubbed, query) else query

    def _cookies(self, cookies: list[har.Cookie]) -> list[har.Cookie]:
        if not cookies or not self._lists.is_set:
            return cookies
        scrubbed = [
            replace(cookie, value=mark_of(cookie.value))
            if self._lists.hides[cookie.name]
            else cookie
            for cookie in cookies
        ]
        return scrubbed if scrubbed != cookies else cookies


def _differ(scrubbed: list[har.Pair], original: list[har.Pair]) -> bool:
    return any(map(is_not, scrubbed, original))
