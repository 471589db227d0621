"""The books of a backfill: commits stored, and counted by log for the report.

It stands where the pipeline has its checkpoints. Commits come in and go on to the
ledger; what became of each log is written into its outcome, and refused lines are told
of when they are settled: one that a run has read and not settled is met again by the
next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from shipper.backfill.outcome import SENT, FileOutcome, Progress
from shipper.backfill.reader import Opened
from shipper.backfill.shaping import Rejected
from shipper.doors import Checkpoints
from shipper.model import Commit


class Books:
    """Implements the pipeline's checkpoints for a backfill.

    Args:
        checkpoints: Stores commits.
        opened: The logs that are read.
        files: What became of each of them, in the same order.
        progress: Moved by every commit.
        on_reject: Told of each refused line.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        opened: Sequence[Opened],
        files: Sequence[FileOutcome],
        *,
        progress: Progress,
        on_reject: Callable[[Rejected], None],
    ) -> None:
        # Mutable state: the outcomes, until the run is over, and the refused lines
        # that are not settled yet, by the name of their log. Pipeline thread.
        self._checkpoints = checkpoints
        self._opened = {one.file_id: one for one in opened}
        self._files = {
            one.file_id: file for one, file in zip(opened, files, strict=True)
        }
        self._progress = progress
        self._on_reject = on_reject
        self._refused: dict[str, deque[Rejected]] = {}
        self._before = progress.done_bytes

    def commit(self, commit: Commit) -> None:
        """Store a commit, and count what it settles."""
        for advance in commit.advances:
            # Before it is stored: a crash here tells of a line twice, not never.
            self._tell(self._files[advance.file_id], advance.end_bytes)
        self._checkpoints.commit(commit)
        records = 0
        for advance in commit.advances:
            self._files[advance.file_id].count(advance)
            records += advance.delivered + advance.skipped + advance.dead
        read = sum(one.read_bytes for one in self._opened.values())
        self._progress.moved(records, self._before + read)

    def refused(self, refused: Rejected) -> None:
        """Take note of a refused line."""
        self._refused.setdefault(refused.file, deque()).append(refused)

    def all_sent(self) -> None:
        """Note that nothing was left; what had trouble says so."""
        for file_id, opened in self._opened.items():
            file = self._files[file_id]
            self._tell(file, None)
            if opened.trouble is not None:
                file.why = str(opened.trouble)
            else:
                file.state = SENT

    def taken_over(self, file_id: str) -> None:
        """Note that the shipper follows a file from now on."""
        self._files[file_id].taken_over()

    def _tell(self, file: FileOutcome, end_bytes: int | None) -> None:
        """Tell of the refused lines that begin before a place, or of all."""
        waiting = self._refused.get(file.name, deque())
        while waiting and (end_bytes is None or waiting[0].offset_bytes < end_bytes):
            refused = waiting.popleft()
            file.rejects[refused.reason] += 1
            self._on_reject(refused)
