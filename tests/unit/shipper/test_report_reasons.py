"""Reasons: what is said of each place that does not leave as it lies on disk."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from msgspec.structs import replace

from shipper import har
from shipper.policy import Policy
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from shipper.reports.leaf import Where
from shipper.reports.leaves import leaves
from shipper.reports.listed import Listed
from shipper.reports.reasons import (
    BY_A_RULE,
    BY_ITS_LOOKS,
    IN_TEXT,
    Change,
    Kind,
    Reasons,
)
from shipper.reports.texts import text_leaves
from shipper.values import Detector
from tests.support.planted import NAMES, Planted, multipart, planted
from tests.support.records import (
    MASK,
    a_record,
    binary_body,
    binary_content,
    json_body,
    json_content,
    text_body,
    text_content,
)

SECRET = "hunter2-hunter2"
FORM = "application/x-www-form-urlencoded"


def changes(record: Record, **lists: Any) -> list[Change]:
    """Redact a record and return what is said of it."""
    redactor = Redactor(**lists)
    result = redactor.apply(record)
    assert isinstance(result, Redacted)
    reasons = Reasons(Listed(Policy(**lists)))
    return list(reasons.changes(record, har.decode(result.entry)))


def told(record: Record, **lists: Any) -> list[tuple[str, str, str | None]]:
    """Return place, reason and what leaves."""
    return [(one.place, one.why, one.after) for one in changes(record, **lists)]


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvd2wifQ.c2lnbmF0dXJlLW9mLWFuLW93bA"


@pytest.mark.parametrize(
    "record",
    [
        a_record(given=json_content({"a": {JWT: 1}})),
        a_record(given=json_content({"AKIAIOSFODNN7EXAMPLE": 1})),
        a_record(url=f"https://h/p?{JWT}=1", query=[(JWT, "1")]),
        a_record(sent={"mimeType": FORM, "params": [{"name": JWT, "value": "1"}]}),
        a_record(response_headers=[("Location", f"/p?{JWT}=1")]),
    ],
)
def test_a_name_that_is_hidden_is_in_no_place(record: Record) -> None:
    """What is said of a change may be read by everybody."""
    checked = Detector(mode="redact").check(record.entry)
    assert checked is not None

    found = list(Reasons(Listed(Policy())).changes(record, har.decode(checked.entry)))

    assert all(JWT not in one.place and "AKIA" not in one.place for one in found)
    assert Kind.DETECTED in {one.kind for one in found}


@pytest.mark.parametrize("name", ["my pin is {}", "j:pin={}", '{{"pin":"{}"}}'])
def test_a_text_in_the_place_of_a_name_is_told_once(name: str) -> None:
    """As hidden because of the listed name in it, with neither of its halves."""
    text, _, value = name.format(SECRET).partition("=")
    record = a_record(
        url=f"https://h/p?{quote(text)}={value}&a=1",
        query=[("b", "1"), (text, value)],
        sent={"mimeType": FORM, "params": [{"name": text, "value": value}]},
    )

    found = changes(record, denylist=["pin"])

    assert {one.why for one in found} <= {IN_TEXT, 'denylist "pin"'}
    assert [one.place.partition("[")[0] for one in found] == [
        "request.url ?*",
        "request.queryString",
        "request.postData.params" if '"' not in name else "request.postData",
    ]
    assert not any(SECRET in one.place for one in found)


def test_a_secret_in_a_path_is_told_as_one() -> None:
    """Its mark is percent-encoded there."""
    record = a_record(url=f"https://h/reset/{JWT}")
    checked = Detector(mode="redact").check(record.entry)
    assert checked is not None

    found = list(Reasons(Listed(Policy())).changes(record, har.decode(checked.entry)))

    assert [(one.place, one.why) for one in found] == [
        ("request.url", f"{BY_ITS_LOOKS}: jwt")
    ]


@pytest.mark.parametrize(
    ("record", "place", "after"),
    [
        (a_record(request_headers=[("X-Pin", SECRET)]), "request.headers[X-Pin]", ""),
        (a_record(response_headers=[("X-Pin", SECRET)]), "response.headers[X-Pin]", ""),
        (a_record(url=f"https://h/p?a=1&x-pin={SECRET}"), "request.url ?x-pin", ""),
        (a_record(url=f"https://h/p%23x-pin={SECRET}"), "request.url ?x-pin", ""),
        (a_record(query=[("x-pin", SECRET)]), "request.queryString[x-pin]", ""),
        (
            a_record(request_headers=[("Cookie", f"a=1; x-pin={SECRET}")]),
            "request.headers[Cookie] x-pin",
            "",
        ),
        (
            a_record(response_headers=[("Location", f"/p?a=1&x-pin={SECRET}")]),
            "response.headers[Location] ?x-pin",
            "",
        ),
        (
            a_record(url=f"https://h/p?next=https%3A%2F%2Fo%2F%3Fx-pin%3D{SECRET}"),
            "request.url ?next ?x-pin",
            "",
        ),
        (
            a_record(sent=json_body({"a": [{"x-pin": SECRET}]})),
            "request.postData a[0].x-pin",
            "",
        ),
        (
            a_record(given=json_content({"a": {"x-pin": [1]}})),
            "response.content a.x-pin",
            "[REDACTED]",
        ),
        (
            a_record(sent=json_body({"in": json.dumps({"x-pin": SECRET})})),
            "request.postData in x-pin",
            "",
        ),
        (
            a_record(sent=text_body(f"a=1&x-pin={SECRET}", FORM)),
            "request.postData ?x-pin",
            "",
        ),
        (
            a_record(
                sent={"mimeType": FORM, "params": [{"name": "x-pin", "value": SECRET}]}
            ),
            "request.postData.params[x-pin]",
            "",
        ),
        (
            a_record(
                given=text_content(f'{{"a":1}}\n{{"x-pin":"{SECRET}"}}', "text/plain")
            ),
            "response.content line 2 x-pin",
            "",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hidden_value_is_told_with_its_entry(
    record: Record, place: str, after: str
) -> None:
    """In every place a value can have a name."""
    mark = after or f"[REDACTED {len(SECRET)}]"

    assert told(record, denylist=["X-Pin"]) == [(place, 'denylist "X-Pin"', mark)]


def test_a_removed_value_is_told_as_gone() -> None:
    """What leaves is None then."""
    record = a_record(
        url=f"https://h/p?pin={SECRET}&a=1",
        request_headers=[("Pin", SECRET), ("A", "1")],
        sent=json_body({"pin": SECRET, "a": 1}),
    )

    assert told(record, denylist=["pin"], redaction="remove") == [
        ("request.url ?pin", 'denylist "pin"', None),
        ("request.headers[Pin]", 'denylist "pin"', None),
        ("request.postData pin", 'denylist "pin"', None),
    ]


def test_what_differs_beside_the_values_is_told() -> None:
    """A file's name, JSON lines, arrays of another length, numbers as written."""
    param = {"name": "pin", "value": "1", "fileName": "secret.txt"}
    record = a_record(
        sent={"mimeType": "multipart/form-data", "params": [param]},
        given=text_content('[1.50,2]\n\n{"pin":2.50}', "application/x-ndjson"),
    )

    assert [(place, after) for place, _, after in told(record, denylist=["pin"])] == [
        ("request.postData.params[pin]", "[REDACTED 1]"),
        ("request.postData.params[pin].fileName", "[REDACTED 10]"),
        ("response.content line 3 pin", "[REDACTED]"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[1,2]", "[1]"),
        ('{"a":1}', '{"a":1,"b":2}'),
        ('{"a":1}\nx', '{"a":2}\nx'),
        ("a=1", "b=1"),
        ("plain", "other"),
        ("[" * 300 + "]" * 300, "[" * 299 + "1" + "]" * 299),
    ],
)
def test_any_other_change_of_a_text_is_told(before: str, after: str) -> None:
    """However the two texts differ, something is said."""
    record = a_record(given=text_content(before))
    content = replace(record.har.response.content, text=after)
    sent = replace(record.har, response=replace(record.har.response, content=content))
    found = list(Reasons(Listed(Policy())).changes(record, sent))

    assert {(Kind.RULE, BY_A_RULE)} == {(one.kind, one.why) for one in found}


