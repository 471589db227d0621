"""Run a backfill: send what the surveyed logs hold, and say what became of each.

One pipeline over all logs, the same as the shipper's, with positions in the ledger of
history. It runs beside the shipper under a lock of its own. An error of one log ends
that log, and the others go on.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType

from shipper.backfill.books import Books
from shipper.backfill.choices import Choices
from shipper.backfill.ledger import Place, places_of
from shipper.backfill.log import Log
from shipper.backfill.outcome import UNFINISHED, FileOutcome, Outcome, Progress
from shipper.backfill.pacing import Limits, pace_of
from shipper.backfill.parts import (
    history_shaper_of,
    history_window_of,
    pipeline_of,
)
from shipper.backfill.reader import Opened, Reader
from shipper.backfill.shaping import HistoryShaper, Rejected
from shipper.callers import masks_of
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.doors import Checkpoints
from shipper.ending import Ending
from shipper.events import Events
from shipper.rejected import RejectedText
from shipper.store.history import TakenOverError, held_history
from shipper.uplink import uploader_of
from shipper.upload import Uploader


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
    with held_history(settings.state_dir, clock=clock) as history:
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
                (file, place.at(history.file(place.row.file_id) or place.row))
                for file, place in places
                if place.row.file_id != ended and file.state == UNFINISHED
            ]
    return Outcome(tuple(files), received[0] if received else None)


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
            translator_of=lambda log, place: log.translator(masks, place),
        )
        for file, place in places
    ]
    reader = Reader(opened)
    books = Books(
        checkpoints,
        opened,
        [file for file, _ in places],
        progress=progress,
        on_reject=on_reject,
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
        window=history_window_of(
            settings,
            limits,
            poster=uploader,
            pace=pace_of(limits, events=events, clock=clock),
            events=events,
        ),
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
