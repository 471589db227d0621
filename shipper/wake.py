"""The hint that it is time to look: file events while it is quiet, else a timer.

Truth comes from looking; a lost event makes us late, never wrong. At the first
event the watch is taken off and files are polled quickly, which costs a ninth
of what a watch kept on costs under load; after a quiet second it is set again.
Only this room knows watchdog, and imports it only when a watch is wanted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from shipper.clock import Clock
from shipper.events import Events
from shipper.mounts import network_type

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

BUSY_POLL_SECONDS = 0.02
# Where records wait for company anyway, looking may take a fifth of their patience.
COMPANY_POLL_SECONDS = 0.2
PATIENCE_SHARE = 0.2
QUIET_SECONDS = 1.0
# With a watch on every directory, looking is only a check on the events.
WATCHED_POLL_SECONDS = 10.0
# A limit of the system does not go away by itself.
RETRY_SECONDS = 60.0
# Each watched directory costs a thread.
MOST_DIRECTORIES = 64


def busy_poll_seconds(*, buffer_length: int, flush_interval_seconds: float) -> float:
    """Return how long to rest between two looks while a file is busy.

    Each look costs as much as a few records do. Where a record is sent at once, the
    next look is what it waits for; where it waits for company, the look hardly shows.

    Args:
        buffer_length: As soon as so many records wait, they are sent.
        flush_interval_seconds: How long a record waits for the others at most.
    """
    if buffer_length <= 1:
        return BUSY_POLL_SECONDS
    share = flush_interval_seconds * PATIENCE_SHARE
    return max(BUSY_POLL_SECONDS, min(COMPANY_POLL_SECONDS, share))


class Watched(Protocol):
    """Whoever is told to look."""

    def directories(self) -> Sequence[str]:
        """Return the directories in which something may happen."""
        ...

    def rescan(self) -> None:
        """Look at everything the next time."""
        ...


class Watch:
    """Says how long to rest before looking again.

    Args:
        mode: ``events`` sets watches wherever it can, ``auto`` not on network file
            systems, ``poll`` nowhere.
        clock: Woken by the first event.
        events: Told where polling has to do.
        poll_interval_seconds: The longest rest where there is no watch.
        busy_poll_seconds: The rest between two looks while a file grows.
        watched: Asked for directories before each watch, told to rescan after
            an event. Without it, `follow` says what to watch.
        make_observer: Builds watchdog's observer; tests give one that fails.
        network_type_of: Names the network file system a directory is on, if any.
    """

    def __init__(
        self,
        *,
        mode: Literal["auto", "events", "poll"],
        clock: Clock,
        events: Events,
        poll_interval_seconds: float,
        busy_poll_seconds: float = BUSY_POLL_SECONDS,
        watched: Watched | None = None,
        make_observer: Callable[[], BaseObserver] | None = None,
        network_type_of: Callable[[str], str | None] = network_type,
    ) -> None:
        # Mutable state. `_is_touched` is set by watchdog's thread and cleared by
        # the pipeline's; everything else belongs to the pipeline's.
        self._mode = mode
        self._clock = clock
        self._events = events
        self._poll_interval = poll_interval_seconds
        self._busy_poll = min(busy_poll_seconds, poll_interval_seconds)
        self._watched = watched
        self._make_observer = make_observer or _system_observer
        self._network_type_of = network_type_of
        self._directories: tuple[str, ...] = ()
        self._observer: BaseObserver | None = None
        self._armed: set[str] = set()
        self._told: dict[str, str] = {}
        self._is_touched = False
        self._wants_rescan = False
        self._busy_until = clock.monotonic()
        self._retry_at = 0.0

    def follow(self, directories: Sequence[str]) -> None:
        """Watch these directories from the next quiet moment on."""
        if tuple(directories) != self._directories:
            self._directories = tuple(directories)
            self._disarm()

    def needs_rescan(self) -> bool:
        """Return True once after something happened in a watched directory."""
        wanted, self._wants_rescan = self._wants_rescan, False
        return wanted

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return how long to rest before looking again.

        Args:
            found_lines: The last look found something to read.
        """
        if self._mode == "poll":
            return self._poll_interval
        now = self._clock.monotonic()
        if self._is_touched:
            self._is_touched = False
            self._wants_rescan = True
            self._busy_until = now + QUIET_SECONDS
            self._disarm()
            if self._watched is not None:
                self._watched.rescan()
                return 0.0
        if found_lines:
            self._busy_until = now + QUIET_SECONDS
            self._disarm()
        if now < self._busy_until:
            return self._busy_poll
        if self._arm(now):
            # Look once more: what happened before the watch stood made no event. Really
            # look: the last look may be so fresh that the next one would be skipped.
            if self._watched is not None:
                self._watched.rescan()
            return 0.0
        if self._armed and self._armed == set(self._directories):
            return max(self._poll_interval, WATCHED_POLL_SECONDS)
        return self._poll_interval

    def close(self) -> None:
        """Take the watches off and end watchdog's threads."""
        self._disarm()
        observer, self._observer = self._observer, None
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join()

    def notice(self, event: FileSystemEvent) -> None:
        """Take note of an event; called on watchdog's thread."""
        # One ring is enough until we are back; a busy writer makes thousands.
        if not self._is_touched:
            self._is_touched = True
            self._clock.wake()

    def _arm(self, now: float) -> bool:
        """Watch what is not watched yet; True if a watch was set."""
        if self._armed and not self._is_intact():
            self._disarm()
        if self._watched is not None:
            self._directories = tuple(self._watched.directories())
        if not self._armed.issubset(self._directories):
            self._disarm()
        missing = [each for each in self._directories if each not in self._armed]
        if not missing or now < self._retry_at:
            return False
        was_set = False
        for directory in missing:
            why = self._why_not(directory)
            if why is None:
                why = self._set(directory)
            if why is None:
                was_set = True
                self._told.pop(directory, None)
            elif self._told.get(directory) != why:
                self._told[directory] = why
                self._events.emit("watch_degraded", directory=directory, why=why)
        return was_set

    def _why_not(self, directory: str) -> str | None:
        if not os.path.isdir(directory):
            return "it does not exist"
        # inotify_add_watch(2) needs this, and watchdog does not tell.
        if not os.access(directory, os.R_OK):
            return "it cannot be listed"
        if len(self._armed) >= MOST_DIRECTORIES:
            return f"more than {MOST_DIRECTORIES} directories"
        if self._mode == "auto":
            kind = self._network_type_of(directory)
            if kind is not None:
                return f"no events come over {kind}"
        return None

    def _set(self, directory: str) -> str | None:
        """Set one watch; return why it could not be."""
        try:
            if self._observer is None:
                self._observer = self._make_observer()
                self._observer.start()
            # Resolved: a watch on a symbolic link sees nothing behind it.
            _schedule(self._observer, self.notice, os.path.realpath(directory))
        except (OSError, RuntimeError, ImportError) as error:
            self._retry_at = self._clock.monotonic() + RETRY_SECONDS
            return getattr(error, "strerror", None) or str(error)
        self._armed.add(directory)
        return None

    def _disarm(self) -> None:
        if self._observer is not None and self._armed:
            self._observer.unschedule_all()
        self._armed.clear()

    def _is_intact(self) -> bool:
        """Return False if a watcher thread has ended, as it does with its directory."""
        observer = self._observer
        if observer is None:
            return False
        if observer.is_alive():
            return all(emitter.is_alive() for emitter in observer.emitters)
        self._observer = None
        return False


def _system_observer() -> BaseObserver:
    import logging  # noqa: PLC0415 - late, as watchdog is

    # Overflows are answered by looking; watchdog's own words would go to stderr.
    logging.getLogger("watchdog").addHandler(logging.NullHandler())
    observer: BaseObserver = import_module("watchdog.observers").Observer()
    return observer


def _schedule(
    observer: BaseObserver, notice: Callable[[FileSystemEvent], None], directory: str
) -> None:
    kinds = import_module("watchdog.events")

    class Handler(kinds.FileSystemEventHandler):  # type: ignore[name-defined,misc]  # imported late
        """Passes every event on."""

        def on_any_event(self, event: FileSystemEvent) -> None:
            notice(event)

    observer.schedule(
        Handler(),
        directory,
        # Reading and closing make events too, our own included.
        event_filter=[
            kinds.DirDeletedEvent,
            kinds.FileCreatedEvent,
            kinds.FileDeletedEvent,
            kinds.FileModifiedEvent,
            kinds.FileMovedEvent,
        ],
    )
