"""Where the last line ends that was read, by the numbers of the lines."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipper.source.sighting import Sighting

OLD, NEW, FORGOTTEN = (7, 1_000), (8, 2_000), (9, 10)
READ = {OLD: 100, FORGOTTEN: None}


def a_line(writer: tuple[int, int], number: int, size: int = 0) -> bytes:
    """Return a line as our writer begins one, of so many bytes at least."""
    pid, opened_ns = writer
    return b'{"v":1,"id":"%040d","w":[%d,%d,%d],"client":"%b"}\n' % (
        number,
        pid,
        opened_ns,
        number,
        b"x" * size,
    )


def place_read(path: Path, content: bytes, *, guesses: bool = False) -> int | None:
    """Return the offset behind the last line of a file that was read."""
    path.write_bytes(content)
    with closing(Sighting(str(path))) as sighting:
        place = sighting.place_read(
            content.rfind(b"\n") + 1,
            lambda *writer: READ.get(writer, 0),
            guesses=guesses,
        )
    return None if place is None else place.offset_bytes


@pytest.mark.parametrize("size", [0, 3_000, 70_000, 200_000])
@pytest.mark.parametrize("added", [1, 2, 60])
@pytest.mark.parametrize("kept", [1, 2, 60])
def test_what_was_added_begins_behind_the_last_line_that_was_read(
    tmp_path: Path, kept: int, added: int, size: int
) -> None:
    """However much it is, in lines of any length."""
    old = b"".join(a_line(OLD, number, size) for number in range(1, kept + 1))
    new = b"".join(a_line(NEW, number, size) for number in range(1, added + 1))

    assert place_read(tmp_path / "log", old + new) == len(old)


@given(
    kept=st.lists(st.integers(0, 70_000), min_size=1, max_size=5),
    added=st.lists(st.integers(0, 70_000), min_size=1, max_size=5),
    torn=st.integers(0, 200),
    rest=st.integers(0, 90),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_place_is_exact(
    tmp_path: Path, kept: list[int], added: list[int], torn: int, rest: int
) -> None:
    """Whatever the lines are like, a torn one between them and behind them."""
    old = b"".join(a_line(OLD, number, size) for number, size in enumerate(kept, 1))
    torn_line = a_line(OLD, 50, 200)[:torn] + b"\n"
    new = b"".join(a_line(NEW, number, size) for number, size in enumerate(added, 1))
    half = a_line(NEW, 99, 200)[:rest]

    place = place_read(tmp_path / "log", old + torn_line + new + half)

    # A torn line without its number is read again: it is no record anyway.
    assert place in (len(old), len(old) + len(torn_line))
    if torn > 90:
        assert place == len(old) + len(torn_line)


@pytest.mark.parametrize("blank", [b"\0" * 3_000_000 + b"\n", b"\n\n\n"])
def test_what_is_no_line_does_not_end_the_search(tmp_path: Path, blank: bytes) -> None:
    """NULs in place of what was not on the disk, and blank lines."""
    old, new = a_line(OLD, 1), a_line(NEW, 1)

    assert place_read(tmp_path / "log", old + blank + new) == len(old)


def test_of_one_writer_the_later_numbers_are_new(tmp_path: Path) -> None:
    """A log that is cut while its writer lives goes on with the next number."""
    old = a_line(OLD, 99) + a_line(OLD, 100)

    assert place_read(tmp_path / "log", old + a_line(OLD, 101)) == len(old)


@pytest.mark.parametrize("guesses", [True, False])
def test_a_writer_that_nobody_knows_is_a_guess(
    tmp_path: Path, *, guesses: bool
) -> None:
    """Where all is read anew otherwise, and nothing lost, none is made."""
    old = a_line(OLD, 1) + a_line(FORGOTTEN, 5)

    place = place_read(tmp_path / "log", old + a_line(NEW, 1), guesses=guesses)

    assert place == (len(old) if guesses else None)


@pytest.mark.parametrize("number", [0, 1 << 48])
def test_a_number_that_none_of_ours_gives_is_none(tmp_path: Path, number: int) -> None:
    """Nobody enters it in the state, so that it would look new for ever."""
    content = a_line(OLD, 1) + a_line(NEW, number)

    assert place_read(tmp_path / "log", content) is None


def test_more_writers_than_an_application_has_end_the_search(tmp_path: Path) -> None:
    """Each of them is asked for, in the state of another process perhaps."""
    new = b"".join(a_line((pid, 5_000), 1) for pid in range(2_000))

    assert place_read(tmp_path / "log", a_line(OLD, 1) + new) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'192.0.2.1 - - [26/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1\n' * 20_000,
        a_line(NEW, 1) + a_line(NEW, 2),
        a_line(OLD, 1) + a_line(OLD, 2),
        a_line(OLD, 1) + b"no record, and read as well\n",
    ],
    ids=["empty", "another's", "nothing was read", "all was", "so it was"],
)
def test_where_no_number_tells_nothing_is_told(tmp_path: Path, content: bytes) -> None:
    """Then whoever asks does as if there were none."""
    assert place_read(tmp_path / "log", content) is None
