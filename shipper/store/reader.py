"""The state as it is read beside a live shipper, from any process.

Nothing is written here, and no lock is needed. Each call sees one moment: what it
returns belongs together, whatever is committed meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from shipper.store import dead_letters
from shipper.store.database import DATABASE_NAME, open_read_only, wrapped
from shipper.store.dead_letters import KeptLetter
from shipper.store.sums import Sums, sum_up


class Reader:
    """Reads the state beside a live shipper; each call sees one moment."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        # Mutable state: the connection, used by one thread at a time.
        self._connection = connection
        self._path = path

    @property
    def path(self) -> str:
        """Where the database is."""
        return self._path

    def sums(self) -> Sums:
        """Return what became of the lines.

        Raises:
            StateError: The database cannot be read.
        """
        with self._moment():
            return sum_up(self._connection)

    def dead_letters(self, *, with_payload: bool = True) -> Iterator[KeptLetter]:
        """Yield the dead letters that are kept, oldest first, from one moment.

        Raises:
            StateError: The database cannot be read.
        """
        with self._moment():
            letters = dead_letters.kept if with_payload else dead_letters.listed
            yield from letters(self._connection)

    def dead_letter(self, number: int) -> KeptLetter | None:
        """Return a dead letter by its number; None if there is none (any more).

        Raises:
            StateError: The database cannot be read.
        """
        with self._moment():
            return dead_letters.find(self._connection, number)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """One read transaction: what is read in the block belongs together."""
        with wrapped(self._path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")


def open_reader(state_dir: str) -> Reader | None:
    """Open the state for reading; None before the first run.

    Raises:
        StateError: It cannot be read, or another version wrote it.
    """
    path = os.path.join(state_dir, DATABASE_NAME)
    connection = open_read_only(path)
    return None if connection is None else Reader(connection, path)
