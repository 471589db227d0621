"""The lines of an export: what a run would send, walked into the parts of a bundle.

Joined as the pipeline of a run is, with a packer where the network would be and held
commits where the state would be. Nothing is stored and nothing is sealed here.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from msgspec.structs import replace

from shipper.airgap.held import Held
from shipper.airgap.packing import Packer
from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.config.settings import Settings, SourceSettings
from shipper.ending import Ending, LeftFiles, exit_code
from shipper.events import Events
from shipper.finite import finite_pipeline
from shipper.joints import source_of
from shipper.live import LiveSource
from shipper.pipeline import Pipeline
from shipper.readings import Readings
from shipper.remarks import Remarks
from shipper.shapers import shapers_of
from shipper.signals import Signals
from shipper.store import Store
from shipper.ways import ways_of


class Filling:
    """Fills a bundle with what is read of the followed files.

    Args:
        settings: What `config.load` returned.
        store: Says where reading goes on; it is told of files, and of no position.
        seconds: How long it may take, for saying so, or None.
        deadline: The monotonic second when that is over, or None.
        events: Where it reports.
        clock: The time, and the bell that ends every wait.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        seconds: float | None,
        deadline: float | None,
        events: Events,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._seconds = seconds
        self._deadline = deadline
        self._events = events
        self._clock = clock

    def fill(self, packer: Packer, held: Held) -> int:
        """Read until nothing is left, the time is over, or somebody stops it.

        Returns:
            The exit code that says which.

        Raises:
            StateError: Files cannot be remembered.
            CannotWriteError: The disk of the bundle is full or failing.
            ConfigError: What the configuration names cannot be used.
        """
        left_files = LeftFiles(self._events)
        with ExitStack() as parts:
            pipeline = self._join(parts, packer, held, left_files)
            with Signals(self._clock.wake, only_the_end=True) as signals:
                signals.on_stop = pipeline.stop
                ending = left_files.judged(pipeline.run())
        if ending is Ending.OUT_OF_TIME:
            self._events.emit(
                "out_of_time", seconds=self._seconds or 0.0, why="the backlog is larger"
            )
        elif ending is Ending.LEFT:
            left_files.tell()
        return exit_code(ending, signals.ended_by, environ=os.environ)

    def _join(
        self, parts: ExitStack, packer: Packer, held: Held, events: Events
    ) -> Pipeline:
        settings, clock = self._settings, self._clock
        source = source_of(
            parts,
            settings,
            sources=self._sources(),
            catalog=self._store,
            events=events,
            clock=clock,
        )
        shapers = shapers_of(settings, events=events, clock=clock)
        parts.callback(shapers.close)
        ways = ways_of(settings)
        readings = Readings(files=source, ways=ways) if any(ways) else None
        batch = settings.batch
        return finite_pipeline(
            source=source if readings is None else LiveSource(source, readings),
            shaper=shapers.around(readings),
            batcher=Batcher(
                max_records=batch.max_records,
                max_bytes=batch.max_bytes,
                buffer_length=batch.buffer_length,
                max_age_seconds=batch.flush_interval,
                keep_bytes=settings.dead_letters.keep_bytes,
            ),
            window=packer,
            checkpoints=Remarks(held, path_of=source.path_of, events=events),
            clock=clock,
            events=events,
            deadline=self._deadline,
            shutdown_seconds=settings.shutdown_timeout,
        )

    def _sources(self) -> tuple[SourceSettings, ...]:
        """Return what is followed, with where to begin if the positions are lost."""
        where = self._store.rebuilt
        if where is None:
            return self._settings.sources
        self._events.emit("state_rebuilt", path=self._store.path, where=where)
        return tuple(replace(one, read_from=where) for one in self._settings.sources)
