"""Where shipping stands: what the state counts, and what waits on disk beyond it.

Quick enough to be asked every few seconds: files are found and measured as the
shipper does it, and of what waits only the first line of each log is read. Counts
come from the state, so that they survive restarts and are told beside a daemon.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shipper.clock import Clock
from shipper.events import Events
from shipper.model import Line
from shipper.parse import parse
from shipper.record import Record
from shipper.reports.beside import source_beside
from shipper.reports.losses import Losses, losses_of
from shipper.source import FileView, Followed, Source
from shipper.store.dead_letters import RECOVERED
from shipper.store.examined import Holder, lock_holder
from shipper.store.snapshot import open_snapshot
from shipper.store.sums import Outcomes

_BLOCK_BYTES = 4096  # a turn of one file; what waits is looked at, not read
_MOST_LINES = 1000  # enough for the first line of some hundred logs


@dataclass(frozen=True, slots=True)
class Standing:
    """One moment.

    Attributes:
        has_run: False before the shipper has made its state.
        holder: Which process is shipping.
        lines: What became of lines so far.
        recovered: Dead letters that were delivered after all; they are counted as
            delivered in `lines`, and no longer as dead.
        letters: Dead letters that are kept.
        losses: What never reached the shipper, and what it kept back.
        last_delivery: Seconds since 1970, or None.
        waiting_bytes: On disk beyond the position; of archives, packed bytes.
        waiting_files: How many files hold them.
        oldest: When the oldest record that waits began; of other programs' logs,
            when its file was written last, which is later. None if nothing waits.
    """

    has_run: bool
    holder: Holder
    lines: Outcomes
    recovered: int
    letters: int
    losses: Losses
    last_delivery: float | None
    waiting_bytes: int
    waiting_files: int
    oldest: float | None


def take_standing(
    state_dir: str, sources: Sequence[Followed], *, events: Events, clock: Clock
) -> Standing:
    """Look at state and files.

    Raises:
        StateError: The state cannot be read.
    """
    with open_snapshot(state_dir) as snapshot:
        source = source_beside(
            state_dir,
            sources,
            catalog=snapshot,
            events=events,
            clock=clock,
            read_bytes=_BLOCK_BYTES,
        )
        source.look()
        letters, last = snapshot.kept_letters(), snapshot.last_delivery()
    try:
        waiting = [view for view in source.files() if view.unread_bytes]
        oldest = _oldest(source, waiting)
    finally:
        source.close()
    sums = snapshot.sums
    return Standing(
        has_run=snapshot.has_run,
        holder=lock_holder(state_dir),
        lines=sums.lines,
        recovered=sums.counters.get(RECOVERED, 0),
        letters=letters,
        losses=losses_of(sums),
        last_delivery=last,
        waiting_bytes=sum(view.unread_bytes for view in waiting),
        waiting_files=len(waiting),
        oldest=oldest,
    )


def _oldest(source: Source, waiting: Sequence[FileView]) -> float | None:
    """Return the time of the oldest record among the first lines of the files."""
    paths = {view.file_id: view.path for view in waiting}
    times: dict[str, float] = {}
    for _ in range(_MOST_LINES):
        if len(times) == len(paths) or (line := source.next_line()) is None:
            break
        if line.file_id in paths and line.file_id not in times:
            began = _time_of(line, paths[line.file_id])
            if began is not None:
                times[line.file_id] = began
    return min(times.values(), default=None)


def _time_of(line: Line, path: str) -> float | None:
    record = parse(line.data)
    if isinstance(record, Record):
        return datetime.fromisoformat(record.har.started_date_time).timestamp()
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None  # it went while we looked
