"""Where the members of an entry stand in its bytes, laid out as our writer does it.

The bytes of a HAR entry come in, with the places at which something was found; the
members that these places are in go out, first to last, each with where its value
begins and ends. None comes back where that cannot be told: another layout, or a place
outside of the members that can be exchanged one by one.

The keys are looked for as they stand, quotes and all: within a string the quotes would
have backslashes, so that each one found is the name of a member, and of one at its own
depth, for no other object of an entry has members of these names. An entry that gives a
name twice may lose one of the two; but no place is ever left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from shipper.needles import Span


class Member(StrEnum):
    """A member of an entry whose value can be exchanged."""

    ROUTE = "pageref"
    URL = "request.url"
    SENT_HEADERS = "request.headers"
    QUERY = "request.queryString"
    SENT = "request.postData"
    GIVEN_HEADERS = "response.headers"
    GIVEN = "response.content"
    TARGET = "response.redirectURL"


class Place(Struct, frozen=True, gc=False):
    """A member, where its value stands, and what was found in it.

    Attributes:
        start: The value is `entry[start:end]`.
        spans: Where in the entry something was found.
    """

    member: Member
    start: int
    end: int
    spans: Sequence[Span]


# A key as it stands, with its quotes and what is before and behind them, and its
# length; the member whose value follows, up to the next key, or None for what cannot be
# exchanged; and how that value would end if another member followed it: nothing within
# looks so, but for a string that ends in a comma. Bodies are long, and not looked at.
_Key = tuple[bytes, int, Member | None, re.Pattern[bytes] | None]


def _key(
    text: bytes, member: Member | None = None, more: re.Pattern[bytes] | None = None
) -> _Key:
    return text, len(text), member, more


_COMMA: Final = rb'[ \t\r\n]*+,[ \t\r\n]*+"'
_STRING, _LIST = re.compile(b'"' + _COMMA), re.compile(rb"\]" + _COMMA)
_SIZE: Final = _key(b',"headersSize":')
_BODY: Final = _key(b',"postData":', Member.SENT)
_KEYS: Final = (
    _key(b',"url":', Member.URL, _STRING),
    _key(b',"httpVersion":'),
    _key(b',"headers":', Member.SENT_HEADERS, _LIST),
    _key(b',"queryString":', Member.QUERY, _LIST),
    _BODY,
    _SIZE,
    _key(b',"response":{'),
    _key(b',"headers":', Member.GIVEN_HEADERS, _LIST),
    _key(b',"content":', Member.GIVEN),
    _key(b',"redirectURL":', Member.TARGET, _STRING),
    _SIZE,
)
_ROUTE: Final = _key(b'{"pageref":', Member.ROUTE, _STRING)
_WITH_ROUTE: Final = (_ROUTE, _key(b',"startedDateTime":'), *_KEYS)


def members_at(entry: bytes, spans: Sequence[Span]) -> list[Place] | None:
    """Return the members that some spans are in, or None if one is in none.

    In the place of a body another member may follow it, and a member that is given
    twice may be found where it does not count.

    Args:
        entry: A HAR entry.
        spans: Of its bytes, from and to, first to last; one at least.
    """
    keys = _WITH_ROUTE if entry.startswith(_ROUTE[0]) else _KEYS
    found: list[Place] = []
    member, more, start = None, None, 0
    first, count = 0, len(spans)  # of those that are in no member yet
    next_at = spans[0][0]
    for key in keys:
        text, length, following, more_after = key
        if key is _BODY:
            end = entry.find(text, start, entry.find(_SIZE[0], start))
            if end < 0:
                continue  # a request without one
        else:
            end = entry.find(text, start)
            if end < 0:
                return None
        if next_at < end:
            if member is None or next_at < start:
                return None
            if more is not None and more.search(entry, start, end):
                return None
            told = first + 1
            while told < count and spans[told][0] < end:
                told += 1
            found.append(Place(member, start, end, spans[first:told]))
            first, next_at = told, spans[told][0] if told < count else len(entry)
        member, more, start = following, more_after, end + length
    return found if first == count else None
