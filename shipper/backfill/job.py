"""Run a backfill: build the real parts, send what the logs hold, say what became of it.

One pipeline over all logs, the same as the shipper's, with positions in the ledger of
history. It runs beside the shipper under a lock of its own. An error of one log ends
that log, and the others go on.
"""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import FrameType

from shipper.backfill.choices import Choices, Selection
from shipper.backfill.ledger import LeftAlone, Place, place_of
from shipper.backfill.reader import Opened, Reader
from shipper.backfill.shaping import HistoryShaper, Rejected
from shipper.backfill.survey import Log, NoLinesError
from shipper.batch import Batcher
from shipper.callers import masks_of
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.doors import Checkpoints
from shipper.events import Events
from shipper.finite import finite_pipeline
from shipper.limits.pace import Pace, most_bytes, most_records
from shipper.limits.timetable import constant
from shipper.model import Commit
from shipper.pipeline import Ending, Pipeline, Shaper
from shipper.rejected import RejectedText
from shipper.sample import Sampler
from shipper.shapers import shaper_of
from shipper.store import StateLock
from shipper.store.history import (
    HISTORY_LOCK,
    History,
    Reading,
    TakenOverError,
    open_history,
)
from shipper.uplink import uploader_of, window_of
from shipper.upload import Uploader
from shipper.window import Poster

SENT = "sent"
LEFT_ALONE = "left alone"
UNFINISHED = "unfinished"


@dataclass(slots=True)
class FileOutcome:
    """What became of one log in this run.

    Attributes:
        name: As it was given; ``-`` for standard input.
        state: ``sent``, ``left alone``, or ``unfinished``.
        why: What kept it from being sent, or nothing.
        sent_before: Lines that earlier runs had settled.
    """

    path: str
    name: str
    format: str = ""
    wrapper: str | None = None
    packing: str = ""
    size_bytes: int = 0
    state: str = UNFINISHED
    why: str = ""
    sent_before: int = 0
    delivered: int = 0
    skipped: int = 0
    dead: int = 0
    blank: int = 0
    rejects: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> int:
        """How many lines were settled in this run."""
        return self.delivered + self.skipped + self.dead + self.blank


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all of them.

    Attributes:
        signal_number: Of the signal that ended the run early, or None.
        is_complete: Every log was sent to its end, or left alone on purpose.
    """

    files: tuple[FileOutcome, ...]
    signal_number: int | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast, and how much at once."""

    records_per_second: float | None = None
    bytes_per_second: float | None = None


class Progress:
    """How far a run has come, for whoever shows it; read by the same thread.

    Attributes:
        total_bytes: Of all logs that are read, on disk.
        records: Settled so far.
    """

    def __init__(self, tick: Callable[[Progress], None]) -> None:
        # Mutable state: the numbers; the pipeline thread moves them.
        self.total_bytes = 0
        self.done_bytes = 0
        self.records = 0
        self._tick = tick

    def moved(self, records: int, done_bytes: int) -> None:
        """Take note of a commit."""
        self.records += records
        self.done_bytes = max(self.done_bytes, done_bytes)
        self._tick(self)


def survey(
    paths: Sequence[str], choices: Choices, names: Mapping[str, str] | None = None
) -> list[FileOutcome]:
    """Look at all logs before anything is sent; one without lines is left alone.

    Args:
        paths: Where they are.
        choices: How they are read.
        names: What is shown in place of some paths.

    Raises:
        NoInputError: One is not there; `BadInputError`: its format cannot be told;
            `NeedsMoreError`: it lacks what only the operator can say.
    """
    found = []
    for path in paths:
        file = FileOutcome(path, (names or {}).get(path, path))
        found.append(file)
        try:
            with Log(path, choices) as log:
                file.format = log.format.name
                file.wrapper = log.wrapper
                file.packing = log.packing
                file.size_bytes = log.size_bytes
        except NoLinesError as error:
            file.state, file.why = LEFT_ALONE, error.why
    return found