def test_a_header_that_goes_with_its_cookies_is_told_by_them() -> None:
    """And the one of the same name that stays is not mistaken for it."""
    record = a_record(
        request_headers=[("Cookie", f"pin={SECRET}")],
        response_headers=[
            ("Set-Cookie", f"pin={SECRET}; Path=/"),
            ("Set-Cookie", "a=1"),
        ],
    )

    assert told(record, denylist=["pin"], redaction="remove") == [
        ("request.headers[Cookie] pin", 'denylist "pin"', None),
        ("response.headers[Set-Cookie] pin", 'denylist "pin"', None),
    ]


def test_entries_are_told_as_they_were_written() -> None:
    """A path, a prefix, a part of a parameter's name."""
    record = a_record(
        request_headers=[("Id", SECRET)],
        query=[("user[pin]", SECRET)],
        sent=json_body({"user": {"card": [{"number": SECRET}]}}),
    )
    denylist = ["user.card.number", "request.header.Id", "pin"]

    assert [(place, why) for place, why, _ in told(record, denylist=denylist)] == [
        ("request.headers[Id]", 'denylist "request.header.Id"'),
        ("request.queryString[user[pin]]", 'denylist "pin"'),
        ("request.postData user.card[0].number", 'denylist "user.card.number"'),
    ]


