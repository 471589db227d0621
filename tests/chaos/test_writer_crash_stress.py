"""Many writers, rotation without end, and SIGKILL at any moment."""

from __future__ import annotations

import json
import random
import selectors
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support.spool import rotated_files, spool_lines, start_script

pytestmark = pytest.mark.chaos

PROCESSES = 4
THREADS = 2
ROTATE_BYTES = 1_000_000
MARKS = 1 << 18  # attempts that one thread can report in one life
UNKNOWN, WRITTEN, DROPPED = 0, 1, 2

# Each thread reports the outcome of its attempts in a mapped file, one byte each, which
# outlives a SIGKILL; a beat on standard output lets the test pick its moment.
WRITER = """
    import mmap, random, sys, threading
    from wsgi_writer.rotate import RotatingFile

    path, marks, life, seed, rotate_bytes = sys.argv[1:]
    writer = RotatingFile(
        path, min_free_bytes=0, max_bytes=int(rotate_bytes), lock_timeout=20
    )

    def run(thread):
        chosen = random.Random(f"{seed}-{life}-{thread}")
        with open(f"{marks}/{life}-{thread}", "r+b") as file:
            outcomes = mmap.mmap(file.fileno(), 0)
        for number in range(len(outcomes)):
            size = chosen.choice((50, 300, 1000, 3000, 20000))
            tail = b',"key":"%s-%d-%d","x":"%s"}\\n' % (
                life.encode(), thread, number, b"x" * size
            )
            outcomes[number] = 1 if writer.write(b'{"v":1', tail) else 2
            if number % 20 == 0:
                sys.stdout.write(".")
                sys.stdout.flush()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    """


class Battle:
    """Writers on one path, each killed after some beats and replaced at once."""

    def __init__(self, directory: Path, seed: int) -> None:
        # Mutable: who lives, how many have died, what the rotated files looked like.
        self.path = directory / "spool" / "exchanges.jsonl"
        self.marks = directory / "marks"
        self.marks.mkdir()
        self.kills = 0
        self.first_seen: dict[Path, int] = {}
        self._seed = seed
        self._chosen = random.Random(seed)
        self._lives = 0
        self._selector = selectors.DefaultSelector()
        self._beats_left: dict[subprocess.Popen[str], int] = {}

    def fight(self, kills: int) -> None:
        """Let writers write and die until so many were killed, then end it all."""
        for _ in range(PROCESSES):
            self._enlist()
        while self.kills < kills:
            for key, _ in self._selector.select(timeout=30):
                writer: subprocess.Popen[str] = key.data
                assert writer.stdout is not None
                beats = len(writer.stdout.buffer.read1(4096))  # type: ignore[attr-defined]  # the stream beneath is buffered
                assert beats, "a writer ended by itself"
                self._beats_left[writer] -= beats
                if self._beats_left[writer] < 0:
                    self._kill(writer)
                    self._enlist()
            self._look()
        for writer in list(self._beats_left):
            self._kill(writer)

    def outcomes(self) -> dict[str, int]:
        """Return what the writers know of each attempt, by its key."""
        found = {}
        for file in self.marks.iterdir():
            marks = file.read_bytes().rstrip(b"\0")
            for number, mark in enumerate(marks):
                found[f"{file.name}-{number}"] = mark
        return found

    def _enlist(self) -> None:
        life = str(self._lives)
        self._lives += 1
        for thread in range(THREADS):
            with (self.marks / f"{life}-{thread}").open("wb") as file:
                file.truncate(MARKS)
        writer = start_script(
            WRITER, self.path, self.marks, life, self._seed, ROTATE_BYTES
        )
        self._beats_left[writer] = self._chosen.randrange(1, 30)
        self._selector.register(writer.stdout, selectors.EVENT_READ, writer)  # type: ignore[arg-type]  # it is a pipe

    def _kill(self, writer: subprocess.Popen[str]) -> None:
        self._selector.unregister(writer.stdout)  # type: ignore[arg-type]  # it is a pipe
        del self._beats_left[writer]
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        self.kills += 1

    def _look(self) -> None:
        for file in rotated_files(self.path):
            if file not in self.first_seen:
                self.first_seen[file] = file.stat().st_size


def assert_nothing_was_lost(battle: Battle) -> None:
    """Check the spool against what the writers knew of their attempts."""
    on_disk: Counter[str] = Counter()
    last_numbers: dict[tuple[int, int], int] = {}
    torn = 0
    for line in spool_lines(battle.path):
        try:
            record = json.loads(line)
        except ValueError:
            torn += 1
            continue
        on_disk[record["key"]] += 1
        pid, opened_ns, number = record["w"]
        assert last_numbers.get((pid, opened_ns), 0) < number, "n is not in file order"
        last_numbers[pid, opened_ns] = number
    outcomes = battle.outcomes()

    silently_lost = [
        key for key, mark in outcomes.items() if mark == WRITTEN and not on_disk[key]
    ]
    wrongly_counted = [
        key for key, mark in outcomes.items() if mark == DROPPED and on_disk[key]
    ]
    in_flight = [key for key in on_disk if outcomes.get(key, UNKNOWN) == UNKNOWN]
    assert silently_lost == []
    assert wrongly_counted == []
    assert [key for key, count in on_disk.items() if count > 1] == []
    assert torn <= battle.kills
    assert len(in_flight) <= battle.kills * THREADS
    assert len(on_disk) > 20 * battle.kills
    sizes = {file: file.stat().st_size for file in battle.first_seen}
    assert battle.first_seen == sizes, "a rotated file changed after it was seen"
    assert len(sizes) > 2


def test_killed_writers_lose_nothing_they_reported_as_written(tmp_path: Path) -> None:
    """After 20 SIGKILLs: no silent loss, no duplicate, at most one torn line each."""
    battle = Battle(tmp_path, seed=20261123)

    battle.fight(kills=20)

    assert_nothing_was_lost(battle)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
def test_killed_writers_lose_nothing_in_the_long_run(tmp_path: Path, seed: int) -> None:
    """The same after 100 SIGKILLs, three times."""
    battle = Battle(tmp_path, seed)

    battle.fight(kills=100)

    assert_nothing_was_lost(battle)
