"""A file for one pair of eyes: whole or not there, and replaced only on request.

Lines go to a temporary file beside it, which takes the name when all is on disk.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress

from shipper.errors import EXIT_CANNOT_CREATE, ShipperError


class CannotWriteError(ShipperError):
    """The file cannot be made."""

    exit_code = EXIT_CANNOT_CREATE


def write_lines(
    path: str, lines: Iterable[str], *, may_replace: bool, mode: int = 0o600
) -> int:
    """Write a file; return how many lines it has.

    Args:
        path: Its name.
        lines: Without their ends.
        may_replace: Take the place of a file that is there.
        mode: Who may read it, whatever the umask.

    Raises:
        CannotWriteError: It is there already, or cannot be written; nothing of
            ours is left then.
    """
    # Late: the state brings its database, which not every writer of a file needs.
    from shipper.store.directory import force_names  # noqa: PLC0415

    directory = os.path.dirname(path) or "."
    if not may_replace and os.path.lexists(path):
        raise taken(path)
    try:
        # Closed to others until it is whole.
        handle, temporary = tempfile.mkstemp(dir=directory, prefix=".shipper-")
    except OSError as error:
        raise failed(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            count = 0
            for line in lines:
                file.write(line + "\n")
                count += 1
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        # A crash before this leaves the temporary file, after it the whole one.
        if may_replace:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
        force_names(directory)
    except FileExistsError as error:
        raise taken(path) from error
    except OSError as error:
        raise failed(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    return count


def taken(path: str) -> CannotWriteError:
    """Return the error of a file that is there already."""
    return CannotWriteError(
        f"cannot write the file: {path}: it is there already",
        hint="name another one, or replace it with --force",
    )


def failed(path: str, error: OSError) -> CannotWriteError:
    """Return the error of a file that cannot be written."""
    return CannotWriteError(f"cannot write the file: {path}: {error.strerror or error}")
