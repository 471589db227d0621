"""The `dead_letters` table: items that will not be sent, with their reason.

A letter is keyed by where its line stands, so storing it twice is storing it
once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from shipper.model import DeadLetter, LinePlace

_INSERT = """
INSERT INTO dead_letters (file_id, start_bytes, end_bytes, id, reason, detail,
    payload, sha256, length_bytes, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (file_id, start_bytes) DO NOTHING
"""
_SELECT = """
SELECT file_id, start_bytes, end_bytes, id, reason, detail, payload, sha256,
    length_bytes, created_at
FROM dead_letters WHERE state = 'kept' ORDER BY created_at, file_id, start_bytes
"""


class KeptLetter(Struct, frozen=True):
    """A dead letter with the time it was kept from (ISO 8601, UTC)."""

    letter: DeadLetter
    created_at: str


def keep(
    connection: sqlite3.Connection, letters: Sequence[DeadLetter], *, created_at: str
) -> None:
    """Store new letters; one that is there already stays as it is."""
    connection.executemany(
        _INSERT,
        [
            (
                letter.place.file_id,
                letter.place.start_bytes,
                letter.place.end_bytes,
                letter.id,
                letter.reason,
                letter.detail,
                letter.payload,
                letter.sha256,
                letter.length_bytes,
                created_at,
            )
            for letter in letters
        ],
    )


def kept(connection: sqlite3.Connection) -> list[KeptLetter]:
    """Return the letters that are kept, oldest first."""
    return [
        KeptLetter(DeadLetter(LinePlace(*row[:3]), *row[3:9]), row[9])
        for row in connection.execute(_SELECT)
    ]
