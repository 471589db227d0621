"""A whole shipper inside one test: real files and database, time and receiver by hand.

`World` runs the real source, store, window and pipeline step by step on a fake
clock, against a receiver that is told its mood, and can end a life in the middle
of anything. What was written and what came of it is remembered for comparison.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Literal

from shipper.batch import Batcher
from shipper.ending import Ending
from shipper.gate import Gate
from shipper.model import BLANK, Commit, Entry, Item, Line, Reject, Skip, Taken
from shipper.pipeline import Pipeline
from shipper.receipt import Deferred, Delivered, Receipt, Refused
from shipper.source import Source
from shipper.store import Store, open_store
from shipper.window import Window
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.followed import Table
from tests.support.pipes import IdleDesk
from tests.support.posting import ScriptedAnswer, deferred_by

MAX_IN_FLIGHT = 2
MAX_RECORDS = 4
POISON = b"poison"  # begins the text of a record that is refused for ever

Moment = Literal["before post", "after post", "before commit", "after commit"]


class Mood(Enum):
    """How the receiver answers."""

    HONEST = auto()
    SILENT = auto()  # keeps requests; answers when the mood changes
    LOSES_ANSWERS = auto()  # keeps the records, tells nobody
    UNAVAILABLE = auto()
    UNREACHABLE = auto()
    LATE = auto()  # a time-out after the body was sent; nothing is kept
    BUSY = auto()
    WRONG_KEY = auto()
    FORBIDDEN = auto()
    TOO_LARGE = auto()


class Receiver:
    """Implements `shipper.dispatch.Poster`, and remembers what it took."""

    def __init__(self) -> None:
        # Mutable state: the mood, open requests, and all that was ever taken.
        self.mood = Mood.HONEST
        self.arrived: Counter[bytes] = Counter()
        self.lost_answers = 0
        self._out: list[tuple[int, tuple[bytes, ...]]] = []

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Take a request in."""
        self._out.append((ticket, tuple(payloads)))

    def answered(self) -> list[ScriptedAnswer]:
        """Answer everything, the last request first."""
        if self.mood is Mood.SILENT:
            return []
        out, self._out = self._out, []
        return [ScriptedAnswer(ticket, self._judge(sent)) for ticket, sent in out[::-1]]

    @property
    def is_owing(self) -> bool:
        """True while a request has no answer."""
        return bool(self._out)

    def forget(self) -> None:
        """Lose the open requests: their sender is dead."""
        # Half of them were read to the end before the connection broke.
        for _, sent in self._out[::2]:
            self._judge(sent)
        self._out = []

    def _judge(self, sent: tuple[bytes, ...]) -> Receipt:
        receipt = _UNTAKEN.get(self.mood)
        if receipt is not None:
            return receipt
        if self.mood is Mood.TOO_LARGE and len(sent) > 1:
            return Refused(413, "too large", is_too_large=True)
        if any(payload.startswith(POISON) for payload in sent):
            return Refused(400, "there is poison in it")
        self.arrived.update(sent)
        if self.mood is Mood.LOSES_ANSWERS:
            self.lost_answers += 1
            return deferred_by("network")
        return Delivered(202)


_UNTAKEN: dict[Mood, Deferred] = {
    Mood.UNAVAILABLE: deferred_by("unavailable", status=503),
    Mood.UNREACHABLE: deferred_by("network"),
    Mood.LATE: deferred_by("timeout", body_sent=True),
    Mood.BUSY: deferred_by("busy", status=429, retry_after_seconds=7.0),
    Mood.WRONG_KEY: deferred_by("hold", status=401),
    Mood.FORBIDDEN: deferred_by("forbidden", status=403),
}


class Killed(BaseException):
    """The end of a life; nothing may catch it."""


class _Breath(BaseException):
    """The pipeline has rested as often as it was to."""


class _Mortal:
    """Checkpoints and poster that may end the life around their effects."""

    def __init__(self, store: Store, receiver: Receiver) -> None:
        # Mutable state: when to die.
        self._store = store
        self._receiver = receiver
        self.dies: Moment | None = None

    def commit(self, commit: Commit) -> None:
        self._pass("before commit")
        self._store.commit(commit)
        self._pass("after commit")

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        self._pass("before post")
        self._receiver.post(ticket, payloads)
        self._pass("after post")

    def answered(self) -> Sequence[ScriptedAnswer]:
        return self._receiver.answered()

    def _pass(self, moment: Moment) -> None:
        if self.dies == moment:
            raise Killed(moment)


