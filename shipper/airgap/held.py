"""What an export will commit, held until its bundle is whole.

Commits of the pipeline come in, one commit goes out at the end: a position must not
move before the bundle that holds its lines can be sealed. What a receiver would call
delivered is exported here.
"""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from shipper.model import Advance, Commit, DeadLetter, Run
from shipper.settle import joined
from shipper.store.ledger import RANGE_BYTES


class Held:
    """Implements the pipeline's checkpoints, over memory.

    Neighbouring advances are joined up to one mebibyte, as the ledger keeps them, so
    that a backlog of any size needs little.
    """

    def __init__(self) -> None:
        # Mutable state: all that was committed so far. Pipeline thread.
        self._advances: list[Advance] = []
        self._latest: dict[str, int] = {}
        self._letters: list[DeadLetter] = []
        self._counters: Counter[str] = Counter()
        self._runs: list[Run] = []

    def commit(self, commit: Commit) -> None:
        """Take a commit."""
        for advance in commit.advances:
            self._add(replace(advance, delivered=0, exported=advance.delivered))
        self._letters += commit.dead_letters
        for name, amount in commit.counters:
            self._counters[name] += amount
        for run in commit.runs:
            self._join(run)

    @property
    def advances(self) -> tuple[Advance, ...]:
        """Where positions will move, in order; a file may move several times."""
        return tuple(self._advances)

    def whole(self) -> Commit:
        """Return everything as one commit."""
        return Commit(
            advances=tuple(self._advances),
            dead_letters=tuple(self._letters),
            counters=tuple(sorted(self._counters.items())),
            runs=tuple(self._runs),
        )

    def _add(self, advance: Advance) -> None:
        at = self._latest.get(advance.file_id)
        before = None if at is None else self._advances[at]
        if (
            at is None
            or before is None
            or advance.end_bytes - before.start_bytes > RANGE_BYTES
        ):
            self._latest[advance.file_id] = len(self._advances)
            self._advances.append(advance)
            return
        self._advances[at] = joined(before, advance)

    def _join(self, run: Run) -> None:
        last = self._runs[-1] if self._runs else None
        if (
            last is not None
            and (last.file_id, last.pid, last.opened_ns)
            == (run.file_id, run.pid, run.opened_ns)
            and last.last + 1 == run.first
            and not run.told
        ):
            self._runs[-1] = replace(last, last=run.last)
        else:
            self._runs.append(run)
