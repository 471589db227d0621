"""Known files at a new place: renamed, packed, restored, or copied and then emptied.

A file is looked for among those missing at their places, among those whose place
holds something else by now, and among those that the database remembers. Its marker
decides; where several files fit, none is taken. One that another source follows is
taken over from it, however far it has been read.
"""

from __future__ import annotations

from contextlib import closing

from shipper.fileid import FileRow, FileState
from shipper.source.examine import Candidate, Examiner, Likeness, compare
from shipper.source.index import Index, has_left
from shipper.source.roster import Roster
from shipper.source.tracked import Tracked


class Moves:
    """Follows known files to where they are now. Pipeline thread only."""

    def __init__(self, roster: Roster, index: Index, examiner: Examiner) -> None:
        self._roster = roster
        self._index = index
        self._examiner = examiner

    def take_over(self, candidate: Candidate) -> Tracked | None:
        """Take over a file that another source had, and that stands here now.

        Returns:
            None if there is none, or none that can be taken now.
        """
        tracked = self._index.left_at(candidate.inode)
        if tracked is None:
            return None
        # While it is open, nothing else can have got its inode.
        if tracked.handle is None and not self._is_still(tracked, candidate):
            return None
        if not self._index.obtain(tracked, candidate.name.path):
            return None
        self._index.insert(tracked)
        return tracked

    def _is_still(self, tracked: Tracked, candidate: Candidate) -> bool:
        """Tell whether a closed file is what stands at its inode."""
        sighting = self._examiner.open(candidate)
        if sighting is None:
            return False
        with closing(sighting):
            is_packed_so = sighting.packing == tracked.row.packing
            likeness = compare(sighting, tracked.live_row())
            return is_packed_so and likeness is not Likeness.OTHER

    def follow(self, candidate: Candidate, missing: dict[str, Tracked]) -> bool:
        """Follow a known file to its new place.

        Args:
            candidate: Opened before: its fingerprint says where to look.
            missing: Files not found at their places; the one that moved is removed.

        Returns:
            False if it is no known file. True as well if that cannot be told now:
            the next count will.
        """
        head = candidate.head
        if not self._index.is_telling(head):
            return False
        lost = [
            tracked
            for tracked in self._index.with_head(head)
            if self.is_missing(tracked, missing) or self._is_overwritten(tracked)
        ]
        rows = [t.live_row() for t in lost] + self._roster.remembered(head)
        rows = [row for row in rows if row.is_distinct]
        if not rows or not head.tells_among(len(rows)):
            return False
        sighting = self._examiner.open(candidate)
        if sighting is None:
            return True
        try:
            rows = [row for row in rows if compare(sighting, row) is Likeness.SAME]
        finally:
            sighting.close()
        rows = _rather_followed(rows)
        if len(rows) > 1:
            self._roster.count("identity_ambiguous", 1)
        if len(rows) != 1:
            return False
        tracked = self._index.find(rows[0].file_id)
        if tracked is None:
            tracked = self._roster.reclaim(rows[0], candidate.name, candidate.inode)
            if tracked is None:
                return False
        elif not self._is_ours_by_now(tracked, candidate, missing):
            return True
        missing.pop(rows[0].file_id, None)
        self._roster.move(tracked, candidate.name, candidate.inode, candidate.packing)
        self._roster.refresh(tracked, candidate.name, candidate.facts)
        return True

    def is_missing(self, tracked: Tracked, missing: dict[str, Tracked]) -> bool:
        """Return True if a file is not found at its place, whoever follows it."""
        if tracked.row.file_id in missing:
            return True
        return not self._index.has(tracked) and has_left(tracked)

    def _is_ours_by_now(
        self, tracked: Tracked, candidate: Candidate, missing: dict[str, Tracked]
    ) -> bool:
        """Take over a file that another source follows, once it has missed it.

        Before that it may have been renamed there, and this be a copy of it.
        """
        if self._index.has(tracked):
            return True
        is_missed = tracked.is_orphan or tracked.row.file_id in missing
        if not is_missed and has_left(tracked):
            return False
        return self._index.obtain(tracked, candidate.name.path)

    def _is_overwritten(self, tracked: Tracked) -> bool:
        """Return True if a file found by its `stat` holds something else by now."""
        if tracked.is_orphan:
            return False
        sighting = self._examiner.open_path(tracked.name.path)
        if sighting is None:
            return False
        try:
            return (
                sighting.inode == tracked.inode
                and compare(sighting, tracked.live_row()) is Likeness.OTHER
            )
        finally:
            sighting.close()


def _rather_followed(rows: list[FileRow]) -> list[FileRow]:
    """Leave out what backfills know of a file that is or was followed.

    Several of theirs tell of one content; the one that came farthest counts.
    """
    followed = [row for row in rows if row.state is not FileState.HISTORY]
    if followed or not rows:
        return followed
    return [max(rows, key=lambda row: row.offset_bytes)]
