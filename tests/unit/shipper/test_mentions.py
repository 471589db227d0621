"""Where a listed name is said in a text that no rule can take apart."""

from __future__ import annotations

import json

import pytest

from shipper.mentions import Mentions

# Names that JSON may write with escapes: quotes, slashes, characters beyond 16 bits.
NAMES = [
    "ssn",
    "pass word",
    'q"t',
    "a/b",
    '/"',
    "pässword",
    "owl\U0001f989",
    "\U00010400",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_name_is_said_behind_every_escape_of_json(
    name: str, layers: int, is_ascii: bool
) -> None:
    """Some write a slash with a backslash, and JSON in JSON has more of them."""
    text = json.dumps({name: 1}, ensure_ascii=is_ascii).replace("/", "\\/")
    for _ in range(layers - 1):
        text = json.dumps(text, ensure_ascii=is_ascii)
    cut = text[: text.rindex(":")]
    mentions = Mentions([name.casefold()])

    assert mentions.occur_in(cut)
    assert mentions.are_keys_in(cut)
    assert mentions.occur_in_bytes(cut.encode())


@pytest.mark.parametrize("text", ["q t", 'q"tt', "a\\\\b", "\\ud83e", "\\udd89\\ud83e"])
def test_what_is_no_listed_name_is_not_said(text: str) -> None:
    """Halves of surrogate pairs stand for nothing."""
    assert not Mentions(NAMES[2:4] + NAMES[6:]).occur_in(text)
