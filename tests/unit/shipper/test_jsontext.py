"""JSON text as a tree: what is read, and what is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shipper.jsontext import read_json

PIECES = st.lists(
    st.sampled_from(['{"a":', "[", "1", ",", "NaN", '"\\ud800"', "]", "}", " ", "\n"])
).map("".join)


@pytest.mark.parametrize(
    "text",
    ['{"a":1}', " [1]\r\n", "[NaN]", '["\\ud800"]', '\ufeff{"a":1} ', '"a"', "7", "[]"],
)
def test_what_python_reads_is_read(text: str) -> None:
    """Strict JSON, and what the RFC forbids but others write all the same."""
    assert read_json(text) is not None


@pytest.mark.parametrize("text", ['{"a":1', "[1,", '[1,{"a":[2]}', '{"a":1}x', "", " "])
def test_what_was_cut_is_none(text: str) -> None:
    """An object or array that does not end, or goes on after its end."""
    assert read_json(text) is None


@given(PIECES)
@example("[1]\n")
def test_a_text_is_refused_only_if_python_refuses_it(text: str) -> None:
    """A look at both ends decides nothing that a parser would not."""
    try:
        json.loads(text)
    except ValueError:
        is_json = False
    else:
        is_json = True

    assert (read_json(text) is not None) is is_json
