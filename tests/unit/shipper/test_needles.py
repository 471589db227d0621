"""Many short byte strings, looked for at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.needles import Needles

PIECES = st.lists(
    st.sampled_from([b"a", b"b", b"ab", b"\0", b"\xc3\x9f", b"pin"]), max_size=30
).map(b"".join)


@pytest.mark.parametrize(
    ("text", "occurs"),
    [
        (b"", False),
        (b"ssn", True),
        (b"a ssn!", True),
        (b"className", False),
        (b"SSN", False),
        (b"pin_cod", False),
        (b"x" * 5000 + b"pin_code", True),
    ],
)
def test_a_text_is_compared_byte_by_byte(text: bytes, occurs: bool) -> None:
    """Wherever it stands, and in no other case."""
    assert Needles([b"ssn", b"pin_code"]).occur_in(text) is occurs


def test_nothing_is_found_where_nothing_is_looked_for() -> None:
    """No needle, no match."""
    assert not Needles([]).occur_in(b"anything")


@pytest.mark.parametrize("count", [63, 64, 65, 129, 640, 641])
def test_each_of_many_is_found(count: int) -> None:
    """Whichever search it belongs to; and nothing else is found."""
    words = [b"name%03d" % number for number in range(count)]
    needles = Needles(words)

    assert [word for word in words if not needles.occur_in(b"is " + word)] == []
    assert not needles.occur_in(b"is name%03d" % count)


@given(st.lists(PIECES.filter(bool), max_size=8), PIECES)
def test_it_finds_what_looking_one_by_one_finds(
    words: list[bytes], text: bytes
) -> None:
    """One that begins or ends within another is found all the same."""
    assert Needles(words).occur_in(text) is any(word in text for word in words)
