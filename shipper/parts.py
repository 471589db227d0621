"""Build the real parts of a shipper and join them to a pipeline.

Settings come in. `prepare` makes what may turn out to be unusable (shapers, the ways
of foreign logs, the uploader), so that a reload learns of it while the parts before
still run. `join` adds files, state and watch, and cannot be refused by a setting. No
room below this one and its neighbours knows the settings.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.desk import Desk
from shipper.events import Events
from shipper.gate import Gate
from shipper.heartbeat import Beating, Heartbeat
from shipper.live import LiveSource
from shipper.model import Line, Taken
from shipper.pacing import pacing_of
from shipper.pipeline import Pipeline, Sums
from shipper.readings import Readings, Way
from shipper.revive import Reviver
from shipper.shapers import Shapers, shapers_of
from shipper.source import LineReader, Source
from shipper.store import Letterbox, open_store
from shipper.uplink import heartbeat_of, in_flight_of, uploader_of
from shipper.upload import Uploader
from shipper.wake import Watch
from shipper.ways import ways_of
from shipper.window import Window


@dataclass(frozen=True, slots=True)
class Plan:
    """What could be built of the settings alone.

    Attributes:
        parts: Takes it apart again.
    """

    settings: Settings
    shapers: Shapers
    ways: tuple[Way | None, ...]
    uploader: Uploader
    heartbeat: Heartbeat | None
    parts: ExitStack


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that are spoken to from outside the pipeline."""

    pipeline: Pipeline
    source: Source
    uploader: Uploader
    letterbox: Letterbox
    heartbeat: Heartbeat | None

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
        ways = ways_of(settings)
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
    taken: frozenset[Taken] = frozenset(),
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
        beat: Called while it rests, at least once a second.
        taken: Records that were delivered before, of which no commit was stored.
        reads_lines: False finds the files and reads none of them.

    Raises:
        StateError: The state cannot be read or written, and waiting cannot help.
    """
    parts.push(plan.parts.pop_all())
    settings, shapers, uploader = plan.settings, plan.shapers, plan.uploader
    heartbeat = plan.heartbeat
    store = open_store(
        settings.state_dir,
        on_state_error=settings.on_state_error,
        clock=clock,
        events=events,
    )
    parts.callback(store.close)
    sources = settings.sources
    if store.rebuilt is not None:
        # The positions are lost; the operator has said where to begin anew.
        events.emit("state_rebuilt", path=store.path, where=store.rebuilt)
        sources = tuple(replace(one, read_from=store.rebuilt) for one in sources)
    if exported := store.unacknowledged():
        # Nobody should look for these at ReadMe before their receipt is here.
        records = sum(bundle.records for bundle in exported)
        events.emit("bundles_waiting", bundles=len(exported), records=records)
    source = (Source if reads_lines else _Closed)(
        sources=sources,
        catalog=store,
        events=events,
        clock=clock,
        scan_interval_seconds=settings.poll_interval,
    )
    parts.callback(source.close)
    batch = settings.batch
    watch = Watch(
        mode=settings.watch,
        clock=clock,
        events=events,
        poll_interval_seconds=settings.poll_interval,
        watched=source,
    )
    parts.callback(watch.close)
    pacing = pacing_of(settings, events=events, clock=clock)
    window = Window(
        poster=Beating(uploader, heartbeat) if heartbeat is not None else uploader,
        gate=Gate(events=events, jitter=random.random),
        events=events,
        jitter=random.random,
        max_in_flight=in_flight_of(settings),
        max_records=pacing.max_records,
        pace=pacing.pace,
    )
    # Two, because a letter is not what comes next in its file.
    readings, again = (
        Readings(files=source, ways=plan.ways) if any(plan.ways) else None
        for _ in range(2)
    )
    letterbox = store.letterbox(
        max_bytes=settings.dead_letters.max_bytes,
        max_age_days=settings.dead_letters.max_age_days,
    )
    reader = LineReader(find_file=store.file)
    parts.callback(reader.close)
    desk = Desk(
        letters=letterbox,
        reviver=Reviver(
            # Whoever asks for a letter wants it, whichever share is sent of the lines.
            shaper=shapers.unsampled().around(again),
            filters=shapers.own.filters,
            redactor=shapers.own.redactor,
            detector=shapers.own.detector,
            lines=reader,
        ),
        clock=clock,
        events=events,
        max_records=pacing.max_records,
        max_bytes=pacing.max_bytes,
        interval_seconds=settings.poll_interval,
        beat=beat,
    )
    pipeline = Pipeline(
        source=source if readings is None else LiveSource(source, readings),
        shaper=shapers.around(readings),
        batcher=Batcher(
            max_records=pacing.max_records,
            max_bytes=pacing.max_bytes,
            buffer_length=batch.buffer_length,
            max_age_seconds=batch.flush_interval,
            keep_bytes=settings.dead_letters.keep_bytes,
        ),
        window=window,
        checkpoints=store,
        watch=watch,
        desk=desk,
        clock=clock,
        events=events,
        drain=once,
        deadline=deadline,
        shutdown_seconds=settings.shutdown_timeout,
        on_turn=on_turn,
        taken=taken,
    )
    return Engine(pipeline, source, uploader, letterbox, heartbeat)


class _Closed(Source):
    """Finds the files and reads none of them."""

    def next_line(self) -> Line | None:
        """Return None: nothing is read now."""
        return None