def test_elements_of_xml_are_told() -> None:
    """With their attributes; what goes with an element is not told again."""
    text = (
        f'<s:Body xmlns:s="urn:s"><s:order pin="{SECRET}"><card><number>{SECRET}'
        f"</number><holder>Ada</holder></card><note>n</note></s:order></s:Body>"
    )
    record = a_record(given=text_content(text, "application/xml"))

    assert told(record, denylist=["pin", "order.card"]) == [
        ("response.content Body.order@pin", 'denylist "pin"', "[REDACTED 15]"),
        ("response.content Body.order.card", 'denylist "order.card"', "[REDACTED]"),
    ]
    assert told(record, denylist=["pin", "number"], redaction="remove") == [
        ("response.content Body.order@pin", 'denylist "pin"', None),
        ("response.content Body.order.card.number", 'denylist "number"', None),
    ]


@pytest.mark.parametrize("text", ["<!DOCTYPE a><a>{}</a>", "<a>{}</b>", "<a>{} <"])
def test_xml_that_is_none_is_one_text(text: str) -> None:
    """A document type may define anything, so nothing is taken apart then."""
    mark = "[REDACTED 1]"
    record = a_record(given=text_content(text.format(mark), "text/xml"))

    assert changes(record) == []


def test_a_value_with_separators_is_told_once() -> None:
    """What is hidden reaches to the next ampersand."""
    record = a_record(url="https://h/p?a=1&pin=x;y=2?z#w&b=1")
    found = changes(record, denylist=["pin"])

    assert [one.place for one in found] == ["request.url ?pin"]
    assert found[0].before == "x;y=2?z#w"


def test_under_an_allowlist_everything_else_is_told() -> None:
    """The reason is that it is not on the list."""
    record = a_record(request_headers=[("A", "1"), ("B", "2")], given=json_content({}))

    assert told(record, allowlist=["a"])[:1] == [
        ("request.headers[B]", "not on the allowlist", "[REDACTED 1]")
    ]


def test_a_body_that_stays_here_is_told_in_words() -> None:
    """The word in the mark is for machines."""
    record = a_record(
        sent=text_body("the pin is 1"),
        response_headers=[("Content-Encoding", "br")],
        given=binary_content(b"\x8b\x02\x80", "application/json"),
    )
    found = changes(record, denylist=["pin"])

    assert [one.kind for one in found] == [Kind.WITHHELD, Kind.WITHHELD]
    assert "cannot be taken apart" in found[0].why
    assert "packed and cannot be opened" in found[1].why


@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_an_opened_body_is_told_as_such(coding: str, packed: Any) -> None:
    """And what was hidden in it beside that."""
    body = packed(json.dumps({"pin": SECRET}).encode())
    headers = [("Content-Encoding", coding)]
    record = a_record(
        envelope={"open": True},
        request_headers=headers,
        sent=binary_body(body, "application/json"),
        response_headers=headers,
        given=binary_content(body, "application/json"),
    )

    assert [
        ("request.postData", f"{coding} body opened"),
        ("request.postData pin", 'denylist "pin"'),
        ("response.content", f"{coding} body opened"),
        ("response.content pin", 'denylist "pin"'),
    ] == [(place, why) for place, why, _ in told(record, denylist=["pin"])]


