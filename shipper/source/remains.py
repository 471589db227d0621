"""Where reading goes on in a file that was cut, and written to since perhaps.

A known file comes in with what it is now; the position after the last of its lines
that was read goes out. What was added behind that is told by the numbers of its
lines, and a file without such numbers tells nothing.
"""

from __future__ import annotations

from shipper.follow import Position
from shipper.source.examine import place_left
from shipper.source.roster import Roster
from shipper.source.sighting import Sighting
from shipper.source.tracked import Tracked


class Remains:
    """Finds the place in what is left of a file. Pipeline thread only.

    Args:
        roster: Knows what was read, and what is committed.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def place_shrunk(self, tracked: Tracked, sighting: Sighting) -> Position:
        """Return where reading goes on in a file that is shorter than it was."""
        place = place_left(sighting, tracked.live_row())
        # Otherwise all would be skipped that was added: any line will do.
        return self._place_read(tracked, sighting, place, guesses=True) or place

    def place_regrown(self, tracked: Tracked, sighting: Sighting) -> Position | None:
        """Return where reading goes on in a file that was cut, and is longer again.

        None if it is another file, or one of which that is not known.
        """
        head = tracked.row.head
        if sighting.packing or not head.is_known or sighting.head != head:
            return None
        # Otherwise it is read anew, and nothing lost: a guess might lose something.
        last = sighting.last_place()
        place = self._place_read(tracked, sighting, last, guesses=False)
        if place is None or place.offset_bytes >= tracked.offset_bytes:
            return None
        return place

    def _place_read(
        self, tracked: Tracked, sighting: Sighting, last: Position, *, guesses: bool
    ) -> Position | None:
        """Return the position after the last line that was read, None if unknown.

        A file may have been cut and written to before we look, as after a power
        failure by an application that is back before us.

        Args:
            tracked: The file as we know it.
            sighting: As it is.
            last: After its last line.
            guesses: See `Sighting.place_read`.
        """
        if not self._roster.is_committed(tracked):
            return None  # the numbers of what is in flight are not known yet
        return sighting.place_read(
            last.offset_bytes, self._roster.read_up_to, guesses=guesses
        )
