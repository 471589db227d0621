"""Members marked in place are the members that a tree of the text would mark."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipper.jsonplace import MemberMarks
from shipper.lists import mark_of

NAMES = ("password", "kiss", "card", "card_number")
MARKS = MemberMarks(NAMES)

WORDS = st.sampled_from(
    [*NAMES, "PassWord", "a", "n", "xkiss", "kiss x", "é", "", "[REDACTED 7]", "\n"]
) | st.text('"\\{}[]:, \nkis\u00e9', max_size=8)
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    WORDS
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS, inner, max_size=4)
        | inner.map(json.dumps)
    ),
    max_leaves=12,
)


@given(
    document=DOCUMENTS,
    is_ascii=st.booleans(),
    indent=st.sampled_from([None, 1]),
    separators=st.sampled_from([(",", ":"), (" , ", " : ")]),
)
@example(document={"card_number": "1", "card": {"a": [1]}}, is_ascii=True, indent=None,
         separators=(",", ":"))  # fmt: skip
@settings(max_examples=1500)
def test_what_is_marked_in_place_is_what_a_tree_marks(
    document: Any, is_ascii: bool, indent: int | None, separators: tuple[str, str]
) -> None:
    """Or nothing is said, where a string may hold a document itself."""
    text = json.dumps(
        document, ensure_ascii=is_ascii, indent=indent, separators=separators
    )

    marked = MARKS.scrub(text)

    if marked is None:
        assert "\\" in text or "kiss" in text.casefold()
        return
    assert json.loads(marked) == by_hand(document)
    assert (marked is text) == (marked == text)
    if json.loads(marked) == document:
        assert marked is text


def by_hand(document: Any) -> Any:
    """Mark the same members of a tree."""
    if isinstance(document, dict):
        return {
            key: mark_of(value) if key.casefold() in NAMES else by_hand(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [by_hand(item) for item in document]
    return document
