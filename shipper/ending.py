"""How a run ends: why a pipeline is over, and which exit code that becomes.

Why it is over comes in, and which signal asked for the end, if one did; the code for
whoever started the run goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from shipper.errors import EXIT_OK, EXIT_TRY_AGAIN
from shipper.events import Events, Value

EXIT_BY_SIGNAL: Final = 128  # plus the number, as shells count


class Ending(StrEnum):
    """Why a run is over."""

    DRAINED = "drained"
    STOPPED = "stopped"
    OUT_OF_TIME = "out of time"
    PAUSED = "paused"
    QUIET = "quiet hours"
    LEFT = "stopped files"  # all was dealt with but what stands in these


class StoppedFiles:
    """Passes events on and remembers which files were stopped.

    Nothing in them moves, so a run that leaves some has not dealt with everything.
    """

    def __init__(self, events: Events) -> None:
        # Mutable state: their paths, in the order in which they were stopped.
        self._events = events
        self._paths: dict[str, None] = {}

    def emit(self, name: str, **fields: Value) -> None:
        """Report one event."""
        if name == "file_stopped":
            self._paths[str(fields["path"])] = None
        self._events.emit(name, **fields)

    def judged(self, ending: Ending) -> Ending:
        """Return how a run has ended that may have left files."""
        return Ending.LEFT if ending is Ending.DRAINED and self._paths else ending

    def tell(self) -> None:
        """Name the files at the end, where nobody overlooks them."""
        paths = ", ".join(self._paths)
        self._events.emit("files_left", files=len(self._paths), paths=paths)


def exit_code(
    ending: Ending, ended_by: int | None, *, environ: Mapping[str, str]
) -> int:
    """Return the exit code.

    Args:
        ending: Why the run is over.
        ended_by: The number of the signal that asked for it, or None.
        environ: Tells whether systemd has started the command (systemd.exec(5)).
    """
    match ending:
        case Ending.DRAINED:
            return EXIT_OK
        case Ending.OUT_OF_TIME | Ending.QUIET | Ending.LEFT:
            return EXIT_TRY_AGAIN
        case Ending.STOPPED | Ending.PAUSED:
            # systemd asks for the stop itself and calls anything but 0 a failure.
            if "INVOCATION_ID" in environ or ended_by is None:
                return EXIT_OK
            return EXIT_BY_SIGNAL + ended_by
        case _:
            assert_never(ending)
