"""Build what posts, writes down what was posted, and calls the monitor.

Settings come in; an `Uploader` with its egress log goes out, the `Window` before it,
and a `Heartbeat`. The part of `joints` for the network; history and bundles, which
have pipelines of their own, and the doctor share it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack

from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.dispatch import Pace, Poster
from shipper.egress import EgressLog
from shipper.events import Events
from shipper.gate import Gate
from shipper.heartbeat import Heartbeat
from shipper.network import NetworkSettings, Route, route_to
from shipper.upload import Uploader
from shipper.window import Window
from wsgi_writer._version import __version__


def in_flight_of(settings: Settings) -> int:
    """Return how many requests may be under way at a time."""
    batch = settings.batch
    return batch.max_in_flight if batch.background_worker_mode else 1


def window_of(
    settings: Settings,
    *,
    poster: Poster,
    max_records: int,
    pace: Pace | None,
    events: Events,
) -> Window:
    """Return the window between a pipeline and what posts for it."""
    return Window(
        poster=poster,
        gate=Gate(events=events, jitter=random.random),
        events=events,
        jitter=random.random,
        max_in_flight=in_flight_of(settings),
        max_records=max_records,
        pace=pace,
    )


def uploader_of(
    parts: ExitStack,
    settings: Settings,
    *,
    events: Events,
    clock: Clock,
    beat: Callable[[], None] = lambda: None,
) -> Uploader:
    """Return what posts, and writes down what it posts if it is told to.

    Args:
        parts: Takes both apart again.
        settings: What `config.load` returned.
        events: Where trouble with the egress log is told.
        clock: Woken by every answer.
        beat: Called while `post` waits for a receipt that may still come.

    Raises:
        ConfigError: The endpoint cannot be reached in the way that was asked for.
    """
    witness = None
    if settings.egress_log.file:
        witness = EgressLog(
            path=settings.egress_log.file,
            is_required=settings.egress_log.required,
            events=events,
        )
        parts.callback(witness.close)
    uploader = Uploader(
        endpoint=settings.readme.endpoint,
        api_key=settings.readme.api_key,
        user_agent=f"hartail/{__version__}",
        threads=(
            in_flight_of(settings) if settings.batch.background_worker_mode else 0
        ),
        timeout_seconds=settings.readme.timeout,
        network=network_of(settings),
        clock=clock,
        witness=witness,
        beat=beat,
    )
    parts.callback(uploader.close, wait_seconds=0.0)
    return uploader


def heartbeat_of(
    settings: Settings, *, events: Events, clock: Clock
) -> Heartbeat | None:
    """Return what calls the monitor, or None if there is none.

    Raises:
        ConfigError: It cannot be reached in the way that was asked for.
    """
    if not settings.heartbeat.url:
        return None
    return Heartbeat(
        route=heartbeat_route(settings),
        user_agent=f"hartail/{__version__}",
        interval_seconds=settings.heartbeat.interval,
        clock=clock,
        events=events,
    )


def heartbeat_route(settings: Settings) -> Route:
    """Return the way to the monitor.

    Raises:
        ConfigError: It cannot be reached in the way that was asked for.
    """
    return route_to(
        settings.heartbeat.url,
        network_of(settings),
        key="heartbeat.url",
        may_have_query=True,
    )


def network_of(settings: Settings) -> NetworkSettings:
    """Return the way to the endpoint: what is set, and the environment's proxies."""
    way = settings.network
    return NetworkSettings(
        allow_plain_http=way.allow_plain_http,
        proxy=way.proxy or None,
        no_proxy=way.no_proxy,
        ca_file=way.ca_file or None,
        client_cert=way.client_cert or None,
        client_key=way.client_key or None,
        min_tls=way.min_tls,
        source_address=way.source_address or None,
    )
