"""Build the real parts of a shipper and join them to a pipeline.

Settings come in. `prepare` makes what may turn out to be unusable (shapers, the ways
of foreign logs, the uploader), so that a reload learns of it while the parts before
still run. `join` adds files, state and watch, and cannot be refused by a setting. What
it joins is made in `joints`. No room below this one and its neighbours knows the
settings.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.ending import Ending
from shipper.events import Events
from shipper.heartbeat import Heartbeat
from shipper.joints import (
    Plan,
    desk_of,
    letterbox_of,
    pipeline_of,
    poster_of,
    source_of,
    state_of,
)
from shipper.limits.pace import Balance
from shipper.model import Taken
from shipper.pacing import is_limited, pacing_of
from shipper.pipeline import Pipeline
from shipper.shapers import shapers_of
from shipper.source import Source
from shipper.store import Letterbox
from shipper.sums import Sums
from shipper.uplink import heartbeat_of, uploader_of
from shipper.upload import Uploader

if TYPE_CHECKING:
    from shipper.readings import Way

__all__ = ["Engine", "Plan", "join", "prepare"]


class Engine(Struct, frozen=True):
    """The parts that are spoken to from outside the pipeline.

    Attributes:
        letterbox: Where requests are left, if the state is kept in this process.
    """

    pipeline: Pipeline
    source: Source
    uploader: Uploader
    heartbeat: Heartbeat | None = None
    letterbox: Letterbox | None = None

    @property
    def is_ready(self) -> bool:
        """True: state and logs are open by the time there is an engine."""
        return True

    @property
    def sums(self) -> Sums:
        """Lines committed by this pipeline, by outcome."""
        return self.pipeline.sums

    @property
    def trouble(self) -> str:
        """What keeps work from being finished, in words, or nothing."""
        return self.pipeline.trouble

    @property
    def records_in_flight(self) -> int:
        """How many records were read and have no answer yet."""
        return self.pipeline.records_in_flight

    @property
    def taken(self) -> frozenset[Taken]:
        """Records that were delivered though no commit says so; for the next one."""
        return self.pipeline.taken

    def run(self) -> Ending:
        """Ship until stopped, paused, drained or out of time."""
        return self.pipeline.run()

    def pending_bytes(self) -> int:
        """Return how much is on disk and not read yet; asks every file."""
        return self.source.pending_bytes()

    def pause(self) -> None:
        """End the run so that another can go on in its place."""
        self.pipeline.pause()

    def stop(self, signal_name: str) -> None:
        """End the run soon; called from a signal handler."""
        self.pipeline.stop(signal_name)
        self.uploader.hurry()
        if self.heartbeat is not None:
            self.heartbeat.hurry()


def prepare(
    settings: Settings,
    *,
    events: Events,
    clock: Clock,
    beat: Callable[[], None] = lambda: None,
    calls_monitor: bool = True,
) -> Plan:
    """Build all that the settings can make unusable; touches no state and no log.

    Args:
        settings: What `config.load` returned.
        events: Where the parts report.
        clock: The time, and the bell that ends every wait.
        beat: Called while the pipeline's thread waits for an upload that goes on.
        calls_monitor: False leaves the heartbeat out.

    Raises:
        ConfigError: What the settings name cannot be used.
    """
    with ExitStack() as parts:
        shapers = shapers_of(settings, events=events, clock=clock)
        parts.callback(shapers.close)
        ways = _ways_of(settings)
        uploader = uploader_of(parts, settings, events=events, clock=clock, beat=beat)
        heartbeat = None
        if calls_monitor:
            heartbeat = heartbeat_of(settings, events=events, clock=clock)
        if heartbeat is not None:
            parts.callback(heartbeat.close)
        return Plan(settings, shapers, ways, uploader, heartbeat, parts.pop_all())


def join(
    parts: ExitStack,
    plan: Plan,
    *,
    once: bool,
    deadline: float | None,
    events: Events,
    clock: Clock,
    on_turn: Callable[[], None] = lambda: None,
    beat: Callable[[], None] = lambda: None,
    beat_seconds: float | None = None,
    taken: frozenset[Taken] = frozenset(),
    balance: Balance | None = None,
    reads_lines: bool = True,
) -> Engine:
    """Open state, files and watch, and join everything; the lock is held already.

    Args:
        parts: Takes everything apart again, the plan's parts too.
        plan: What `prepare` returned.
        once: The pipeline ends when everything readable has been settled.
        deadline: Monotonic second after which it ends, or None.
        events: Where the parts report.
        clock: The time, and the bell that ends every wait.
        on_turn: Called by the pipeline each time it has come round.
        beat: Called now and then while it rests.
        beat_seconds: How often at least, or None.
        taken: Records that were delivered before, of which no commit was stored.
        balance: What is owed to the limits by what was sent before.
        reads_lines: False finds the files and reads none of them.

    Raises:
        StateError: The state cannot be read or written, and waiting cannot help.
    """
    parts.push(plan.parts.pop_all())
    settings = plan.settings
    state = state_of(parts, settings, events=events, clock=clock)
    source = source_of(
        parts,
        settings,
        sources=state.sources,
        catalog=state.store,
        reads_lines=reads_lines,
        events=events,
        clock=clock,
    )
    if not once:
        plan.shapers.load()
    pacing = pacing_of(settings, events=events, clock=clock, balance=balance)
    has_limits = is_limited(settings)
    if not has_limits:
        # Quiet hours that a reload has taken away are told as ended.
        pacing.pace.wait(clock.monotonic())
    letterbox = letterbox_of(settings, state.store)
    desk = desk_of(
        parts,
        plan,
        store=state.store,
        letterbox=letterbox,
        files=source,
        pacing=pacing,
        events=events,
        clock=clock,
        beat=beat,
        beat_seconds=beat_seconds,
    )
    pipeline = pipeline_of(
        parts,
        plan,
        source=source,
        checkpoints=state.store,
        desk=desk,
        pacing=pacing,
        # Not asked in vain: it looks at the clock on the wall twice a request.
        pace=pacing.pace if has_limits else None,
        poster=poster_of(plan),
        once=once,
        deadline=deadline,
        events=events,
        clock=clock,
        on_turn=on_turn,
        taken=taken,
    )
    return Engine(pipeline, source, plan.uploader, plan.heartbeat, letterbox)


def _ways_of(settings: Settings) -> tuple[Way | None, ...]:
    if not any(source.is_foreign for source in settings.sources):
        return (None,) * len(settings.sources)
    # Late: who follows own records alone needs no other format.
    from shipper.ways import ways_of  # noqa: PLC0415

    return ways_of(settings)
