"""The `ranges` table: what the lines of each committed stretch became.

Neighbouring stretches of a file are merged up to one mebibyte, so that the table
stays small and an audit can still name the mebibyte that does not add up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from shipper.model import Advance, LinePlace

RANGE_BYTES = 1_048_576

_EXTEND = """
UPDATE ranges SET end_bytes = :end, crc_after = :crc_after,
    delivered = delivered + :delivered, skipped = skipped + :skipped,
    dead = dead + :dead, blank = blank + :blank, exported = exported + :exported,
    torn = torn + :torn
WHERE file_id = :file_id
    AND start_bytes = (SELECT max(start_bytes) FROM ranges WHERE file_id = :file_id)
    AND end_bytes = :start AND crc_after = :crc_before
    AND :end - start_bytes <= :most AND bundle IS :bundle
"""
_INSERT = """
INSERT INTO ranges (file_id, start_bytes, end_bytes, crc_before, crc_after,
    delivered, skipped, dead, blank, exported, torn, bundle)
VALUES (:file_id, :start, :end, :crc_before, :crc_after,
    :delivered, :skipped, :dead, :blank, :exported, :torn, :bundle)
"""
# The stretch that holds a line.
_OF_LINE = """
WHERE file_id = :file_id AND start_bytes = (
    SELECT max(start_bytes) FROM ranges
    WHERE file_id = :file_id AND start_bytes <= :line_start)
"""
_RECOVER = f"UPDATE ranges SET dead = dead - 1, delivered = delivered + 1 {_OF_LINE}"  # noqa: S608  # constants
_FORGET = f"UPDATE ranges SET forgotten = forgotten + 1 {_OF_LINE}"  # noqa: S608  # constants


def enter(
    connection: sqlite3.Connection,
    advances: Sequence[Advance],
    *,
    bundle: str | None = None,
) -> None:
    """Write down what became of each stretch, and in which bundle it left, if any."""
    for advance in advances:
        values = {
            "file_id": advance.file_id,
            "start": advance.start_bytes,
            "end": advance.end_bytes,
            "crc_before": advance.crc_before,
            "crc_after": advance.crc_after,
            "delivered": advance.delivered,
            "skipped": advance.skipped,
            "dead": advance.dead,
            "blank": advance.blank,
            "exported": advance.exported,
            "torn": advance.torn,
            "bundle": bundle,
            "most": RANGE_BYTES,
        }
        if connection.execute(_EXTEND, values).rowcount == 0:
            connection.execute(_INSERT, values)


def recover(connection: sqlite3.Connection, places: Iterable[LinePlace]) -> None:
    """Count lines that were dead as delivered."""
    connection.executemany(_RECOVER, map(_line, places))


def forget(connection: sqlite3.Connection, places: Iterable[LinePlace]) -> None:
    """Note that lines which stay dead have no letter any more."""
    connection.executemany(_FORGET, map(_line, places))


def _line(place: LinePlace) -> dict[str, str | int]:
    return {"file_id": place.file_id, "line_start": place.start_bytes}
