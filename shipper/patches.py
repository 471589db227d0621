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
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import msgspec

from shipper import har
from shipper.cuts import Cut
from shipper.jsontext import is_json
from shipper.lists import HeaderKind, Lists, mark_of
from shipper.members import Member, Place
from shipper.policy import Policy
from shipper.scrub import decoded
from shipper.trees import are_marked_by_name

Hides = Callable[[str, bytes], bool]  # of a name and its value
_Way = Callable[[bytes, Place], "list[Cut] | None"]

_BEFORE_NAME: Final = b'{"name":"'
_PAIR = re.compile(rb'\{"name":"([^"\\]*+)","value":"([^"\\]*+)"\}')
_BEFORE_PARAMETER: Final = b"?&"
_URL_VALUE = re.compile(rb"=([A-Za-z0-9_.~%+\-]*+)[&\"]")
# A body up to its text; and how it may end, if the text is whole and the last member.
_UP_TO_TEXT = re.compile(rb'\{(?:"size":-?[0-9]++,)?"mimeType":"[^"\\]*+","text":')
_ENDS: Final = (b'}"}', b']"}', rb'}\n"}', rb']\n"}')
_OPENERS: Final = ("{", "[")
# Within a string JSON's quotes have a backslash, and its newlines are two characters.
_INNER_QUOTE: Final = b'\\"'
_MEMBER: Final = rb'\\"([^"\\]++)\\"(?:[ ]|\\[tnr])*+:(?:[ ]|\\[tnr])*+'
_ANY_MEMBER = re.compile(_MEMBER)
_PLAIN_MEMBER = re.compile(_MEMBER + rb'(?:\\"([^"\\]*+)\\"|([^\s,\]}\[{"\\]++))')
_MARK: Final = _INNER_QUOTE + mark_of(None).encode() + _INNER_QUOTE
# Asked for as numbers, single bytes are looked for by memchr, at next to no cost.
_QUESTION: Final = ord("?")
_EQUALS: Final = ord("=")


class Patcher:
    """Hides values by a denylist, with marks.

    Args:
        policy: The denylist; its names are plain (`disguises.are_plain`).
    """

    def __init__(self, policy: Policy) -> None:
        words = frozenset(name.encode() for name in policy.anywhere.names)
        asked, given = policy.request, policy.response
        hides_parameter = _hides_parameter(asked.query)
        self._ways: dict[Member, _Way] = {
            Member.URL: _in_url(hides_parameter),
            Member.SENT_HEADERS: _in_pairs(_hides_header(asked.headers)),
            Member.QUERY: _in_pairs(hides_parameter),
            Member.GIVEN_HEADERS: _in_pairs(_hides_header(given.headers)),
        }
        for member, side in ((Member.SENT, asked), (Member.GIVEN, given)):
            if are_marked_by_name(side.body):
                self._ways[member] = _in_json(words, side.body)

    def cuts(self, entry: bytes, place: Place) -> list[Cut] | None:
        """Return what is to be exchanged in a member; None if that is unknown here."""
        way = self._ways.get(place.member)
        return None if way is None else way(entry, place)


def _in_pairs(hides: Hides) -> _Way:
    def cuts(entry: bytes, place: Place) -> list[Cut] | None:
        found: list[Cut] = []
        kept_to = 0
        for start, end in place.spans:
            if start < kept_to:
                continue  # in a value that is hidden already
            pair = _PAIR.match(entry, start - len(_BEFORE_NAME))
            if pair is None or pair.end(1) != end:
                return None  # not all of a name, or no name
            name, value = pair.groups()
            if hides(name.decode(), value):
                kept_to = pair.end()
                found.append((pair.start(2), pair.end(2), _mark_of(value)))
        return found

    return cuts


def _hides_header(lists: Lists) -> Hides:
    kinds, hidden = lists.header_kinds, HeaderKind.HIDDEN
    return lambda name, _: kinds[name] is hidden


def _hides_parameter(lists: Lists) -> Hides:
    hides = lists.hides_param
    return lambda name, value: bool(value) and hides[name]


def _in_url(hides: Hides) -> _Way:
    def cuts(entry: bytes, place: Place) -> list[Cut] | None:
        if entry.count(_QUESTION, place.start, place.end) != 1:
            return None
        query = entry.find(_QUESTION, place.start)
        if entry.find(_EQUALS, place.start, query) >= 0:
            return None  # a pair in the path, whose value may be JSON
        found: list[Cut] = []
        for start, end in place.spans:
            value = _URL_VALUE.match(entry, end)
            if value is None or entry[start - 1] not in _BEFORE_PARAMETER:
                return None
            if hides(entry[start:end].decode(), value[1]):
                mark = mark_of(decoded(value[1].decode()))
                found.append((value.start(1), value.end(1), _encoded(mark)))
        return found

    return cuts


def _in_json(words: Container[bytes], lists: Lists) -> _Way:
    hides = lists.hides

    def cuts(entry: bytes, place: Place) -> list[Cut] | None:
        if not _is_plain_json(entry, place.start, place.end):
            return None
        found: list[Cut] = []
        kept_to = 0
        for start, end in place.spans:
            if start < kept_to:
                continue  # in a value that is hidden already
            name = entry[start:end]
            if name.lower() not in words:
                return None  # a disguise
            at = start - len(_INNER_QUOTE)
            member = _PLAIN_MEMBER.match(entry, at)
            if member is None:
                if (member := _ANY_MEMBER.match(entry, at)) and member.end(1) == end:
                    return None  # with members of its own, or escapes in it
                continue  # no name
            if member.end(1) != end or not hides[name.decode()]:
                continue  # within a longer name, or of the other side
            text = member[2]
            kept_to = member.end()
            if text is None:
                found.append((member.start(3), kept_to, _MARK))
            else:
                found.append((member.start(2), member.end(2), _mark_of(text)))
        return found

    return cuts


def _is_plain_json(entry: bytes, start: int, end: int) -> bool:
    """Tell whether a body is JSON as it stands in which nothing is escaped."""
    head = _UP_TO_TEXT.match(entry, start)
    if head is None or not entry.endswith(_ENDS, start, end):
        return False
    try:
        text = har.decode_text(entry[head.end() : end - 1])
    except msgspec.DecodeError:
        return False  # another member follows
    return text[:1] in _OPENERS and "\\" not in text and is_json(text)


@lru_cache(maxsize=1024)
def _encoded(mark: str) -> bytes:
    return quote(mark, safe="").encode()


def _mark_of(value: bytes) -> bytes:
    return mark_of(value.decode()).encode()
