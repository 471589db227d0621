"""SQLite as we use it: opened with care, one transaction at a time, errors in words.

WAL, synced at each commit: one that returned survives a power cut, and readers do not
disturb the writer. WAL needs shared memory, so on a network file system the rollback
journal is used. Nothing of sqlite3's errors goes further.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from shipper.errors import StateError, StateUnusableError
from shipper.mounts import network_type
from shipper.store.directory import anchor, unusable
from shipper.store.schema import MIGRATIONS, VERSION

DATABASE_NAME = "state.sqlite3"
BUSY_SECONDS = 5.0
LARGEST_INTEGER = 2**63 - 1  # that SQLite can store, or look for
# 16 MB of pages hold the files and ranges of a large installation.
CACHE_KIBIBYTES = 4096
# Of WAL the same as FULL. A rollback journal whose removal is not synced may be there
# again after a power cut, and undo the last commit (sqlite.org/pragma.html).
_SYNCED = "PRAGMA synchronous=EXTRA"

_TEMPORARY = {
    sqlite3.SQLITE_FULL: "free some disk space",
    sqlite3.SQLITE_BUSY: "another process holds the database; it is tried again",
    sqlite3.SQLITE_LOCKED: "another process holds the database; it is tried again",
    sqlite3.SQLITE_IOERR: "check the disk that state_dir is on, and its space",
    sqlite3.SQLITE_CANTOPEN: "check the state directory and its permissions",
    sqlite3.SQLITE_READONLY: "let the shipper's user write to the state directory",
    sqlite3.SQLITE_NOMEM: "free some memory",
}
# With "-journal" behind it, 512 (MAX_PATHNAME of SQLite's os_unix.c).
MOST_PATH_BYTES = 504
_TOO_LONG = f"SQLite opens no path of over {MOST_PATH_BYTES} bytes; shorten state_dir"
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
CORRUPT_HINT = (
    "restore a copy, or set on_state_error to beginning (files are read again, "
    "with the same ids) or end (only what comes from now on)"
)


class StateCorruptError(StateUnusableError):
    """The database is damaged; `on_state_error` says what then."""


def open_writer(path: str, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open the database for the one process that writes, made or brought up to date.

    Raises:
        StateCorruptError: It is damaged.
        StateUnusableError: It cannot be opened, or a newer version wrote it.
        StateError: The disk is full or the database is locked.
    """
    _make_private(path)
    with wrapped(path):
        connection = sqlite3.connect(
            path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
    try:
        with wrapped(path):
            journal = "DELETE" if network_type(path) else "WAL"
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute(_SYNCED)
            connection.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
            check(connection, path)
            _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_read_only(path: str) -> sqlite3.Connection | None:
    """Open the database beside its writer; None if there is none yet.

    Raises:
        StateError: It cannot be read.
    """
    try:
        if os.stat(path).st_size == 0:
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(path, error) from error
    with wrapped(path):
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    try:
        with wrapped(path):
            version = _version_of(connection)
    except BaseException:
        connection.close()
        raise
    if version == VERSION:
        return connection
    connection.close()
    if version == 0:
        return None
    if version > VERSION:
        raise _too_new(path, version)
    raise StateUnusableError(
        f"cannot read the state: {path}: an older version wrote it",
        path=path,
        hint="start the shipper once; it brings the database up to date",
    )


def open_beside(path: str) -> sqlite3.Connection:
    """Open the database to write a request beside the process that holds the lock.

    Raises:
        StateError: There is none, it cannot be used, or another version wrote it.
    """
    if (connection := open_read_only(path)) is None:
        raise StateUnusableError(
            f"there is no state yet: {path}", path=path, hint="start the shipper once"
        )
    # Checked without a chance to change anything; the version is ours.
    connection.close()
    with wrapped(path):
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute(_SYNCED)
    return connection


@contextmanager
def wrapped(path: str) -> Iterator[None]:
    """Turn sqlite3's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the primary code (sqlite.org/rescode.html).
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _CORRUPT:
            raise StateCorruptError(
                f"the state database is damaged: {path}: {error}",
                path=path,
                hint=CORRUPT_HINT,
            ) from error
        is_too_long = code == sqlite3.SQLITE_CANTOPEN and (
            len(os.fsencode(path)) > MOST_PATH_BYTES
        )
        raise StateError(
            f"the state database cannot be used: {path}: {error}",
            path=path,
            is_temporary=code in _TEMPORARY,
            hint=_TOO_LONG if is_too_long else _TEMPORARY.get(code),
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection, path: str) -> Iterator[None]:
    """Do all of the block or none of it.

    A crash anywhere before COMMIT returned leaves the database as it was; one
    after it leaves everything done.

    Raises:
        StateError: It could not be done; nothing is half done.
    """
    with wrapped(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors (disk full).
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def force(connection: sqlite3.Connection) -> None:
    """Have a transaction write, so that all that was committed before is on the disk.

    Whoever committed it may have been killed before it was.
    """
    # Rows that are written as they were are passed over; this never is.
    connection.execute(f"PRAGMA user_version={VERSION}")


def set_aside(path: str, stamp: str) -> str:
    """Move a damaged database and its journals away; return its new path."""
    aside = f"{path}.damaged-{stamp}"
    try:
        for suffix in ("-wal", "-shm", ""):
            if os.path.exists(path + suffix):
                os.rename(path + suffix, aside + suffix)
    except OSError as error:
        raise unusable(path, error) from error
    return aside


def _make_private(path: str) -> None:
    """Make the file ourselves: SQLite would open it to other users."""
    if not os.path.exists(path):
        # SQLite syncs the names in the directory alone. Before there is one, so that
        # a crash in between is made up for by the next start.
        anchor(os.path.dirname(path))
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise unusable(path, error) from error


def _version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(connection: sqlite3.Connection, path: str) -> None:
    """Have SQLite go over the whole database.

    Raises:
        StateCorruptError: It is damaged.
    """
    verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise StateCorruptError(
            f"the state database is damaged: {path}: {verdict.splitlines()[-1]}",
            path=path,
            hint=CORRUPT_HINT,
        )


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    while (version := _version_of(connection)) < VERSION:
        # One transaction with its count: a crash in between repeats it whole.
        with transaction(connection, path):
            # A shipper and a backfill may begin together: whoever waited for the lock
            # finds done what the other one did.
            if _version_of(connection) == version:
                for statement in _statements_of(MIGRATIONS[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={version + 1}")
    if version > VERSION:
        raise _too_new(path, version)


def _statements_of(script: str) -> Iterator[str]:
    """Yield the statements of a script; each of them ends its line."""
    # `executescript` would commit first, and let go of the lock.
    lines: list[str] = []
    for line in script.splitlines(keepends=True):
        lines.append(line)
        if sqlite3.complete_statement(statement := "".join(lines)):
            yield statement
            lines.clear()


def _too_new(path: str, version: int) -> StateUnusableError:
    return StateUnusableError(
        f"the state database is newer than this shipper: {path}: "
        f"version {version}, and {VERSION} is known here",
        path=path,
        hint="install the version that wrote it; nothing was changed",
    )
