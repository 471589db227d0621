"""Lines that are no records and bodies that stay here, told of when they are committed.

It stands before the checkpoints of a pipeline that follows files. What went wrong may
do so a million times: it is told the first time, and at every tenth power, by file and
reason. The state counts all of it; nothing said here holds a value of a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from shipper.doors import Checkpoints
from shipper.events import Events
from shipper.model import Commit, DeadLetter

WITHHELD: Final = "withheld:"
MOST_TOLD: Final = 1000  # different ones in one run; memory is bounded by it


class Remarks:
    """Implements the pipeline's checkpoints around others.

    Args:
        checkpoints: Store the commits.
        path_of: Says where a file is by its id, None if it is not followed any more.
        events: Where it is told.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        *,
        path_of: Callable[[str], str | None],
        events: Events,
    ) -> None:
        # Mutable state, of the pipeline thread: how often each thing happened.
        self._checkpoints = checkpoints
        self._path_of = path_of
        self._events = events
        self._counts: Counter[tuple[str, str]] = Counter()

    def commit(self, commit: Commit) -> None:
        """Store a commit, and tell what of it somebody should know."""
        self._checkpoints.commit(commit)
        for letter in commit.dead_letters:
            # One that was sent again in vain was told of when it was new.
            if letter.id is None and not letter.retries:
                self._rejected(letter)
        for name, amount in commit.counters:
            if name.startswith(WITHHELD):
                self._withheld(name.removeprefix(WITHHELD), amount)

    def _rejected(self, letter: DeadLetter) -> None:
        place = letter.place
        count = self._news(place.file_id, letter.reason, 1)
        if count is not None:
            self._events.emit(
                "line_rejected",
                path=self._path_of(place.file_id) or place.file_id,
                position=place.start_bytes,
                why=f"{letter.reason}: {letter.detail}",
                count=count,
            )

    def _withheld(self, reason: str, amount: int) -> None:
        count = self._news("", reason, amount)
        if count is not None:
            self._events.emit("body_withheld", count=count, why=reason)

    def _news(self, file_id: str, reason: str, amount: int) -> int | None:
        """Count something; return how often it was if that is worth telling."""
        key = file_id, reason
        if key not in self._counts and len(self._counts) >= MOST_TOLD:
            return None
        before = self._counts[key]
        self._counts[key] = count = before + amount
        return count if len(str(count)) > len(str(before)) or not before else None
