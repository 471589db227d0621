"""The state directory itself: made when missing, and what is wrong with it in words."""

from __future__ import annotations

import errno
import os

from shipper.errors import StateError, StateUnusableError

_FULL = {errno.ENOSPC, errno.EDQUOT}


def prepare_directory(state_dir: str) -> None:
    """Make the directory, closed to other users, if it does not exist.

    Raises:
        StateUnusableError: It cannot be made or written to.
        StateError: The disk is full.
    """
    try:
        os.makedirs(state_dir, mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise StateUnusableError(
            f"cannot use the state directory: {state_dir}: it is not a directory",
            path=state_dir,
            hint="point state_dir elsewhere, or move that file away",
        ) from error
    except OSError as error:
        raise unusable(state_dir, error) from error
    if not os.access(state_dir, os.R_OK | os.W_OK | os.X_OK):
        raise unusable(state_dir, PermissionError(errno.EACCES, "Permission denied"))


def unusable(path: str, error: OSError) -> StateError:
    """Return our error for one of the operating system's, with a hint."""
    why = error.strerror or str(error)
    message = f"cannot use the state: {path}: {why}"
    if error.errno in _FULL:
        return StateError(
            message, path=path, is_temporary=True, hint="free some disk space"
        )
    hint = "check the disk that state_dir is on"
    if error.errno in {errno.EACCES, errno.EPERM}:
        hint = f"let user {os.geteuid()} write there, or set state_dir"
    elif error.errno == errno.EROFS:
        hint = "the file system is read-only; set state_dir to another"
    elif error.errno == errno.ENOTDIR:
        hint = "a part of the path is a file; set state_dir to another"
    return StateUnusableError(message, path=path, hint=hint)
