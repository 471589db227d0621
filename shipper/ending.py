"""How a run ends: why a pipeline is over, and which exit code that becomes.

Why it is over comes in, and which signal asked for the end, if one did; the code for
whoever started the run goes out.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from shipper.errors import EXIT_OK, EXIT_TRY_AGAIN
from shipper.events import Events, Value

EXIT_BY_SIGNAL: Final = 128  # plus the number, as shells count
_CLOSED: Final = frozenset(map(os.strerror, (errno.EACCES, errno.EPERM)))


class Ending(StrEnum):
    """Why a run is over."""

    DRAINED = "drained"
    STOPPED = "stopped"
    OUT_OF_TIME = "out of time"
    PAUSED = "paused"
    QUIET = "quiet hours"
    LEFT = "left files"  # all was dealt with but what stands in these


class LeftFiles:
    """Passes events on and remembers which files were stopped, or closed to us.

    Nothing in them moves, so a run that leaves some has not dealt with everything.
    Neither has one that could not write down the files it has found: it reads none of
    them before.
    """

    def __init__(self, events: Events) -> None:
        # Mutable state: their paths, in the order in which they were told of; and how
        # many of those that write to the state cannot at present.
        self._events = events
        self._stopped: dict[str, None] = {}
        self._closed: dict[str, None] = {}
        self._failing = 0

    def emit(self, name: str, **fields: Value) -> None:
        """Report one event."""
        if name == "file_stopped":
            self._stopped[str(fields["path"])] = None
        elif name == "file_unreadable" and fields["why"] in _CLOSED:
            self._closed[str(fields["path"])] = None
        elif name == "state_write_failed":
            self._failing += 1
        elif name == "state_write_resumed":
            self._failing -= 1
        self._events.emit(name, **fields)

    def judged(self, ending: Ending) -> Ending:
        """Return how a run has ended that may have left files."""
        if ending is not Ending.DRAINED:
            return ending
        is_left = self._stopped or self._still_closed() or self._failing
        return Ending.LEFT if is_left else ending

    def tell(self) -> None:
        """Name the files at the end, where nobody overlooks them."""
        closed = self._still_closed()
        paths = dict.fromkeys((*self._stopped, *closed))
        if not paths:
            return  # that nothing could be written down has been told, as an error
        words = ("stopped" if self._stopped else "", "closed to us" if closed else "")
        self._events.emit(
            "files_left",
            files=len(paths),
            how=" or ".join(filter(None, words)),
            paths=", ".join(paths),
        )

    def _still_closed(self) -> list[str]:
        return [path for path in self._closed if _is_closed(path)]


def _is_closed(path: str) -> bool:
    """Tell whether nobody of this user can get at a file, or at those in a directory.

    One that cannot be listed may be passed through, and its files were read then.
    """
    if not os.path.lexists(path):  # gone meanwhile, or its directory is closed
        return not os.access(os.path.dirname(path), os.X_OK)
    return not os.access(path, os.X_OK if os.path.isdir(path) else os.R_OK)


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
