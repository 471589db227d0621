"""How a run ends: why a pipeline is over, and which exit code that becomes.

Why it is over comes in, and which signal asked for the end, if one did; the code for
whoever started the run goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from shipper.errors import EXIT_OK, EXIT_TRY_AGAIN

EXIT_BY_SIGNAL: Final = 128  # plus the number, as shells count


class Ending(StrEnum):
    """Why a run is over."""

    DRAINED = "drained"
    STOPPED = "stopped"
    OUT_OF_TIME = "out of time"
    PAUSED = "paused"
    QUIET = "quiet hours"


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
        case Ending.OUT_OF_TIME | Ending.QUIET:
            return EXIT_TRY_AGAIN
        case Ending.STOPPED | Ending.PAUSED:
            # systemd asks for the stop itself and calls anything but 0 a failure.
            if "INVOCATION_ID" in environ or ended_by is None:
                return EXIT_OK
            return EXIT_BY_SIGNAL + ended_by
        case _:
            assert_never(ending)
