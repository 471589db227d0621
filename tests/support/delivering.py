"""A shipper in a thread: real files, watch, state and pipeline; memory for ReadMe.

Time runs twenty times as fast, so that quiet seconds and long rests cost a test
little. The test waits for facts (what was received, a rest without work), never
for time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Literal

from shipper.batch import Batcher
from shipper.clock import SystemClock
from shipper.events import EVENTS, Value
from shipper.gate import Gate
from shipper.pipeline import Pipeline
from shipper.receipt import Delivered
from shipper.source import Source
from shipper.store import Store, Sums, open_store
from shipper.wake import WATCHED_POLL_SECONDS, Watch
from shipper.window import Window
from tests.support.followed import Table
from tests.support.pipes import IdleDesk, TextShaper
from tests.support.posting import ScriptedAnswer

SPEED = 20.0
PATIENCE_SECONDS = 20.0  # far above what any of these waits takes
POLL_SECONDS = 1.0
MAX_IN_FLIGHT = 4
MAX_RECORDS = 10

WatchMode = Literal["events", "poll"]


class SwiftClock(SystemClock):
    """The real clock, running `SPEED` times as fast; its wall time can be set."""

    def __init__(self) -> None:
        super().__init__()
        # Mutable state: by how much the wall time is off.
        self._off = timedelta()

    def now(self) -> datetime:
        """Return the wall time as it was set."""
        return super().now() + self._off

    def step_wall(self, *, days: int) -> None:
        """Set the wall time forward or back."""
        self._off += timedelta(days=days)

    def monotonic(self) -> float:
        """Return seconds that pass quickly."""
        return time.monotonic() * SPEED

    def wait(self, seconds: float) -> bool:
        """Rest for at most `seconds` of this clock, or until `wake`."""
        return super().wait(seconds / SPEED)


class Receiving:
    """Implements `shipper.dispatch.Poster`: takes everything, or stays silent.

    Attributes:
        received: The text of every line posted and answered, in order.
    """

    def __init__(self, told: Condition, wake: Callable[[], None]) -> None:
        # Mutable state, guarded by `told`: the silence, the requests kept in it,
        # and the answers not yet fetched.
        self._told = told
        self._wake = wake
        self._is_silent = False
        self._kept: list[tuple[int, Sequence[bytes]]] = []
        self._answers: list[ScriptedAnswer] = []
        self.received: list[bytes] = []

    @property
    def requests_waiting(self) -> int:
        """How many requests have no answer yet."""
        return len(self._kept)

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Take the payloads, now or when the silence ends."""
        with self._told:
            self._kept.append((ticket, payloads))
            if not self._is_silent:
                self._answer_all()
            self._told.notify_all()

    def answered(self) -> Sequence[ScriptedAnswer]:
        """Return the answers given since the last call."""
        with self._told:
            answers, self._answers = self._answers, []
        return answers

    def be_silent(self) -> None:
        """Answer nothing from now on."""
        with self._told:
            self._is_silent = True

    def answer_again(self) -> None:
        """Answer what was kept, and what comes from now on at once."""
        with self._told:
            self._is_silent = False
            self._answer_all()
            self._told.notify_all()
        self._wake()

    def take_without_answer(self) -> None:
        """Take what was kept; nobody hears of it."""
        with self._told:
            for _, payloads in self._kept:
                self.received += payloads
            self._kept.clear()

    def forget(self) -> None:
        """Drop the requests of a shipper that is no more."""
        with self._told:
            self._kept.clear()
            self._answers.clear()

    def _answer_all(self) -> None:
        for ticket, payloads in self._kept:
            self.received += payloads
            self._answers.append(ScriptedAnswer(ticket, Delivered(202)))
        self._kept.clear()


class _Events:
    """Implements `shipper.events.Events` across threads."""

    def __init__(self, told: Condition) -> None:
        # Mutable state, guarded by `told`.
        self._condition = told
        self.told: list[tuple[str, dict[str, Value]]] = []

    def emit(self, name: str, **fields: Value) -> None:
        """Remember the event; fails if its sentence lacks a field."""
        EVENTS[name].sentence.format(**fields)
        with self._condition:
            self.told.append((name, fields))
            self._condition.notify_all()


