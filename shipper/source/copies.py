"""Copies of followed files: left alone as long as the original is there.

Somebody who copies a log and then empties it makes, for a moment, a second file
with the same lines; an archiver does the same. The copy takes over when the
original is gone (`census`); until then it is none of our business.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from shipper.fileid import Head
from shipper.source.examine import Candidate, Examiner, Inode, Likeness, compare
from shipper.source.index import Index
from shipper.source.tracked import Facts, Tracked


class _Judged(Struct, frozen=True):
    """A copy's `stat` when it was judged, and what its original was like then."""

    facts: Facts
    file_id: str
    head: Head
    original_bytes: int


class Copies:
    """Which files on disk are copies of which followed file."""

    def __init__(self, index: Index, examiner: Examiner) -> None:
        # Mutable state: by inode, how a copy was judged; judging costs reading.
        # Pipeline thread.
        self._index = index
        self._examiner = examiner
        self._known: dict[Inode, _Judged] = {}

    def original_of(self, candidate: Candidate) -> Tracked | None:
        """Return the file that it is a copy of, if neither has changed since.

        An original that shrank, or holds other lines, may have lost some that we
        have not read: then the copy is all there is of them.
        """
        judged = self._known.get(candidate.inode)
        if judged is None or judged.facts != candidate.facts:
            return None
        original = self._index.find(judged.file_id)
        if original is None or original.row.head != judged.head:
            return None
        if original.facts.size_bytes < judged.original_bytes:
            return None
        return original

    def forget_all_but(self, candidates: Sequence[Candidate]) -> None:
        """Let go of what was judged and is not there any more."""
        if len(self._known) > len(candidates):
            inodes = {candidate.inode for candidate in candidates}
            self._known = {
                inode: judged
                for inode, judged in self._known.items()
                if inode in inodes
            }

    def is_copy(self, candidate: Candidate) -> bool:
        """Return True if the candidate is a copy of a followed file.

        Also while that cannot be told: an original that went away or was emptied
        since its `stat` is missing at the next count, and the candidate may be it.
        """
        self._known.pop(candidate.inode, None)
        for tracked in self._index.with_head(candidate.head):
            if tracked.is_orphan:
                continue
            # Two active logs may well hold the same lines, such as those of a monitor.
            if not (candidate.name.is_rotated or self._index.has(tracked)):
                continue
            are_alike = self._are_alike(candidate, tracked)
            if are_alike is None:
                return True
            if are_alike:
                row = tracked.row
                self._known[candidate.inode] = _Judged(
                    candidate.facts, row.file_id, row.head, tracked.facts.size_bytes
                )
                return True
        return False

    def _are_alike(self, candidate: Candidate, tracked: Tracked) -> bool | None:
        """Return None if one of the two is not there to be compared."""
        copy = self._examiner.open(candidate)
        if copy is None:
            return None
        try:
            original = self._examiner.open_path(tracked.name.path)
            if original is None:
                return None
            try:
                if original.inode != tracked.inode:
                    return None
                if copy.is_copy_of(original):
                    return original.size_bytes >= tracked.offset_bytes or None
                # Emptied since its `stat`: at the next count the copy is it.
                is_whole = compare(original, tracked.live_row()) is Likeness.SAME
                return False if is_whole else None
            finally:
                original.close()
        finally:
            copy.close()
