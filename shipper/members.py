"""Where the members of an entry stand in its bytes, laid out as our writer does it.

The bytes of a HAR entry come in, with the places at which something was found; the
members that these places are in go out, first to last, each with where its value
begins and ends. None comes back where that cannot be told: another layout, or a place
outside of the members that can be exchanged one by one.

The keys are looked for as they stand, quotes and all: within a string the quotes would
have backslashes, so that each one found is the name of a member. Nothing more is
promised of an entry that gives a name twice; but no place is ever left out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from typing import Final

from msgspec import UNSET, Struct

from shipper.jsontext import is_json
from shipper.record import Record


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
    """A member, and where its value stands: `entry[start:end]`."""

    member: Member
    start: int
    end: int


# As they follow each other: a key, and what stands behind it up to the next one.
_Keys = tuple[tuple[bytes, Member | None], ...]
_START: Final[_Keys] = ((b',"url":', Member.URL), (b',"httpVersion":', None))
_REQUEST: Final[_Keys] = (
    (b',"headers":', Member.SENT_HEADERS),
    (b',"queryString":', Member.QUERY),
)
_BODY: Final[_Keys] = ((b',"postData":', Member.SENT),)
_RESPONSE: Final[_Keys] = (
    (b',"headersSize":', None),
    (b',"response":{', None),
    (b',"headers":', Member.GIVEN_HEADERS),
    (b',"content":', Member.GIVEN),
    (b',"redirectURL":', Member.TARGET),
    (b',"headersSize":', None),
)
_ROUTE: Final[_Keys] = ((b'{"pageref":', Member.ROUTE), (b',"startedDateTime":', None))
_PLAIN: Final[_Keys] = (*_START, *_REQUEST, *_RESPONSE)
_WITH_BODY: Final[_Keys] = (*_START, *_REQUEST, *_BODY, *_RESPONSE)


def members_at(record: Record, places: Sequence[int]) -> list[Place] | None:
    """Return the members that some places are in, or None if one is in none.

    Args:
        record: Whose entry it is.
        places: Indexes into its bytes, ascending.
    """
    entry = record.entry
    keys = _PLAIN if record.har.request.post_data is UNSET else _WITH_BODY
    if record.har.pageref is not UNSET:
        keys = (*_ROUTE, *keys)
    found: list[Place] = []
    member: Member | None = None
    start = told = 0  # places before `told` are in members that were found
    for key, following in keys:
        end = entry.find(key, start)
        if end < 0:
            return None
        if told < len(places) and places[told] < end:
            if member is None or places[told] < start or not is_json(entry[start:end]):
                return None
            found.append(Place(member, start, end))
            told = bisect_left(places, end, told)
        member, start = following, end + len(key)
    return found if told == len(places) else None
