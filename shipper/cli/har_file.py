"""A HAR file that grows, and is whole after every entry.

Entries go in one by one. Each is written together with the end of the document, over
the end that stood there, in one write: whoever opens the file, and however the command
ends, finds a HAR 1.2 document with all entries so far.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec import json

from shipper import har
from shipper.cli.private_file import failed, taken
from wsgi_writer._version import __version__

_HEAD: Final = (
    b'{"log":{"version":"1.2","creator":'
    + json.encode({"name": "hartail", "version": __version__})
    + b',"entries":['
)
_TAIL: Final = b"\n]}}\n"


class HarFile:
    """A file of mode 0600 that takes entries.

    Args:
        path: Made new.
        may_replace: Take the place of a file that is there.
        os_pwrite: `os.pwrite`, or what fails on cue.

    Raises:
        CannotWriteError: It is there already, or cannot be written; nothing of ours
            is left then, and one that was to be replaced stays.
    """

    def __init__(
        self,
        path: str,
        *,
        may_replace: bool,
        os_pwrite: Callable[[int, bytes, int], int] = os.pwrite,
    ) -> None:
        # Mutable state: the open file, where its end begins, and whether it has an
        # entry yet.
        self._path = path
        self._end_bytes = len(_HEAD)
        self._is_empty = True
        self._os_pwrite = os_pwrite
        try:
            self._handle, name = _opened(path, may_replace=may_replace)
        except FileExistsError as error:
            raise taken(path) from error
        except OSError as error:
            raise failed(path, error) from error
        try:
            self._write(_HEAD + _TAIL, 0)
            if name != path:
                # A crash before this leaves the temporary file and the old one.
                os.replace(name, path)
        except OSError as error:
            os.close(self._handle)
            os.unlink(name)
            raise failed(path, error) from error

    def add(self, entry: har.HarEntry) -> None:
        """Append an entry.

        Raises:
            CannotWriteError: It cannot be written; the document is whole without it,
                unless the disk fails altogether.
        """
        text = (b"\n" if self._is_empty else b",\n") + har.encode(entry)
        try:
            self._write(text + _TAIL, self._end_bytes)
        except OSError as error:
            # On a disk that fails altogether nothing can be put back.
            with suppress(OSError):
                self._restore()
            raise failed(self._path, error) from error
        self._end_bytes += len(text)
        self._is_empty = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _write(self, content: bytes, at_bytes: int) -> None:
        while content:
            written = self._os_pwrite(self._handle, content, at_bytes)
            content, at_bytes = content[written:], at_bytes + written

    def _restore(self) -> None:
        """Put the end back where it was: it fits, for it has stood there."""
        self._os_pwrite(self._handle, _TAIL, self._end_bytes)
        os.ftruncate(self._handle, self._end_bytes + len(_TAIL))


def _opened(path: str, *, may_replace: bool) -> tuple[int, str]:
    """Return an empty file, and the name it has for now."""
    if not may_replace:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(path, flags, 0o600), path
    # Another inode: whoever reads the old file keeps it, and its mode and owner.
    return tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".shipper-")
