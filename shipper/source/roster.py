"""The files of one source that are known, and every change to what is known.

A change goes to the row in memory, to the index and, with the next save, to the
database. A file that the database does not know yet is not handed out for reading.
The roster decides nothing: `census` does.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from shipper.clock import Clock
from shipper.fileid import Cut, FileRow, FileState, Head
from shipper.source.handles import Handles
from shipper.source.index import Index
from shipper.source.journal import Catalog, Journal
from shipper.source.opening import head_as_read
from shipper.source.siblings import Name
from shipper.source.tracked import Facts, Tracked

# A growing file's size is only evidence for what a later loss amounts to.
SIZE_SAVE_SECONDS = 10.0


class Roster:
    """Known files of one source. Pipeline thread only.

    Attributes:
        has_new_head: A fingerprint was learned that is not saved yet.

    Args:
        index: Of the source; changed by nobody else.
        catalog: The state database.
        handles: Closes what is dropped.
        clock: For stamps and the pace of saving sizes.
    """

    def __init__(
        self,
        *,
        index: Index,
        catalog: Catalog,
        handles: Handles,
        clock: Clock,
    ) -> None:
        # Mutable state: the index, and what the database is not told yet.
        self._index = index
        self._catalog = catalog
        self._handles = handles
        self._clock = clock
        self._journal = Journal(catalog, clock)
        self.has_new_head = False
        self._sizes_saved_at = clock.monotonic()

    def restore(self, row: FileRow, name: Name) -> None:
        """Take up a file that the database knows."""
        # A packed file's row holds its unpacked size; only the time compares.
        tracked = Tracked(row, name, _facts(row), 0.0)
        tracked.is_saved = True
        if row.state is FileState.DONE or (
            not row.packing and row.offset_bytes == row.size_bytes
        ):
            tracked.settled = tracked.facts
        self._index.insert(tracked)

    def enter(
        self, name: Name, inode: tuple[int, int], facts: Facts, row: FileRow
    ) -> Tracked:
        """Follow a new file; `row` says where it begins and what it is like."""
        row = replace(
            row,
            file_id=str(uuid4()),
            path=name.path,
            dev=inode[0],
            ino=inode[1],
            size_bytes=None if row.packing else facts.size_bytes,
            mtime_ns=facts.mtime_ns,
        )
        tracked = Tracked(row, name, facts, self._clock.monotonic())
        self._index.insert(tracked)
        self._journal.enter(row)
        return tracked

    def move(
        self, tracked: Tracked, name: Name, inode: tuple[int, int], packing: str
    ) -> None:
        """Follow a known file at another inode, packed perhaps."""
        self._handles.close(tracked)
        self._index.remove(tracked)
        tracked.settled = None
        tracked.is_orphan = False
        is_done = tracked.row.state is FileState.DONE
        if packing != tracked.row.packing and not tracked.row.is_passed_over:
            # Something may have been added between its end and the packing.
            is_done = False
        tracked.row = replace(
            tracked.row,
            dev=inode[0],
            ino=inode[1],
            packing=packing,
            # Unpacked, it may be longer than we have seen it.
            size_bytes=None if packing and not is_done else tracked.row.size_bytes,
            state=FileState.DONE if is_done else state_of(name),
        )
        self._index.insert(tracked)
        self._journal.change(tracked.row)

    def reclaim(
        self, row: FileRow, name: Name, inode: tuple[int, int]
    ) -> Tracked | None:
        """Take up a file of the database that was not among ours.

        The inode that it had may be another file's by now.

        Returns:
            None if it was a backfill's, and is not any more.

        Raises:
            StateError: The database could not be told.
        """
        if row.state is FileState.HISTORY:
            # At once, and not with the next save: the backfill may be at work.
            claimed = self._catalog.claim(row.file_id)
            if claimed is None:
                return None
            row = claimed
        row = replace(row, path=name.path, dev=inode[0], ino=inode[1])
        tracked = Tracked(row, name, Facts(0, 0), 0.0)
        # Lines read from it may be in flight still; the row does not know of them.
        tracked.position = self._index.place_left(row.file_id) or tracked.position
        tracked.is_saved = True
        self._index.insert(tracked)
        return tracked

    def refresh(self, tracked: Tracked, name: Name, facts: Facts) -> None:
        """Note where a file was seen, and its present `stat`."""
        if facts != tracked.facts:
            if (
                tracked.settled == tracked.facts
                and tracked.row.packing
                and (facts.mtime_ns == tracked.facts.mtime_ns)
            ):
                tracked.settled = facts
            else:
                tracked.changed_at = self._clock.monotonic()
            tracked.see(facts)
        tracked.is_orphan = False
        tracked.is_doubtful = tracked.row.cut is not None
        before, tracked.name = tracked.name, name
        if name != before:
            state = tracked.row.state
            if state is not FileState.DONE:
                state = state_of(name)
            self.amend(tracked, path=name.path, state=state)
        if tracked.row.state is not FileState.OPEN and facts != _facts(tracked.row):
            self._amend_size(tracked)

    def save_sizes(self) -> None:
        """Put the sizes of growing files on the list of changes, now and then."""
        now = self._clock.monotonic()
        if now - self._sizes_saved_at < SIZE_SAVE_SECONDS:
            return
        self._sizes_saved_at = now
        for tracked in self._index.by_id.values():
            if tracked.facts != _facts(tracked.row):
                self._amend_size(tracked)

    def amend(self, tracked: Tracked, **changes: Any) -> None:
        """Change a row's fields (not its position); `save` makes it last."""
        before = tracked.row
        row = replace(before, **changes)
        if row == before:
            return
        tracked.row = row
        if row.head != before.head:
            self.has_new_head = True
            self._index.change_head(tracked, before.head)
        self._journal.change(row)

    def note_cut(self, tracked: Tracked, cut: Cut, facts: Facts) -> None:
        """Note where a file was cut; unread it waits, until its lines are committed."""
        tracked.facts, tracked.is_doubtful = facts, True
        if cut != tracked.row.cut:
            # What was cut away uncommitted is no part of the file any more.
            self.amend(
                tracked,
                cut=cut,
                size_bytes=facts.size_bytes,
                mtime_ns=facts.mtime_ns,
            )

    def forget_cut(self, tracked: Tracked) -> None:
        """Take up a file that was cut behind its position; nothing waits any more.

        It may be read once that is saved: a crash after more of it was committed
        would go back to the cut.
        """
        self.amend(tracked, cut=None)
        tracked.is_saved = False

    def learn_head(self, tracked: Tracked) -> None:
        """Take the fingerprint of an open plain file, from what was read of it.

        Raises:
            OSError: It could not be read.
        """
        head = head_as_read(tracked)
        if head is not None:
            self.amend(tracked, head=head)

    def count(self, name: str, amount: int) -> None:
        """Add to a named total with the next save."""
        self._journal.count(name, amount)

    def give_way(self, tracked: Tracked, heir: Tracked) -> None:
        """Let go of a file for good, in favour of a new one with the same content."""
        if tracked.is_orphan:
            self._handles.hand_over(tracked, heir)
            heir.is_orphan = True
        self.drop(tracked)

    def drop(self, tracked: Tracked) -> None:
        """Let go of a file for good; its row stays, as gone."""
        self._handles.close(tracked)
        if tracked.row.state is FileState.DONE:
            # Once it is gone, nothing else will tell that nothing of it was lost.
            self.amend(tracked, size_bytes=tracked.offset_bytes)
        self._index.leave(tracked)
        self.amend(tracked, state=FileState.GONE)
        self._index.remove(tracked)
        tracked.is_saved = False

    def save(self) -> list[Tracked]:
        """Tell the database what changed; return the files that may now be read.

        Raises:
            StateError: It could not be written; nothing is forgotten, call again.
        """
        ids = self._journal.save()
        self.has_new_head = False
        by_id = self._index.by_id
        known = [by_id[file_id] for file_id in ids if file_id in by_id]
        saved = [tracked for tracked in known if not tracked.is_saved]
        for tracked in saved:
            tracked.is_saved = True
        return saved

    def remembered(self, head: Head) -> list[FileRow]:
        """Return rows with a fingerprint that nobody follows, gone ones too."""
        return [
            row
            for row in self._catalog.find_files(head)
            if not self._index.is_claimed(row.file_id)
            and not self._journal.has_changed(row.file_id)
        ]

    def read_up_to(self, pid: int, opened_ns: int) -> int | None:
        """Return the highest number read of a writer, 0 for none, None if unknown."""
        return self._catalog.read_up_to(pid, opened_ns)

    def is_committed(self, tracked: Tracked) -> bool:
        """Return True if everything that was read of a file is committed."""
        return any(
            row.file_id == tracked.row.file_id
            and row.offset_bytes >= tracked.offset_bytes
            for row in self._catalog.find_files(tracked.row.head)
        )

    def has_saved(self, tracked: Tracked) -> bool:
        """Return True if the database knows a file as it is known here."""
        return tracked.is_saved and not self._journal.has_changed(tracked.row.file_id)

    def note_size(self, tracked: Tracked) -> None:
        """Take the last `stat` into the row: it says how much was lost."""
        if tracked.facts != _facts(tracked.row):
            self._amend_size(tracked)

    def _amend_size(self, tracked: Tracked) -> None:
        facts = tracked.facts
        if tracked.row.packing:
            self.amend(tracked, mtime_ns=facts.mtime_ns)
        else:
            self.amend(tracked, size_bytes=facts.size_bytes, mtime_ns=facts.mtime_ns)


def state_of(name: Name) -> FileState:
    """Return the state a file begins with, going by its name."""
    return FileState.ROTATED if name.is_rotated else FileState.OPEN


def _facts(row: FileRow) -> Facts:
    return Facts(row.size_bytes or 0, row.mtime_ns)
