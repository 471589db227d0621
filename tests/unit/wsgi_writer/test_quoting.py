"""Long texts as JSON strings."""

from __future__ import annotations

import json
from json.encoder import encode_basestring

import pytest

from wsgi_writer.quoting import LONG, quote


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "x" * LONG,
        "caf\xe9" * LONG,
        '"' * LONG,
        "\n" * LONG,
        "x" * LONG + "\\",
        "x" * LONG + "\x00",
        "x" * LONG + "\x1f",
        'x "quoted" text\r\n\tand\f\b' + "x" * LONG + "\x7f",
    ],
)
def test_a_text_is_quoted_as_the_standard_library_does(text: str) -> None:
    """The string is the standard library's, and JSON that means the text."""
    assert encode_basestring(text) == quote(text)
    assert text == json.loads(quote(text))
