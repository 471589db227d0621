"""What stands in a state directory, by name."""

from __future__ import annotations

import os

from shipper.store.database import DATABASE_NAME
from shipper.store.lock import HISTORY_LOCK, LOCK_NAME

# Of SQLite's own files beside a database (sqlite.org/tempfiles.html).
_BESIDE = ("-wal", "-shm", "-journal")


def state_files(state_dir: str) -> tuple[str, ...]:
    """Return the paths of all files that a state consists of, there or not."""
    database = os.path.join(state_dir, DATABASE_NAME)
    beside = (database + suffix for suffix in _BESIDE)
    locks = (os.path.join(state_dir, name) for name in (LOCK_NAME, HISTORY_LOCK))
    return (database, *beside, *locks)
