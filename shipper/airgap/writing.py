"""Files of an air gap, written so that a crash leaves them whole or not there.

Bytes come in, a name on the disk goes out; what the system refuses becomes an error
with a path and a hint.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shipper.airgap.layout import TEMPORARY, CannotWriteError
from shipper.store.directory import force_names

MODE = 0o600  # redacted, and still nobody else's business
# Network file systems that cannot force a directory to the disk say so with these.
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP}


@contextmanager
def told(path: str) -> Iterator[None]:
    """Turn what the system refuses into our error."""
    try:
        yield
    except OSError as error:
        hint = None
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            hint = "make room there, or name another place"
        raise CannotWriteError(
            f"cannot write: {path}: {error.strerror or error}", hint=hint
        ) from error


def write_all(handle: int, content: bytes) -> None:
    """Write all of it, however the system cuts it."""
    while content:
        content = content[os.write(handle, content) :]


def write_whole(path: str, content: bytes) -> None:
    """Write a file under a temporary name, force it to the disk, and rename it.

    Raises:
        CannotWriteError: It cannot be written; nothing of ours is left then.
    """
    temporary = path + TEMPORARY
    with told(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        handle = os.open(temporary, flags, MODE)
        try:
            try:
                write_all(handle, content)
                os.fsync(handle)
            finally:
                os.close(handle)
            # A crash before this leaves the temporary file, which the next try
            # replaces; one after it the whole file.
            os.replace(temporary, path)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        sync_directory(os.path.dirname(path) or ".")


def sync_directory(path: str) -> None:
    """Force the names in a directory to the disk, where the file system can."""
    try:
        force_names(path)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
