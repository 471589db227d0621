"""The store: what the pipeline commits to, and where the source remembers files.

`Store` belongs to the process that holds the state lock. One `commit` is one
transaction: positions, ledger, dead letters and counters change together or not
at all.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Literal

from shipper.clock import Clock, SystemClock
from shipper.events import Events
from shipper.fileid import FileRow, FileState, Head
from shipper.model import Commit
from shipper.store import (
    bundles,
    catalog,
    counters,
    dead_letters,
    ledger,
    positions,
    writers,
)
from shipper.store.bundles import Bundle, Exported
from shipper.store.database import (
    BUSY_SECONDS,
    DATABASE_NAME,
    StateCorruptError,
    force,
    open_writer,
    set_aside,
    transaction,
    wrapped,
)
from shipper.store.directory import prepare_directory
from shipper.store.letterbox import Letterbox
from shipper.store.reader import Reader

FORGET_SECONDS = 3600.0  # how often silent writers are looked for
OnStateError = Literal["stop", "beginning", "end"]


class Store(Reader):
    """Keeps positions and everything that changes with them.

    Implements the source's catalog and the pipeline's checkpoints.

    Attributes:
        rebuilt: Where to read from, when a damaged database was set aside at
            opening and this one is empty; None otherwise.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: str,
        *,
        clock: Clock,
        events: Events | None = None,
        rebuilt: Literal["beginning", "end"] | None = None,
    ) -> None:
        # Mutable state: when silent writers are forgotten next.
        super().__init__(connection, path)
        self._clock = clock
        self._events = events
        self._forget_at = clock.monotonic()
        self.rebuilt = rebuilt

    def commit(self, commit: Commit, *, bundle: Bundle | None = None) -> None:
        """Store a commit in one transaction, with the bundle its lines left in.

        Calling again with the same commit after an error is right: what was
        stored already is not stored twice.

        Raises:
            StateError: Nothing of it was stored. Temporary (disk full, locked):
                try again. Not temporary: an advance does not join the stored
                position, or the database is damaged.
        """
        connection, path = self._connection, self._path
        with transaction(connection, path):
            # A crash here, or anywhere up to COMMIT, leaves the last position;
            # the lines after it are sent again with the same ids.
            places = positions.places(connection, commit.advances)
            if positions.is_done(places, commit.advances):
                return
            self._forget()
            self._check(commit)
            positions.move(connection, commit.advances, places, path=path)
            if bundle is not None:
                bundles.enter(connection, bundle, now=self._now())
            ledger.enter(
                connection,
                commit.advances,
                bundle=None if bundle is None else bundle.id,
            )
            if commit.dead_letters:
                dead_letters.keep(connection, commit.dead_letters, now=self._now())
            if commit.recovered:
                # The receiver has taken them, and a crash before COMMIT repeats
                # the request, with the same ids.
                dead_letters.recover(connection, commit.recovered)
            if commit.counters:
                counters.add(connection, commit.counters)
            if commit.recovered or any(each.delivered for each in commit.advances):
                self._note_delivery()
            missing = writers.enter(connection, commit.runs, now=self._clock.now())
        self._tell(missing)

    def _note_delivery(self) -> None:
        counters.note_moment(self._connection, counters.DELIVERY, self._clock.now())

    def unsealed(self) -> list[Bundle]:
        """Return the bundles whose directory may not have its name yet.

        Their commits are on the disk then: what is sealed may be carried away.

        Raises:
            StateError: The database cannot be read or written.
        """
        with transaction(self._connection, self._path):
            found = bundles.unsealed(self._connection)
            if found:
                force(self._connection)
        return found

    def sealed(self, bundle_id: str) -> None:
        """Note that a bundle has its name.

        Raises:
            StateError: It could not be stored.
        """
        with transaction(self._connection, self._path):
            bundles.seal(self._connection, bundle_id, now=self._now())

    def unacknowledged(self) -> tuple[Exported, ...]:
        """Return the bundles that nobody has acknowledged yet, oldest first.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return bundles.unacknowledged(self._connection)

    def _check(self, commit: Commit) -> None:
        """Refuse a commit within its transaction; whoever follows refuses none."""

    def letterbox(self, *, max_bytes: int, max_age_days: float) -> Letterbox:
        """Return the dead letters and requests of this state, to be worked on.

        Args:
            max_bytes: What all letters may take up.
            max_age_days: How long a letter is kept.
        """
        return Letterbox(
            self._connection,
            self._path,
            clock=self._clock,
            max_bytes=max_bytes,
            max_age_days=max_age_days,
        )

    def known_files(self) -> list[FileRow]:
        """Return every file that is not gone.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return catalog.known_files(self._connection)

    def gone_paths(self) -> Iterator[str]:
        """Yield where the files stood that are gone, each path once.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            yield from catalog.gone_paths(self._connection)

    def file(self, file_id: str) -> FileRow | None:
        """Return what is remembered of a file.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return catalog.find_file(self._connection, file_id)

    def find_files(self, head: Head) -> list[FileRow]:
        """Return every file with this fingerprint, gone ones too.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return catalog.find_files(self._connection, head)

    def read_up_to(self, pid: int, opened_ns: int) -> int | None:
        """Return the highest number read of a writer, 0 for none, None if unknown.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return writers.read_up_to(self._connection, pid, opened_ns)

    def claim(self, file_id: str) -> FileRow | None:
        """Take over a file that a backfill has read; None if it is no such file.

        From then on the backfill moves its position no more, so what is returned
        is where reading goes on.

        Raises:
            StateError: It could not be stored.
        """
        with transaction(self._connection, self._path):
            return catalog.claim(self._connection, file_id)

    def record(
        self,
        *,
        new: Sequence[FileRow] = (),
        changed: Sequence[FileRow] = (),
        counters: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Store new files whole, changed ones without position, in one transaction.

        Raises:
            StateError: Nothing of it was stored.
        """
        connection = self._connection
        with transaction(connection, self._path):
            catalog.insert_files(connection, new)
            catalog.update_files(connection, changed)
            _add(connection, counters)
            # What is left of a log that was cut had been read up to its beginning.
            cut = {row.head for row in changed if row.state is FileState.GONE}
            if any(
                row.state is FileState.DONE
                or (row.start_bytes and not (row.head.is_known and row.head in cut))
                for row in new
            ):
                # Lines before that are not read, so their numbers are not seen.
                writers.disregard_past(connection, self._clock.now())
            missing = writers.settle_sealed(connection)
        self._tell(missing)

    def disregard_past(self) -> None:
        """Take the writers' numbers from where they are now, as after a rebuild.

        Raises:
            StateError: It could not be stored.
        """
        with transaction(self._connection, self._path):
            writers.disregard_past(self._connection, self._clock.now())

    def _forget(self) -> None:
        now = self._clock.monotonic()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_SECONDS
            writers.forget(self._connection, self._clock.now())

    def _tell(self, missing: Sequence[writers.Missing]) -> None:
        if self._events is None:
            return
        for each in missing:
            self._events.emit("records_missing", pid=each.pid, count=each.count)

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")


_add = counters.add


def open_store(
    state_dir: str,
    *,
    on_state_error: OnStateError = "stop",
    clock: Clock | None = None,
    events: Events | None = None,
    busy_seconds: float = BUSY_SECONDS,
) -> Store:
    """Open the state for writing, made or brought up to date; hold the lock first.

    Args:
        state_dir: Made if it does not exist, closed to other users.
        on_state_error: What to do about a damaged database: refuse, or set it
            aside and begin anew (see `Store.rebuilt`).
        clock: For stamps; the system's by default.
        events: Told of records that were lost before they were read.
        busy_seconds: How long a commit waits for somebody else's transaction.

    Raises:
        StateError: It cannot be opened, is damaged, or is of a newer version.
    """
    clock = clock or SystemClock()
    prepare_directory(state_dir)
    path = os.path.join(state_dir, DATABASE_NAME)
    try:
        connection = open_writer(path, busy_seconds)
        return Store(connection, path, clock=clock, events=events)
    except StateCorruptError:
        if on_state_error == "stop":
            raise
        set_aside(path, clock.now().strftime("%Y%m%dT%H%M%SZ"))
        store = Store(
            open_writer(path, busy_seconds),
            path,
            clock=clock,
            events=events,
            rebuilt=on_state_error,
        )
        store.disregard_past()
        return store
