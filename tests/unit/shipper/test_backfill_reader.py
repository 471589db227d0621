"""The logs of a backfill as one stream: where it begins, stops, and breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shipper.backfill.choices import Choices
from shipper.backfill.log import Log
from shipper.backfill.reader import Opened, Reader
from shipper.model import Line
from tests.support.combined import a_log
from tests.support.places import from_the_front
from wsgi_writer.mask import Masks

CHOICES = Choices(base_url="https://h")


def opened(path: Path, *, stop: int | None = None, limit: int | None = None) -> Opened:
    """Return a log that is read from its front."""
    return Opened(
        path.name,
        replace(from_the_front(str(path)), stop_bytes=stop),
        open_log=lambda: Log(str(path), CHOICES),
        translator_of=lambda log, place: log.translator(Masks(), place),
        limit_lines=limit,
    )


def rest(reader: Reader) -> Iterator[Line]:
    """Hand out what is left."""
    while (line := reader.next_line()) is not None:
        yield line


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of ten lines."""
    path = tmp_path / "a.log"
    path.write_bytes(a_log(10))
    return path


def test_one_log_comes_after_the_other(log: Path, tmp_path: Path) -> None:
    """Lines are numbered in each of them."""
    other = tmp_path / "b.log"
    other.write_bytes(a_log(3, first=50))
    both = [opened(log), opened(other)]
    reader = Reader(both)
    reader.look()
    lines = list(rest(reader))

    assert [line.file_id for line in lines] == [str(log)] * 10 + [str(other)] * 3
    assert [one.number for one in both] == [10, 3]
    assert all(one.is_at_end and one.trouble is None for one in both)


def test_it_stops_where_the_shipper_has_read(log: Path) -> None:
    """Not in the middle of a line, and that is the end of it."""
    found = opened(log, stop=len(a_log(4)) + 5)

    assert len(list(rest(Reader([found])))) == 4
    assert found.is_at_end


def test_it_stops_after_so_many_lines(log: Path) -> None:
    """A worker reads a piece at a time; there is more of it."""
    found = opened(log, limit=4)

    assert len(list(rest(Reader([found])))) == 4
    assert (found.is_at_end, found.end_bytes) == (False, len(a_log(4)))


def test_half_a_line_is_left_while_somebody_writes_it(log: Path) -> None:
    """It grew since it was opened, so the rest is on its way."""
    log.write_bytes(a_log(30)[:-20])
    reader = Reader([opened(log)])
    first = reader.next_line()
    with log.open("ab") as file:
        file.write(b"a part of ")
    lines = [first, *rest(reader)]

    assert len(lines) == 29


def test_a_log_that_is_stopped_is_read_no_further(log: Path, tmp_path: Path) -> None:
    """The others are, and it says why."""
    other = tmp_path / "b.log"
    other.write_bytes(a_log(3, first=50))
    stopped = opened(log)
    reader = Reader([stopped, opened(other)])
    reader.next_line()
    reader.stop_file(str(log), "it is of a later version")
    reader.stop_file("another", "nobody knows it")
    lines = list(rest(reader))

    assert [line.file_id for line in lines] == [str(other)] * 3
    assert str(stopped.trouble) == "stopped: a.log: it is of a later version"
    assert reader.translator_of(str(log)) is None


def test_a_log_that_is_gone_is_its_own_trouble(log: Path) -> None:
    """It was there when it was surveyed."""
    found = opened(log)
    log.unlink()

    assert list(rest(Reader([found]))) == []
    assert "no such file" in str(found.trouble)


def test_a_reader_may_be_closed_before_it_has_begun(log: Path) -> None:
    """Then it has nothing more."""
    reader = Reader([opened(log)])
    reader.close()

    assert reader.next_line() is None


def test_what_is_left_for_later_begins_where_the_first_of_it_does(log: Path) -> None:
    """At the very front of the log too, whatever is left behind it."""
    one = opened(log)
    reader = Reader([one])
    reader.look()
    for line in rest(reader):
        one.leave(line)

    assert one.end_bytes == 0
