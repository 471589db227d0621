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

from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

from shipper.needles import Span


class Member(Enum):
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


# A key as it stands, with its quotes and what is before and behind them; the member
# whose value follows, up to the next key, or None for what cannot be exchanged; and how
# that value would end if another member followed it: nothing within looks so, but for a
# string that ends in a comma.
_Key = tuple[bytes, Member | None, bytes]
_Keys = tuple[_Key, ...]
_STRING, _LIST, _OBJECT = b'","', b'],"', b'},"'
_START: Final[_Keys] = (
    (b',"url":', Member.URL, _STRING),
    (b',"httpVersion":', None, b""),
)
_REQUEST: Final[_Keys] = (
    (b',"headers":', Member.SENT_HEADERS, _LIST),
    (b',"queryString":', Member.QUERY, _LIST),
)
_BODY_KEY: Final = b',"postData":'
_BODY: Final[_Keys] = ((_BODY_KEY, Member.SENT, _OBJECT),)
_RESPONSE: Final[_Keys] = (
    (b',"headersSize":', None, b""),
    (b',"response":{', None, b""),
    (b',"headers":', Member.GIVEN_HEADERS, _LIST),
    (b',"content":', Member.GIVEN, _OBJECT),
    (b',"redirectURL":', Member.TARGET, _STRING),
    (b',"headersSize":', None, b""),
)
_ROUTE_KEY: Final = b'{"pageref":'
_ROUTE: Final[_Keys] = (
    (_ROUTE_KEY, Member.ROUTE, _STRING),
    (b',"startedDateTime":', None, b""),
)
_NO_KEY: Final[_Key] = (b"", None, b"")
_PLAIN: Final = (*_START, *_REQUEST, *_RESPONSE)
_WITH_BODY: Final[_Keys] = (*_START, *_REQUEST, *_BODY, *_RESPONSE)


def members_at(entry: bytes, spans: Sequence[Span]) -> list[Place] | None:
    """Return the members that some spans are in, or None if one is in none.

    Args:
        entry: A HAR entry.
        spans: Of its bytes, from and to, first to last; one at least.
    """
    keys = _WITH_BODY if _BODY_KEY in entry else _PLAIN
    if entry.startswith(_ROUTE_KEY):
        keys = (*_ROUTE, *keys)
    found: list[Place] = []
    key, start = _NO_KEY, 0
    told, next_at = 0, spans[0][0]  # of what is in no member that was found
    for following in keys:
        text, _, _ = following
        end = entry.find(text, start)
        if end < 0:
            return None
        if next_at < end:
            _, member, more = key
            if member is None or next_at < start or entry.find(more, start, end) >= 0:
                return None
            first, told = told, bisect_left(spans, (end,), told)
            next_at = spans[told][0] if told < len(spans) else len(entry)
            found.append(Place(member, start, end, spans[first:told]))
        key, start = following, end + len(text)
    return found if told == len(spans) else None
