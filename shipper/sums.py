"""How many lines a run has committed, by what became of them.

Commits come in once they are stored; figures go out, which may be added to those of
another run or another worker. The sums over all runs are the state's own: `store/`.
"""

from __future__ import annotations

from msgspec import Struct

from shipper.model import Commit


class Sums(Struct):
    """Lines committed in this run, by outcome."""

    delivered: int = 0
    skipped: int = 0
    dead: int = 0
    blank: int = 0

    def count(self, commit: Commit) -> None:
        """Add the lines of a commit that has been stored."""
        for advance in commit.advances:
            self.delivered += advance.delivered
            self.skipped += advance.skipped
            self.dead += advance.dead
            self.blank += advance.blank

    def __add__(self, other: Sums) -> Sums:
        """Return the sums of two runs together."""
        return Sums(
            self.delivered + other.delivered,
            self.skipped + other.skipped,
            self.dead + other.dead,
            self.blank + other.blank,
        )
