"""What became of the lines, summed up: per file and in all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from msgspec import Struct

from shipper.store import bundles, counters, writers
from shipper.store.catalog import path_from

_FILES = """
SELECT f.file_id, f.path, f.state, f.packing,
    coalesce(f.size_bytes, f.offset_bytes), f.start_bytes,
    f.offset_bytes, coalesce(sum(r.delivered), 0), coalesce(sum(r.skipped), 0),
    coalesce(sum(r.dead), 0), coalesce(sum(r.blank), 0),
    coalesce(sum(r.exported), 0)
FROM files f LEFT JOIN ranges r ON r.file_id = f.file_id
GROUP BY f.file_id ORDER BY f.path, f.first_seen
"""


class Outcomes(Struct, frozen=True):
    """Lines by what became of them.

    Attributes:
        exported: They left in a bundle that nobody has acknowledged yet.
    """

    delivered: int = 0
    skipped: int = 0
    dead: int = 0
    blank: int = 0
    exported: int = 0


class FileSums(Struct, frozen=True):
    """One file: where it is committed to, and what its lines became.

    Attributes:
        state: ``open``, ``rotated``, ``done`` or ``gone``.
        size_bytes: As last noted; the file itself knows better while it grows, and
            an archive has only what was unpacked.
        start_bytes: Where reading began.
        offset_bytes: Everything before it is committed.
    """

    file_id: str
    path: str
    state: str
    packing: str
    size_bytes: int
    start_bytes: int
    offset_bytes: int
    lines: Outcomes

    @property
    def pending_bytes(self) -> int:
        """Bytes beyond the position, going by the noted size."""
        if self.state == "done":
            return 0
        return max(0, self.size_bytes - self.offset_bytes)


class Sums(Struct, frozen=True):
    """Everything counted, from one moment.

    Attributes:
        files: Every file ever followed, by path.
        lines: The sum over all files.
        counters: Named totals, such as ``skipped:method`` or ``lost_bytes``.
        missing: Writers with numbers that no line was seen of.
        bundles: Those that nobody has acknowledged yet, oldest first.
    """

    files: tuple[FileSums, ...] = ()
    lines: Outcomes = Outcomes()
    counters: Mapping[str, int] = {}
    missing: tuple[writers.Missing, ...] = ()
    bundles: tuple[bundles.Exported, ...] = ()


def sum_up(connection: sqlite3.Connection) -> Sums:
    """Return the sums, inside the caller's transaction."""
    files = tuple(
        FileSums(
            file_id=row[0],
            path=path_from(row[1]),
            state=row[2],
            packing=row[3],
            size_bytes=row[4],
            start_bytes=row[5],
            offset_bytes=row[6],
            lines=Outcomes(*row[7:]),
        )
        for row in connection.execute(_FILES)
    )
    return Sums(
        files=files,
        lines=total_of(file.lines for file in files),
        counters=counters.totals(connection),
        missing=writers.missing(connection),
        bundles=bundles.unacknowledged(connection),
    )


def total_of(parts: Iterable[Outcomes]) -> Outcomes:
    """Return the sums of several."""
    delivered = skipped = dead = blank = exported = 0
    for part in parts:
        delivered += part.delivered
        skipped += part.skipped
        dead += part.dead
        blank += part.blank
        exported += part.exported
    return Outcomes(delivered, skipped, dead, blank, exported)
