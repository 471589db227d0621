"""A report holds nothing that does not leave, whatever is in the log."""

from __future__ import annotations

import json
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.reports.html.text import shown
from tests.support.planted import NAMES, SECRET, Planted, planted, readings
from tests.support.records import RECORD_ID, a_record_line
from tests.support.reporting import a_page, style

HEAD = {"v": 1, "id": RECORD_ID, "client": "203.0.113.9"}
ACTIVE = ("script", "img", "iframe", "link", "meta", "style", "object", "base", "form")
TEXTS = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from([f"<{name}>" for name in ACTIVE] + ['"><img src=x>', "</style>"])
).map("".join)


def line_of(found: Planted) -> bytes:
    """Return the line of a planted record."""
    head = {**HEAD, **({"open": True} if found.record.is_open else {})}
    return json.dumps(head).encode()[:-1] + b',"entry":' + found.record.entry + b"}"


@pytest.mark.parametrize(
    "lists",
    [
        {"denylist": NAMES},
        {"denylist": NAMES, "redaction": "remove"},
        {"allowlist": ["neighbour"]},
        {"allowlist": ["neighbour"], "redaction": "remove"},
    ],
    ids=str,
)
@given(found=planted())
@settings(max_examples=150, deadline=None)
def test_no_hidden_value_is_in_the_report(lists: Any, found: Planted) -> None:
    """Not before, not after, not in a heading, in no encoding."""
    page = a_page([line_of(found)], **lists).replace(style(), "")
    text = unescape(page)

    assert SECRET not in readings(text.encode())
    assert quote(SECRET) not in text


@given(st.lists(TEXTS, min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_no_text_of_a_log_is_markup(texts: list[str]) -> None:
    """The page has the same elements whatever the log says."""

    def tags(one: str, other: str, header: str, body: str) -> list[str]:
        line = a_record_line(
            envelope={"caller": {"id": one or "a", "label": other, "email": header}},
            method=one,
            request_headers=[("X-A", header), ("Pin", other)],
            given={"size": 1, "mimeType": header, "text": body},
        )
        page = a_page([line], denylist=["pin"])
        return [piece for piece in page.split("<") if piece.startswith(ACTIVE)]

    assert tags("a", "b", "c", "d") == tags(*texts)


@given(TEXTS)
def test_shown_text_says_itself(text: str) -> None:
    """Printable text comes back from its HTML; nothing else is silent."""
    page = shown(text)

    assert "<" not in page.replace('<span class="odd">', "").replace("</span>", "")
    if text.isascii() and text.isprintable():
        assert unescape(page) == text
    assert page.isprintable()