def run(
    settings: Settings,
    files: Sequence[FileOutcome],
    choices: Choices,
    *,
    limits: Limits,
    progress: Progress,
    on_reject: Callable[[Rejected], None],
    events: Events,
    clock: Clock,
) -> Outcome:
    """Send what the surveyed logs hold and has not been sent.

    Raises:
        StateLockedError: Another backfill uses the state directory.
        StateError: The state cannot be read or written.
        ConfigError: What the configuration names cannot be used.
    """
    received: list[int] = []
    with opened_history(settings, clock) as history:
        places = places_of(files, history, choices)
        progress.total_bytes = sum(file.size_bytes for file, _ in places)
        while places and not received:
            with ExitStack() as parts:
                # One for each round: answers to what the last one has sent are late.
                ended = _run_once(
                    settings,
                    places,
                    choices,
                    limits=limits,
                    checkpoints=history,
                    uploader=uploader_of(parts, settings, events=events, clock=clock),
                    progress=progress,
                    on_reject=on_reject,
                    events=events,
                    clock=clock,
                    received=received,
                )
            if ended is None:
                break
            # The shipper has taken this one over; the others are still ours.
            places = [
                (file, _again(place, history))
                for file, place in places
                if place.row.file_id != ended and file.state == UNFINISHED
            ]
    is_complete = all(file.state != UNFINISHED for file in files)
    return Outcome(tuple(files), received[0] if received else None, is_complete)


@contextmanager
def opened_history(settings: Settings, clock: Clock) -> Iterator[History]:
    """Hold the lock of backfills, and the state open, for the length of the block.

    Raises:
        StateLockedError: Another backfill uses the state directory.
        StateError: The state cannot be read or written.
    """
    lock = StateLock(settings.state_dir, name=HISTORY_LOCK)
    lock.acquire()
    try:
        history = open_history(settings.state_dir, clock=clock)
        try:
            yield history
        finally:
            history.close()
    finally:
        lock.release()


def places_of(
    files: Sequence[FileOutcome], history: History, choices: Choices
) -> list[tuple[FileOutcome, Place]]:
    """Find out where to go on in each log, and write down the new ones."""
    reading = Reading(choices.label, choices.selection)
    places = []
    taken: set[str] = set()
    for file in files:
        if file.state == LEFT_ALONE:
            continue
        with Log(file.path, choices) as log:
            place = place_of(log, history, reading, replay=choices.replay)
            if isinstance(place, LeftAlone):
                file.state, file.why = LEFT_ALONE, place.why
                continue
            if place.row.file_id in taken:
                file.state, file.why = LEFT_ALONE, "it is another copy of one before it"
                continue
            file.sent_before = log.line_number(place.position)
        if place.is_new:
            history.enter(place.row, reading)
        taken.add(place.row.file_id)
        places.append((file, place))
    return places


def _again(place: Place, history: History) -> Place:
    row = history.file(place.row.file_id)
    return Place(row or place.row, is_new=False, stop_bytes=place.stop_bytes)


def history_shaper_of(settings: Settings, choices: Choices, **told: object) -> Shaper:
    """Return what a record of history becomes: today's lists, its own filters."""
    if choices.identity is not None:
        rules = (choices.identity, *settings.identify.rules)
        settings = replace(settings, identify=replace(settings.identify, rules=rules))
    return replace(
        shaper_of(settings, **told),  # type: ignore[arg-type]  # events and clock
        filters=Selection(
            since=choices.since, until=choices.until, exclude_paths=choices.exclude
        ),
        sampler=Sampler(),
    )


def _run_once(
    settings: Settings,
    places: Sequence[tuple[FileOutcome, Place]],
    choices: Choices,
    *,
    limits: Limits,
    checkpoints: Checkpoints,
    uploader: Uploader,
    progress: Progress,
    on_reject: Callable[[Rejected], None],
    events: Events,
    clock: Clock,
    received: list[int],
) -> str | None:
    """Send until the end, a signal, or a log that the shipper takes over.

    Returns:
        The id of the file that was taken over, or None.
    """
    masks = masks_of(settings.identify)
    opened = [
        Opened(
            file.name,
            place,
            open_log=partial(Log, file.path, choices),
            translator_of=lambda log: log.translator(masks),
        )
        for file, place in places
    ]
    reader = Reader(opened)
    books = _Books(
        checkpoints, opened, [file for file, _ in places], progress, on_reject
    )
    shaper = HistoryShaper(
        history_shaper_of(settings, choices, events=events, clock=clock),
        reader=reader,
        text=RejectedText(masks),
        on_reject=books.refused,
    )
    pipeline = pipeline_of(
        settings,
        limits,
        source=reader,
        shaper=shaper,
        poster=uploader,
        pace=pace_of(limits, events=events, clock=clock),
        checkpoints=books,
        events=events,
        clock=clock,
    )

    def stop(number: int) -> None:
        received.append(number)
        uploader.hurry()
        pipeline.stop(signal.Signals(number).name)

    try:
        with signals(stop):
            ending = pipeline.run()
    except TakenOverError as error:
        books.taken_over(error.file_id)
        return error.file_id
    finally:
        reader.close()
    if ending is Ending.DRAINED:
        books.all_sent()
    return None


