"""Copies of followed files: left alone as long as the original is there.

Somebody who copies a log and then empties it makes, for a moment, a second file
with the same lines; an archiver does the same. The copy takes over when the
original is gone (`census`); until then it is none of our business.
"""

from __future__ import annotations

from shipper.source.examine import Candidate, Examiner, Inode
from shipper.source.roster import Roster
from shipper.source.tracked import Facts, Tracked


class Copies:
    """Which files on disk are copies of which followed file."""

    def __init__(self, roster: Roster, examiner: Examiner) -> None:
        # Mutable state: by inode, the stat a copy was judged at and the id of its
        # original; judging costs reading. Pipeline thread.
        self._roster = roster
        self._examiner = examiner
        self._known: dict[Inode, tuple[Facts, str]] = {}

    def original_of(self, candidate: Candidate) -> str | None:
        """Return the id of the file it was a copy of, if it has not changed since."""
        facts, original = self._known.get(candidate.inode, (None, None))
        return original if facts == candidate.facts else None

    def is_copy(self, candidate: Candidate) -> bool:
        """Return True if the candidate is a copy of a followed file."""
        self._known.pop(candidate.inode, None)
        for tracked in self._roster.with_head(candidate.head):
            if not tracked.is_orphan and self._are_alike(candidate, tracked):
                self._known[candidate.inode] = candidate.facts, tracked.row.file_id
                return True
        return False

    def _are_alike(self, candidate: Candidate, tracked: Tracked) -> bool:
        copy = self._examiner.open(candidate)
        if copy is None:
            return True
        try:
            original = self._examiner.open_path(tracked.name.path)
            if original is None:
                return False
            try:
                return original.inode == tracked.inode and copy.is_copy_of(original)
            finally:
                original.close()
        finally:
            copy.close()
