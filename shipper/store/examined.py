"""A look at the health of a state, beside whoever uses it, changing nothing.

For people who ask: whether the database is whole, and who holds the lock. The lock
is not tried, since a shipper that starts at that moment would find it taken.
"""

from __future__ import annotations

import os
from contextlib import closing

from msgspec import Struct

from shipper.store.database import DATABASE_NAME, check, open_read_only, wrapped
from shipper.store.lock import LOCK_NAME

LOCK_TABLE = "/proc/locks"


class Holder(Struct, frozen=True):
    """Who holds the lock of a state directory.

    Attributes:
        pid: Of the process, or None when nobody holds it.
        is_known: False where the system does not tell.
    """

    pid: int | None = None
    is_known: bool = True


def database_size(state_dir: str) -> int | None:
    """Return the size of a database that is whole; None before the first run.

    Raises:
        StateError: It cannot be read, is damaged, or another version wrote it.
    """
    path = os.path.join(state_dir, DATABASE_NAME)
    connection = open_read_only(path)
    if connection is None:
        return None
    with closing(connection), wrapped(path):
        check(connection, path)
        return os.stat(path).st_size


def lock_holder(state_dir: str, *, lock_table: str = LOCK_TABLE) -> Holder:
    """Return who holds the lock, by the system's own table (proc_locks(5))."""
    path = os.path.join(state_dir, LOCK_NAME)
    try:
        facts = os.stat(path)
        with open(path, encoding="ascii", errors="replace") as file:
            written = file.read(32).strip()
    except FileNotFoundError:
        return Holder()
    except OSError:
        return Holder(is_known=False)
    try:
        with open(lock_table, encoding="ascii") as table:
            rows = [row.split() for row in table]
    except OSError:
        return Holder(is_known=False)
    device = f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}"
    for row in rows:
        # 1: FLOCK  ADVISORY  WRITE 708 08:01:13548 0 EOF
        if len(row) < 6 or row[1] != "FLOCK":
            continue
        place, _, inode = row[5].rpartition(":")
        # The device of an overlay or a subvolume is not the one that stat(2) names;
        # the holder's own word then tells it from another file of the same number.
        if inode == str(facts.st_ino) and (place == device or row[4] == written):
            return Holder(pid=int(row[4]))
    return Holder()
