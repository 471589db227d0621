"""One moment of the state, for those who look at files as the shipper would.

A snapshot stands in for the catalog of a `Source`: it tells what is known and
forgets what it is told. Everything it tells belongs to one read transaction, so
that positions and sums agree beside a live shipper.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from shipper.fileid import FileRow, Head
from shipper.store import catalog, counters, dead_letters, writers
from shipper.store.database import DATABASE_NAME, open_read_only, wrapped
from shipper.store.sums import Sums, sum_up


class Snapshot:
    """What is known at one moment; nothing, before the first run.

    Attributes:
        sums: What became of the lines.
        has_run: False before the first run has made the state.
    """

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection
        self.has_run = connection is not None
        self.sums = Sums() if connection is None else sum_up(connection)

    def kept_letters(self) -> int:
        """Return how many dead letters are kept."""
        if self._connection is None:
            return 0
        return dead_letters.count(self._connection)

    def last_delivery(self) -> float | None:
        """Return when the shipper delivered last, in seconds since 1970, or None."""
        if self._connection is None:
            return None
        return counters.moment(self._connection, counters.DELIVERY)

    def known_files(self) -> list[FileRow]:
        """Return every file that is not gone."""
        return [] if self._connection is None else catalog.known_files(self._connection)

    def gone_paths(self) -> Iterable[str]:
        """Return where the files stood that are gone, each path once."""
        return () if self._connection is None else catalog.gone_paths(self._connection)

    def find_files(self, head: Head) -> list[FileRow]:
        """Return every file, gone ones too, with this fingerprint."""
        if self._connection is None:
            return []
        return catalog.find_files(self._connection, head)

    def read_up_to(self, pid: int, opened_ns: int) -> int | None:
        """Return the highest number read of a writer, 0 for none, None if unknown."""
        if self._connection is None:
            return 0
        return writers.read_up_to(self._connection, pid, opened_ns)

    def claim(self, file_id: str) -> FileRow | None:
        """Return a file that a backfill has read, and leave it as it is."""
        if self._connection is None:
            return None
        return catalog.find_file(self._connection, file_id)

    def record(
        self,
        *,
        new: Sequence[FileRow] = (),
        changed: Sequence[FileRow] = (),
        counters: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Forget it: who only looks on changes nothing."""


@contextmanager
def open_snapshot(state_dir: str) -> Iterator[Snapshot]:
    """Open the state for looking on; the moment lasts as long as the block.

    Raises:
        StateError: It cannot be read, or another version wrote it.
    """
    path = os.path.join(state_dir, DATABASE_NAME)
    connection = open_read_only(path)
    if connection is None:
        yield Snapshot(None)
        return
    try:
        with wrapped(path):
            connection.execute("BEGIN")
            yield Snapshot(connection)
    finally:
        connection.close()
