"""Builders of lines and items, and a source that reads from a list."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from shipper.model import Batch, Entry, Line, LineFault


def lines_of(texts: Iterable[bytes], *, file_id: str = "file-1") -> list[Line]:
    """Return consecutive lines of one file, positions and chain included."""
    lines = []
    position, chain = 0, 0
    for text in texts:
        end = position + len(text) + 1
        after = crc32(text + b"\n", chain)
        lines.append(Line(file_id, position, end, chain, after, text))
        position, chain = end, after
    return lines


def a_line(
    text: bytes,
    *,
    file_id: str = "file-1",
    start_bytes: int = 0,
    fault: LineFault | None = None,
) -> Line:
    """Return one line, wherever it stands."""
    end = start_bytes + len(text) + 1
    return Line(file_id, start_bytes, end, 0, crc32(text + b"\n"), text, fault)


def an_entry(number: int = 1, *, size: int = 10) -> Entry:
    """Return an entry whose id tells its number."""
    return Entry(id=f"id-{number}", payload=b"%0*d" % (size, number))


class MemorySource:
    """Implements the pipeline's source over a list of lines."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        # Mutable state: what is still to be read, what was asked of us.
        self.lines = list(lines)
        self.looks = 0
        self.stopped: list[tuple[str, str]] = []

    def look(self) -> None:
        """Count the look."""
        self.looks += 1

    def next_line(self) -> Line | None:
        """Return the next line of a file that has not been stopped."""
        stopped = {file_id for file_id, _ in self.stopped}
        while self.lines:
            line = self.lines.pop(0)
            if line.file_id not in stopped:
                return line
        return None

    def stop_file(self, file_id: str, why: str) -> None:
        """Remember the file and why."""
        self.stopped.append((file_id, why))


def entry_ids(batch: Batch) -> list[str]:
    """Return the ids of a batch in order."""
    return [entry.id for entry in batch.entries]
