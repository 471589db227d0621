"""A piece of a log, sent by a worker: a task in, what became of it out.

Everything that is needed comes with the task, and nothing is remembered between two
calls, so that any engine that maps functions can run them. No position is stored here:
commits go back to whoever handed out the task.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from shipper.backfill.choices import Choices
from shipper.backfill.ledger import Place
from shipper.backfill.log import Log
from shipper.backfill.pacing import Limits, pace_of
from shipper.backfill.parts import (
    history_shaper_of,
    history_window_of,
    pipeline_of,
)
from shipper.backfill.reader import Opened, Reader
from shipper.backfill.shaping import HistoryShaper, Rejected
from shipper.callers import masks_of
from shipper.clock import SystemClock
from shipper.config.settings import Settings
from shipper.events import EventLog
from shipper.model import Commit, Taken
from shipper.rejected import RejectedText
from shipper.uplink import uploader_of

PIECE_SECONDS: Final = 10.0  # a piece that cannot be sent comes back all the same


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of one log, and everything that is needed to send it.

    Attributes:
        taken: Records that the receiver has, though the piece before did not settle
            them.
    """

    settings: Settings
    choices: Choices
    limits: Limits
    path: str
    name: str
    place: Place
    lines: int
    taken: frozenset[Taken] = frozenset()


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a piece.

    Attributes:
        commits: To be stored, in this order.
        is_at_end: Nothing of the log is left.
        trouble: Why it cannot be read any further, or nothing.
        closed_seconds: How long the receiver is to be left alone from now on.
        taken: For the next piece of this log.
    """

    commits: tuple[Commit, ...]
    rejects: tuple[Rejected, ...]
    read_bytes: int
    is_at_end: bool
    trouble: str
    closed_seconds: float = 0.0
    taken: frozenset[Taken] = frozenset()


def ship(task: Task) -> Done:
    """Send one piece of a log; nothing is remembered between two calls."""
    clock = SystemClock()
    events = EventLog(sys.stderr, clock=clock, least="warning")
    masks = masks_of(task.settings.identify)
    opened = Opened(
        task.name,
        task.place,
        open_log=partial(Log, task.path, task.choices),
        translator_of=lambda log, place: log.translator(masks, place),
        limit_lines=task.lines,
    )
    reader = Reader([opened])
    rejects: list[Rejected] = []
    shaper = HistoryShaper(
        history_shaper_of(task.settings, task.choices, events=events, clock=clock),
        reader=reader,
        text=RejectedText(masks),
        on_reject=rejects.append,
    )
    gathered = _Gathered()
    with ExitStack() as parts:
        parts.callback(reader.close)
        pace = pace_of(task.limits, events=events, clock=clock)
        uploader = uploader_of(parts, task.settings, events=events, clock=clock)
        window = history_window_of(
            task.settings, task.limits, poster=uploader, pace=pace, events=events
        )
        pipeline = pipeline_of(
            task.settings,
            task.limits,
            source=reader,
            shaper=shaper,
            window=window,
            checkpoints=gathered,
            events=events,
            clock=clock,
            deadline=clock.monotonic() + PIECE_SECONDS,
            taken=task.taken,
        )
        pipeline.run()
        # The next piece begins without a debt, so each pays its own.
        while (owed := pace.wait(clock.monotonic())) is not None:
            clock.wait(owed.seconds)
    settled = sum(
        advance.end_bytes - advance.start_bytes
        for commit in gathered.commits
        for advance in commit.advances
    )
    end = task.place.row.offset_bytes + settled
    is_at_end = opened.is_at_end and end >= opened.end_bytes
    # Of what was read and not settled, the rejects will be met again. At the end that
    # is the last line alone, and it has to be told of now.
    kept = tuple(one for one in rejects if is_at_end or one.offset_bytes < end)
    return Done(
        commits=tuple(gathered.commits),
        rejects=kept,
        read_bytes=opened.read_bytes,
        is_at_end=is_at_end,
        trouble="" if opened.trouble is None else str(opened.trouble),
        closed_seconds=window.closed_seconds(clock.monotonic()),
        taken=pipeline.taken,
    )


class _Gathered:
    """Implements the pipeline's checkpoints: commits are kept for whoever stores."""

    def __init__(self) -> None:
        # Mutable state: the commits so far.
        self.commits: list[Commit] = []

    def commit(self, commit: Commit) -> None:
        """Keep a commit."""
        self.commits.append(commit)
