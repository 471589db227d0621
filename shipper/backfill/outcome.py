"""What became of the logs of a backfill, and how far a run has come until then.

A `FileOutcome` for each log is filled in from the survey to the last commit; together
they are the `Outcome` that the command tells of. Nothing here reads, sends or stores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from shipper.model import Advance

SENT = "sent"
LEFT_ALONE = "left alone"
UNFINISHED = "unfinished"


@dataclass(slots=True)
class FileOutcome:
    """What became of one log in this run.

    Attributes:
        name: As it was given; ``-`` for standard input.
        state: ``sent``, ``left alone``, or ``unfinished``.
        why: What kept it from being sent, or nothing.
        sent_before: Lines that earlier runs had settled.
    """

    path: str
    name: str
    format: str = ""
    wrapper: str | None = None
    packing: str = ""
    size_bytes: int = 0
    state: str = UNFINISHED
    why: str = ""
    sent_before: int = 0
    delivered: int = 0
    skipped: int = 0
    dead: int = 0
    blank: int = 0
    rejects: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> int:
        """How many lines were settled in this run."""
        return self.delivered + self.skipped + self.dead + self.blank

    def count(self, advance: Advance) -> None:
        """Add the lines of a commit that has been stored."""
        self.delivered += advance.delivered
        self.skipped += advance.skipped
        self.dead += advance.dead
        self.blank += advance.blank

    def leave_alone(self, why: str) -> None:
        """Note that nothing more of it is sent, on purpose."""
        self.state = LEFT_ALONE
        self.why = why

    def taken_over(self) -> None:
        """Note that the shipper follows it from now on."""
        self.leave_alone("the shipper follows it now, and sends the rest")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all of them.

    Attributes:
        signal_number: Of the signal that ended the run early, or None.
    """

    files: tuple[FileOutcome, ...]
    signal_number: int | None

    @property
    def is_complete(self) -> bool:
        """Every log was sent to its end, or left alone on purpose."""
        return all(file.state != UNFINISHED for file in self.files)

    @property
    def lines(self) -> int:
        """How many lines all logs have; those that earlier runs settled as well."""
        lines = sum(file.sent_before + file.lines - file.blank for file in self.files)
        return max(lines, self.rejected)  # half a line is refused and not settled

    @property
    def rejected(self) -> int:
        """How many lines were refused in this run."""
        return sum(file.rejects.total() for file in self.files)


class Progress:
    """How far a run has come, for whoever shows it; read by the same thread.

    Attributes:
        total_bytes: Of all logs that are read, on disk.
        records: Settled so far.
    """

    def __init__(self, tick: Callable[[Progress], None]) -> None:
        # Mutable state: the numbers; the pipeline thread moves them.
        self.total_bytes = 0
        self.done_bytes = 0
        self.records = 0
        self._tick = tick

    def moved(self, records: int, done_bytes: int) -> None:
        """Take note of a commit."""
        self.records += records
        self.done_bytes = max(self.done_bytes, done_bytes)
        self._tick(self)
