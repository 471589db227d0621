"""A backfill by several processes, or by a cluster: one file each, a piece at a time.

An engine and the surveyed logs come in, what became of them goes out. The ledger stays
here: a piece is committed when its result is there, and only then is the next piece of
that file handed out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Final

from shipper.backfill.choices import Choices
from shipper.backfill.engines import Engine
from shipper.backfill.job import signals
from shipper.backfill.ledger import Place, places_of
from shipper.backfill.outcome import SENT, FileOutcome, Outcome, Progress
from shipper.backfill.pacing import Limits
from shipper.backfill.piece import Done, Task, ship
from shipper.backfill.shaping import Rejected
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.errors import EXIT_TRY_AGAIN, ShipperError
from shipper.events import Events
from shipper.model import Taken
from shipper.store.history import History, TakenOverError, held_history

# What a kill can repeat of each worker (docs/backfill.md): of a plain file; and of an
# archive, which is unpacked from its front for each piece.
PIECE_LINES: Final = 2_000
PACKED_PIECE_LINES: Final = 50_000
LOOK_SECONDS: Final = 0.5


class WorkerLostError(ShipperError):
    """A worker ended in the middle of its work, and not by itself."""

    exit_code = EXIT_TRY_AGAIN


Run = Callable[..., Outcome]


def runner(engine: Engine) -> Run:
    """Return what runs a backfill on an engine; called as `job.run` is."""
    return partial(run, engine)


def run(
    engine: Engine,
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
    """Send what the surveyed logs hold and has not been sent; see `job.run`.

    Raises:
        WorkerLostError: A worker was killed; nothing it had settled is forgotten,
            but for its last piece.
    """
    received: list[int] = []
    with held_history(settings.state_dir, clock=clock) as history:
        places = places_of(files, history, choices)
        progress.total_bytes = sum(file.size_bytes for file, _ in places)
        share = limits.shared_by(max(1, min(engine.slots, len(places))))
        read: dict[str, int] = {}
        taken: dict[str, frozenset[Taken]] = {}

        def task_of(file: FileOutcome, place: Place) -> Task:
            return Task(
                settings,
                choices,
                share,
                file.path,
                file.name,
                place,
                lines=PACKED_PIECE_LINES if file.packing else PIECE_LINES,
                taken=taken.get(file.path, frozenset()),
            )

        def settle(file: FileOutcome, place: Place, done: Done) -> Place | None:
            before = file.lines
            has_more = _settle(file, place, done, history=history, on_reject=on_reject)
            read[file.path] = done.read_bytes
            taken[file.path] = done.taken
            progress.moved(file.lines - before, sum(read.values()))
            row = history.file(place.row.file_id) if has_more else None
            return None if row is None else place.at(row)

        with signals(received.append):
            try:
                _work_off(
                    engine,
                    places,
                    task_of=task_of,
                    settle=settle,
                    received=received,
                    clock=clock,
                )
            except engine.lost as error:
                # A service manager signals the workers too: then it is no accident.
                if not received:
                    raise _lost() from error
    return Outcome(tuple(files), received[0] if received else None)


def _work_off(
    engine: Engine,
    places: Sequence[tuple[FileOutcome, Place]],
    *,
    task_of: Callable[[FileOutcome, Place], Task],
    settle: Callable[[FileOutcome, Place, Done], Place | None],
    received: Sequence[int],
    clock: Clock,
) -> None:
    """Keep every worker busy until no log has another piece, or a signal came.

    Args:
        engine: Works.
        places: The logs, and where they are read from.
        task_of: Says what there is to do.
        settle: Stores what was done; returns where to go on, or None.
        received: The signals so far.
        clock: Says when the receiver may be asked again.
    """
    left = deque(places)
    out: dict[Future[Done], tuple[FileOutcome, Place]] = {}
    open_at = clock.monotonic()
    while (left and not received) or out:
        # What the receiver wished for holds for all: a piece knows of none before it.
        closed_seconds = open_at - clock.monotonic()
        while left and len(out) < engine.slots and not received and closed_seconds <= 0:
            file, place = left.popleft()
            task = task_of(file, place)
            out[engine.executor.submit(ship, task)] = file, place
        if not out:
            clock.wait(min(LOOK_SECONDS, closed_seconds))
            continue
        ended, _ = wait(out, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in ended:
            file, place = out.pop(future)
            done = future.result()
            open_at = max(open_at, clock.monotonic() + done.closed_seconds)
            again = settle(file, place, done)
            if again is not None:
                left.append((file, again))


def _lost() -> WorkerLostError:
    return WorkerLostError(
        "stopped: a worker was killed",
        hint="perhaps memory ran out, then take fewer --workers; the same command "
        "goes on where it was",
    )


def _settle(
    file: FileOutcome,
    place: Place,
    done: Done,
    *,
    history: History,
    on_reject: Callable[[Rejected], None],
) -> bool:
    """Store what became of a piece; True if the log has another one."""
    for refused in done.rejects:
        # Before it is stored: a crash here tells of a line twice, not never.
        file.rejects[refused.reason] += 1
        on_reject(refused)
    try:
        for commit in done.commits:
            history.commit(commit)
            for advance in commit.advances:
                file.count(advance)
    except TakenOverError:
        file.taken_over()
        return False
    if done.is_at_end and not done.trouble:
        file.state = SENT
    elif done.trouble:
        file.why = done.trouble
    return not done.is_at_end and not done.trouble
