"""Values hidden where they lie, and what has to be decoded for it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from shipper.members import Member, members_at
from shipper.patches import Patcher
from shipper.policy import Policy
from shipper.scan import Scan
from tests.support.records import a_record, text_body, text_content

NAMES = ("x-tenant", "cursor", "email", "pin")


def patched(member: Member, names: tuple[str, ...] = NAMES, **entry: Any) -> str | None:
    """Return the bytes of a member when all of it is exchanged that can be."""
    record = a_record(**entry)
    policy = Policy(denylist=names)
    spans = Scan(policy.anywhere).spans(record.entry)
    places = members_at(record.entry, spans) or []
    (place,) = (place for place in places if place.member is member)
    cuts = Patcher(policy).cuts(record.entry, place)
    if cuts is None:
        return None
    entry_bytes, end = record.entry, place.end
    for cut_start, cut_end, instead in reversed(cuts):
        entry_bytes = entry_bytes[:cut_start] + instead + entry_bytes[cut_end:]
        end += len(instead) - (cut_end - cut_start)
    return entry_bytes[place.start : end].decode()


def json_text(text: str) -> dict[str, Any]:
    """Return the arguments of a record with a JSON answer."""
    return {"given": text_content(text, "application/json")}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("X-Tenant", "acme", "[REDACTED 4]"),
        ("x-tenant", "", "[REDACTED 0]"),
        ("X-TENANT", "配達", "[REDACTED 2]"),
        ("Email", "[REDACTED 9]", "[REDACTED 9]"),
    ],
)
def test_the_value_of_a_header(name: str, value: str, shown: str) -> None:
    """On either side, in any case, and no mark twice."""
    for side, member in (
        ("request_headers", Member.SENT_HEADERS),
        ("response_headers", Member.GIVEN_HEADERS),
    ):
        entry: dict[str, Any] = {side: [(name, value), ("Accept", "*/*")]}
        pairs = patched(member, **entry)
        assert pairs == (
            f'[{{"name":"{name}","value":"{shown}"}},{{"name":"Accept","value":"*/*"}}]'
        )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/p?cursor=abc&a=1", "https://h/p?cursor=%5BREDACTED%203%5D&a=1"),
        (
            "https://h/p?a=1&CURSOR=%C3%A9+b",
            "https://h/p?a=1&CURSOR=%5BREDACTED%203%5D",
        ),
        ("https://h/p?cursor=&pin=1", "https://h/p?cursor=&pin=%5BREDACTED%201%5D"),
    ],
)
def test_a_parameter_of_a_url(url: str, shown: str) -> None:
    """Its length is told decoded, and one without a value stays."""
    assert patched(Member.URL, url=url) == f'"{shown}"'


def test_a_parameter_as_it_was_decoded() -> None:
    """One without a value stays."""
    query = [("cursor", "a b"), ("pin", ""), ("a", "1")]

    assert patched(Member.QUERY, query=query) == (
        '[{"name":"cursor","value":"[REDACTED 3]"},{"name":"pin","value":""},'
        '{"name":"a","value":"1"}]'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"email":"owl@example.com","a":"email"}',
         '{"email":"[REDACTED 15]","a":"email"}'),
        ('{ "Email" :\n\t"é" , "emails": 1.50 }',
         '{ "Email" :\n\t"[REDACTED 1]" , "emails": 1.50 }'),
        ('[{"pin":1234},{"pin":null},{"pin":-1e3 }]',
         '[{"pin":"[REDACTED]"},{"pin":"[REDACTED]"},{"pin":"[REDACTED]" }]'),
        ('{"pin":"[REDACTED 4]","a":"say pin","shipping":"pin"}',
         '{"pin":"[REDACTED 4]","a":"say pin","shipping":"pin"}'),
    ],
)  # fmt: skip
def test_a_member_of_json_in_a_body(text: str, shown: str) -> None:
    """On either side; whatever else is in the body stays as it was written."""
    as_json = shown.replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    sent = patched(Member.SENT, sent=text_body(text, "application/json"))
    given = patched(Member.GIVEN, **json_text(text))

    assert sent == f'{{"mimeType":"application/json","text":"{as_json}"}}'
    assert given is not None
    assert given.endswith(f',"mimeType":"application/json","text":"{as_json}"}}')


@pytest.mark.parametrize(
    ("member", "entry"),
    [
        (Member.SENT_HEADERS, {"request_headers": [("X-Tenant-Id", "1")]}),
        (Member.SENT_HEADERS, {"request_headers": [("Cookie", "pin=1")]}),
        (Member.SENT_HEADERS, {"request_headers": [("X-Tenant", 'a"b')]}),
        (Member.QUERY, {"query": [("user[pin]", "1")]}),
        (Member.URL, {"url": "https://h/pin?a=1"}),
        (Member.URL, {"url": "https://h/p?pin=1;a=2"}),
        (Member.URL, {"url": "https://h/p?a=1?pin=2"}),
        (Member.URL, {"url": "https://h/p?user.pin=2"}),
        (Member.URL, {"url": "https://h/p?pin"}),
        (Member.URL, {"url": "https://h/p?%70in=2"}),
        (Member.ROUTE, {"pageref": "/users/{pin}"}),
        (Member.SENT, {"sent": text_body("pin=1", "text/plain")}),
        (Member.SENT, {"sent": {"mimeType": "x", "params": [{"name": "pin"}]}}),
        (Member.GIVEN, json_text('{"pin":{"a":1}}')),
        (Member.GIVEN, json_text('{"pin":"a\\"b"}')),
        (Member.GIVEN, json_text('{"a":"{\\"pin\\":1}"}')),
        (Member.GIVEN, json_text('{"\\u0070in":1,"pin":2}')),
        (Member.GIVEN, json_text('{"pin":1,"a":"\\\\"}')),
        (Member.GIVEN, json_text('{"pin":1')),
        (Member.GIVEN, json_text('{"pin":1,"pa\u00df":2}')),
        (Member.GIVEN, {"given": text_content("pin", "text/plain")}),
    ],
)  # fmt: skip
def test_what_looks_otherwise_has_to_be_decoded(
    member: Member, entry: dict[str, Any]
) -> None:
    """Nested, escaped, cut, in several parts, or not to be told from a longer word."""
    assert patched(member, **entry) is None


def test_a_list_of_one_place_hides_nothing_elsewhere() -> None:
    """The name is found in both, and hidden in one."""
    names = ("header.pin", "request.body.email")
    headers = [("Pin", "1"), ("Email", "a")]

    pairs = patched(Member.SENT_HEADERS, names, request_headers=headers)
    assert pairs is not None and '"value":"[REDACTED 1]"' in pairs
    assert '{"name":"Email","value":"a"}' in pairs
    assert patched(Member.QUERY, names, query=[("pin", "1")]) == (
        '[{"name":"pin","value":"1"}]'
    )


def test_of_a_path_nothing_is_known_in_a_body() -> None:
    """It takes the members around it to tell."""
    assert (
        patched(Member.GIVEN, ("card.pin",), **json_text('{"card":{"pin":1}}')) is None
    )


def test_a_member_given_twice_has_to_be_decoded() -> None:
    """The one that counts is not the first."""
    record = a_record(request_headers=[("X-Tenant", "acme")])
    twice = b'{"name":"X-Tenant","value":"acme","value":"b"}'
    entry = record.entry.replace(b'{"name":"X-Tenant","value":"acme"}', twice)
    record = replace(record, entry=entry)
    policy = Policy(denylist=NAMES)
    places = members_at(record.entry, Scan(policy.anywhere).spans(entry))

    assert places is not None and len(places) == 1
    assert Patcher(policy).cuts(record.entry, places[0]) is None
