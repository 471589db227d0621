"""The set of followed files, as one stream of lines.

`Source` joins the feeds of all `[[source]]` tables: one reader thread, one bound
on open files, one line at a time, each feed in its turn. Positions move in the
store; what is here is only how far reading has come in this run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from shipper.clock import Clock
from shipper.events import Events
from shipper.follow import MAX_LINE_BYTES, READ_BYTES
from shipper.model import Line
from shipper.source.census import Lost
from shipper.source.feed import Feed
from shipper.source.handles import Handles
from shipper.source.index import Claims
from shipper.source.journal import Catalog
from shipper.source.opening import Opening, opening_of
from shipper.source.sharing import Everything, Share
from shipper.source.sighting import OpenFile
from shipper.source.tracked import Tracked

SCAN_INTERVAL_SECONDS = 1.0


class Followed(Protocol):
    """What is asked of one `[[source]]` table."""

    @property
    def paths(self) -> Sequence[str]:
        """Absolute paths or globs of active files."""
        ...

    @property
    def read_from(self) -> Literal["beginning", "end"]:
        """Where files begin that are there at the very first run."""
        ...

    @property
    def is_foreign(self) -> bool:
        """True for the log of another program, whose lines are no records yet."""
        ...


class FileView(Struct, frozen=True):
    """A followed file as reading has come so far.

    Attributes:
        size_bytes: Length on disk.
        offset_bytes: Where the next line begins, in the unpacked stream.
        unread_bytes: Not read yet; of a packed file, packed bytes.
    """

    file_id: str
    path: str
    size_bytes: int
    offset_bytes: int
    unread_bytes: int


class Source:
    """Reads all followed files, oldest generation first, in fair turns.

    Args:
        sources: One for each `[[source]]` table, in order.
        catalog: Remembers files between runs.
        events: Where finds and losses are told.
        clock: Paces the looking.
        max_line_bytes: A longer line is handed out as a fault.
        read_bytes: Size of a block, and of a file's turn.
        scan_interval_seconds: How often every file and directory is looked at.
        open_file: `os.open`, or what fails on cue.
        max_open_files: Bound on open files; None derives it from RLIMIT_NOFILE.
        share: Which of the logs are ours, where several processes share them.
        own_files: Paths of what the shipper itself writes: never followed.
    """

    def __init__(
        self,
        *,
        sources: Sequence[Followed],
        catalog: Catalog,
        events: Events,
        clock: Clock,
        max_line_bytes: int = MAX_LINE_BYTES,
        read_bytes: int = READ_BYTES,
        scan_interval_seconds: float = SCAN_INTERVAL_SECONDS,
        open_file: OpenFile = os.open,
        max_open_files: int | None = None,
        share: Share | None = None,
        own_files: Sequence[str] = (),
    ) -> None:
        # Mutable state: the block being handed out, whose turn is next, and the
        # last line, for saying where a file was stopped. Pipeline thread.
        self._events = events
        self._handles = Handles(
            max_line_bytes=max_line_bytes,
            read_bytes=read_bytes,
            open_file=open_file,
            most=max_open_files,
        )
        claims = Claims()
        self._feeds = [
            Feed(
                patterns=source.paths,
                earlier=[path for one in sources[:number] for path in one.paths],
                read_from=source.read_from,
                catalog=catalog,
                handles=self._handles,
                claims=claims,
                events=events,
                clock=clock,
                scan_interval_seconds=scan_interval_seconds,
                share=share or Everything(),
                own_files=own_files,
                seek=self._seek,
            )
            for number, source in enumerate(sources)
        ]
        self._turn = 0
        self._lines: Iterator[Line] = iter(())
        self._last: Line | None = None

    def look(self) -> None:
        """Refresh what is known of the files from the disk.

        Raises:
            StateError: The state database cannot be written, for good.
        """
        # Files may be closed here, and a file's checksum chain is known only
        # when the lines of its block have been made.
        self._lines = iter(list(self._lines))
        for feed in self._feeds:
            feed.look()

    def next_line(self) -> Line | None:
        """Return the next whole line, or None when there is none now."""
        line = next(self._lines, None)
        while line is None:
            lines = self._next_block()
            if lines is None:
                return None
            self._lines = lines
            line = next(lines, None)
        self._last = line
        return line

    def rescan(self) -> None:
        """Let the next look go over every directory and file."""
        for feed in self._feeds:
            feed.rescan()

    def directories(self) -> tuple[str, ...]:
        """Return the directories a watch should be set on, existing or not."""
        found: dict[str, None] = {}
        for feed in self._feeds:
            found.update(dict.fromkeys(feed.directories()))
        return tuple(found)

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in this file in this run; its position stays."""
        number = self.source_of(file_id)
        tracked = self._find(file_id)
        if number is None or tracked is None or tracked.is_stopped:
            return
        position = tracked.offset_bytes
        if self._last is not None and self._last.file_id == file_id:
            position = self._last.start_bytes
            self._lines = iter(())
        self._feeds[number].stop(tracked, position)
        path = tracked.name.path
        self._events.emit("file_stopped", path=path, position=position, why=why)

    def source_of(self, file_id: str) -> int | None:
        """Return the number of the table that a followed file belongs to."""
        for number, feed in enumerate(self._feeds):
            if feed.find(file_id) is not None:
                return number
        return None

    def path_of(self, file_id: str) -> str | None:
        """Return where a followed file is, or None if it is not followed."""
        tracked = self._find(file_id)
        return None if tracked is None else tracked.name.path

    def opening(
        self, file_id: str, *, headers_before: int | None = None
    ) -> Opening | None:
        """Return how a file begins, or None if it is not followed.

        Args:
            file_id: A file of which lines have been handed out, or were once.
            headers_before: Header lines before this offset are wanted, or None.
        """
        tracked = self._find(file_id)
        if tracked is None:
            return None
        return opening_of(tracked, self._handles, headers_before=headers_before)

    def is_at_rest(self, file_id: str) -> bool:
        """Return True if nobody seems to be adding to a file that has been read."""
        return all(feed.is_at_rest(file_id) for feed in self._feeds)

    def files(self) -> tuple[FileView, ...]:
        """Return the followed files."""
        return tuple(
            FileView(
                tracked.row.file_id,
                tracked.name.path,
                tracked.facts.size_bytes,
                tracked.offset_bytes,
                tracked.unread_bytes,
            )
            for feed in self._feeds
            for tracked in feed.files
        )

    def pending_bytes(self) -> int:
        """Return how many bytes on disk have not been read yet."""
        return sum(view.unread_bytes for view in self.files())

    @property
    def open_files(self) -> int:
        """How many files are open now."""
        return len(self._handles)

    def close(self) -> None:
        """Close every file."""
        self._lines = iter(())
        self._handles.close_all()

    def _seek(self, asking: Feed, lost: Lost) -> None:
        for feed in self._feeds:
            if feed is not asking:
                feed.adopt(lost)

    def _find(self, file_id: str) -> Tracked | None:
        number = self.source_of(file_id)
        return None if number is None else self._feeds[number].find(file_id)

    def _next_block(self) -> Iterator[Line] | None:
        for _ in self._feeds:
            feed = self._feeds[self._turn]
            self._turn = (self._turn + 1) % len(self._feeds)
            lines = feed.next_block()
            if lines is not None:
                return lines
        return None
