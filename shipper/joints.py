"""What a pipeline is joined of, each made of the settings: state, files, desk, window.

`parts` joins them in one process. Where several processes share the work, each has
some of them: files and a pipeline there, state and desk here. Nothing runs yet when
they have been made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.config.settings import Settings, SourceSettings
from shipper.desk import REST_LOOKS, Desk
from shipper.dispatch import Pace, Poster
from shipper.doors import Checkpoints
from shipper.doors import Desk as Asked
from shipper.events import Events
from shipper.heartbeat import Beating, Heartbeat
from shipper.model import Line, Taken
from shipper.pacing import Pacing
from shipper.pipeline import Pipeline
from shipper.remarks import Remarks
from shipper.revive import Reviver
from shipper.shapers import Shapers
from shipper.source import Catalog, LineReader, Share, Source
from shipper.store import Letterbox, Store, open_store
from shipper.store.names import state_files
from shipper.uplink import window_of
from shipper.upload import Uploader
from shipper.wake import Watch, busy_poll_seconds

if TYPE_CHECKING:
    from shipper.live import LiveSource
    from shipper.readings import Files, Readings, Way


class Plan(Struct, frozen=True):
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


class State(Struct, frozen=True):
    """The state, and what is followed under it.

    Attributes:
        sources: With where to begin anew, if the positions are lost.
    """

    store: Store
    sources: tuple[SourceSettings, ...]


def state_of(
    parts: ExitStack, settings: Settings, *, events: Events, clock: Clock
) -> State:
    """Open the state; the lock is held already.

    Raises:
        StateError: It cannot be read or written, and waiting cannot help.
    """
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
    return State(store, sources)


def source_of(
    parts: ExitStack,
    settings: Settings,
    *,
    sources: tuple[SourceSettings, ...],
    catalog: Catalog,
    events: Events,
    clock: Clock,
    share: Share | None = None,
    reads_lines: bool = True,
) -> Source:
    """Return the followed files; `share` says which of them, if not all."""
    source = (Source if reads_lines else _Closed)(
        sources=sources,
        catalog=catalog,
        events=events,
        clock=clock,
        scan_interval_seconds=settings.poll_interval,
        share=share,
        own_files=own_files_of(settings),
    )
    parts.callback(source.close)
    return source


def own_files_of(settings: Settings) -> tuple[str, ...]:
    """Return the paths of what the shipper writes, there or not."""
    egress = settings.egress_log.file
    return (*state_files(settings.state_dir), *((egress,) if egress else ()))


def letterbox_of(settings: Settings, store: Store) -> Letterbox:
    """Return the dead letters and requests of the state."""
    return store.letterbox(
        max_bytes=settings.dead_letters.max_bytes,
        max_age_days=settings.dead_letters.max_age_days,
    )


def desk_of(
    parts: ExitStack,
    plan: Plan,
    *,
    store: Store,
    letterbox: Letterbox,
    files: Files,
    pacing: Pacing,
    events: Events,
    clock: Clock,
    beat: Callable[[], None],
    beat_seconds: float | None,
) -> Desk:
    """Return what carries out requests; `files` knows where a letter's line stood.

    It rests five seconds at most with the default settings, or `beat_seconds`.
    """
    # Whoever polls more often than every second wants to wait less here too.
    rest_seconds = REST_LOOKS * min(plan.settings.poll_interval, 1.0)
    shapers = plan.shapers
    reader = LineReader(find_file=store.file)
    parts.callback(reader.close)
    return Desk(
        letters=letterbox,
        reviver=Reviver(
            # Whoever asks for a letter wants it, whichever share is sent of the lines.
            # Readings of their own: a letter is not what comes next in its file.
            shaper=shapers.unsampled().around(_readings(plan, files)),
            filters=shapers.own.filters,
            redactor=shapers.own.redactor,
            detector=shapers.own.detector,
            lines=reader,
        ),
        clock=clock,
        events=events,
        max_records=pacing.max_records,
        max_bytes=pacing.max_bytes,
        interval_seconds=plan.settings.poll_interval,
        rest_seconds=min(rest_seconds, beat_seconds or rest_seconds),
        beat=beat,
    )


def poster_of(plan: Plan) -> Beating | Uploader:
    """Return what sends requests, and tells a monitor of it if there is one."""
    uploader, heartbeat = plan.uploader, plan.heartbeat
    return Beating(uploader, heartbeat) if heartbeat is not None else uploader


def pipeline_of(
    parts: ExitStack,
    plan: Plan,
    *,
    source: Source,
    checkpoints: Checkpoints,
    desk: Asked,
    pacing: Pacing,
    pace: Pace | None,
    poster: Poster,
    once: bool,
    deadline: float | None,
    events: Events,
    clock: Clock,
    on_turn: Callable[[], None],
    taken: frozenset[Taken],
) -> Pipeline:
    """Return the pipeline over a source; `pace` may be that of another process."""
    settings = plan.settings
    batch = settings.batch
    if not once:
        plan.uploader.load()
    watch = Watch(
        mode=settings.watch,
        clock=clock,
        events=events,
        poll_interval_seconds=settings.poll_interval,
        busy_poll_seconds=busy_poll_seconds(
            buffer_length=batch.buffer_length,
            flush_interval_seconds=batch.flush_interval,
        ),
        watched=source,
    )
    parts.callback(watch.close)
    readings = _readings(plan, source)
    return Pipeline(
        source=source if readings is None else _live(source, readings),
        shaper=plan.shapers.around(readings),
        batcher=Batcher(
            max_records=pacing.max_records,
            max_bytes=pacing.max_bytes,
            buffer_length=batch.buffer_length,
            max_age_seconds=batch.flush_interval,
            keep_bytes=settings.dead_letters.keep_bytes,
        ),
        window=window_of(
            settings,
            poster=poster,
            max_records=pacing.max_records,
            pace=pace,
            events=events,
        ),
        checkpoints=Remarks(checkpoints, path_of=source.path_of, events=events),
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


def _readings(plan: Plan, files: Files) -> Readings | None:
    if not any(plan.ways):
        return None
    # Late, here and below: who follows own records alone needs no other format.
    from shipper.readings import Readings  # noqa: PLC0415

    return Readings(files=files, ways=plan.ways)


def _live(source: Source, readings: Readings) -> LiveSource:
    from shipper.live import LiveSource  # noqa: PLC0415 - late, as above

    return LiveSource(source, readings)


class _Closed(Source):
    """Finds the files and reads none of them."""

    def next_line(self) -> Line | None:
        """Return None: nothing is read now."""
        return None
