"""Records that were delivered before, though no commit says so.

A pipeline that ends for a reload leaves behind what the receiver has taken past an
unanswered batch. Its successor reads those lines again, and here they are known again:
counted, committed, and not sent.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from shipper.model import Commit, Entry, Line, LinePlace, Taken

T = TypeVar("T")


class Takings:
    """Knows them until a commit has passed them."""

    def __init__(self, taken: frozenset[Taken]) -> None:
        # Mutable state, of the pipeline thread: those that no commit has passed.
        self.left = taken

    def marked(self, line: Line, item: T) -> T | Entry:
        """Return the item of a line; as taken, and without payload, if it is."""
        if self.left and isinstance(item, Entry):
            place = LinePlace(line.file_id, line.start_bytes, line.end_bytes)
            # The id too: another line may stand there, if the file was cut meanwhile.
            if Taken(place, item.id) in self.left:
                return replace(item, payload=b"", is_taken=True)
        return item

    def forget(self, commit: Commit) -> None:
        """Let go of those that a commit has passed."""
        if self.left:
            ends = {one.file_id: one.end_bytes for one in commit.advances}
            self.left = frozenset(
                one
                for one in self.left
                if one.place.end_bytes > ends.get(one.place.file_id, 0)
            )
