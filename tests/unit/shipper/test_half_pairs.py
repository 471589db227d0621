"""Half of a surrogate pair in JSON that stands in a string of other JSON.

Whoever cuts a string of JavaScript in the middle of an emoji writes one, as an escape.
In the string it is a character that has no UTF-8, and the record must not stop there.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from shipper.model import Entry
from shipper.redact import Redactor
from shipper.values import Detector
from tests.support.exchanges import an_exchange, encoded
from tests.support.lines import lines_of
from tests.support.shapers import a_shaper

SECRET = "hunter2-unique"
TOKEN = "ghp_" + "a1B2" * 9
LISTS: list[dict[str, Any]] = [
    {"denylist": ["password"]},
    {"denylist": ["inside.password"], "redaction": "remove"},
]


def a_body(depth: int) -> bytes:
    """Return JSON in strings of JSON, with a broken pair beside a secret each time."""
    inner: dict[str, Any] = {"password": SECRET, "token": TOKEN, "half": "\ud83e"}
    for _ in range(depth):
        inner = {"inside": json.dumps(inner, ensure_ascii=False), "half": "\udd14"}
    return json.dumps(inner).encode()


def shaped(depth: int, kind: str, **settings: Any) -> bytes:
    """Return what leaves of a record with such a body on both sides."""
    body = a_body(depth)
    line = encoded(
        an_exchange(
            request_body=body, request_type=kind, response_body=body, response_type=kind
        )
    )
    shaper = replace(a_shaper(), **settings)
    item = shaper.shape(lines_of([line.rstrip(b"\n")])[0])

    assert isinstance(item, Entry), item
    return item.payload


@pytest.mark.parametrize("lists", LISTS)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize("depth", [1, 2])
def test_it_keeps_no_listed_value_from_being_hidden(
    depth: int, kind: str, lists: dict[str, Any]
) -> None:
    """And all that is not listed leaves."""
    payload = shaped(depth, kind, redactor=Redactor(**lists))

    assert SECRET.encode() not in payload
    assert b"ud83e" in payload and b"udd14" in payload


@pytest.mark.parametrize("mode", ["warn", "redact"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize("depth", [1, 2])
def test_it_does_not_stop_the_search_for_secrets(
    depth: int, kind: str, mode: Any
) -> None:
    """Which looks into strings as well."""
    payload = shaped(depth, kind, detector=Detector(mode=mode))

    assert (TOKEN.encode() in payload) is (mode == "warn")
    assert b"ud83e" in payload and b"udd14" in payload
