"""The numbers that the lines of a batch carry, put together as they are read.

Who wrote a line and its number come in, in the order read; runs of consecutive numbers
go out, in the order of their beginnings, with what the writers told of their own
losses. What a gap between runs means is said elsewhere (`gaps`).
"""

from __future__ import annotations

from collections import Counter

from shipper.model import Run, Serial

DROPPED = "dropped_records"  # what writers told of their own losses
MISSING = "missing_records"  # losses that no writer's numbers will show


class Runs:
    """Those of one batch.

    Attributes:
        losses: Records that writers told of having lost, by the total's name.
    """

    def __init__(self) -> None:
        # Mutable state: the runs so far, the last one of each writer, and the losses.
        # Touched by the pipeline thread alone.
        self._runs: list[_OpenRun] = []
        # By the time of opening: to the nanosecond, it tells writers apart all but
        # always, and a run too many does no harm.
        self._run_of: dict[int, _OpenRun] = {}
        self.losses: Counter[str] = Counter()

    def note(self, file_id: str, serial: Serial | None, dropped: int) -> None:
        """Take the number of a line: it goes on with its writer's run, or begins one.

        Runs keep the order of their beginnings; what an interleaving of files
        changes by that lies within what the tracker of gaps puts up with.

        Args:
            file_id: Where the line stands.
            serial: Whose line it is, and its number, if it says so.
            dropped: Records that its writer lost just before it.
        """
        if serial is None:
            # Nobody numbered it, so no gap will tell of these.
            self.losses[DROPPED] += dropped
            self.losses[MISSING] += dropped
            return
        run = self._run_of.get(serial.opened_ns)
        if dropped:
            self.losses[DROPPED] += dropped
        elif (
            run is not None
            and run.last + 1 == serial.number
            and run.pid == serial.pid
            and run.file_id == file_id
        ):
            run.last += 1
            return
        run = _OpenRun(file_id, serial, dropped)
        self._run_of[serial.opened_ns] = run
        self._runs.append(run)

    def close(self) -> tuple[Run, ...]:
        """Return them."""
        return tuple(run.close() for run in self._runs)


class _OpenRun:
    """A run that still grows."""

    __slots__ = ("file_id", "first", "last", "pid", "told")

    def __init__(self, file_id: str, first: Serial, told: int) -> None:
        self.file_id = file_id
        self.pid = first.pid
        self.first = first
        self.last = first.number
        self.told = told

    def close(self) -> Run:
        first = self.first
        return Run(
            self.file_id,
            first.pid,
            first.opened_ns,
            first.number,
            self.last,
            self.told,
        )
