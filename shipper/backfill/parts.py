"""Build the parts of a backfill: today's rules for records, a pipeline that ends.

Settings and the operator's choices come in. A run here and a piece that a worker sends
are built alike, and a plan shapes records as both do; settings go no further down.
"""

from __future__ import annotations

from msgspec.structs import replace

from shipper.backfill.choices import Choices, Selection
from shipper.backfill.pacing import Limits, bytes_a_request, records_a_request
from shipper.backfill.reader import Reader
from shipper.backfill.shaping import HistoryShaper
from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.dispatch import Poster
from shipper.doors import Checkpoints
from shipper.events import Events
from shipper.finite import finite_pipeline
from shipper.limits.pace import Pace
from shipper.model import Taken
from shipper.pipeline import Pipeline, Shaper
from shipper.sample import Sampler
from shipper.shapers import shaper_of
from shipper.uplink import window_of
from shipper.window import Window


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


def history_window_of(
    settings: Settings, limits: Limits, *, poster: Poster, pace: Pace, events: Events
) -> Window:
    """Return the window between a pipeline and what posts for it."""
    return window_of(
        settings,
        poster=poster,
        max_records=records_a_request(settings, limits),
        pace=pace,
        events=events,
    )


def pipeline_of(
    settings: Settings,
    limits: Limits,
    *,
    source: Reader,
    shaper: HistoryShaper,
    window: Window,
    checkpoints: Checkpoints,
    events: Events,
    clock: Clock,
    deadline: float | None = None,
    taken: frozenset[Taken] = frozenset(),
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
        window=window,
        checkpoints=checkpoints,
        clock=clock,
        events=events,
        deadline=deadline,
        shutdown_seconds=settings.shutdown_timeout,
        taken=taken,
    )
