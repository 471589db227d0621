"""The state directory itself: made when missing, kept through a power failure.

What is wrong with it is said in words.
"""

from __future__ import annotations

import errno
import os

from shipper.errors import StateError, StateUnusableError
from shipper.mounts import is_read_only

_FULL = {errno.ENOSPC, errno.EDQUOT}
# Whoever cannot sync a directory, or may not, says so with other numbers.
_FAILED = {errno.EIO, *_FULL}


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
        code = errno.EROFS if is_read_only(state_dir) else errno.EACCES
        raise unusable(state_dir, OSError(code, os.strerror(code)))


def anchor(path: str) -> None:
    """Force a name in the state to the disk, and those of all directories above it.

    Raises:
        StateError: The disk is full or failed.
    """
    try:
        force_path(path)
    except OSError as error:
        raise unusable(path, error) from error


def force_path(path: str) -> None:
    """Force a name to the disk, and those of all directories that it lies in.

    A sync of a file is not one of its name: what was made a moment ago could be gone
    after a power failure, with every position in it. Where a file system cannot do
    it, or a directory is closed to us, it is left undone.

    Raises:
        OSError: The disk is full or failed.
    """
    path = os.path.realpath(path)
    while (above := os.path.dirname(path)) != path:
        try:
            force_names(above)
        except OSError as error:
            if error.errno in _FAILED:
                raise
        path = above


def force_names(directory: str) -> None:
    """Force the names in a directory to the disk.

    Raises:
        OSError: It cannot be opened, or the file system cannot do it.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
        # Who only looks must not be told to open the state to everybody.
        hint = (
            f"run this as the shipper's user, or, if that is user {os.geteuid()}, "
            "give the directory to it"
        )
    elif error.errno == errno.EROFS:
        hint = "the file system is read-only; set state_dir to another"
    elif error.errno == errno.ENOTDIR:
        hint = "a part of the path is a file; set state_dir to another"
    return StateUnusableError(message, path=path, hint=hint)
