"""A crew turn by turn: real processes, and a clock that the test moves."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shipper.clock import SystemClock
from shipper.config.settings import ReadmeSettings, Settings, SourceSettings
from shipper.errors import StateError
from shipper.limits.pace import Pace
from shipper.source import Shelf
from shipper.store import NotJoinedError, Store, open_store
from shipper.workers.crew import Crew
from shipper.workers.hand import FIRST_PAUSE_SECONDS, SILENT_SECONDS
from shipper.workers.holding import HeldPace
from shipper.workers.keeper import Keeper
from shipper.workers.messages import Assignment, Stop
from shipper.workers.shares import Shares
from tests.support.commands import KEY
from tests.support.events import RecordingEvents
from tests.support.loopback import LoopbackServer
from tests.support.no_threads import no_thread_left
from tests.support.records import a_record_line

TURNS = 600  # of a tenth of a second; far above what any of these waits takes


class HastyClock(SystemClock):
    """The real clock, which the test can put forward."""

    def __init__(self) -> None:
        super().__init__()
        # Mutable state: by how much it is ahead.
        self._ahead = 0.0

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return super().monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the present forward."""
        self._ahead += seconds


class FailingStore:
    """A store whose commits fail, as the test says."""

    def __init__(self, store: Store) -> None:
        # Mutable state: the failures still to come.
        self._store = store
        self.failures: list[StateError] = []

    def __getattr__(self, name: str) -> Any:
        """Pass everything else on."""
        return getattr(self._store, name)

    def commit(self, commit: Any) -> None:
        """Store a commit, or fail."""
        if self.failures:
            raise self.failures.pop(0)
        self._store.commit(commit)


class Stage:
    """One worker over one log, and a receiver that takes everything."""

    def __init__(self, directory: Path, endpoint: str, store: Store) -> None:
        # Mutable state: that of its parts.
        self.clock = HastyClock()
        self.events = RecordingEvents()
        self.store = FailingStore(store)
        self.log = directory / "app.log"
        source = SourceSettings((str(self.log),))
        settings = Settings(
            (source,),
            state_dir=str(directory / "state"),
            poll_interval=0.05,
            readme=ReadmeSettings(endpoint=endpoint, api_key=KEY),
        )
        shelf = Shelf(patterns=[source.paths], find_file=store.file)
        self.pace = HeldPace(None)
        self.keeper = Keeper(
            state=self.store,
            shares=Shares(
                workers=[1],
                known=store.known_files(),
                places=shelf,
                find_files=store.find_files,
            ),
            pace=Pace(clock=self.clock, events=self.events),
            clock=self.clock,
            on_commit=lambda _: None,
        )
        self.crew = Crew(
            numbers=[1],
            keeper=self.keeper,
            assignment_for=lambda number: Assignment(
                settings, number, once=False, seconds_left=None, taken=frozenset()
            ),
            pace=self.pace,
            events=self.events,
            clock=self.clock,
        )

    def write(self, number: int) -> None:
        """Append a record."""
        name = f"00000000-0000-4000-8000-{number:012d}"
        with self.log.open("ab") as file:
            file.write(a_record_line(envelope={"id": name}) + b"\n")

    def turn_until(self, is_so: Callable[[], bool], *, pass_seconds: float = 0) -> None:
        """Go round until something is so, each time so much later."""
        for _ in range(TURNS):
            self.crew.turn()
            if is_so():
                return
            self.clock.wait(0.1)
            self.clock.advance(pass_seconds)
        raise AssertionError(f"it is not so: {self.events.told}")

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return the fields of all events of this name."""
        return [dict(fields) for told, fields in self.events.told if told == name]

    def has_lost(self) -> bool:
        """Return True once a worker was lost."""
        return bool(self.named("worker_lost"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A worker that has been started."""
    store = open_store(str(tmp_path / "state"))
    with LoopbackServer() as server:
        stage = Stage(tmp_path, server.url, store)
        stage.crew.start()
        yield stage
        stage.crew.close()
    store.close()


def test_a_worker_that_says_nothing_is_killed_and_replaced(stage: Stage) -> None:
    """Stopped for a minute: told of as silent, and another one is started."""
    stage.turn_until(lambda: stage.crew.is_ready)
    os.kill(stage.named("worker_started")[0]["pid"], signal.SIGSTOP)

    stage.turn_until(stage.has_lost, pass_seconds=4.0)
    stage.turn_until(lambda: len(stage.named("worker_started")) == 2)

    (lost,) = stage.named("worker_lost")
    assert lost["why"] == f"nothing was heard of it for {SILENT_SECONDS:.0f} s"


def test_nobody_is_blamed_for_our_own_sleep(stage: Stage) -> None:
    """After the parent itself has stood still, its workers get time to speak."""
    stage.turn_until(lambda: stage.crew.is_ready)

    stage.clock.advance(3600)
    stage.crew.turn()
    stage.write(1)
    stage.turn_until(lambda: stage.keeper.sums.delivered == 1)

    assert not stage.has_lost()


