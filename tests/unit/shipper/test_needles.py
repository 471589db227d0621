"""Many short byte strings, looked for at once."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.needles import Needles, Pattern, Shapes

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


@pytest.mark.parametrize("text", [b"SSN", b"Ssn", b"a ssN!"])
def test_case_may_be_ignored(text: bytes) -> None:
    """Of ASCII letters, on both sides."""
    assert Needles([b"ssn"], ignores_case=True).spans_in(text)
    assert Needles([b"SSN"], ignores_case=True).spans_in(text)


def test_case_is_a_matter_of_ascii() -> None:
    """Other bytes stand for themselves, whatever letter they are part of."""
    assert not Needles(["\u00e4".encode()], ignores_case=True).occur_in(
        "\u00c4".encode()
    )


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (b"", []),
        (b"pinpin pin", [(0, 3), (3, 6), (7, 10)]),
        (b"pin_code", [(0, 8)]),
        (b"a_pin_codes", [(0, 5), (6, 11)]),
        (b"codes", [(0, 5)]),
    ],
)
def test_of_places_that_overlap_the_first_and_longest_is_told(
    text: bytes, spans: list[tuple[int, int]]
) -> None:
    """From where it begins to behind its end."""
    needles = Needles([b"pin", b"pin_code", b"a_pin", b"codes", b"code"])

    assert needles.spans_in(text) == spans


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (b'{"name":1,"names":2,"nameOf":3}', []),
        (b'{"a":"name"}', [(6, 10)]),
        (b'{"a":"name","name":"name:"}', [(6, 10), (20, 24)]),
        (b'\\"name\\":1', [(2, 6)]),
        (b'"name":name":name', [(13, 17)]),
        (b'name"', [(0, 4)]),
        (b"name", [(0, 4)]),
        (b'name-":', [(0, 4)]),
        (b"NAMES\xc3\x9f", [(0, 4)]),
        (b"named pin", [(0, 4), (6, 9)]),
        (b'"pin":1', [(1, 4)]),
    ],
)
def test_names_of_members_may_be_passed_over(
    text: bytes, spans: list[tuple[int, int]]
) -> None:
    """Those of the document itself; not what looks like one within a string."""
    needles = Needles([b"name", b"pin"], ignores_case=True, not_in_keys=[b"name"])

    assert needles.spans_in(text) == spans


def test_shapes_are_told_by_where_they_end() -> None:
    """Each place of each of them, first to last."""
    shapes = Shapes([Pattern(b"[0-9]{3}[^0-9]"), Pattern(b"a+b")])

    assert shapes.ends_in(b"ab 123, 1234; x") == [2, 7, 13]
    assert shapes.ends_in(b"nothing of it") == []
    assert Shapes([]).ends_in(b"123,") == []


@pytest.mark.parametrize("count", [1, 64, 65, 641])
def test_each_of_many_is_found(count: int) -> None:
    """And nothing else is found."""
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


def test_threads_may_ask_at_the_same_time() -> None:
    """Each has its own place to work in, and gets the answer to its own question."""
    needles = Needles([b"pin", b"ssn"])
    texts = [b"x" * 400_000 + word + b"y" * 400_000 for word in (b"pin", b"", b"ssn")]
    answers: list[list[bool]] = [[], [], []]

    def ask(number: int) -> None:
        for _ in range(300):
            answers[number].append(needles.occur_in(texts[number]))

    threads = [Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [set(answer) for answer in answers] == [{True}, {False}, {True}]
    assert [len(answer) for answer in answers] == [300, 300, 300]
