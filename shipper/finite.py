"""What a pipeline with an end needs: nothing to wait for, nobody who asks.

Backfills, exports and the sending of bundles read what lies there and are done.
"""

from __future__ import annotations

from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.doors import Checkpoints, Shape, Sink, Source
from shipper.events import Events
from shipper.model import Batch, Commit, Taken
from shipper.pipeline import Pipeline


class _Awake:
    """Implements the pipeline's watch: there is nothing to wait for."""

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return a pause that only answers end."""
        return 1.0


class _NoDesk:
    """Implements the pipeline's desk: nobody asks anything."""

    is_idle = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def turn(self, now: float) -> Batch | None:
        """Carry out nothing."""
        return None

    def committed(self, commit: Commit) -> None:
        """Take note of nothing."""

    def rest(self, seconds: float) -> None:
        """Wait, or until somebody wakes the clock."""
        self._clock.wait(seconds)


def finite_pipeline(
    *,
    source: Source,
    shaper: Shape,
    batcher: Batcher,
    window: Sink,
    checkpoints: Checkpoints,
    clock: Clock,
    events: Events,
    deadline: float | None,
    shutdown_seconds: float,
    taken: frozenset[Taken] = frozenset(),
) -> Pipeline:
    """Return a pipeline that ends when its source has; see `Pipeline`."""
    return Pipeline(
        source=source,
        shaper=shaper,
        batcher=batcher,
        window=window,
        checkpoints=checkpoints,
        watch=_Awake(),
        desk=_NoDesk(clock),
        clock=clock,
        events=events,
        drain=True,
        deadline=deadline,
        shutdown_seconds=shutdown_seconds,
        taken=taken,
    )
