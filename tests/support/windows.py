"""A window with every part in reach, and receivers that find fault with records."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shipper.batch import Batcher
from shipper.gate import Gate
from shipper.model import Batch, LinePlace
from shipper.receipt import Delivered, Receipt, Refused
from shipper.window import Window
from tests.support.events import RecordingEvents
from tests.support.lines import an_entry, lines_of
from tests.support.posting import ScriptedPoster, deferred_by


class Bench:
    """A window with its poster, its events and a present to move."""

    def __init__(
        self,
        judge: Callable[[Sequence[bytes]], Receipt] | None = None,
        *,
        max_in_flight: int = 4,
        max_records: int = 100,
    ) -> None:
        # Mutable state: the present, and the next line's number.
        self.now = 0.0
        self.events = RecordingEvents()
        self.poster = ScriptedPoster(judge)
        self.window = Window(
            poster=self.poster,
            gate=Gate(events=self.events, jitter=lambda: 0.5),
            events=self.events,
            jitter=lambda: 0.5,
            max_in_flight=max_in_flight,
            max_records=max_records,
        )
        self._lines = iter(lines_of([b"text"] * 10_000))
        self._number = 0

    def batch(self, size: int) -> Batch:
        """Return the next batch of so many entries."""
        batcher = Batcher(
            max_records=10_000, max_bytes=10**9, buffer_length=1, max_age_seconds=1
        )
        for _ in range(size):
            batcher.add(next(self._lines), an_entry(self._number), 0.0)
            self._number += 1
        batch = batcher.take()
        assert batch is not None
        return batch

    def admit(self, *sizes: int) -> None:
        """Admit batches of these sizes and post what may go."""
        for size in sizes:
            self.window.admit(self.batch(size))
        self.turn()

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass and take a turn."""
        self.now += seconds
        self.window.turn(self.now)

    def run(self, turns: int = 500) -> None:
        """Take turns, each when the window is next due, until all is settled."""
        for _ in range(turns):
            due = self.window.due_in(self.now)
            self.turn(due or 0.0)
            self.window.leave(len(self.window.settled()))
            if self.window.is_empty:
                return


def poisoned(*numbers: int, status: int = 400) -> Callable[[Sequence[bytes]], Receipt]:
    """Return a judge that refuses any request holding one of these records."""
    bad = {an_entry(number).payload for number in numbers}

    def judge(payloads: Sequence[bytes]) -> Receipt:
        if bad & set(payloads):
            return Refused(status, "bad record", is_too_large=status == 413)
        return Delivered(202)

    return judge


def gateway(*numbers: int) -> Callable[[Sequence[bytes]], Receipt]:
    """Return a judge like a gateway that answers 403 to some records."""
    bad = {an_entry(number).payload for number in numbers}
    return lambda payloads: (
        deferred_by("forbidden", status=403) if bad & set(payloads) else Delivered(202)
    )


def a_retry(count: int, first: int = 0, retries: int = 2) -> Batch:
    """Return a batch of dead letters that are sent again."""
    numbers = range(first, first + count)
    return Batch(
        entries=tuple(an_entry(number) for number in numbers),
        places=tuple(LinePlace("old", number, number + 1) for number in numbers),
        spans=(),
        rejects=(),
        counters=(),
        size_bytes=10 * count,
        retries=(retries,) * count,
    )
