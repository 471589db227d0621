"""What may leave: one record's entry with everything hidden that the lists hide.

A parsed record comes in; the bytes of its HAR entry go out, the very bytes of the
disk when nothing had to change. Bodies that are still packed or in parts are
rewritten whatever the lists say. What cannot be decided stays here: that body is
replaced by ``[NOT SENT: reason]``, the rest of the record goes, and nothing raises.

Names are looked for in every place a value has one: headers, cookies, the query, the
URL, the route when it is one, Referer, Location and the like, forms, multipart parts,
and JSON bodies of either side. Methods, paths, status and the types of bodies are never
hidden, and the Host header only by a denylist: they say which endpoint the record is
about, and an allowlist that hid them would make the log useless.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from shipper import har
from shipper.cuts import Cut, exchanged
from shipper.members import Member, Place, members_at
from shipper.message import MessageScrubber
from shipper.model import Reject
from shipper.needles import Automaton
from shipper.patches import Patcher
from shipper.policy import Policy, Redaction
from shipper.record import Record
from shipper.scan import Scan


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
        redaction: Whether what is hidden is marked or taken out.
    """

    def __init__(
        self,
        *,
        denylist: Iterable[str] = (),
        allowlist: Iterable[str] = (),
        redaction: Redaction = "mark",
    ) -> None:
        policy = Policy(denylist=denylist, allowlist=allowlist, redaction=redaction)
        self.policy = policy
        self._scan = Scan(policy.anywhere)
        # HAR repeats a Location under a name of its own, where no scan finds it.
        self._hides_location = policy.response.headers.hides["location"]
        self._request = MessageScrubber(policy.request)
        self._response = MessageScrubber(policy.response)
        marks = redaction == "mark" and not self._scan.is_blind
        self._patcher = Patcher(policy) if marks else None

    @property
    def automata(self) -> tuple[Automaton, ...] | None:
        """One of these finds something in all that is changed; None: none need to."""
        if not self.policy.is_set:
            return ()
        if self._scan.is_blind or self._hides_location:
            return None
        return self._scan.automata

    def load(self) -> None:
        """Make ready for the first record."""
        if self.policy.is_set and not self._scan.is_blind:
            self._scan.load()

    def apply(self, record: Record) -> Redacted | Reject:
        """Return what may leave of a record."""
        try:
            return self._applied(record)
        except UnicodeEncodeError:  # pragma: no cover - nothing known leads here
            # Half of a surrogate pair has no UTF-8: keep the record, do not stop.
            return Reject("unencodable", "a body was opened that is no text")

    def _applied(self, record: Record) -> Redacted:
        if record.is_open:
            return self.rewrite(record)
        if not self.policy.is_set:
            return Redacted(record.entry)
        if self._scan.is_blind or (
            self._hides_location and record.har.response.redirect_url
        ):
            return self.rewrite(record)
        spans = self._scan.spans(record.entry)
        if not spans:
            return Redacted(record.entry)
        found = members_at(record.entry, spans)
        return self.rewrite(record) if found is None else self._exchange(record, found)

    def rewrite(self, record: Record) -> Redacted:
        """Look at every part of a record, whatever the scan would say of it."""
        entry = record.har
        withheld: list[str] = []
        request = self._scrub_request(entry.request, withheld, is_open=record.is_open)
        response = self._scrub_response(entry.response, withheld)
        pageref = entry.pageref
        if pageref is not UNSET:
            pageref = self._request.url(pageref)
        changed = replace(entry, request=request, response=response, pageref=pageref)
        # Also if nothing has changed: of a member that is given twice only one is seen.
        return Redacted(har.encode(changed), tuple(withheld))

    def _exchange(self, record: Record, found: Iterable[Place]) -> Redacted:
        """Hide what some members hold, in the bytes of the entry."""
        patcher, entry = self._patcher, record.entry
        withheld: list[str] = []
        cuts: list[Cut] = []
        for place in found:
            known = None if patcher is None else patcher.cuts(entry, place)
            if known is None:
                known = self._decoded(record, place, withheld)
            if known is None:
                return self.rewrite(record)
            cuts += known
        if not cuts:
            return Redacted(entry)
        return Redacted(exchanged(entry, cuts), tuple(withheld))

    def _decoded(
        self, record: Record, place: Place, withheld: list[str]
    ) -> list[Cut] | None:
        """Scrub a member as it was decoded, and lay it out anew.

        None if the place holds more than that member, or one that does not count.
        """
        given, scrubbed = self._member(record.har, place.member, withheld)
        if given is UNSET:
            return None
        try:
            found = har.decode_value(record.entry[place.start : place.end], given)
        except msgspec.DecodeError:
            return None
        if found != given:
            return None
        return [(place.start, place.end, har.encode(scrubbed))]

    def _member(
        self, entry: har.HarEntry, member: Member, withheld: list[str]
    ) -> tuple[har.Value, har.Value]:
        """Return the value of a member, and what may leave of it."""
        request, response = entry.request, entry.response
        match member:
            case Member.ROUTE:
                assert entry.pageref is not UNSET
                return entry.pageref, self._request.url(entry.pageref)
            case Member.URL:
                return request.url, self._request.url(request.url)
            case Member.SENT_HEADERS:
                return request.headers, self._request.headers(request.headers)
            case Member.QUERY:
                return request.query_string, self._request.query(request.query_string)
            case Member.SENT:
                sent = self._sent(request, withheld, is_open=False)
                return request.post_data, sent
            case Member.GIVEN_HEADERS:
                return response.headers, self._response.headers(response.headers)
            case Member.GIVEN:
                return response.content, self._given(response, withheld)
            case Member.TARGET:
                target = response.redirect_url
                return target, self._response.location(target)

    def _scrub_request(
        self, request: har.Request, withheld: list[str], *, is_open: bool
    ) -> har.Request:
        scrub = self._request
        url = scrub.url(request.url)
        headers = scrub.headers(request.headers)
        cookies = scrub.cookies(request.cookies)
        query = scrub.query(request.query_string)
        body = self._sent(request, withheld, is_open=is_open)
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

    def _sent(
        self, request: har.Request, withheld: list[str], *, is_open: bool
    ) -> har.PostData | UnsetType:
        body = request.post_data
        if body is UNSET:
            return body
        bodies = self._request.bodies
        return bodies.sent(body, request.headers, withheld, is_open=is_open)

    def _scrub_response(
        self, response: har.Response, withheld: list[str]
    ) -> har.Response:
        scrub = self._response
        headers = scrub.headers(response.headers)
        cookies = scrub.cookies(response.cookies)
        target = scrub.location(response.redirect_url)
        content = self._given(response, withheld)
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

    def _given(self, response: har.Response, withheld: list[str]) -> har.Content:
        content = response.content
        if content.text is UNSET or not content.text:
            return content
        return self._response.bodies.given(content, response.headers, withheld)
