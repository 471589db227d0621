"""The `files` table: what is remembered of each file, and where it is committed to."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence

from shipper.fileid import Cut, FileRow, FileState, Head, Mark

_COLUMNS = (
    "file_id, path, dev, ino, head_length, head_digest, start_bytes, offset_bytes, "
    "crc, mark_length, mark_digest, size_bytes, mtime_ns, state, packing, "
    "first_seen, last_seen, cut_bytes, cut_mark_length, cut_mark_digest"
)
_INSERT = f"INSERT INTO files ({_COLUMNS}) VALUES ({', '.join('?' * 20)})"  # noqa: S608  # constants
# Everything but the position. What the file system says and what is committed
# arrive in any order; a rotated file is done when the two meet.
_UPDATE = """
UPDATE files SET path = ?, dev = ?, ino = ?, head_length = ?, head_digest = ?,
    size_bytes = ?, mtime_ns = ?, packing = ?, last_seen = ?,
    cut_bytes = ?, cut_mark_length = ?, cut_mark_digest = ?,
    state = CASE WHEN ? = 'rotated' AND offset_bytes = ? THEN 'done' ELSE ? END
WHERE file_id = ?
"""


def known_files(connection: sqlite3.Connection) -> list[FileRow]:
    """Return every file that is followed: neither gone nor history."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM files "  # noqa: S608  # constants
        "WHERE state NOT IN ('gone', 'history')"
    )
    return [_file_row(row) for row in rows]


def all_files(connection: sqlite3.Connection) -> Iterator[FileRow]:
    """Yield every file, gone ones too, by path."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM files ORDER BY path, first_seen"  # noqa: S608  # constants
    )
    return map(_file_row, rows)


def gone_paths(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield where followed files stood that are gone, each path once."""
    rows = connection.execute("SELECT DISTINCT path FROM files WHERE state = 'gone'")
    return (path for (path,) in rows)


def find_files(connection: sqlite3.Connection, head: Head) -> list[FileRow]:
    """Return every file with this fingerprint, gone ones too."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM files "  # noqa: S608  # constants
        "WHERE head_digest = ? AND head_length = ?",
        (head.digest, head.length_bytes),
    )
    return [_file_row(row) for row in rows]


def find_file(connection: sqlite3.Connection, file_id: str) -> FileRow | None:
    """Return a file by its id."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM files WHERE file_id = ?",  # noqa: S608  # constants
        (file_id,),
    ).fetchone()
    return None if row is None else _file_row(row)


def claim(connection: sqlite3.Connection, file_id: str) -> FileRow | None:
    """Turn a file of history into one that is followed; None if it is none."""
    cursor = connection.execute(
        "UPDATE files SET state = 'open' WHERE file_id = ? AND state = 'history'",
        (file_id,),
    )
    return find_file(connection, file_id) if cursor.rowcount else None


def insert_files(connection: sqlite3.Connection, rows: Sequence[FileRow]) -> None:
    """Remember new files."""
    connection.executemany(
        _INSERT,
        [
            (
                row.file_id,
                path_to(row.path),
                row.dev,
                _signed(row.ino),
                row.head.length_bytes,
                row.head.digest,
                row.start_bytes,
                row.offset_bytes,
                row.crc,
                row.mark.length_bytes,
                row.mark.digest,
                row.size_bytes,
                row.mtime_ns,
                row.state.value,
                row.packing,
                row.first_seen,
                row.last_seen,
                *_cut_values(row.cut),
            )
            for row in rows
        ],
    )


def update_files(connection: sqlite3.Connection, rows: Sequence[FileRow]) -> None:
    """Change what is remembered, all but the positions."""
    connection.executemany(
        _UPDATE,
        [
            (
                path_to(row.path),
                row.dev,
                _signed(row.ino),
                row.head.length_bytes,
                row.head.digest,
                row.size_bytes,
                row.mtime_ns,
                row.packing,
                row.last_seen,
                *_cut_values(row.cut),
                row.state.value,
                row.size_bytes,
                row.state.value,
                row.file_id,
            )
            for row in rows
        ],
    )


def _file_row(row: tuple[object, ...]) -> FileRow:
    values: tuple = row  # type: ignore[type-arg]  # columns are typed by the schema
    return FileRow(
        file_id=values[0],
        path=path_from(values[1]),
        dev=values[2],
        ino=values[3] % (1 << 64),
        head=Head(values[4], values[5]),
        start_bytes=values[6],
        offset_bytes=values[7],
        crc=values[8],
        mark=Mark(values[9], values[10]),
        size_bytes=values[11],
        mtime_ns=values[12],
        state=FileState(values[13]),
        packing=values[14],
        first_seen=values[15],
        last_seen=values[16],
        cut=None if values[17] is None else Cut(values[17], Mark(*values[18:])),
    )


def _cut_values(cut: Cut | None) -> tuple[int | None, int | None, bytes | None]:
    if cut is None:
        return None, None, None
    return cut.offset_bytes, cut.mark.length_bytes, cut.mark.digest


def _signed(ino: int) -> int:
    """Return an unsigned 64-bit number as SQLite can hold it."""
    return ino - (1 << 64) if ino >= 1 << 63 else ino


def path_from(stored: str | bytes) -> str:
    """Return the path that was stored; bytes stand for a name that is no UTF-8."""
    return stored if isinstance(stored, str) else os.fsdecode(stored)


def path_to(path: str) -> str | bytes:
    """Return a path as it can be stored; see `path_from`."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path
