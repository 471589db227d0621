"""The file of refused lines, and how one stands in it and in results.

Lines come in as they are refused, masked already; each is appended as one JSON object
to a file for one pair of eyes.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from shipper.errors import EXIT_CANNOT_CREATE, ShipperError

if TYPE_CHECKING:
    from shipper.backfill.shaping import Rejected


class CannotKeepError(ShipperError):
    """The file of refused lines cannot be written."""

    exit_code = EXIT_CANNOT_CREATE


class RejectFile:
    """Appends refused lines, one JSON object each, to a file for one pair of eyes.

    Args:
        path: Made with mode 0600 if it is not there.
    """

    def __init__(self, path: str) -> None:
        # Mutable state: the open file. It has no buffer: what could not be written
        # must not be tried again by `close`.
        self._path = path
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(path, flags, 0o600)
            # One that was there may have been open to others.
            os.fchmod(self._handle, 0o600)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, refused: Rejected) -> None:
        """Append one.

        Raises:
            CannotKeepError: It cannot be written.
        """
        line = json.dumps(reject_as_json(refused)).encode("ascii") + b"\n"
        before = os.fstat(self._handle).st_size
        try:
            while line:
                line = line[os.write(self._handle, line) :]
        except OSError as error:
            # Half a line would swallow the first one of the next run; a device or a
            # pipe cannot be cut.
            with suppress(OSError):
                os.ftruncate(self._handle, before)
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _failed(self, error: OSError) -> CannotKeepError:
        why = error.strerror or str(error)
        hint = "name another file with --rejects"
        return CannotKeepError(
            f"cannot keep refused lines: {self._path}: {why}", hint=hint
        )


class NoFile:
    """Keeps nothing."""

    def write(self, refused: Rejected) -> None:
        """Forget it."""

    def close(self) -> None:
        """Close nothing."""


def reject_file(path: str | None) -> RejectFile | NoFile:
    """Return where refused lines are kept."""
    return NoFile() if path is None else RejectFile(path)


def reject_as_json(refused: Rejected) -> dict[str, object]:
    """Return a refused line as it stands in files and results."""
    return {
        "file": refused.file,
        "entry" if refused.is_entry else "line": refused.line,
        "offset_bytes": refused.offset_bytes,
        "reason": refused.reason,
        "detail": refused.detail,
        "text": refused.text,
    }