def records_a_request(settings: Settings, limits: Limits) -> int:
    """Return how many records go into a request at most."""
    return most_records(settings.batch.max_records, limits.records_per_second)


def bytes_a_request(settings: Settings, limits: Limits) -> int:
    """Return how large a request may be."""
    return most_bytes(settings.batch.max_bytes, limits.bytes_per_second)


def pace_of(limits: Limits, *, events: Events, clock: Clock) -> Pace:
    """Return what keeps to the limits."""
    return Pace(
        clock=clock,
        events=events,
        records_per_second=limits.records_per_second,
        timetable=constant(limits.bytes_per_second),
    )


def pipeline_of(
    settings: Settings,
    limits: Limits,
    *,
    source: Reader,
    shaper: HistoryShaper,
    poster: Poster,
    pace: Pace,
    checkpoints: Checkpoints,
    events: Events,
    clock: Clock,
    deadline: float | None = None,
) -> Pipeline:
    """Return a pipeline that ends when its source has."""
    batch = settings.batch
    max_records = records_a_request(settings, limits)
    return finite_pipeline(
        source=source,
        shaper=shaper,
        batcher=Batcher(
            max_records=max_records,
            max_bytes=bytes_a_request(settings, limits),
            buffer_length=max_records,
            max_age_seconds=batch.flush_interval,
            keep_bytes=settings.dead_letters.keep_bytes,
        ),
        window=window_of(
            settings,
            poster=poster,
            max_records=max_records,
            pace=pace,
            events=events,
        ),
        checkpoints=checkpoints,
        clock=clock,
        events=events,
        deadline=deadline,
        shutdown_seconds=settings.shutdown_timeout,
    )


class _Books:
    """Stores commits in the ledger, and counts them by file for the report.

    Refused lines are told of when they are settled: one that a run has read and not
    settled is met again by the next one.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        opened: Sequence[Opened],
        files: Sequence[FileOutcome],
        progress: Progress,
        on_reject: Callable[[Rejected], None],
    ) -> None:
        # Mutable state: the outcomes, until the run is over, and the refused lines
        # that are not settled yet, by the name of their log. Pipeline thread.
        self._checkpoints = checkpoints
        self._opened = {one.file_id: one for one in opened}
        self._files = {
            one.file_id: file for one, file in zip(opened, files, strict=True)
        }
        self._progress = progress
        self._on_reject = on_reject
        self._refused: dict[str, deque[Rejected]] = {}
        self._before = progress.done_bytes

    def commit(self, commit: Commit) -> None:
        """Store a commit, and count what it settles."""
        for advance in commit.advances:
            # Before it is stored: a crash here tells of a line twice, not never.
            self._tell(self._files[advance.file_id], advance.end_bytes)
        self._checkpoints.commit(commit)
        records = 0
        for advance in commit.advances:
            file = self._files[advance.file_id]
            file.delivered += advance.delivered
            file.skipped += advance.skipped
            file.dead += advance.dead
            file.blank += advance.blank
            records += advance.delivered + advance.skipped + advance.dead
        read = sum(one.read_bytes for one in self._opened.values())
        self._progress.moved(records, self._before + read)

    def refused(self, refused: Rejected) -> None:
        """Take note of a refused line."""
        self._refused.setdefault(refused.file, deque()).append(refused)

    def _tell(self, file: FileOutcome, end_bytes: int | None) -> None:
        """Tell of the refused lines that begin before a place, or of all."""
        waiting = self._refused.get(file.name, deque())
        while waiting and (end_bytes is None or waiting[0].offset_bytes < end_bytes):
            refused = waiting.popleft()
            file.rejects[refused.reason] += 1
            self._on_reject(refused)

    def all_sent(self) -> None:
        """Note that nothing was left; what had trouble says so."""
        for file_id, opened in self._opened.items():
            file = self._files[file_id]
            self._tell(file, None)
            if opened.trouble is not None:
                file.why = str(opened.trouble)
            else:
                file.state = SENT

    def taken_over(self, file_id: str) -> None:
        """Note that the shipper follows a file from now on."""
        file = self._files[file_id]
        file.state = LEFT_ALONE
        file.why = "the shipper follows it now, and sends the rest"


@contextmanager
def signals(stop: Callable[[int], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run cleanly; a second one ends it at once."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop(number)

    before = {
        number: signal.signal(number, on_signal)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
