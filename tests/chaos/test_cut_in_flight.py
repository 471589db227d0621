"""A log that somebody cuts short while its records are under way, and a SIGKILL.

The receiver holds the answer to one batch, so that what was read is committed in
part; the log is truncated behind that place or before it, grows on, and the real
shipper is killed. The next one goes on from the state and the log alone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shipper.receiver.keeping import Request
from tests.support.commands import Shop, running
from tests.support.crews import Crewed, Yard, await_death
from tests.support.servers import awaited

pytestmark = pytest.mark.chaos

BATCH = 5  # as the yard configures it
READ = 4 * BATCH  # records that are there when the log is cut
CUT = 10  # and so many are left


@dataclass
class Scene:
    """One log, its shipper, and a receiver that keeps an answer back."""

    yard: Yard
    held_from: int

    def __post_init__(self) -> None:
        """Write what will be read before the cut."""
        # Mutable state: the length of the log after each record.
        self.ends: list[int] = []
        self._answer = threading.Event()
        self.write(READ)
        self._held = set(self.yard.ids[0][self.held_from :])

    @property
    def log(self) -> Path:
        """The active file."""
        return self.yard.log(0)

    def write(self, count: int) -> list[str]:
        """Append records one by one; return their ids."""
        for _ in range(count):
            self.yard.write_to(0, 1)
            self.ends.append(self.log.stat().st_size)
        return self.yard.ids[0][-count:]

    def hold(self, request: Request) -> None:
        """Keep the answer back, if the request has a record that is to wait."""
        if self._held & set(request.ids):
            self._answer.wait()

    def release(self) -> None:
        """Answer everything from now on."""
        self._answer.set()

    def cut(self) -> None:
        """Leave the first records alone, as a living shipper sees it."""
        os.truncate(self.log, self.ends[CUT - 1])
        awaited(lambda: self._number_of("cut_bytes IS NOT NULL"), "the cut is known")

    def await_commit(self) -> None:
        """Wait until everything has arrived, and what is not held is committed."""
        # A state is there by then, to be looked into.
        awaited(lambda: self.yard.shop.received()[READ - 1 :] or None, "all records")
        end = self.ends[self.held_from - 1]
        awaited(lambda: self._number_of(f"offset_bytes = {end}"), "the commit")

    def _number_of(self, condition: str) -> int | None:
        state = self.yard.shop.directory / "state/state.sqlite3"
        with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
            found = database.execute(f"SELECT count(*) FROM files WHERE {condition}")
            return int(found.fetchone()[0]) or None


@contextmanager
def under_way(yard: Yard, held_from: int) -> Iterator[Scene]:
    """Yield a scene whose shipper is killed at the end of the block."""
    scene = Scene(yard, held_from)
    with yard.receiving(on_request=scene.hold):
        with running("run", "--config", str(yard.shop.config)) as process:
            crew = Crewed(process)
            crew.await_workers(yard.workers if yard.workers > 1 else 0)
            scene.await_commit()
            yield scene
            process.kill()
            for pid in crew.pids.values():
                await_death(pid)
        scene.release()
        done = yard.shop.shipper("run", "--once")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("added", [3, 12], ids=["shorter again", "longer again"])
@pytest.mark.parametrize("committed", [5, 10, 15])
def test_what_was_added_after_a_cut_survives_a_kill(
    committed: int, added: int, workers: int, tmp_path: Path
) -> None:
    """Scenario 7: Cut in flight, grown, killed: all that was added arrives, once."""
    yard = Yard(Shop(tmp_path), logs=1, workers=workers)
    with under_way(yard, held_from=committed) as scene:
        scene.cut()
        late = scene.write(added)

    audit = yard.audit()
    arrived = yard.shop.received()
    shrunk = max(0, scene.ends[committed - 1] - scene.ends[CUT - 1])
    assert [arrived.count(name) for name in late] == [1] * added
    assert yard.copies() == max(0, CUT - committed)
    assert (audit["code"], audit["losses"]["shrunk_bytes"]) == (0, shrunk)
    assert audit["losses"]["lost_bytes"] == 0
    assert audit["lines"]["delivered"] == max(CUT, committed) + added