class _CountedWatch:
    """Implements `shipper.pipeline.Watch`; counts the rests after nothing was found."""

    def __init__(self, watch: Watch, told: Condition) -> None:
        # Mutable state, guarded by `told`.
        self._watch = watch
        self._told = told
        self.idle_rests = 0
        self.pause = 0.0

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return what the watch says."""
        pause = self._watch.pause_seconds(found_lines=found_lines)
        with self._told:
            self.pause = pause
            if not found_lines:
                self.idle_rests += 1
            self._told.notify_all()
        return pause


class Delivery:
    """A shipper that can be started, stopped and crashed, over one directory.

    Args:
        directory: Logs are followed in ``directory/logs``, the state is beside.
        watch: The `watch` mode.
        pattern: What is followed.
        options: For `shipper.source.Source`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        watch: WatchMode,
        pattern: str = "app.log",
        **options: Any,
    ) -> None:
        # Mutable state: the parts of the present run, and its thread.
        self.logs = directory / "logs"
        self.logs.mkdir(exist_ok=True)
        self.state_dir = str(directory / "state")
        self.log = self.logs / "app.log"
        self._mode: WatchMode = watch
        self._table = Table((str(self.logs / pattern),))
        self._options = options
        self._told = Condition()
        self._failure: BaseException | None = None
        self._thread: Thread | None = None
        self.clock = SwiftClock()
        self.events = _Events(self._told)
        self.receiver = Receiving(self._told, self.clock.wake)

    @property
    def received(self) -> list[bytes]:
        """What has arrived, in order."""
        return self.receiver.received

    def start(self) -> None:
        """Start a shipper on what the state remembers."""
        self._store = open_store(self.state_dir)
        self.source = Source(
            sources=[self._table],
            catalog=self._store,
            events=self.events,
            clock=self.clock,
            **self._options,
        )
        self._watch = Watch(
            mode=self._mode,
            clock=self.clock,
            events=self.events,
            poll_interval_seconds=POLL_SECONDS,
            watched=self.source,
        )
        self._counted = _CountedWatch(self._watch, self._told)
        self._pipeline = self._built()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _built(self) -> Pipeline:
        return Pipeline(
            source=self.source,
            shaper=TextShaper(),
            batcher=Batcher(
                max_records=MAX_RECORDS,
                max_bytes=100_000,
                buffer_length=1,
                max_age_seconds=1.0,
            ),
            window=Window(
                poster=self.receiver,
                gate=Gate(events=self.events, jitter=lambda: 0.5),
                events=self.events,
                jitter=lambda: 0.5,
                max_in_flight=MAX_IN_FLIGHT,
                max_records=MAX_RECORDS,
            ),
            checkpoints=self._store,
            watch=self._counted,
            desk=IdleDesk(self.clock),
            clock=self.clock,
            events=self.events,
            shutdown_seconds=0.0,
        )

    def _run(self) -> None:
        try:
            self._pipeline.run()
        except BaseException as error:
            with self._told:
                self._failure = error
                self._told.notify_all()

    def stop(self) -> None:
        """End the run; what is unanswered then is as after a crash."""
        if self._thread is None:
            return
        self._pipeline.stop("SIGTERM")
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        self._thread = None
        self._watch.close()
        self.source.close()
        self._store.close()
        self.receiver.forget()
        if self._failure is not None:
            raise self._failure

    def await_fact(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        with self._told:
            came = self._told.wait_for(
                lambda: self._failure is not None or is_so(), PATIENCE_SECONDS
            )
        if self._failure is not None:
            raise self._failure
        assert came, f"{what}: {len(self.received)} received, {self.names()}"

    def await_received(self, count: int) -> None:
        """Wait until so many lines have arrived."""
        self.await_fact(lambda: len(self.received) >= count, f"{count} lines")

    def await_event(self, name: str) -> None:
        """Wait until an event was told."""
        self.await_fact(lambda: name in self.names(), name)

    def await_quiet(self) -> None:
        """Wait until only an event, or in poll mode the timer, can end the rest."""
        least = WATCHED_POLL_SECONDS if self._mode == "events" else POLL_SECONDS
        self.await_fact(lambda: self._counted.pause >= least, "a long rest")

    def await_rest(self) -> None:
        """Wait until everything has been looked at, twice, and nothing was found."""
        for _ in range(3):
            before = self._counted.idle_rests
            self.source.rescan()
            self.clock.wake()
            self.await_fact(lambda: self._counted.idle_rests > before, "a rest")  # noqa: B023  # called at once

    def names(self) -> list[str]:
        """Return the names of the events told."""
        return [name for name, _ in self.events.told]

    def sums(self) -> Sums:
        """Return what the state says; the run must have been stopped."""
        store: Store = open_store(self.state_dir)
        try:
            return store.sums()
        finally:
            store.close()

    def twice(self) -> list[bytes]:
        """Return the lines that arrived more than once."""
        return [line for line, times in Counter(self.received).items() if times > 1]


@contextmanager
def delivering(
    directory: Path, *, watch: WatchMode, **options: Any
) -> Iterator[Delivery]:
    """Run a shipper for the time of the block."""
    delivery = Delivery(directory, watch=watch, **options)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()
