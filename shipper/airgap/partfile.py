"""One part of a bundle while it grows: log objects, and where their lines stand.

Lines come in, two packed files go out, hashed on their way to the disk and forced to
it when they are closed. The same lines make the same bytes: no name and no time is in
them.
"""

from __future__ import annotations

import os
import zlib
from hashlib import sha256

from shipper.airgap.layout import Content, Part, part_name, places_name
from shipper.airgap.writing import MODE, told, write_all
from shipper.model import LinePlace

DIRECTORY_MODE = 0o700
LEVEL = 6
GZIP = 31  # the window, with a gzip header and trailer (zlib manual, deflateInit2)
# What deflate may still hold back: a block of at most 32,767 symbols of 31 bits each.
PENDING_BYTES = 131_072


class OpenPart:
    """A part that still grows.

    Args:
        directory: The bundle's.
        number: From 1.
    """

    def __init__(self, directory: str, number: int) -> None:
        # Mutable state: two open files and a count.
        self._objects = _Packed(directory, part_name(number))
        self._places = _Packed(directory, places_name(number))
        self._records = 0

    @property
    def packed_bytes(self) -> int:
        """What has reached the disk of the log objects."""
        return self._objects.packed_bytes

    @property
    def unpacked_bytes(self) -> int:
        """Of the log objects, newlines included."""
        return self._objects.unpacked_bytes

    def write(self, payload: bytes, file_number: int, place: LinePlace) -> None:
        """Add a record.

        Raises:
            CannotWriteError: The disk is full or failing.
        """
        where = file_number, place.start_bytes, place.end_bytes
        self._objects.write(payload)
        self._places.write(b"[%d,%d,%d]" % where)
        self._records += 1

    def close(self) -> Part:
        """Force it to the disk; return what the manifest says of it.

        Raises:
            CannotWriteError: The disk is full or failing.
        """
        return Part(
            records=self._records,
            unpacked_bytes=self.unpacked_bytes,
            objects=self._objects.close(),
            places=self._places.close(),
        )

    def abandon(self) -> None:
        """Let go of the files as they are."""
        self._objects.abandon()
        self._places.abandon()


class _Packed:
    """A gzip file of lines."""

    def __init__(self, directory: str, name: str) -> None:
        # Mutable state: the open file, the packer, the hash and the sizes.
        self._name = name
        self._path = os.path.join(directory, name)
        self._sha256 = sha256()
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self.packed_bytes = 0
        self.unpacked_bytes = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with told(self._path):
            self._handle: int | None = os.open(self._path, flags, MODE)

    def write(self, line: bytes) -> None:
        self.unpacked_bytes += len(line) + 1
        self._put(self._packer.compress(line + b"\n"))

    def close(self) -> Content:
        self._put(self._packer.flush())
        with told(self._path):
            if self._handle is not None:
                os.fsync(self._handle)
        self.abandon()
        return Content(self._name, self.packed_bytes, self._sha256.hexdigest())

    def abandon(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _put(self, packed: bytes) -> None:
        if packed and self._handle is not None:
            with told(self._path):
                write_all(self._handle, packed)
            self._sha256.update(packed)
            self.packed_bytes += len(packed)
