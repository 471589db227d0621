"""Law: whatever names are listed, the search finds them where `in` would."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wsgi_writer.fields import FieldMask
from wsgi_writer.listed import ListedNames
from wsgi_writer.mask import Masks

# Few letters, so that names hold, overlap and end one another.
LETTERS = "kez_-1"
NAMES = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=6)
TEXTS = st.text(LETTERS + 'KZ" :,\u212a\xe9', max_size=40)


@given(listed=NAMES, text=TEXTS)
def test_a_text_holds_a_listed_name_or_not(listed: list[str], text: str) -> None:
    """The search by rare letters answers as one search for each name does."""
    names = ListedNames(frozenset(listed))
    low = text.lower() if text.isascii() else text.encode().lower().decode("latin-1")

    # Long texts are first asked for all letters of a name.
    for padding in ("", " " * 5000):
        assert any(name in low for name in listed) == names.occur_in(text + padding)


@given(listed=NAMES, keys=st.lists(st.text(LETTERS + "K ", max_size=8), max_size=6))
def test_every_listed_key_is_masked_and_no_other(
    listed: list[str], keys: list[str]
) -> None:
    """In JSON without escapes a value is replaced exactly if its key is listed."""
    listed = [name for name in listed if name.strip("-_")]
    fields = FieldMask(Masks(fields=listed))
    given_items = [{key: f"<{key}>"} for key in keys]

    masked = fields.mask_json(json.dumps(given_items))

    assert masked is not None
    assert [
        {key: f"[REDACTED {len(key) + 2}]" if key in fields.names else f"<{key}>"}
        for key in keys
    ] == json.loads(masked)
