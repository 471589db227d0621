r"""Hide values where they lie in the bytes of an entry, and decode nothing for it.

The places of listed names in one member come in, and what is to be exchanged goes out;
None where a place does not look as our writer lays out a name with its value:

* ``{"name":"X-Tenant","value":"…"}``, a header or a parameter,
* ``?cursor=…&``, a parameter in a URL,
* ``\"email\":\"…\"``, a member of JSON in the text of a body.

Whoever asked has to decode that member then. All that is decided here is decided there
as well, in the same words (`message`, `content`), and property tests hold one to the
other; a name that is disguised, nested or within a longer one is never decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from msgspec import UNSET, UnsetType

from shipper import har
from shipper.cuts import Cut
from shipper.jsontext import is_json
from shipper.lists import HeaderKind, Lists, mark_of
from shipper.members import Member, Place
from shipper.needles import Span
from shipper.policy import Policy, Side
from shipper.record import Record
from shipper.scrub import decoded
from shipper.trees import are_marked_by_name

Hides = Callable[[str, bytes], bool]  # of a name and its value

_BEFORE_NAME: Final = b'{"name":"'
_PAIR_VALUE = re.compile(rb'","value":"([^"\\]*+)"}')
_BEFORE_PARAMETER: Final = b"?&"
_URL_VALUE = re.compile(rb"=([A-Za-z0-9_.~%+\-]*+)[&\"]")
_TEXT: Final = b'"text":"'
_OPENERS: Final = ("{", "[")
# Within a string JSON's quotes have a backslash, and its newlines are two characters.
_INNER_QUOTE: Final = b'\\"'
_INNER_BACKSLASH: Final = rb"\\\\"
_COLON: Final = rb"(?:[ ]|\\[tnr])*+:(?:[ ]|\\[tnr])*+"
_MEMBER = re.compile(_COLON)
_MEMBER_VALUE = re.compile(_COLON + rb'(?:\\"([^"\\]*+)\\"|([^\s,\]}\[{"\\]++))')
_MARK: Final = _INNER_QUOTE + mark_of(None).encode() + _INNER_QUOTE
# Asked for as numbers, single bytes are looked for by memchr, at next to no cost.
_QUOTE, _BACKSLASH, _QUESTION = b'"\\?'


class _UndecidedError(Exception):
    """A place does not look as it would have to."""


class Patcher:
    """Hides values by a denylist, with marks.

    Args:
        policy: The denylist; its names are plain (`disguises.are_plain`).
    """

    def __init__(self, policy: Policy) -> None:
        self._words = frozenset(name.encode() for name in policy.anywhere.names)
        self._hides_asked = _hides_header(policy.request.headers)
        self._hides_given = _hides_header(policy.response.headers)
        self._hides_parameter = _hides_parameter(policy.request.query)
        self._sent, self._given = map(_in_place, (policy.request, policy.response))

    def cuts(self, record: Record, place: Place) -> list[Cut] | None:
        """Return what is to be exchanged in a member; None if that is unknown here."""
        try:
            return list(self._cuts(record, place))
        except _UndecidedError:
            return None

    def _cuts(self, record: Record, place: Place) -> Iterator[Cut]:
        entry, spans = record.entry, place.spans
        match place.member:
            case Member.SENT_HEADERS:
                return _in_pairs(entry, spans, self._hides_asked)
            case Member.GIVEN_HEADERS:
                return _in_pairs(entry, spans, self._hides_given)
            case Member.URL:
                return _in_url(entry, place, self._hides_parameter)
            case Member.QUERY:
                return _in_pairs(entry, spans, self._hides_parameter)
            case Member.SENT:
                sent = _document(_sent(record, place).text)
                return self._in_json(entry, place, sent, self._sent)
            case Member.GIVEN:
                given = _given_json(_given(record, place))
                return self._in_json(entry, place, given, self._given)
            case Member.ROUTE | Member.TARGET:
                raise _UndecidedError

    def _in_json(
        self, entry: bytes, place: Place, text: str, lists: Lists | None
    ) -> Iterator[Cut]:
        text_at = entry.find(_TEXT, place.start, place.end)
        if (
            lists is None
            or text_at < 0
            or not is_json(text)
            or entry.find(_TEXT, text_at + 1, place.end) >= 0
            or entry.find(_INNER_BACKSLASH, text_at, place.end) >= 0
        ):
            raise _UndecidedError
        kept_to = 0
        for start, end in place.spans:
            if start < kept_to:
                continue  # in a value that is hidden already
            if entry[start:end].lower() not in self._words:
                raise _UndecidedError  # a disguise
            found = _member_value(entry, start, end)
            if found is None or not lists.hides[entry[start:end].decode()]:
                continue
            kept_to = found.end()
            if found[1] is None:
                yield found.start(2), kept_to, _MARK
            else:
                yield found.start(1), found.end(1), _mark_of(found[1])


def _in_pairs(entry: bytes, spans: Sequence[Span], hides: Hides) -> Iterator[Cut]:
    kept_to = 0
    for start, end in spans:
        if start < kept_to:
            continue  # in a value that is hidden already
        found = _PAIR_VALUE.match(entry, end)
        if found is None or entry[start - len(_BEFORE_NAME) : start] != _BEFORE_NAME:
            raise _UndecidedError  # not all of a name, or no name
        if hides(entry[start:end].decode(), found[1]):
            kept_to = found.end()
            yield found.start(1), found.end(1), _mark_of(found[1])


def _hides_header(lists: Lists) -> Hides:
    kinds = lists.header_kinds
    return lambda name, _: kinds[name] is HeaderKind.HIDDEN


def _hides_parameter(lists: Lists) -> Hides:
    hides = lists.hides_param
    return lambda name, value: bool(value) and hides[name]


def _in_url(entry: bytes, place: Place, hides: Hides) -> Iterator[Cut]:
    if entry.count(_QUESTION, place.start, place.end) != 1:
        raise _UndecidedError
    for start, end in place.spans:
        found = _URL_VALUE.match(entry, end)
        if found is None or entry[start - 1] not in _BEFORE_PARAMETER:
            raise _UndecidedError
        if hides(entry[start:end].decode(), found[1]):
            mark = mark_of(decoded(found[1].decode()))
            yield found.start(1), found.end(1), _encoded(mark)


def _member_value(entry: bytes, start: int, end: int) -> re.Match[bytes] | None:
    """Return the value of a JSON member; None if this is no member's name."""
    if entry[start - 1] != _QUOTE:
        return None  # within a longer word
    if entry[start - 3] == _BACKSLASH:
        raise _UndecidedError  # quoted within a string, that may be JSON
    if entry[end : end + 2] != _INNER_QUOTE:
        return None
    found = _MEMBER_VALUE.match(entry, end + 2)
    if found is None and _MEMBER.match(entry, end + 2):
        raise _UndecidedError  # a value with members of its own, or escapes in it
    return found


def _in_place(side: Side) -> Lists | None:
    """Return the list of a side's bodies, if names alone are on it."""
    return side.body if are_marked_by_name(side.body) else None


@lru_cache(maxsize=1024)
def _encoded(mark: str) -> bytes:
    return quote(mark, safe="").encode()


def _mark_of(value: bytes) -> bytes:
    return mark_of(value.decode()).encode()


def _sent(record: Record, place: Place) -> har.PostData:
    """Return the request's body, of which nothing else may have been decoded."""
    known = record.decoded
    if known is None or known.request.post_data is UNSET:
        return har.decode_sent(record.entry[place.start : place.end])
    return known.request.post_data


def _given(record: Record, place: Place) -> har.Content:
    """Return the response's body, likewise."""
    known = record.decoded
    if known is None:
        return har.decode_given(record.entry[place.start : place.end])
    return known.response.content


def _given_json(body: har.Content) -> str:
    if body.encoding is not UNSET:
        raise _UndecidedError
    return _document(body.text)


def _document(text: str | UnsetType) -> str:
    if text is UNSET or text[:1] not in _OPENERS:
        raise _UndecidedError
    return text
