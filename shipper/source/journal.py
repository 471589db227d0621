"""What the database has not been told yet about files.

Changes gather here during a look and are saved in one transaction. When saving
fails, they stay, and the next look tries again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from shipper.clock import Clock
from shipper.fileid import FileRow, Head


class Catalog(Protocol):
    """The remembered files. Positions move elsewhere: in a commit."""

    def known_files(self) -> list[FileRow]:
        """Return every file that is not gone."""
        ...

    def gone_paths(self) -> Iterable[str]:
        """Return where the files stood that are gone, each path once."""
        ...

    def find_files(self, head: Head) -> list[FileRow]:
        """Return every file, gone ones too, with this fingerprint."""
        ...

    def read_up_to(self, pid: int, opened_ns: int) -> int | None:
        """Return the highest number read of a writer, 0 for none, None if unknown."""
        ...

    def claim(self, file_id: str) -> FileRow | None:
        """Take over a file that a backfill has read; None if it is no such file."""
        ...

    def record(
        self,
        *,
        new: Sequence[FileRow] = (),
        changed: Sequence[FileRow] = (),
        counters: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Store new files whole, changed ones without position, in one transaction."""
        ...


class Journal:
    """Unsaved changes. Pipeline thread only."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        # Mutable state: new rows and changed rows by id, and amounts to add.
        self._catalog = catalog
        self._clock = clock
        self._new: dict[str, FileRow] = {}
        self._changed: dict[str, FileRow] = {}
        self._counters: list[tuple[str, int]] = []

    def enter(self, row: FileRow) -> None:
        """Note a new file."""
        self._new[row.file_id] = row

    def change(self, row: FileRow) -> None:
        """Note the present row of a file; its position is not saved."""
        rows = self._new if row.file_id in self._new else self._changed
        rows[row.file_id] = row

    def count(self, name: str, amount: int) -> None:
        """Note an amount to add to a named total."""
        self._counters.append((name, amount))

    def has_changed(self, file_id: str) -> bool:
        """Return True if the database holds an older row than we do."""
        return file_id in self._changed

    def save(self) -> list[str]:
        """Write everything down; return the ids of the files that it was about.

        Raises:
            StateError: It could not be written; nothing is forgotten, call again.
        """
        if not (self._new or self._changed or self._counters):
            return []
        stamp = self._clock.now().isoformat(timespec="seconds")
        self._catalog.record(
            new=[
                replace(row, first_seen=stamp, last_seen=stamp)
                for row in self._new.values()
            ],
            changed=[replace(row, last_seen=stamp) for row in self._changed.values()],
            counters=self._counters,
        )
        saved = [*self._new, *self._changed]
        self._new.clear()
        self._changed.clear()
        self._counters.clear()
        return saved
