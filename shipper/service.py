"""Build the real parts, join them to a pipeline, run it, and take it apart.

The only room that knows both the settings and the rooms below. Signals arrive
here; what comes out is the exit code of the command.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import FrameType

from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.desk import Desk
from shipper.egress import EgressLog
from shipper.errors import EXIT_OK, EXIT_TRY_AGAIN
from shipper.events import Events
from shipper.gate import Gate
from shipper.heartbeat import Beating, Heartbeat
from shipper.live import LiveSource
from shipper.model import Line
from shipper.network import NetworkSettings, Route, route_to
from shipper.pipeline import Ending, Pipeline
from shipper.readings import Readings
from shipper.revive import Reviver
from shipper.shapers import shapers_of
from shipper.source import LineReader, Source
from shipper.store import Letterbox, Selection, StateLock, open_store
from shipper.upload import Uploader
from shipper.wake import Watch
from shipper.ways import ways_of
from shipper.window import Window
from wsgi_writer._version import __version__

EXIT_BY_SIGNAL = 128  # plus the number, as shells count; 0 under systemd


def run(
    settings: Settings,
    *,
    once: bool,
    max_duration_seconds: float | None,
    events: Events,
    clock: Clock,
) -> int:
    """Ship until stopped or, with `once`, until nothing is left.

    Args:
        settings: What `config.load` returned.
        once: End when everything readable has been delivered, skipped or buried.
        max_duration_seconds: End after so long even with work left, or None.
        events: Where the run reports.
        clock: The time, and the bell that ends every wait.

    Returns:
        The exit code: 0 drained, 75 out of time, 128 + signal when stopped by
        one (0 under systemd).

    Raises:
        StateLockedError: Another shipper uses the state directory.
        StateError: The state cannot be read or written, and waiting cannot help.
    """
    started = clock.monotonic()
    deadline = None if max_duration_seconds is None else started + max_duration_seconds
    with ExitStack() as parts:
        built = _build(
            parts, settings, once=once, deadline=deadline, events=events, clock=clock
        )
        events.emit(
            "started",
            sources=len(settings.sources),
            endpoint=settings.readme.endpoint,
        )
        with _signals(built.stop) as received:
            ending = built.pipeline.run()
        sums = built.pipeline.sums
        match ending:
            case Ending.DRAINED:
                events.emit("drained")
            case Ending.OUT_OF_TIME:
                events.emit(
                    "out_of_time",
                    seconds=max_duration_seconds or 0.0,
                    why=built.pipeline.trouble or "the backlog is larger",
                )
            case Ending.STOPPED:
                pass
        events.emit(
            "stopped",
            seconds=clock.monotonic() - started,
            delivered=sums.delivered,
            skipped=sums.skipped,
            dead=sums.dead,
            blank=sums.blank,
        )
    return _exit_code(ending, received)


def carry_out(
    settings: Settings,
    verb: str,
    selection: Selection,
    *,
    number: int | None,
    max_duration_seconds: float,
    events: Events,
    clock: Clock,
) -> int:
    """Carry out what was asked of the shipper when none is running.

    Files are found again, so that unreadable lines can be, but nothing new of them
    is sent. Other requests that wait are carried out on the way.

    Args:
        settings: What `config.load` returned.
        verb: What is asked, such as `store.RETRY`.
        selection: Which letters are meant.
        number: The request, if it is written down already.
        max_duration_seconds: Leave it for the next run after so long.
        events: Where the run reports.
        clock: The time, and the bell that ends every wait.

    Returns:
        The request's number.

    Raises:
        StateLockedError: A shipper is running; ask it.
        StateError: The state cannot be read or written.
    """
    deadline = clock.monotonic() + max_duration_seconds
    with ExitStack() as parts:
        built = _build(
            parts,
            replace(settings, watch="poll"),
            once=True,
            deadline=deadline,
            events=events,
            clock=clock,
            reads_lines=False,
        )
        if number is None:
            number = built.letterbox.ask(verb, selection)
        with _signals(built.stop):
            built.pipeline.run()
    return number


class _Closed(Source):
    """Finds the files and reads none of them."""

    def next_line(self) -> Line | None:
        """Return None: nothing is read now."""
        return None


@dataclass(frozen=True, slots=True)
class _Built:
    """The parts that are spoken to from outside the pipeline."""

    pipeline: Pipeline
    uploader: Uploader
    letterbox: Letterbox
    heartbeat: Heartbeat | None

    def stop(self, signal_name: str) -> None:
        """End the run soon; called from a signal handler."""
        self.pipeline.stop(signal_name)
        self.uploader.hurry()
        if self.heartbeat is not None:
            self.heartbeat.hurry()


def _build(
    parts: ExitStack,
    settings: Settings,
    *,
    once: bool,
    deadline: float | None,
    events: Events,
    clock: Clock,
    reads_lines: bool = True,
) -> _Built:
    lock = StateLock(settings.state_dir)
    lock.acquire()
    parts.callback(lock.release)
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
    source = (Source if reads_lines else _Closed)(
        sources=sources,
        catalog=store,
        events=events,
        clock=clock,
        scan_interval_seconds=settings.poll_interval,
    )
    parts.callback(source.close)
    batch = settings.batch
    in_flight = in_flight_of(settings)
    uploader = uploader_of(parts, settings, events=events, clock=clock)
    watch = Watch(
        mode=settings.watch,
        clock=clock,
        events=events,
        poll_interval_seconds=settings.poll_interval,
        watched=source,
    )
    parts.callback(watch.close)
    gate = Gate(events=events, jitter=random.random)
    heartbeat = (
        heartbeat_of(settings, events=events, clock=clock) if reads_lines else None
    )
    if heartbeat is not None:
        parts.callback(heartbeat.close)
    window = Window(
        poster=Beating(uploader, heartbeat) if heartbeat is not None else uploader,
        gate=gate,
        events=events,
        jitter=random.random,
        max_in_flight=in_flight,
        max_records=batch.max_records,
    )
    shapers = shapers_of(settings, events=events, clock=clock)
    ways = ways_of(settings)
    # Two, because a letter is not what comes next in its file.
    readings, again = (
        Readings(files=source, ways=ways) if any(ways) else None for _ in range(2)
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
        max_records=batch.max_records,
        max_bytes=batch.max_bytes,
        interval_seconds=settings.poll_interval,
    )
    pipeline = Pipeline(
        source=source if readings is None else LiveSource(source, readings),
        shaper=shapers.around(readings),
        batcher=Batcher(
            max_records=batch.max_records,
            max_bytes=batch.max_bytes,
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
    )
    return _Built(pipeline, uploader, letterbox, heartbeat)


def in_flight_of(settings: Settings) -> int:
    """Return how many requests may be under way at a time."""
    batch = settings.batch
    return batch.max_in_flight if batch.background_worker_mode else 1


def uploader_of(
    parts: ExitStack, settings: Settings, *, events: Events, clock: Clock
) -> Uploader:
    """Return what posts, and writes down what it posts if it is told to.

    Args:
        parts: Takes both apart again.
        settings: What `config.load` returned.
        events: Where trouble with the egress log is told.
        clock: Woken by every answer.

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


@contextmanager
def _signals(stop: Callable[[str], None]) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT stop the run; a second one ends it at once."""
    received: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        received.append(number)
        # The second signal finds the default action: someone is in a hurry.
        signal.signal(number, signal.SIG_DFL)
        stop(signal.Signals(number).name)

    before = {
        number: signal.signal(number, on_signal)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_code(ending: Ending, received: list[int]) -> int:
    match ending:
        case Ending.DRAINED:
            return EXIT_OK
        case Ending.OUT_OF_TIME:
            return EXIT_TRY_AGAIN
        case Ending.STOPPED:
            # systemd asks for the stop itself and calls anything but 0 a failure.
            if "INVOCATION_ID" in os.environ or not received:
                return EXIT_OK
            return EXIT_BY_SIGNAL + received[0]