def test_a_multipart_body_is_told_as_rewritten() -> None:
    """Its parts are parameters now."""
    sent = binary_body(
        multipart("pin", SECRET.encode()), "multipart/form-data; boundary=b"
    )
    record = a_record(envelope={"open": True}, sent=sent)

    assert [(place, why) for place, why, _ in told(record, denylist=["pin"])] == [
        ("request.postData", "multipart body rewritten as parameters"),
        ("request.postData.params[pin]", 'denylist "pin"'),
    ]


def test_marks_of_the_writer_are_told() -> None:
    """They were there before the shipper saw the line."""
    record = a_record(
        url="https://h/p?token=%5BREDACTED%207%5D",
        request_headers=[
            ("Authorization", f"Bearer {MASK}"),
            ("Cookie", "a=[REDACTED 3]; b=[REDACTED 4]"),
        ],
        sent=json_body({"password": "[REDACTED 8]", "a": 1}),
        envelope={"notes": ["body-withheld"]},
    )
    found = changes(record)

    assert {Kind.MASKED} == {one.kind for one in found}
    assert [one.place for one in found] == [
        "body",
        "request.url ?token",
        "request.headers[Authorization]",
        "request.headers[Cookie] a",
        "request.headers[Cookie] b",
        "request.postData password",
    ]


def test_a_change_by_an_unknown_rule_is_told_all_the_same() -> None:
    """Nothing changes in silence, whoever did it."""
    record = a_record(request_headers=[("A", "1")])
    request = replace(record.har.request, headers=[har.Pair("A", "2")])
    sent = replace(record.har, request=request, comment="sampled: 1 of 4")
    found = list(Reasons(Listed(Policy())).changes(record, sent))

    assert [(one.place, one.why, one.after) for one in found] == [
        ("request.headers[A]", BY_A_RULE, "2"),
        ("comment", "sampled: it stands for others too", "sampled: 1 of 4"),
    ]


def test_marks_that_no_list_explains_are_told_apart() -> None:
    """By a name that stands in the text, or by what the value looks like."""
    record = a_record(request_headers=[("A", "x pin=1"), ("B", "x 4111111111111111")])
    headers = [har.Pair("A", "[REDACTED 7]"), har.Pair("B", "x [REDACTED 16]")]
    sent = replace(record.har, request=replace(record.har.request, headers=headers))
    reasons = Reasons(Listed(Policy(denylist=["pin"])))

    assert [(one.kind, one.why) for one in reasons.changes(record, sent)] == [
        (Kind.LISTED, IN_TEXT),
        (Kind.DETECTED, f"{BY_ITS_LOOKS}: card-number"),
    ]


def test_what_was_added_is_told() -> None:
    """What was there before is None then."""
    record = a_record(request_headers=[("A", "1")])
    headers = [*record.har.request.headers, har.Pair("B", "2")]
    sent = replace(record.har, request=replace(record.har.request, headers=headers))
    found = list(Reasons(Listed(Policy())).changes(record, sent))

    assert [(one.place, one.before, one.after) for one in found] == [
        ("request.headers[B]", None, "2")
    ]


def test_an_untouched_record_has_nothing_to_tell() -> None:
    """No change, no reason."""
    assert changes(a_record(), denylist=["pin"]) == []


@given(planted())
def test_every_change_has_a_reason(found: Planted) -> None:
    """Whatever the lists hide is told, and with the list for a reason."""
    redactor = Redactor(denylist=NAMES)
    result = redactor.apply(found.record)
    assert isinstance(result, Redacted)
    sent = har.decode(result.entry)
    kinds = {
        one.kind for one in Reasons(Listed(redactor.policy)).changes(found.record, sent)
    }

    assert (sent != found.record.har) <= bool(kinds)
    assert Kind.RULE not in kinds, found.place


@given(planted())
def test_equal_entries_have_equal_leaves(found: Planted) -> None:
    """Comparing an entry with itself finds no change."""
    entry = found.record.har

    assert [leaf for leaf in leaves(entry, entry) if leaf.is_changed] == []


def test_a_data_url_may_be_empty() -> None:
    """One without content is a text as any other, beside one that holds some."""
    urls = "data:text/plain;base64,", "data:text/plain;base64,QUJD"

    (leaf,) = text_leaves(Where("request.postData.params[file]", "request"), *urls)
    assert (leaf.before, leaf.after) == ("", "ABC")
