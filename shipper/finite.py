"""What a pipeline with an end needs: nothing to wait for, nobody who asks.

Backfills, exports and the sending of bundles read what lies there and are done.
"""

from __future__ import annotations

import os

from shipper.clock import Clock
from shipper.errors import EXIT_OK, EXIT_TRY_AGAIN
from shipper.model import Batch, Commit
from shipper.pipeline import Ending

EXIT_BY_SIGNAL = 128  # plus the number, as shells count; 0 under systemd


class Awake:
    """Implements the pipeline's watch: there is nothing to wait for."""

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return a pause that only answers end."""
        return 1.0


class NoDesk:
    """Implements the pipeline's desk: nobody asks anything."""

    is_idle = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def turn(self, now: float) -> Batch | None:
        """Carry out nothing."""
        return None

    def committed(self, commit: Commit) -> None:
        """Take note of nothing."""

    def rest(self, seconds: float) -> None:
        """Wait, or until somebody wakes the clock."""
        self._clock.wait(seconds)


def exit_code(ending: Ending, ended_by: int | None) -> int:
    """Return how the command ends."""
    match ending:
        case Ending.DRAINED:
            return EXIT_OK
        case Ending.OUT_OF_TIME | Ending.PAUSED | Ending.QUIET:
            return EXIT_TRY_AGAIN
        case Ending.STOPPED:
            # systemd asks for the stop itself and calls anything but 0 a failure.
            if "INVOCATION_ID" in os.environ or ended_by is None:
                return EXIT_OK
            return EXIT_BY_SIGNAL + ended_by
