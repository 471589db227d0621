"""Workers' files and the one state together, without processes: who reads what."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from shipper.limits.pace import Pace
from shipper.source import Shelf
from shipper.store import Store, open_store
from shipper.workers.keeper import Keeper
from shipper.workers.messages import Question, Told
from shipper.workers.proxies import RemoteShare, RemoteState
from shipper.workers.shares import Shares
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.followed import Following, Table, append, some_lines

Answer = TypeVar("Answer")


class Straight:
    """Implements `shipper.workers.proxies.Asking` without a process between."""

    def __init__(self, keeper: Keeper, worker: int) -> None:
        self._keeper = keeper
        self._worker = worker

    def ask(self, question: Question[Answer]) -> Answer:
        """Return what the keeper answers."""
        return self._keeper.answer(self._worker, question)  # type: ignore[arg-type, return-value]  # as the wire casts it

    def tell(self, note: Told) -> None:
        """Say nothing to nobody."""


class Yard:
    """A directory of logs, a state, and the sources of two workers over them."""

    def __init__(self, directory: Path, store: Store) -> None:
        # Mutable state: that of the sources.
        self.logs = directory
        self.store = store
        table = Table((str(directory / "*.log"),))
        shelf = Shelf(patterns=[table.paths], find_file=store.file)
        clock = FakeClock()
        self.keeper = Keeper(
            state=store,
            shares=Shares(
                workers=(1, 2),
                known=store.known_files(),
                places=shelf,
                find_files=store.find_files,
            ),
            pace=Pace(clock=clock, events=RecordingEvents()),
            clock=clock,
            on_commit=lambda _: None,
        )
        self.workers = [self._worker(number, table) for number in (1, 2)]

    def _worker(self, number: int, table: Table) -> Following:
        wire = Straight(self.keeper, number)
        options = {"share": RemoteShare(wire)}
        return Following(RemoteState(wire), (table,), options)

    def log(self, name: str) -> Path:
        """Return a log's active file."""
        return self.logs / f"{name}.log"

    def drain(self) -> list[list[bytes]]:
        """Read all there is; return the texts that each worker has read."""
        texts: list[list[bytes]] = [[], []]
        # What one lets go of, the other takes up at its next look.
        for _ in range(3):
            for number, worker in enumerate(self.workers):
                texts[number] += worker.drain()
                self.keeper.looked(number + 1)
        return texts

    def drain_all(self) -> list[bytes]:
        """Read all there is, whoever reads it."""
        return [text for texts in self.drain() for text in texts]

    def commit(self) -> None:
        """Commit what was read."""
        for worker in self.workers:
            worker.commit()

    def told(self, name: str) -> int:
        """Return how often an event was told."""
        return sum(worker.events.names().count(name) for worker in self.workers)

    def close(self) -> None:
        """Close every file."""
        for worker in self.workers:
            worker.source.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new state."""
    store = open_store(str(tmp_path / "state"))
    yield store
    store.close()


@pytest.fixture
def open_yard(tmp_path: Path, store: Store) -> Iterator[Callable[[], Yard]]:
    """Open the yard, as often as is wanted, over one directory and one state."""
    logs = tmp_path / "logs"
    logs.mkdir()
    opened: list[Yard] = []

    def open_it() -> Yard:
        opened.append(Yard(logs, store))
        return opened[-1]

    yield open_it
    for each in opened:
        each.close()


@pytest.fixture
def yard(open_yard: Callable[[], Yard]) -> Yard:
    """Two logs of ten lines, one for each worker, read and committed."""
    yard = open_yard()
    append(yard.log("a"), some_lines(0, 10))
    append(yard.log("b"), some_lines(10, 10))
    assert sorted(map(len, yard.drain())) == [10, 10]
    yard.commit()
    return yard


def test_generations_of_a_log_stay_with_its_worker(yard: Yard) -> None:
    """Rotated twice, everything of one log is read by one, oldest first."""
    for number in range(2):
        os.rename(yard.log("a"), f"{yard.log('a')}.20261123T12000000000{number}Z")
        append(yard.log("a"), some_lines(20 + 10 * number, 10))

    one, other = yard.drain()

    assert sorted([one, other], key=len) == [[], some_lines(20, 20)]


def test_other_workers_go_on_where_these_have_committed(
    yard: Yard, open_yard: Callable[[], Yard]
) -> None:
    """A restart deals the logs anew, and repeats and omits nothing."""
    append(yard.log("a"), some_lines(20, 5))
    yard.close()

    again = open_yard()

    assert again.drain_all() == some_lines(20, 5)


def test_a_log_under_a_new_name_is_known_again(yard: Yard) -> None:
    """Renamed to a name that nobody has seen, it goes on at its position."""
    for name in ("a", "b"):
        os.rename(yard.log(name), yard.log(f"{name}-old"))
        append(yard.log(f"{name}-old"), [name.encode()])

    texts = yard.drain_all()

    assert sorted(texts) == [b"a", b"b"]
    assert yard.told("file_lost") == 0


def test_a_copy_is_nobodys_business(yard: Yard) -> None:
    """Copies under names that nobody has seen are left alone by both workers."""
    for number in range(3):
        shutil.copyfile(yard.log("a"), yard.log(f"copy-{number}"))

    assert yard.drain_all() == []


def test_a_second_name_of_a_file_is_read_once(yard: Yard) -> None:
    """Hard links of one file that come to light at once have one reader."""
    for number in range(4):
        append(yard.log(f"new-{number}"), some_lines(100 + number, 1))
        os.link(yard.log(f"new-{number}"), yard.log(f"link-{number}"))

    texts = yard.drain_all()

    assert sorted(texts) == some_lines(100, 4)


def test_a_log_that_takes_anothers_place_is_followed_once_free(yard: Yard) -> None:
    """A file moved onto a log of the other worker waits until that one is free."""
    append(yard.log("a"), some_lines(20, 1))
    yard.drain()
    yard.commit()
    os.replace(yard.log("a"), yard.log("b"))
    append(yard.log("b"), [b"later"])

    texts: list[bytes] = []
    for _ in range(70):  # a nameless file is kept open for a minute
        texts += yard.drain_all()
        yard.commit()

    assert texts == [b"later"]


def test_no_worker_calls_a_pattern_empty_that_another_one_serves(
    open_yard: Callable[[], Yard],
) -> None:
    """One log, two workers: it is found, and nobody says otherwise."""
    yard = open_yard()
    append(yard.log("a"), some_lines(0, 3))

    yard.drain()

    assert yard.told("source_empty") == 0


def test_a_name_that_is_no_utf8_has_its_worker_too(
    open_yard: Callable[[], Yard],
) -> None:
    """Bytes that spell nothing are a name like any other."""
    yard = open_yard()
    append(yard.logs / os.fsdecode(b"\xff.log"), some_lines(0, 3))

    assert yard.drain_all() == some_lines(0, 3)
