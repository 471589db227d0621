"""Lines as they are written, for those who only look: no state is read or written.

The files are found and followed as the shipper follows them, through every rotation;
what was remembered of them, and what is now, is forgotten with the command.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final, Literal

from shipper.clock import Clock
from shipper.events import Events
from shipper.live import LiveSource
from shipper.model import Line
from shipper.readings import Readings, Way
from shipper.reports.browse import Seen, seen_of
from shipper.source import FileView, Followed, Source
from shipper.store.snapshot import Snapshot
from shipper.wake import Watch

LAST_BYTES: Final = 4 * 1024 * 1024  # how far back the last lines are looked for
LOOK_SECONDS: Final = 1.0


class Following:
    """The lines of followed files: the last ones, and then each new one.

    Args:
        sources: What is followed; files that are there now are begun at their end.
        ways: How the lines of each are read; None for our own format.
        last: So many of the lines that are there are handed out first.
        events: Told of what cannot be read.
        clock: Rests until something happens.
        watch: Whether file events end a rest.
        poll_interval_seconds: Longest rest where there are no file events.
    """

    def __init__(
        self,
        *,
        sources: Sequence[Followed],
        ways: Sequence[Way | None],
        last: int,
        events: Events,
        clock: Clock,
        watch: Literal["auto", "events", "poll"],
        poll_interval_seconds: float,
    ) -> None:
        # Mutable state: the files, what their readers remember, and the paths that
        # belong to their ids. One thread.
        self._source = Source(
            sources=sources, catalog=Snapshot(None), events=events, clock=clock
        )
        self._ways = ways
        self._last = last
        self._events = events
        self._clock = clock
        self._mode: Literal["auto", "events", "poll"] = watch
        self._poll_interval_seconds = poll_interval_seconds
        self._paths: dict[str, str] = {}
        self._before = _Before(self._source)

    def lines(self, *, is_over: Callable[[], bool], follows: bool) -> Iterator[Seen]:
        """Yield lines until it is over, or the last ones alone."""
        with ExitStack() as parts:
            parts.callback(self._source.close)
            self._look()
            self._before.put(self._last_lines())
            readings = Readings(files=self._source, ways=self._ways)
            live = LiveSource(self._before, readings)
            watch = Watch(
                mode=self._mode,
                clock=self._clock,
                events=self._events,
                poll_interval_seconds=self._poll_interval_seconds,
                watched=self._source,
            )
            parts.callback(watch.close)
            while True:
                found_lines = False
                look_at = self._clock.monotonic() + LOOK_SECONDS
                while not is_over() and self._clock.monotonic() < look_at:
                    line = live.next_line()
                    if line is None:
                        break
                    found_lines = True
                    yield self._seen(line, readings)
                if is_over() or (not follows and not found_lines):
                    return
                if not found_lines:
                    pause = watch.pause_seconds(found_lines=found_lines)
                    self._clock.wait(pause)
                if follows:
                    self._look()

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in this file."""
        self._before.stop_file(file_id, why)

    def _look(self) -> None:
        self._source.look()
        self._paths = {view.file_id: view.path for view in self._source.files()}

    def _seen(self, line: Line, readings: Readings) -> Seen:
        number = self._source.source_of(line.file_id)
        path = self._paths.get(line.file_id, line.file_id)
        return seen_of(path, line, readings, number)

    def _last_lines(self) -> list[Line]:
        """Return the last lines before the places where reading begins."""
        if self._last == 0:
            return []
        found: deque[Line] = deque(maxlen=self._last)
        for view in sorted(self._source.files(), key=_written_at):
            found.extend(_lines_before(view, self._last))
        return list(found)


class _Before:
    """Hands out lines that were found otherwise, and then those of the source."""

    def __init__(self, source: Source) -> None:
        # Mutable state: what is left of the lines.
        self._source = source
        self._lines: deque[Line] = deque()

    def put(self, lines: Sequence[Line]) -> None:
        """Take lines to be handed out first."""
        self._lines.extend(lines)

    def look(self) -> None:
        """Refresh what is known of the files from the disk."""
        self._source.look()

    def next_line(self) -> Line | None:
        """Return the next line, or None when there is none now."""
        return self._lines.popleft() if self._lines else self._source.next_line()

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in this file; its lines found before go too."""
        self._lines = deque(line for line in self._lines if line.file_id != file_id)
        self._source.stop_file(file_id, why)

    def is_at_rest(self, file_id: str) -> bool:
        """Return True if nobody seems to be adding to a file that has been read."""
        return not self._lines and self._source.is_at_rest(file_id)


def _written_at(view: FileView) -> float:
    try:
        return os.stat(view.path).st_mtime
    except OSError:
        return 0.0


def _lines_before(view: FileView, count: int) -> list[Line]:
    """Return the last whole lines of a plain file up to where it is begun."""
    start = max(0, view.offset_bytes - LAST_BYTES)
    length = view.offset_bytes - start
    try:
        with open(view.path, "rb") as file:
            file.seek(start)
            content = file.read(length)
    except OSError:
        return []
    # An archive is shorter than what is in it, and has no line ends to speak of.
    if len(content) < length or not content.endswith(b"\n"):
        return []
    lines: list[Line] = []
    end = view.offset_bytes
    for text in reversed(content[:-1].split(b"\n")[1 if start else 0 :]):
        if len(lines) == count:
            break
        begin = end - len(text) - 1
        lines.append(Line(view.file_id, begin, end, 0, 0, text))
        end = begin
    return lines[::-1]
