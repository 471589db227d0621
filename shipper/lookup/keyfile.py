"""The key of the keyed mask, from its file.

A path comes in, the very bytes that the writer makes of the same file go out, or
`UnusableError`. The key is in no message.
"""

from __future__ import annotations

import os
import stat
from typing import Final

from shipper.lookup.table import UnusableError

SHORTEST_KEY_BYTES: Final = 16  # as the writer wants it: 128 bits cannot be guessed
MAX_KEY_BYTES: Final = 1_048_576  # a file beyond it is something else


def read_mask_key(path: str) -> bytes:
    """Return the file's bytes without line ends after them.

    Raises:
        UnusableError: It cannot be read, or is no key.
    """
    try:
        with open(path, "rb") as file:
            key = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise UnusableError(
            f"it cannot be read: {error.strerror}",
            hint="give the shipper's user the right to read it, as the app's user has",
        ) from error
    except ValueError as error:
        raise UnusableError("expected the path of a file") from error
    if len(key) > MAX_KEY_BYTES:
        raise UnusableError("it is over 1 MiB: not a key")
    key = key.rstrip(b"\r\n")
    if len(key) < SHORTEST_KEY_BYTES:
        raise UnusableError(
            f"it holds {len(key)} bytes, expected at least {SHORTEST_KEY_BYTES}",
            hint="make one with: head -c 32 /dev/urandom | base64",
        )
    return key


def is_open_to_all(path: str) -> bool:
    """Tell whether every user of the machine may read or change the file."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return bool(mode & stat.S_IRWXO)
