"""Hide what the lists of one side hide in the parts of its messages.

URLs, headers, parameters and cookies come in as HAR holds them; the same object comes
back when nothing in it is hidden, else one with marks, or with the hidden parts left
out. Bodies are the business of `content`, which is asked through here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import is_not

from msgspec.structs import replace

from shipper import har
from shipper.content import BodyScrubber
from shipper.lists import HeaderKind, mark_of
from shipper.policy import Side
from shipper.scrub import Scrubber, may_tell

_NO_UTF_8 = re.compile("[\udc80-\udcff]")


class MessageScrubber:
    """Applies the lists of one side to the parts of its messages.

    Attributes:
        bodies: Does it for the body.
    """

    def __init__(self, side: Side) -> None:
        self._side = side
        self._names = Scrubber(side.headers)
        self._values = Scrubber(side.header_values)
        self._queries = Scrubber(side.query)
        self._removes = side.headers.removes
        self.bodies = BodyScrubber(side.body, Scrubber(side.body))

    def url(self, url: str) -> str:
        """Scrub a URL or a route."""
        return url if self._side.query.hides_nothing else self._queries.url(url)

    def location(self, target: str) -> str:
        """Scrub what HAR repeats of the Location header."""
        headers = self._side.headers
        if not target:
            return target
        if headers.hides["location"]:
            return "" if self._removes else mark_of(target)
        if headers.is_allowlist or self._side.header_values.hides_nothing:
            return target
        return _scrubbed(target, lambda text: self._values.value(self.url(text))) or ""

    def headers(self, headers: list[har.Pair]) -> list[har.Pair]:
        """Scrub headers; the same list comes back if nothing in it is hidden."""
        if self._side.header_values.hides_nothing:
            return headers
        kinds, plain = self._side.headers.header_kinds, HeaderKind.PLAIN
        scrubbed = []
        is_changed = False
        for header in headers:
            kind = kinds[header.name]
            value = header.value
            if kind is not plain or may_tell(value):
                found = self._header(kind, value)
                if found is None:
                    is_changed = True
                    continue
                if found != value:
                    is_changed = True
                    header = har.Pair(header.name, found, header.comment)  # noqa: PLW2901
            scrubbed.append(header)
        return scrubbed if is_changed else headers

    def _header(self, kind: HeaderKind, value: str) -> str | None:
        """Return what is sent of a value; None if the header goes with it."""
        match kind:
            case HeaderKind.HIDDEN:
                return None if self._removes else mark_of(value)
            case HeaderKind.COOKIE:
                return _scrubbed(value, self._names.cookies)
            case HeaderKind.SET_COOKIE:
                return _scrubbed(value, self._names.set_cookie)
            case HeaderKind.PLAIN:
                return _scrubbed(value, self._values.value)

    def query(self, query: list[har.Pair]) -> list[har.Pair]:
        """Scrub decoded parameters."""
        lists = self._side.query
        if not query or lists.hides_nothing:
            return query
        scrubbed = []
        for pair in query:
            value = pair.value
            name = self._queries.name(pair.name, value)
            is_text = name is not pair.name
            if lists.hides_param[pair.name]:
                if self._removes and (value or not is_text):
                    continue
                value = mark_of(value) if value else value
            else:
                value = self._queries.parameter(value)
            same = value == pair.value and not is_text
            scrubbed.append(pair if same else har.Pair(name, value, pair.comment))
        return scrubbed if _differ(scrubbed, query) else query

    def cookies(self, cookies: list[har.Cookie]) -> list[har.Cookie]:
        """Scrub the cookies that HAR lists beside the headers."""
        lists = self._side.headers
        if not cookies or lists.hides_nothing:
            return cookies
        scrubbed = [
            replace(cookie, value=mark_of(cookie.value))
            if lists.hides[cookie.name]
            else cookie
            for cookie in cookies
            if not (self._removes and lists.hides[cookie.name])
        ]
        return scrubbed if scrubbed != cookies else cookies


def _differ(scrubbed: list[har.Pair], original: list[har.Pair]) -> bool:
    return len(scrubbed) != len(original) or any(map(is_not, scrubbed, original))


def _scrubbed(value: str, scrub: Callable[[str], str | None]) -> str | None:
    """Scrub the value of a header, each character of which may stand for a byte.

    What is not all UTF-8 is scrubbed as it stands, too: either way names are read.
    """
    text = _read(value)
    if text is value:
        return scrub(value)
    if _NO_UTF_8.search(text):
        kept = scrub(value)
        if kept is None:
            return None
        text = _read(kept)
    found = scrub(text)
    return None if found is None else _native(found)


def _read(value: str) -> str:
    """Return the text of a header, with half a surrogate pair for a byte of none.

    The very same object comes back if that is how it reads already (PEP 3333).
    """
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value


def _native(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
