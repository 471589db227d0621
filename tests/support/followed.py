"""A source under test: log files it follows, lines it read, commits of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol
from zlib import crc32

from msgspec.structs import replace

from shipper.batch import tail_of
from shipper.fileid import FileRow, FileState, Head, mark_of
from shipper.model import Advance, Commit, Line
from shipper.source import Source
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents


@dataclass(frozen=True, slots=True)
class Table:
    """Implements `shipper.source.Followed`: one `[[source]]` table."""

    paths: tuple[str, ...]
    read_from: Literal["beginning", "end"] = "beginning"
    is_foreign: bool = False


class MemoryCatalog:
    """Implements `shipper.source.Catalog`, and a commit, over a dictionary."""

    def __init__(self) -> None:
        # Mutable state: rows by id, totals, and how often we were written to.
        self.rows: dict[str, FileRow] = {}
        self.counters: dict[str, int] = {}
        self.writes = 0
        self.failure: Exception | None = None

    def known_files(self) -> list[FileRow]:
        """Return every file that is not gone."""
        left_alone = FileState.GONE, FileState.HISTORY
        return [row for row in self.rows.values() if row.state not in left_alone]

    def gone_paths(self) -> Iterable[str]:
        """Return where the files stood that are gone."""
        return {row.path for row in self.rows.values() if row.state is FileState.GONE}

    def claim(self, file_id: str) -> FileRow | None:
        """Turn a file of history into one that is followed."""
        row = self.rows[file_id]
        if row.state is not FileState.HISTORY:
            return None
        self.rows[file_id] = replace(row, state=FileState.OPEN)
        return self.rows[file_id]

    def read_up_to(self, pid: int, opened_ns: int) -> int | None:
        """Return the highest number of a writer: none is remembered."""
        del pid, opened_ns
        return 0

    def find_files(self, head: Head) -> list[FileRow]:
        """Return every file with this fingerprint."""
        return [row for row in self.rows.values() if row.head == head]

    def record(
        self,
        *,
        new: Sequence[FileRow] = (),
        changed: Sequence[FileRow] = (),
        counters: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Remember new files, and changed ones but for their positions."""
        if self.failure is not None:
            raise self.failure
        self.writes += 1
        for row in new:
            self.rows[row.file_id] = row
        for row in changed:
            before = self.rows[row.file_id]
            self.rows[row.file_id] = replace(
                row, offset_bytes=before.offset_bytes, crc=before.crc, mark=before.mark
            )
        for name, amount in counters:
            self.counters[name] = self.counters.get(name, 0) + amount

    def commit(self, commit: Commit) -> None:
        """Move positions; a gap is an assertion error."""
        for advance in commit.advances:
            row = self.rows[advance.file_id]
            assert row.offset_bytes == advance.start_bytes
            assert row.crc == advance.crc_before
            self.rows[advance.file_id] = replace(
                row,
                offset_bytes=advance.end_bytes,
                crc=advance.crc_after,
                mark=mark_of(advance.tail),
            )


class Memory(Protocol):
    """A catalog that can also be committed to."""

    def known_files(self) -> list[FileRow]: ...  # noqa: D102
    def gone_paths(self) -> Iterable[str]: ...  # noqa: D102
    def find_files(self, head: Head) -> list[FileRow]: ...  # noqa: D102
    def read_up_to(self, pid: int, opened_ns: int) -> int | None: ...  # noqa: D102
    def claim(self, file_id: str) -> FileRow | None: ...  # noqa: D102
    def record(  # noqa: D102
        self,
        *,
        new: Sequence[FileRow] = (),
        changed: Sequence[FileRow] = (),
        counters: Sequence[tuple[str, int]] = (),
    ) -> None: ...
    def commit(self, commit: Commit) -> None: ...  # noqa: D102


@dataclass
class Following:
    """A source that can be read, committed and restarted.

    Attributes:
        lines: Every line read since the last restart or commit, uncommitted.
        read: The text of every line ever read, in order.
    """

    catalog: Memory
    tables: Sequence[Table]
    options: dict[str, Any] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    events: RecordingEvents = field(default_factory=RecordingEvents)
    lines: list[Line] = field(default_factory=list)
    read: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the source."""
        self.source = self._start()

    def _start(self) -> Source:
        return Source(
            sources=self.tables,
            catalog=self.catalog,
            events=self.events,
            clock=self.clock,
            **self.options,
        )

    def drain(self, *, scan: bool = True) -> list[bytes]:
        """Look, read all there is, and return the text of the new lines."""
        if scan:
            self.clock.advance(1.0)
        texts: list[bytes] = []
        # The second look sees what the first one asked for.
        for _ in range(3):
            self.source.look()
            texts += self.read_on()
        self.read += texts
        return texts

    def read_on(self) -> list[bytes]:
        """Read all there is by the last look, and return the text of the lines."""
        texts: list[bytes] = []
        while (line := self.source.next_line()) is not None:
            self.lines.append(line)
            texts.append(line.data)
        return texts

    def commit(self, count: int | None = None) -> None:
        """Commit the first `count` lines read, or all of them."""
        taken = self.lines if count is None else self.lines[:count]
        self.lines = self.lines[len(taken) :]
        advances: dict[str, Advance] = {}
        for line in taken:
            before = advances.get(line.file_id)
            if before is not None:
                assert before.end_bytes == line.start_bytes
                assert before.crc_after == line.crc_before
            advances[line.file_id] = Advance(
                file_id=line.file_id,
                start_bytes=before.start_bytes if before else line.start_bytes,
                end_bytes=line.end_bytes,
                crc_before=before.crc_before if before else line.crc_before,
                crc_after=line.crc_after,
                tail=tail_of(line),
                delivered=(before.delivered if before else 0) + 1,
                skipped=0,
                dead=0,
                blank=0,
            )
        self.catalog.commit(Commit(tuple(advances.values()), (), ()))

    def restart(self) -> None:
        """End the source, forget what was not committed, and start it again."""
        self.source.close()
        self.lines = []
        self.source = self._start()

    def file_ids(self) -> list[str]:
        """Return the ids of the files followed now."""
        return [view.file_id for view in self.source.files()]


def following(
    directory: Path,
    *,
    pattern: str = "app.log",
    catalog: Memory | None = None,
    read_from: Literal["beginning", "end"] = "beginning",
    **options: Any,
) -> Following:
    """Return a source that follows ``directory/pattern``."""
    table = Table((str(directory / pattern),), read_from)
    return Following(catalog or MemoryCatalog(), (table,), options)


def some_lines(first: int, count: int, *, width: int = 100) -> list[bytes]:
    """Return numbered lines, each unlike every other, wide enough to be known by."""
    return [
        b"line %08d " % n + b"." * (width - 14) for n in range(first, first + count)
    ]


def append(path: Path, lines: Sequence[bytes]) -> None:
    """Add whole lines to a file."""
    with path.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in lines))


def chain_of(path: Path, open_file: Callable[[Path], bytes] = Path.read_bytes) -> int:
    """Return the CRC-32 of a whole file."""
    return crc32(open_file(path))


def gzip_member(text: bytes) -> bytes:
    """Return one gzip member."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(text) + packer.flush()
