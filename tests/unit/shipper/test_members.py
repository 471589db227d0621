"""Which members of an entry some places are in, and of which nothing is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.members import Member, members_at
from tests.support.records import a_record, an_entry, json_body, record_of

WHOLE = a_record(
    url="https://h/in-url?a=1",
    request_headers=[("X-Sent", "in-sent-headers")],
    query=[("a", "in-query")],
    sent=json_body({"a": "in-body"}),
    response_headers=[("X-Given", "in-given-headers")],
    given={"size": 3, "mimeType": "text/plain", "text": "in-content"},
    pageref="/in-route",
).entry


def span_of(word: str, entry: bytes) -> tuple[int, int]:
    """Return where a word stands in an entry."""
    start = entry.index(word.encode())
    return start, start + len(word.encode())


@pytest.mark.parametrize(
    ("word", "member"),
    [
        ("in-route", Member.ROUTE),
        ("in-url", Member.URL),
        ("in-sent-headers", Member.SENT_HEADERS),
        ("in-query", Member.QUERY),
        ("in-body", Member.SENT),
        ("in-given-headers", Member.GIVEN_HEADERS),
        ("in-content", Member.GIVEN),
    ],
)
def test_a_place_is_in_one_member(word: str, member: Member) -> None:
    """And what stands between its bounds is all of its value."""
    found = members_at(WHOLE, [span_of(word, WHOLE)])

    assert found is not None
    assert [place.member for place in found] == [member]
    value: Any = json.loads(WHOLE)
    for step in member.value.split("."):
        value = value[step]
    assert json.loads(WHOLE[found[0].start : found[0].end]) == value


def test_a_member_is_named_once() -> None:
    """However many places are in it."""
    within = [span_of(word, WHOLE) for word in ("in-url", "in-content", "content")]

    found = members_at(WHOLE, [*within[:2], (within[1][0] + 3, within[1][1])])

    assert found is not None
    assert [place.member for place in found] == [Member.URL, Member.GIVEN]


@pytest.mark.parametrize(
    "word", ["GET", '"method"', '"headers"', '"cookies"', '"statusText"', '"timings"']
)
def test_nothing_is_known_of_places_between_them(word: str) -> None:
    """Before the first, between two, or after the last."""
    assert members_at(WHOLE, [span_of(word, WHOLE)]) is None


def in_other_order() -> dict[str, Any]:
    """Return an entry whose response comes first."""
    entry = an_entry(request_headers=[("X-Here", "1")])
    return {"response": entry.pop("response"), **entry}


def headers_last() -> dict[str, Any]:
    """Return an entry whose request ends with its headers."""
    entry = an_entry(request_headers=[("X-Here", "1")])
    headers = entry["request"].pop("headers")
    entry["request"]["headers"] = headers
    return entry


@pytest.mark.parametrize("tree", [in_other_order(), headers_last()])
def test_nothing_is_known_of_another_layout(tree: dict[str, Any]) -> None:
    """HAR leaves the order of members to whoever writes it."""
    entry = record_of(tree).entry

    assert members_at(entry, [span_of("X-Here", entry)]) is None


def more_behind(name: str, value: object) -> dict[str, Any]:
    """Return an entry with another member behind one of the request or the response."""
    entry = an_entry(request_headers=[("X-Here", "1")], sent=json_body({}))
    side = "response" if name in ("content", "redirectURL") else "request"
    members: dict[str, Any] = {}
    for key, given in entry[side].items():
        members |= {key: given, "comment": value} if key == name else {key: given}
    return {**entry, side: members}


@pytest.mark.parametrize("value", ["in-comment", "", "],"])
@pytest.mark.parametrize("name", ["url", "headers", "queryString", "redirectURL"])
@pytest.mark.parametrize("comma", [b",", b" ,", b"\t,\n"])
def test_nothing_is_known_where_another_member_follows(
    name: str, value: str, comma: bytes
) -> None:
    """What stands between two keys is exchanged only if it is one value."""
    entry = record_of(more_behind(name, value)).entry
    entry = entry.replace(b',"comment"', comma + b'"comment"')

    start, end = span_of('"comment"', entry)

    assert members_at(entry, [(start - 3, end)]) is None
