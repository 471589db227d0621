"""Law: percent-decoding says what the standard library says."""

from __future__ import annotations

from urllib.parse import unquote_plus

from hypothesis import given
from hypothesis import strategies as st

from wsgi_writer.params import decode

# Whole, cut and mixed sequences of UTF-8, and what only looks like an escape.
PIECES = st.sampled_from(
    [
        "%E4", "%bd", "%A0", "%F0", "%90", "%80", "%ED", "%ef", "%BF", "%FF", "%c3%A9",
        "%41", "%25", "%", "%0", "%g0", "%%41", "a", "+", " ", "\xe9", "%2B", "%00",
    ]
)  # fmt: skip


@given(text=st.lists(PIECES, max_size=12).map("".join) | st.text())
def test_decoding_runs_of_escapes_is_decoding_each(text: str) -> None:
    """The faster way gives the very same text, however broken the bytes are."""
    assert unquote_plus(text, errors="replace") == decode(text)
