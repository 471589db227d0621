"""What backfills have read: the same tables, in rows that nobody follows.

A backfill runs beside the shipper, under a lock of its own. Its rows are told apart
by their state, so that the shipper leaves them alone until it meets the same content
under a name it follows; then it takes the row over, position and all, and the
backfill has to stop there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from msgspec.structs import replace

from shipper.clock import Clock
from shipper.errors import StateError
from shipper.fileid import FileRow, FileState
from shipper.model import Commit
from shipper.store import catalog
from shipper.store.checkpoints import Store
from shipper.store.database import (
    BUSY_SECONDS,
    DATABASE_NAME,
    open_writer,
    transaction,
    wrapped,
)
from shipper.store.directory import prepare_directory
from shipper.store.lock import HISTORY_LOCK, StateLock

_STATE = "SELECT state FROM files WHERE file_id = ?"
_ENTER = "INSERT INTO backfills (file_id, label, choices, begun_at) VALUES (?, ?, ?, ?)"
_FIND = "SELECT label, choices FROM backfills WHERE file_id = ?"


class TakenOverError(StateError):
    """The shipper follows the file now; what is left of it is the shipper's.

    Attributes:
        file_id: Which file.
    """

    def __init__(self, file_id: str, *, path: str) -> None:
        super().__init__(f"the shipper follows the file now: {file_id}", path=path)
        self.file_id = file_id


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read as history.

    Attributes:
        label: What its ids were made with.
        choices: Which part of it was sent, in words; empty for all of it.
    """

    label: str
    choices: str


class History(Store):
    """The state as a backfill uses it."""

    def enter(self, row: FileRow, reading: Reading) -> None:
        """Remember a file that is about to be read.

        Raises:
            StateError: Nothing of it was stored.
        """
        now = self._now()
        row = replace(row, state=FileState.HISTORY, first_seen=now, last_seen=now)
        with transaction(self._connection, self._path):
            catalog.insert_files(self._connection, [row])
            self._connection.execute(
                _ENTER, (row.file_id, reading.label, reading.choices, now)
            )

    def reading_of(self, file_id: str) -> Reading | None:
        """Return how a file was read; None if it was not.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            found = self._connection.execute(_FIND, (file_id,)).fetchone()
        return None if found is None else Reading(*found)

    def _note_delivery(self) -> None:
        """Say nothing: a backfill does not prove that the shipper delivers."""

    def _check(self, commit: Commit) -> None:
        for advance in commit.advances:
            found = self._connection.execute(_STATE, (advance.file_id,)).fetchone()
            if found is not None and found[0] != FileState.HISTORY.value:
                raise TakenOverError(advance.file_id, path=self._path)


def open_history(state_dir: str, *, clock: Clock) -> History:
    """Open the state for a backfill; hold the lock `HISTORY_LOCK` first.

    A damaged state is left for the shipper, whose policy decides.

    Raises:
        StateError: It cannot be opened, is damaged, or is of a newer version.
    """
    prepare_directory(state_dir)
    path = os.path.join(state_dir, DATABASE_NAME)
    return History(open_writer(path, BUSY_SECONDS), path, clock=clock)


@contextmanager
def held_history(state_dir: str, *, clock: Clock) -> Iterator[History]:
    """Hold the lock of backfills, and the state open, for the length of the block.

    Raises:
        StateLockedError: Another backfill uses the state directory.
        StateError: The state cannot be read or written.
    """
    lock = StateLock(state_dir, name=HISTORY_LOCK, holder="backfill")
    lock.acquire()
    try:
        with closing(open_history(state_dir, clock=clock)) as history:
            yield history
    finally:
        lock.release()
