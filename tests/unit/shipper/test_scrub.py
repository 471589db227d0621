"""What the lists hide inside one text, and where its values end."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from shipper.redact import Redactor
from tests.support.records import (
    a_record,
    header,
    json_body,
    json_content,
    redacted,
    text_body,
)

SEARCHED = quote('{"password":"hunter2","a":1}')
HIDDEN = quote('{"password":"[REDACTED 7]","a":1}', safe="")
FORM = "application/x-www-form-urlencoded"
# What an application cut, or laid out by hand.
BROKEN = [
    '{"a":1,"password":"hunter2"',
    '{"password":"hunter2","b":"...',
    '[{"password":"hunter2",}]',
    ' {"password":"hunter2"} and more',
    '{"a":{"b":"{\\"password\\":\\"hunter2\\"',
    '{"pass\\u0077ord":"hunter2"',
]
# What only begins alike, and holds no name.
HARMLESS = ["[password] is wrong", "{password} is wrong", '[1] "a" password', "[b", "{"]


def denied(**record: Any) -> dict[str, Any]:
    """Return a record's entry under a denylist."""
    return redacted(Redactor(denylist=["password"]), a_record(**record))


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (
            "<{}?a=1&password=x>; rel=next",
            "<{}?a=1&password=%5BREDACTED%201%5D>; rel=next",
        ),
        (f"<{{}}?f={SEARCHED}>; rel=next", f"<{{}}?f={HIDDEN}>; rel=next"),
        (
            f"<{{}}?f={SEARCHED}>; rel=prev, <{{}}?b=1&f={SEARCHED}>; rel=next",
            f"<{{}}?f={HIDDEN}>; rel=prev, <{{}}?b=1&f={HIDDEN}>; rel=next",
        ),
        ("<{}?a=1>; rel=next", "<{}?a=1>; rel=next"),
        ("<{}?password=x", "<{}?password=%5BREDACTED%201%5D"),
    ],
)
@pytest.mark.parametrize("url", ["/p", "https://h/p"])
def test_a_url_ends_at_its_bracket(url: str, link: str, shown: str) -> None:
    """What stands behind it in a Link (RFC 8288) is no part of a value."""
    entry = denied(response_headers=[("Link", link.replace("{}", url))])

    assert header(entry["response"], "Link") == shown.replace("{}", url)


def in_every_place(text: str) -> dict[str, Any]:
    """Return what is sent of a text that stands in every place of a value."""
    pair = {"name": "a", "value": text}
    entry = denied(
        url=f"https://h/?a={quote(text)}",
        query=[("a", text)],
        request_headers=[("X-A", text.strip()), ("Referer", f"/?a={quote(text)}")],
        sent={"mimeType": FORM, "params": [pair]},
        given=json_content({"a": [text]}),
    )
    request = entry["request"]
    return {
        "url": request["url"],
        "query": request["queryString"][0]["value"],
        "header": header(request, "X-A"),
        "referer": header(request, "Referer"),
        "form": request["postData"]["params"][0]["value"],
        "json": json.loads(entry["response"]["content"]["text"])["a"][0],
    }


@pytest.mark.parametrize("text", BROKEN)
def test_what_begins_like_json_and_holds_a_listed_key_is_hidden_whole(
    text: str,
) -> None:
    """Where its value ends nobody knows."""
    mark, encoded = f"[REDACTED {len(text)}]", quote(f"[REDACTED {len(text)}]", safe="")

    assert in_every_place(text) == {
        "url": f"https://h/?a={encoded}",
        "query": mark,
        "header": f"[REDACTED {len(text.strip())}]",
        "referer": f"/?a={encoded}",
        "form": mark,
        "json": mark,
    }


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_that_is_no_json_is_free_text(text: str) -> None:
    """A word in brackets is no key."""
    assert in_every_place(text) == {
        "url": f"https://h/?a={quote(text)}",
        "query": text,
        "header": text,
        "referer": f"/?a={quote(text)}",
        "form": text,
        "json": text,
    }


def test_a_form_as_text_is_searched_alike() -> None:
    """Other writers may not take forms apart."""
    entry = denied(sent=text_body(f"a={quote(BROKEN[0])}&b=1", FORM))

    assert entry["request"]["postData"]["text"] == "a=%5BREDACTED%2027%5D&b=1"


@pytest.mark.parametrize("name", ["body.user.password", "request.password"])
def test_a_path_hides_no_less_of_what_cannot_be_read(name: str) -> None:
    """Nobody can tell where in a broken document its value stands."""
    redactor = Redactor(denylist=[name], redaction="remove")
    entry = redacted(redactor, a_record(sent=json_body({"a": [BROKEN[0]]})))

    assert json.loads(entry["request"]["postData"]["text"]) == {"a": ["[REDACTED 27]"]}
