"""Moving positions: the only code that does, inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from msgspec import Struct

from shipper.errors import StateError
from shipper.fileid import FileState, mark_of
from shipper.model import Advance

_PLACE = "SELECT offset_bytes, crc, state, size_bytes FROM files WHERE file_id = ?"
# Without the state: naming it here would write its index anew at every commit.
_MOVE = """
UPDATE files SET offset_bytes = ?, crc = ?, mark_length = ?, mark_digest = ?
WHERE file_id = ?
"""
_END = "UPDATE files SET state = 'done' WHERE file_id = ?"


class NotJoinedError(StateError):
    """An advance does not begin where its file stands: a fault of ours."""


class Place(Struct, frozen=True):
    """Where a file stands in the state."""

    offset_bytes: int
    crc: int
    state: str
    size_bytes: int | None


def places(
    connection: sqlite3.Connection, advances: Sequence[Advance]
) -> dict[str, Place]:
    """Return where each file stands, those left out that are not in the state."""
    found: dict[str, Place] = {}
    for advance in advances:
        row = connection.execute(_PLACE, (advance.file_id,)).fetchone()
        if row is not None:
            found[advance.file_id] = Place(*row)
    return found


def is_done(before: Mapping[str, Place], advances: Sequence[Advance]) -> bool:
    """Return True if every advance was stored before.

    So it is when COMMIT reached the disk but its answer was an error.
    """
    return bool(advances) and all(
        (place := before.get(advance.file_id)) is not None
        and place.offset_bytes == advance.end_bytes > advance.start_bytes
        and place.crc == advance.crc_after
        for advance in advances
    )


def move(
    connection: sqlite3.Connection,
    advances: Sequence[Advance],
    before: dict[str, Place],
    *,
    path: str,
) -> None:
    """Move each file's position from where it stands to the end of its advance.

    Args:
        connection: In the transaction in which `before` was read.
        advances: In order; a file may move several times.
        before: What `places` returned for them; kept up to date here.
        path: Of the database, for messages.

    Raises:
        NotJoinedError: An advance does not begin where the file stands. That is a
            fault of ours; a gap must never be stored.
    """
    for advance in advances:
        place = before.get(advance.file_id)
        if place is None:
            raise NotJoinedError(
                f"no such file in the state: {path}: {advance.file_id}", path=path
            )
        if (place.offset_bytes, place.crc) != (advance.start_bytes, advance.crc_before):
            raise NotJoinedError(
                f"positions would not join: {path}: file {advance.file_id} stands at "
                f"byte {place.offset_bytes} (checksum {place.crc:08x}), not at "
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
                advance.file_id,
            ),
        )
        if place.state == FileState.ROTATED and place.size_bytes == advance.end_bytes:
            connection.execute(_END, (advance.file_id,))
        before[advance.file_id] = Place(
            advance.end_bytes, advance.crc_after, place.state, place.size_bytes
        )
