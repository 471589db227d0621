"""Bodies that are plainly text: the short way of both sides of an exchange."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from wsgi_writer.fields import FieldMask
from wsgi_writer.headers import HeaderBlock
from wsgi_writer.mask import Masks
from wsgi_writer.texts import PlainTexts

JSON = "application/json"
LIMIT = 100


@dataclass
class Body:
    """What was captured of a body."""

    content: bytes
    size: int = -1

    def __post_init__(self) -> None:
        if self.size < 0:
            self.size = len(self.content)


def headers(content_type: str = JSON, coding: str = "") -> HeaderBlock:
    """Return headers that say so much of a body."""
    block = HeaderBlock()
    block.content_type, block.content_encoding = content_type, coding
    return block


def both(
    sent: Body,
    answer: Body,
    *,
    asked: str = JSON,
    given: str = JSON,
    fields: Iterable[str] | None = (),
) -> tuple[str, str] | None:
    """Lay out two bodies."""
    masks = Masks(fields=fields)
    texts = PlainTexts(masks, FieldMask(masks))
    return texts.both(headers(asked), sent, headers(given), answer, LIMIT)


def read(laid: tuple[str, str] | None) -> tuple[Any, Any]:
    """Return `postData` and `content` as a reader of the line sees them."""
    assert laid is not None
    line = f'{{"a":1{laid[0]},"content":{laid[1]}}}'
    members = json.loads(line.encode("latin-1").decode("utf-8"))
    return members.get("postData"), members["content"]


def test_both_bodies_are_laid_out() -> None:
    """As HAR's `postData` and `content`, other scripts included."""
    laid = both(Body(b'{"a":"\xc3\xa9"}'), Body('["猫"]'.encode()))

    assert read(laid) == (
        {"mimeType": JSON, "text": '{"a":"é"}'},
        {"size": 7, "mimeType": JSON, "text": '["猫"]'},
    )


def test_no_bodies_are_laid_out_too() -> None:
    """A request without one has no `postData`, a response has a size of nothing."""
    laid = both(Body(b""), Body(b""), asked="", given="")

    assert read(laid) == (None, {"size": 0, "mimeType": ""})


def test_no_body_of_an_odd_type_is_left() -> None:
    """The type is a text of another script, and would have to be read first."""
    assert both(Body(b"{}"), Body(b""), given="text/caf\xe9") is None


def test_a_body_that_is_not_kept_is_not_shown() -> None:
    """Where bodies are not recorded, the room behind this one tells their sizes."""
    assert both(Body(b"", 7), Body(b"", 7)) is None
    assert read(both(Body(b"", 7), Body(b"")))[0] is None


@pytest.mark.parametrize("is_request", [True, False])
@pytest.mark.parametrize(
    ("listed", "masked"),
    [
        ('{"cvv":"123","a":1}', '{"cvv":"[REDACTED 3]","a":1}'),
        ('{"cvv":"123","a":"é"}', '{"cvv":"[REDACTED 3]","a":"é"}'),
        ('{"c\\u0076v":"123"}', '{"c\\u0076v":"[REDACTED 3]"}'),
        ('{"Cvv":{"a":1},"b":"cvv"}', '{"Cvv":"[REDACTED]","b":"cvv"}'),
    ],
)
def test_listed_fields_are_replaced_on_either_side(
    listed: str, masked: str, *, is_request: bool
) -> None:
    """The other body stays as it was."""
    other = '{"a": "cv", "v": ["é"]}' if "é" in listed else '{"a": "cv", "v": []}'
    pair = [listed, other] if is_request else [other, listed]
    sent, answer = (Body(text.encode()) for text in pair)
    shown = [content["text"] for content in read(both(sent, answer))]

    assert shown == ([masked, other] if is_request else [other, masked])


def test_both_bodies_may_hold_listed_fields() -> None:
    """Each is masked where its own names are."""
    first, second = Body(b'[{"cvv":1},{"secret":2}]'), Body(b'{"a":1,"password":"x"}')
    shown = [content["text"] for content in read(both(first, second))]

    assert shown == [
        '[{"cvv":"[REDACTED]"},{"secret":"[REDACTED]"}]',
        '{"a":1,"password":"[REDACTED 1]"}',
    ]


def test_an_escape_at_the_end_hides_nothing_of_the_next_body() -> None:
    """A body that ends in a backslash does not swallow the start of the other."""
    escaped = Body("\\u0062är".encode())

    assert both(Body(b"\\"), escaped, fields=["bär"]) is None
    assert both(Body(b"\\"), escaped, fields=["öl"]) is not None


def test_a_list_that_is_off_masks_nothing() -> None:
    """`mask_fields=None` leaves bodies as they are."""
    laid = both(Body(b'{"cvv":1}'), Body(b'{"cvv":2}'), fields=None)

    assert [content["text"] for content in read(laid)] == ['{"cvv":1}', '{"cvv":2}']


def test_a_cut_text_says_so() -> None:
    """It ends at a character, and its true size stays."""
    laid = both(Body(b'{"a":"\xc3', 30), Body(b"abc", 50), given="text/plain")

    assert read(laid) == (
        {"mimeType": JSON, "text": '{"a":"', "comment": "cut: 7 of 30 bytes kept"},
        {
            "size": 50,
            "mimeType": "text/plain",
            "text": "abc",
            "comment": "cut: 3 of 50 bytes kept",
        },
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (Body(b'{"cvv":', 50), JSON),
        (Body(b'{"cvv":1'), JSON),
        (Body(b"\xff"), JSON),
        (Body(b"a\0"), "text/plain"),
        (Body("\uffff".encode()), JSON),
        (Body(b"a=1"), "application/x-www-form-urlencoded"),
        (Body(b"a"), ""),
        (Body(b"a" * (LIMIT + 1)), "text/plain"),
        (Body(b"a"), "text/caf\xe9"),
    ],
)
def test_whatever_is_not_plainly_text_is_left(body: Body, content_type: str) -> None:
    """Cut, broken, binary, a form, without a type, or with an odd one."""
    plain = Body(b"{}")

    assert both(body, plain, asked=content_type) is None
    assert both(plain, body, given=content_type) is None


def test_no_noncharacter_comes_out_of_a_masked_document() -> None:
    """RFC 7493: an escape that is undone by masking is for the other room."""
    nested = Body(rb'{"a":"{\"cvv\":1,\"b\":\"\uffff\"}"}')

    assert both(nested, Body(b"{}")) is None
    assert both(Body(b"{}"), nested) is None


def test_packed_bodies_are_left() -> None:
    """What is inside of them is for another room to see."""
    masks = Masks()
    texts = PlainTexts(masks, FieldMask(masks))
    packed, body = headers(JSON, "gzip"), Body(b"{}")

    assert texts.both(packed, body, headers(), body, LIMIT) is None
    assert texts.one(b"{}", 2, JSON, "gzip", LIMIT) is None
