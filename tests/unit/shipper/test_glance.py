"""What one look at a block tells of the entries in it."""

from __future__ import annotations

import pytest

from shipper.glance import BLOCKS_LEFT_OUT, BYTES_A_FIND, LEAST_BYTES, Glance
from shipper.model import Line
from shipper.needles import Needles, Pattern, Shapes
from shipper.redact import Redactor
from shipper.values import Detector

WORD = (Needles([b"hunter"], ignores_case=True),)
ENTRY = b'{"a":"nothing"}'
FILLING = b"." * LEAST_BYTES


def a_line(entry: bytes, *, before: bytes = b"", behind: bytes = FILLING) -> Line:
    """Return a line that ends with an entry, read among other bytes."""
    data = b'{"v":1,"entry":%b}' % entry
    block = before + data + b"\n" + behind
    return Line("f", 0, 0, 0, 0, data, block=block, block_start=len(before))


@pytest.mark.parametrize("is_listed", [False, True])
def test_an_entry_is_clear_if_nothing_ends_in_it(is_listed: bool) -> None:
    """Whatever stands in the lines around it."""
    glance = Glance(WORD)
    entry = b'{"a":"HUNTER2"}' if is_listed else ENTRY
    line = a_line(entry, before=b"hunter\n", behind=b"hunter\n" + FILLING)

    assert glance.is_clear(line, entry) is not is_listed


@pytest.mark.parametrize(
    "found", [b'{"a":"x hunter', b"hunter", b'"hunter', b'hunter"']
)
def test_what_ends_with_the_entry_is_in_it(found: bytes) -> None:
    """However broken the entry is."""
    assert not Glance(WORD).is_clear(a_line(found), found)


def test_the_end_of_an_entry_ends_a_number() -> None:
    """As anything else does that is no digit."""
    glance = Glance((Shapes([Pattern(b"[0-9]{4}(?:[^0-9]|$)")]),))

    assert not glance.is_clear(a_line(b"1234"), b"1234")
    assert glance.is_clear(a_line(b"123"), b"123")


def test_what_is_said_of_the_record_outside_of_its_entry_does_not_count() -> None:
    """Lists speak of the entry alone."""
    data = b'{"v":1,"client":"hunter","entry":%b}' % ENTRY
    line = Line("f", 0, 0, 0, 0, data, block=data + b"\n" + FILLING)

    assert Glance(WORD).is_clear(line, ENTRY)


@pytest.mark.parametrize(
    "line",
    [
        Line("f", 0, 0, 0, 0, b'{"v":1,"entry":%b}' % ENTRY),
        a_line(ENTRY, behind=b""),
        Line("f", 0, 0, 0, 0, ENTRY + b"}", block=FILLING),
        Line("f", 0, 0, 0, 0, ENTRY + b"}", block=FILLING, block_start=LEAST_BYTES),
        Line("f", 0, 0, 0, 0, ENTRY + b"}", block=ENTRY + FILLING),
        Line("f", 0, 0, 0, 0, b"}", block=b"}" + FILLING),
    ],
    ids=["no block", "a short one", "another", "beyond it", "an open end", "no entry"],
)
def test_of_bytes_that_it_has_not_seen_it_says_nothing(line: Line) -> None:
    """They are searched one by one, as ever."""
    assert not Glance(WORD).is_clear(line, ENTRY)


def test_with_nothing_to_look_for_it_says_nothing() -> None:
    """Nobody would search, and nothing is to be spared."""
    assert not Glance().is_clear(a_line(ENTRY), ENTRY)
    assert not Glance((), ()).is_clear(a_line(ENTRY), ENTRY)


@pytest.mark.parametrize(
    "redactor", [Redactor(allowlist=["a"]), Redactor(denylist=["location"])]
)
def test_it_says_nothing_where_one_goes_by_something_else(redactor: Redactor) -> None:
    """An allowlist hides what no word gives away, and so does a listed Location."""
    glance = Glance(redactor.automata, Detector(mode="warn").automata)

    assert not glance.is_clear(a_line(ENTRY), ENTRY)


def test_where_nearly_every_line_is_found_it_is_left_out_for_a_while() -> None:
    """It would only cost; then it is tried again."""
    glance = Glance(WORD)
    crowded = a_line(b"hunter")
    clear = [a_line(ENTRY) for _ in range(BLOCKS_LEFT_OUT + 1)]

    for _ in range(2 * LEAST_BYTES // BYTES_A_FIND):
        assert not glance.is_clear(crowded, b"hunter")
    assert [glance.is_clear(line, ENTRY) for line in clear] == [
        *([False] * BLOCKS_LEFT_OUT),
        True,
    ]
