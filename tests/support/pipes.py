"""A pipeline over lists: memory on both sides and a clock that jumps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.dispatch import Pace
from shipper.doors import Shape
from shipper.errors import StateError
from shipper.gate import Gate
from shipper.model import BLANK, Batch, Commit, Entry, Item, Line, Reject, Skip, Taken
from shipper.parse import UnknownVersion
from shipper.pipeline import Pipeline
from shipper.receipt import Delivered, Receipt
from shipper.window import Window
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.lines import MemorySource
from tests.support.posting import ScriptedPoster


class TextShaper:
    """Tells items by the line's text: `skip`, `bad`, nothing, `v2`, or an id."""

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the item that the text names."""
        match line.data:
            case b"":
                return Skip(BLANK)
            case b"skip":
                return Skip("host")
            case b"bad":
                return Reject("not-json", "bad")
            case b"v2":
                return UnknownVersion(2)
            case text:
                return Entry(text.decode("utf-8", "replace"), text)


class MemoryCheckpoints:
    """Keeps commits in a list; can be told to fail."""

    def __init__(self) -> None:
        # Mutable state: what was committed, and the failures still to come.
        self.commits: list[Commit] = []
        self.failures: list[StateError] = []

    def commit(self, commit: Commit) -> None:
        """Keep the commit, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.commits.append(commit)

    def position(self, file_id: str = "file-1") -> int:
        """Return how far a file has been committed."""
        return max(
            (
                advance.end_bytes
                for commit in self.commits
                for advance in commit.advances
                if advance.file_id == file_id
            ),
            default=0,
        )


class SteadyWatch:
    """Always asks to look again after a second."""

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return one second."""
        return 1.0


class IdleDesk:
    """Implements the pipeline's desk: nobody asks, unless a test puts a batch here."""

    def __init__(self, clock: Clock) -> None:
        # Mutable state: batches to hand out, and what was committed.
        self._clock = clock
        self.batches: list[Batch] = []
        self.commits: list[Commit] = []

    @property
    def is_idle(self) -> bool:
        """True when every batch was handed out."""
        return not self.batches

    def turn(self, now: float) -> Batch | None:
        """Return the next batch."""
        return self.batches.pop(0) if self.batches else None

    def committed(self, commit: Commit) -> None:
        """Remember the commit."""
        self.commits.append(commit)

    def rest(self, seconds: float) -> None:
        """Wait."""
        self._clock.wait(seconds)


class Pipe:
    """A pipeline with every part in reach."""

    def __init__(
        self,
        lines: Iterable[Line] = (),
        judge: Callable[[Sequence[bytes]], Receipt] | None = lambda _: Delivered(202),
        *,
        drain: bool = True,
        max_records: int = 10,
        buffer_length: int = 10,
        max_in_flight: int = 4,
        max_duration: float | None = None,
        shaper: Shape | None = None,
        taken: frozenset[Taken] = frozenset(),
        pace: Callable[[FakeClock, RecordingEvents], Pace] | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        # Mutable state: whether the run has been asked to stop, who hears its turns.
        self._is_stopped = False
        self.on_turn: Callable[[], None] = lambda: None
        self.clock = clock or FakeClock()
        self.events = RecordingEvents()
        self.source = MemorySource(lines)
        self.poster = ScriptedPoster(judge)
        self.checkpoints = MemoryCheckpoints()
        self.desk = IdleDesk(self.clock)
        deadline = None
        if max_duration is not None:
            deadline = self.clock.monotonic() + max_duration
        self.pipeline = Pipeline(
            source=self.source,
            shaper=shaper or TextShaper(),
            batcher=Batcher(
                max_records=max_records,
                max_bytes=100_000,
                buffer_length=buffer_length,
                max_age_seconds=1.0,
            ),
            window=Window(
                poster=self.poster,
                gate=Gate(events=self.events, jitter=lambda: 0.5),
                events=self.events,
                jitter=lambda: 0.5,
                max_in_flight=max_in_flight,
                max_records=max_records,
                pace=None if pace is None else pace(self.clock, self.events),
            ),
            checkpoints=self.checkpoints,
            watch=SteadyWatch(),
            desk=self.desk,
            clock=self.clock,
            events=self.events,
            drain=drain,
            deadline=deadline,
            on_turn=self._turned,
            taken=taken,
        )

    def _turned(self) -> None:
        self.on_turn()

    def stop(self) -> None:
        """Send SIGTERM, once."""
        if not self._is_stopped:
            self._is_stopped = True
            self.pipeline.stop("SIGTERM")