def test_workers_that_cannot_work_are_started_ever_more_rarely(stage: Stage) -> None:
    """Without a commit between, pauses double; trouble names the reason meanwhile."""
    for number in range(3):
        stage.turn_until(lambda: stage.crew.is_ready)
        os.kill(stage.named("worker_started")[-1]["pid"], signal.SIGKILL)
        stage.turn_until(lambda: len(stage.named("worker_lost")) > number)  # noqa: B023  # called at once
        trouble = stage.crew.vital.trouble
        stage.turn_until(
            lambda: len(stage.named("worker_started")) > number + 1,  # noqa: B023  # called at once
            pass_seconds=1.0,
        )

    pauses = [lost["seconds"] for lost in stage.named("worker_lost")]
    assert pauses == [FIRST_PAUSE_SECONDS * times for times in (1, 2, 4)]
    assert trouble == "worker 1 is replaced: killed by SIGKILL"
    assert stage.crew.vital.trouble == ""


def test_a_commit_that_does_not_join_costs_its_worker(stage: Stage) -> None:
    """The parent goes on; the next worker reads on from the stored position."""
    why = "positions would not join"
    stage.store.failures.append(NotJoinedError(why, path="x"))
    stage.write(1)

    stage.turn_until(stage.has_lost)
    stage.turn_until(lambda: stage.keeper.sums.delivered == 1)

    assert stage.named("worker_lost")[0]["why"] == why


def test_a_full_disk_is_waited_out(stage: Stage) -> None:
    """A commit that fails for now is tried again by the same worker."""
    stage.store.failures.append(StateError("full", path="x", is_temporary=True))
    stage.write(1)

    stage.turn_until(lambda: stage.keeper.sums.delivered == 1)

    assert not stage.has_lost()
    assert len(stage.named("state_write_failed")) == 1


def test_a_state_that_is_damaged_ends_the_parent(stage: Stage) -> None:
    """What waiting cannot mend is raised, as with one process."""
    stage.store.failures.append(StateError("damaged", path="x"))
    stage.write(1)

    with pytest.raises(StateError, match="damaged"):
        stage.turn_until(lambda: False)


def test_a_worker_that_cannot_be_started_is_tried_again(stage: Stage) -> None:
    """Without a descriptor left for its connection, the parent waits and goes on."""
    stage.turn_until(lambda: stage.crew.is_ready)
    os.kill(stage.named("worker_started")[0]["pid"], signal.SIGKILL)
    stage.turn_until(stage.has_lost)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        stage.turn_until(lambda: len(stage.named("worker_lost")) == 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    stage.write(1)
    stage.turn_until(lambda: stage.keeper.sums.delivered == 1, pass_seconds=1.0)

    assert "it cannot be started: Too many" in stage.named("worker_lost")[1]["why"]


def test_without_a_thread_to_hear_it_no_worker_is_left_behind(stage: Stage) -> None:
    """Out of threads is not out of order: the parent waits and goes on."""
    stage.turn_until(lambda: stage.crew.is_ready)
    os.kill(stage.named("worker_started")[0]["pid"], signal.SIGKILL)
    stage.turn_until(stage.has_lost)
    with no_thread_left():
        stage.turn_until(lambda: len(stage.named("worker_lost")) == 2)

    stage.write(1)
    stage.turn_until(lambda: stage.keeper.sums.delivered == 1, pass_seconds=1.0)

    why = stage.named("worker_lost")[1]["why"]
    assert why == "it cannot be started: can't start new thread"
    assert len(multiprocessing.active_children()) == 1


def test_why_a_worker_was_lost_is_known_to_the_end(stage: Stage) -> None:
    """A run that is out of time before the next one starts says what kept it."""
    stage.turn_until(lambda: stage.crew.is_ready)
    os.kill(stage.named("worker_started")[0]["pid"], signal.SIGKILL)
    stage.turn_until(stage.has_lost)

    stage.crew.order(Stop("out of time"))
    stage.turn_until(lambda: not stage.crew.is_at_work)

    assert stage.crew.vital.trouble == "worker 1 is lost: killed by SIGKILL"


def test_a_worker_lost_at_the_end_is_not_replaced(stage: Stage) -> None:
    """Killed after it was told to stop, it counts as stopped."""
    stage.turn_until(lambda: stage.crew.is_ready)
    os.kill(stage.named("worker_started")[0]["pid"], signal.SIGSTOP)

    stage.crew.order(Stop("SIGTERM"))
    stage.crew.turn()
    os.kill(stage.named("worker_started")[0]["pid"], signal.SIGKILL)
    stage.turn_until(lambda: not stage.crew.is_at_work)

    assert not stage.has_lost()
    assert stage.crew.is_stopping
