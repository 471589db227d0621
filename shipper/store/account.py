"""One moment of the state, copied, for whoever takes long to read it.

An audit reads gigabytes of logs. A read transaction held that long would keep
SQLite from folding its write-ahead log back, so the moment is copied into a
private temporary database (on disk, removed by the system) and the shipper is
left alone.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from msgspec import Struct

from shipper.fileid import FileRow
from shipper.store import bundles, catalog
from shipper.store.database import DATABASE_NAME, open_read_only, wrapped
from shipper.store.snapshot import Snapshot
from shipper.store.sums import Outcomes

_RANGES = """
SELECT r.start_bytes, r.end_bytes, r.crc_before, r.crc_after,
    r.delivered, r.skipped, r.dead, r.blank, r.exported, r.torn, r.forgotten,
    (SELECT count(*) FROM dead_letters d WHERE d.file_id = r.file_id
        AND d.start_bytes >= r.start_bytes AND d.start_bytes < r.end_bytes)
FROM ranges r WHERE r.file_id = ? ORDER BY r.start_bytes
"""
_STRAY_LETTERS = """
SELECT count(*) FROM dead_letters d WHERE NOT EXISTS (
    SELECT 1 FROM ranges r WHERE r.file_id = d.file_id
        AND d.start_bytes >= r.start_bytes AND d.start_bytes < r.end_bytes)
"""


class Range(Struct, frozen=True):
    """A committed stretch of one file, as the ledger has it.

    Attributes:
        crc_before: CRC-32 chain of the file at `start_bytes`; `crc_after` at its end.
        lines: What its lines became.
        letters: Dead letters that are kept for lines in it.
        forgotten: Dead lines whose letter was evicted or purged.
        torn: How many lines had no newline when they were read.
    """

    start_bytes: int
    end_bytes: int
    crc_before: int
    crc_after: int
    lines: Outcomes
    letters: int
    forgotten: int = 0
    torn: int = 0


class Account(Snapshot):
    """The ledger of one moment; nothing, before the first run.

    Attributes:
        state_dir: Whose it is.
    """

    def __init__(self, connection: sqlite3.Connection | None, state_dir: str) -> None:
        super().__init__(connection)
        self.state_dir = state_dir

    def files(self) -> Iterator[FileRow]:
        """Yield every file ever followed, gone ones too, by path."""
        if self._connection is not None:
            yield from catalog.all_files(self._connection)

    def ranges(self, file_id: str) -> Iterator[Range]:
        """Yield what is committed of a file, from the front."""
        if self._connection is None:
            return
        for row in self._connection.execute(_RANGES, (file_id,)):
            start, end, before, after, *counts, torn, forgotten, letters = row
            lines = Outcomes(*counts)
            yield Range(start, end, before, after, lines, letters, forgotten, torn)

    def unequal_bundles(self) -> list[bundles.Unequal]:
        """Return the bundles of which the ledger has other sums than were exported."""
        return [] if self._connection is None else bundles.unequal(self._connection)

    def stray_letters(self) -> int:
        """Return how many dead letters stand where nothing is committed."""
        if self._connection is None:
            return 0
        return int(self._connection.execute(_STRAY_LETTERS).fetchone()[0])

    def committed_now(self, file_id: str) -> int:
        """Return where a file is committed to by now, not at this moment.

        Raises:
            StateError: The state cannot be read.
        """
        path = os.path.join(self.state_dir, DATABASE_NAME)
        connection = open_read_only(path)
        if connection is None:
            return 0
        with closing(connection), wrapped(path):
            row = connection.execute(
                "SELECT offset_bytes FROM files WHERE file_id = ?", (file_id,)
            ).fetchone()
        return int(row[0]) if row is not None else 0


@contextmanager
def open_account(state_dir: str) -> Iterator[Account]:
    """Copy the state as it is now; the copy lasts as long as the block.

    Raises:
        StateError: It cannot be read, or another version wrote it.
    """
    path = os.path.join(state_dir, DATABASE_NAME)
    live = open_read_only(path)
    if live is None:
        yield Account(None, state_dir)
        return
    # The empty name is SQLite's own temporary file (sqlite.org/inmemorydb.html).
    copy = sqlite3.connect("", isolation_level=None)
    with closing(copy):
        with closing(live), wrapped(path):
            # All pages in one step: one read transaction.
            live.backup(copy)
        with wrapped(path):
            account = Account(copy, state_dir)
        yield account
