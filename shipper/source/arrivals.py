"""Files that are followed from now on: new ones, and what is left of one that was cut.

A candidate that `census` has judged comes in; where its reading begins is decided
here. The roster keeps it, and it is told.
"""

from __future__ import annotations

from shipper.events import Events
from shipper.fileid import Cut, FileRow, FileState
from shipper.follow import Position
from shipper.source.examine import Candidate, Examiner
from shipper.source.roster import Roster, state_of
from shipper.source.sighting import Sighting
from shipper.source.tracked import Facts, Tracked


class Arrivals:
    """Enters files on a roster. Pipeline thread only.

    Args:
        roster: The known files.
        examiner: Opens candidates.
        events: Where finds and losses are told.
        starts_at_end: What is there at the first count is not read.
    """

    def __init__(
        self,
        roster: Roster,
        examiner: Examiner,
        events: Events,
        *,
        starts_at_end: bool,
    ) -> None:
        # Mutable state: whether this is the very first count.
        self._roster = roster
        self._examiner = examiner
        self._events = events
        self._starts_at_end = starts_at_end

    def conclude(self) -> None:
        """Note that all was counted: what comes from now on is read from its start."""
        self._starts_at_end = False

    def welcome(self, candidate: Candidate) -> None:
        """Follow a file nobody knew."""
        place, state = Position(), state_of(candidate.name)
        if self._starts_at_end and candidate.packing:
            state = FileState.DONE
        elif self._starts_at_end:
            sighting = self._examiner.open(candidate)
            if sighting is None:
                return
            place = sighting.last_place()
            sighting.close()
        self._enter(candidate, place, state)

    def go_on_shorter(
        self,
        tracked: Tracked,
        candidate: Candidate,
        sighting: Sighting,
        place: Position,
    ) -> None:
        """Follow what is left of a file that lost its end, as a new file.

        The old row keeps its position and its sums: a position never goes back.
        """
        if not self._roster.is_committed(tracked):
            # What is in flight belongs to the old row: a crash after letting go of
            # it would skip lines that are still there. Unread, the file waits, and
            # what is added to it meanwhile is read from where it was cut, by the
            # next run too: a crash here leaves the cut in the row.
            cut = Cut(place.offset_bytes, place.mark)
            facts = Facts(sighting.size_bytes, sighting.mtime_ns)
            self._roster.note_cut(tracked, cut, facts)
            return
        shrunk = tracked.offset_bytes - place.offset_bytes
        self._roster.count("shrunk_bytes", shrunk)
        self._events.emit("file_shrunk", path=candidate.name.path, shrunk_bytes=shrunk)
        self._roster.amend(tracked, cut=None)
        candidate.head, candidate.packing = sighting.head, sighting.packing
        heir = self._enter(candidate, place, state_of(candidate.name))
        self._roster.give_way(tracked, heir)

    def _enter(
        self, candidate: Candidate, place: Position, state: FileState
    ) -> Tracked:
        row = FileRow(
            file_id="",
            path="",
            dev=0,
            ino=0,
            head=candidate.head,
            start_bytes=place.offset_bytes,
            offset_bytes=place.offset_bytes,
            mark=place.mark,
            state=state,
            packing=candidate.packing,
        )
        entered = self._roster.enter(
            candidate.name, candidate.inode, candidate.facts, row
        )
        path = candidate.name.path
        self._events.emit("file_found", path=path, position=place.offset_bytes)
        return entered
