"""Who is who: matches the files on disk with the files we know.

One count takes every candidate that belongs to a source and decides, by content
rather than by name, whether it is a file we know (renamed, packed or copied
perhaps), one that was cut, a copy, or a new one; and what became of the known
files that are not there any more. A candidate is opened only when its `stat`
leaves a doubt. No position is moved here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from typing import Literal

from shipper.events import Events
from shipper.source.arrivals import Arrivals
from shipper.source.copies import Copies
from shipper.source.examine import (
    Candidate,
    Examiner,
    Likeness,
    compare,
    is_plausible,
    is_unchanged,
)
from shipper.source.index import Index
from shipper.source.moves import Moves
from shipper.source.remains import Remains
from shipper.source.roster import Roster
from shipper.source.sighting import Sighting
from shipper.source.tracked import Facts, Tracked

Lost = dict[str, Tracked]  # files that stand where they were no more, by id


class Census:
    """Keeps a roster true to the disk.

    Args:
        roster: The known files; every change goes there.
        index: Where they are found.
        examiner: Opens candidates.
        events: Where finds and losses are told.
        seek: Has every other source take over what is lost here.
        is_anothers: Says of a path that a new file there is for another source.
        read_from: Where files begin that are there at the very first run.

    Attributes:
        is_undecided: The last count has met a file that another source will let go of.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        index: Index,
        examiner: Examiner,
        events: Events,
        seek: Callable[[Lost], None],
        is_anothers: Callable[[str], bool],
        read_from: Literal["beginning", "end"],
    ) -> None:
        # Mutable state: whether the last count left something open. Pipeline thread.
        self._roster = roster
        self._index = index
        self._examiner = examiner
        self._copies = Copies(index, examiner)
        self._moves = Moves(roster, index, examiner)
        self._remains = Remains(roster)
        self._arrivals = Arrivals(
            roster,
            examiner,
            events,
            starts_at_end=read_from == "end" and not index.by_id,
        )
        self._events = events
        self._seek = seek
        self._is_anothers = is_anothers
        self.is_undecided = False

    def count(
        self, candidates: Iterable[Candidate], *, is_absent: Callable[[Tracked], bool]
    ) -> None:
        """Match the candidates with the known files.

        Args:
            candidates: All of them; the first of several names or copies is kept.
            is_absent: Says of an unmatched file whether its place was seen at
                all; if not (unmounted, closed to us) it stays as it is.
        """
        self.is_undecided = False
        missing = dict(self._index.by_id)
        unknown = [
            candidate
            for candidate in candidates
            if not self._is_known(candidate, missing)
        ]
        self._copies.forget_all_but(unknown)
        for tracked in missing.values():
            # Its first line may have been finished just before the name went.
            if not tracked.row.head.is_known and not tracked.is_doubtful:
                with suppress(OSError):
                    self._roster.learn_head(tracked)
        # Every known file gets the chance to be found at a new place before the
        # new file at its old place is called a replacement.
        unknown = [
            candidate
            for candidate in unknown
            if self._examine(candidate, missing)
            and not self._moves.follow(candidate, missing)
        ]
        absent = [tracked for tracked in missing.values() if is_absent(tracked)]
        self._seek_all(absent, unknown)
        for candidate in unknown:
            if candidate.is_in_the_making:
                # It may have got the inode of a file that was deleted.
                self._replace(candidate, missing)
            elif not self._copies.is_copy(candidate):
                self._replace(candidate, missing)
                if not self._is_anothers(candidate.name.path):
                    self._arrivals.welcome(candidate)
        for tracked in absent:
            if tracked.row.file_id in self._index.by_id:
                self._miss(tracked)

    def adopt(self, candidates: Iterable[Candidate], lost: Lost) -> list[Tracked]:
        """Take over what another source has lost, and return what was taken."""
        found = []
        for candidate in candidates:
            if self._index.left_at(candidate.inode) is not None:
                self._is_known(candidate, {})
            elif not self._is_found(candidate, lost):
                continue
            tracked = self._index.at(candidate.inode)
            if tracked is not None:
                found.append(tracked)
        return found

    def conclude(self) -> None:
        """Note that all was counted: what comes from now on is read from its start."""
        self._arrivals.conclude()

    def retire(self, tracked: Tracked) -> None:
        """Let go of a file that is no longer on disk, saying what was lost with it."""
        lost = tracked.unread_bytes
        if lost:
            self._roster.note_size(tracked)
            self._roster.count("file_lost", 1)
            self._roster.count("lost_bytes", lost)
            self._events.emit("file_lost", path=tracked.name.path, lost_bytes=lost)
        else:
            self._events.emit("file_gone", path=tracked.name.path)
        self._roster.drop(tracked)

    def _is_known(self, candidate: Candidate, missing: dict[str, Tracked]) -> bool:
        """Settle a candidate whose inode says it all, or is not ours to judge."""
        tracked = self._index.at(candidate.inode)
        if tracked is None:
            if self._index.is_free(candidate.inode):
                return False
            tracked = self._moves.take_over(candidate)
            if tracked is None:
                self._refuse(candidate)
                return True
            missing[tracked.row.file_id] = tracked
        if tracked.row.file_id not in missing:
            return True  # a second name of the same file
        if is_unchanged(tracked, candidate):
            pass  # as nearly all are nearly always
        elif is_plausible(tracked, candidate.facts):
            self._roster.refresh(tracked, candidate.name, candidate.facts)
        else:
            sighting = self._examiner.open(candidate)
            # None: closed to us for now, the same file as far as anybody can tell.
            if sighting is not None:
                with closing(sighting):
                    if not self._is_recognised(tracked, candidate, sighting):
                        return False
        del missing[tracked.row.file_id]
        return True

    def _seek_all(
        self, absent: Iterable[Tracked], unknown: Iterable[Candidate]
    ) -> None:
        """Let other sources look for files that are not at their places any more."""
        lost = {each.row.file_id: each for each in absent if not each.is_orphan}
        for candidate in unknown:
            replaced = self._index.at(candidate.inode)
            if replaced is not None:
                lost[replaced.row.file_id] = replaced
        if lost:
            self._seek(lost)

    def _is_found(self, candidate: Candidate, lost: Lost) -> bool:
        """Tell whether a candidate that nobody follows is a file that was lost."""
        if self._index.at(candidate.inode) is not None:
            return False
        if not self._index.is_free(candidate.inode):
            return False
        return self._examine(candidate, lost) and self._moves.follow(candidate, lost)

    def _refuse(self, candidate: Candidate) -> None:
        """Leave a candidate to another source, for now at least."""
        if self._index.left_at(candidate.inode) is not None:
            self.is_undecided = True
            return
        why = "another source follows it already"
        self._examiner.trouble(candidate.name.path, "file_refused", why)

    def _is_recognised(
        self, tracked: Tracked, candidate: Candidate, sighting: Sighting
    ) -> bool:
        """Settle a candidate by what is in it; False if that is another file."""
        likeness = compare(sighting, tracked.live_row())
        if sighting.packing != tracked.row.packing:
            return False
        if tracked.was_empty and candidate.name.is_rotated:
            # It may be a copy, which `count` knows from a new file.
            return False
        place = tracked.goes_on_at
        if likeness is Likeness.SHRUNK:
            place = self._remains.place_shrunk(tracked, sighting)
        elif likeness is Likeness.OTHER:
            regrown = self._remains.place_regrown(tracked, sighting)
            if regrown is None:
                return False
            place = regrown
        if place.offset_bytes < tracked.offset_bytes:
            self._arrivals.go_on_shorter(tracked, candidate, sighting, place)
            return True
        if tracked.row.cut is not None:
            # By an earlier run, and nothing beyond the cut was committed.
            self._roster.forget_cut(tracked)
        if sighting.head.is_known:
            self._roster.amend(tracked, head=sighting.head)
        self._roster.refresh(tracked, candidate.name, candidate.facts)
        return True

    def _examine(self, candidate: Candidate, missing: dict[str, Tracked]) -> bool:
        """Learn head and packing; False if there is nothing to decide now."""
        original = self._copies.original_of(candidate)
        if original is not None and not self._moves.is_missing(original, missing):
            return False
        sighting = self._examiner.open(candidate)
        if sighting is None:
            return False
        candidate.head, candidate.packing = sighting.head, sighting.packing
        candidate.is_begun = sighting.is_begun
        candidate.facts = Facts(sighting.size_bytes, sighting.mtime_ns)
        sighting.close()
        return True

    def _replace(self, candidate: Candidate, missing: dict[str, Tracked]) -> None:
        """Let go of the file whose inode now holds something else."""
        replaced = self._index.at(candidate.inode)
        if replaced is None:
            return
        missing.pop(replaced.row.file_id, None)
        is_unpacked = replaced.row.head.is_known or not candidate.packing
        if replaced.offset_bytes == 0 and not (replaced.unread_bytes and is_unpacked):
            # It never held a line, or is an archive that was empty when we saw it
            # first: nothing was replaced.
            self._roster.drop(replaced)
            return
        # Under another name it is a file that was made after that one was deleted, as
        # at each rotation that removes the oldest: file systems give its inode again.
        if candidate.name.path == replaced.name.path:
            self._roster.count("file_truncated", 1)
            self._events.emit("file_truncated", path=candidate.name.path)
        self.retire(replaced)

    def _miss(self, tracked: Tracked) -> None:
        """Deal with a file that no name leads to any more."""
        if tracked.handle is None:
            self.retire(tracked)
            return
        # The handle still has its bytes; the source reads them to the end.
        tracked.is_orphan = True
        if tracked.is_doubtful:
            self._judge_nameless(tracked, tracked.handle)

    def _judge_nameless(self, tracked: Tracked, handle: int) -> None:
        """Settle a file without a name that holds other bytes than it did."""
        path = tracked.name.path
        with closing(Sighting(path, open_file=lambda *_: os.dup(handle))) as sighting:
            facts = Facts(sighting.size_bytes, sighting.mtime_ns)
            candidate = Candidate(tracked.name, tracked.inode, facts)
            if self._is_recognised(tracked, candidate, sighting):
                tracked.is_orphan = True
            else:
                self.retire(tracked)