class _Reader:
    """Says what a line becomes, and checks that lines come in order."""

    def __init__(self, store: Store) -> None:
        # Mutable state: where each file's next line must begin.
        self._store = store
        self._next: dict[str, int] = {}

    def shape(self, line: Line) -> Item:
        """Return the item; fails if the line does not follow the last one."""
        expected = self._next.get(line.file_id)
        if expected is None:
            places = {one.file_id: one.offset_bytes for one in self._store.sums().files}
            expected = places[line.file_id]
        assert line.start_bytes == expected
        self._next[line.file_id] = line.end_bytes
        if line.fault is not None:
            return Reject(line.fault.reason, "no usable bytes")
        if not line.data:
            return Skip(BLANK)
        if line.data.startswith(b"skip"):
            return Skip("host")
        if line.data.startswith(b"junk"):
            return Reject("not-json", "junk")
        return Entry(id=line.data.decode(), payload=line.data)


class World:
    """Lives of one shipper over ``logs/app.log``.

    Attributes:
        crashes: Lives that ended by `crash` or `die`, or without all answers.
    """

    def __init__(self, root: Path) -> None:
        # Mutable state: the present life, the clock, all that was counted.
        self.logs = root / "logs"
        self.logs.mkdir()
        self.log = self.logs / "app.log"
        self._state_dir = str(root / "state")
        self.clock = FakeClock()
        self.events = RecordingEvents()
        self.receiver = Receiver()
        self.crashes = 0
        self._positions: dict[str, int] = {}
        self._begin()

    def _begin(
        self, *, drain: bool = False, taken: frozenset[Taken] = frozenset()
    ) -> None:
        self.store = open_store(self._state_dir, clock=self.clock)
        self.source = Source(
            sources=[Table((str(self.log),))],
            catalog=self.store,
            events=self.events,
            clock=self.clock,
            read_bytes=512,
            max_open_files=2,
        )
        self._mortal = _Mortal(self.store, self.receiver)
        window = Window(
            poster=self._mortal,
            gate=Gate(events=self.events, jitter=lambda: 0.5),
            events=self.events,
            jitter=lambda: 0.5,
            max_in_flight=MAX_IN_FLIGHT,
            max_records=MAX_RECORDS,
        )
        self.pipeline = Pipeline(
            source=self.source,
            shaper=_Reader(self.store),
            batcher=Batcher(
                max_records=MAX_RECORDS,
                max_bytes=10_000,
                buffer_length=2,
                max_age_seconds=1.0,
            ),
            window=window,
            checkpoints=self._mortal,
            watch=_Timer(),
            desk=IdleDesk(self.clock),
            clock=self.clock,
            events=self.events,
            drain=drain,
            taken=taken,
        )

    def breathe(self, times: int) -> None:
        """Let the shipper work until it has rested so often."""
        left = [times]

        def rested(_: float) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise _Breath

        self.clock.on_wait = rested
        with suppress(_Breath):
            self.pipeline.run()
        self.clock.on_wait = None
        self.check_positions()

    def look(self) -> None:
        """Let the shipper look at the files without reading."""
        self.source.rescan()
        self.source.look()

    def die(self, moment: Moment, times: int) -> None:
        """Let it work, and end its life at that moment or after so many rests."""
        self._mortal.dies = moment
        with suppress(Killed):
            self.breathe(times)
        self.clock.on_wait = None
        self.crash()

    def crash(self) -> None:
        """End the life here; the next one knows files and database only."""
        self.crashes += 1
        self._leave()
        self._begin()

    def restart(self) -> None:
        """Stop as SIGTERM does, and start again."""
        self.pipeline.stop("SIGTERM")
        assert self.pipeline.run() is Ending.STOPPED
        # Nobody waits for answers for ever: what is out then breaks off as in a crash.
        self.crashes += self.receiver.is_owing
        self._leave()
        self._begin()

    def reload(self) -> None:
        """Let another pipeline go on in this one's place, as SIGHUP does."""
        self.pipeline.pause()
        assert self.pipeline.run() is Ending.PAUSED
        taken = self.pipeline.taken
        self._leave()
        self._begin(taken=taken)

    def drain(self) -> None:
        """Make the receiver honest and deliver all there is, in a new life."""
        self.receiver.mood = Mood.HONEST
        self.crash()
        for _ in range(2):
            self._leave()
            self._begin(drain=True)
            assert self.pipeline.run() is Ending.DRAINED
            self.check_positions()

    def check_positions(self) -> None:
        """Fail if a position has gone back, or lies before its file's start."""
        for file in self.store.sums().files:
            before = self._positions.get(file.file_id, file.start_bytes)
            assert file.offset_bytes >= before
            self._positions[file.file_id] = file.offset_bytes

    def close(self) -> None:
        """End the last life."""
        self._leave()

    def _leave(self) -> None:
        self.receiver.forget()
        self.source.close()
        self.store.close()


class _Timer:
    """Implements the pipeline's watch: look again every second."""

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return a second, or less while there is something to read."""
        return 0.1 if found_lines else 1.0
