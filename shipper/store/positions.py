"""Moving positions: the only code that does, inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from shipper.errors import StateError
from shipper.fileid import mark_of
from shipper.model import Advance

_PLACE = "SELECT offset_bytes, crc FROM files WHERE file_id = ?"
_MOVE = """
UPDATE files SET offset_bytes = ?, crc = ?, mark_length = ?, mark_digest = ?,
    state = CASE WHEN state = 'rotated' AND size_bytes = ? THEN 'done' ELSE state END
WHERE file_id = ?
"""


class NotJoinedError(StateError):
    """An advance does not begin where its file stands: a fault of ours."""


def is_done(connection: sqlite3.Connection, advances: Sequence[Advance]) -> bool:
    """Return True if every advance was stored before.

    So it is when COMMIT reached the disk but its answer was an error.
    """
    return bool(advances) and all(
        connection.execute(_PLACE, (advance.file_id,)).fetchone()
        == (advance.end_bytes, advance.crc_after)
        and advance.end_bytes > advance.start_bytes
        for advance in advances
    )


def move(
    connection: sqlite3.Connection, advances: Sequence[Advance], *, path: str
) -> None:
    """Move each file's position from where it stands to the end of its advance.

    Raises:
        NotJoinedError: An advance does not begin where the file stands. That is a
            fault of ours; a gap must never be stored.
    """
    for advance in advances:
        place = connection.execute(_PLACE, (advance.file_id,)).fetchone()
        if place is None:
            raise NotJoinedError(
                f"no such file in the state: {path}: {advance.file_id}", path=path
            )
        if place != (advance.start_bytes, advance.crc_before):
            raise NotJoinedError(
                f"positions would not join: {path}: file {advance.file_id} stands at "
                f"byte {place[0]} (checksum {place[1]:08x}), not at "
                f"{advance.start_bytes} ({advance.crc_before:08x})",
                path=path,
                hint="please report this; a restart reads on from the stored position",
            )
        mark = mark_of(advance.tail)
        connection.execute(
            _MOVE,
            (
                advance.end_bytes,
                advance.crc_after,
                mark.length_bytes,
                mark.digest,
                advance.end_bytes,
                advance.file_id,
            ),
        )
