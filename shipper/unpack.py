"""Packed log files as plain streams: gzip, bzip2, xz and Zstandard.

What a file holds is told by its first bytes, never by its name. `PackedStream`
gives the unpacked bytes at an offset, forward only, with bounded memory; several
members in a row are one stream. An archive that is still being written simply
has no more bytes yet.
"""

from __future__ import annotations

import bz2
import lzma
import os
import zlib
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Protocol, cast

MAGIC_BYTES = 6
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    # Frames to be skipped (RFC 8878 section 3.1.2), which some programs begin with.
    *((bytes((first,)) + b"\x2a\x4d\x18", "zstd") for first in range(0x50, 0x60)),
)
PACKED_READ_BYTES = 65_536
# A dictionary larger than this is no log archive; it would take that much memory.
XZ_MEMORY_BYTES = 256 * 1_048_576


class UnpackError(Exception):
    """Nothing installed can unpack this packing; the message says what is missing."""


def packing_of(first: bytes) -> str:
    """Return the packing that the first bytes of a file announce, or ``""``."""
    return next((name for magic, name in _MAGIC if first.startswith(magic)), "")


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's object with the calling convention of the other decompressors."""

    def __init__(self) -> None:
        # Mutable state: the decompressor, and what it has not taken yet.
        self._inner = zlib.decompressobj(wbits=31)
        self._left = b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._left

    def decompress(self, data: bytes, max_length: int) -> bytes:
        packed = self._left + data
        # zlib gives nothing at all for a piece that goes wrong at its very end
        # (a bad checksum), so that up to `max_length` good bytes would be lost.
        before = self._inner.copy()
        try:
            out = self._inner.decompress(packed, max_length)
        except zlib.error:
            self._inner, out, packed = _salvaged(before, packed, max_length)
            self._left = packed
            if not out:
                raise
            return out
        self._left = self._inner.unconsumed_tail
        return out


def _salvaged(
    inner: zlib._Decompress, packed: bytes, max_length: int
) -> tuple[zlib._Decompress, bytes, bytes]:
    """Return the decompressor before the damage, what it gave, and what is left."""
    out = b""
    size = len(packed)
    # By input, not by output: with its last byte zlib checks the sum as well.
    while size and len(out) < max_length:
        trial = inner.copy()
        try:
            out += trial.decompress(packed[:size], max_length - len(out))
        except zlib.error:
            size //= 2
            continue
        inner, packed = trial, trial.unconsumed_tail + packed[size:]
        size = min(size, len(packed))
    return inner, out, packed


def _zstd() -> _Decoder:
    # Imported late: an optional extra before Python 3.14.
    try:
        zstd = import_module("compression.zstd")
    except ImportError:
        try:
            zstd = import_module("backports.zstd")
        except ImportError:
            raise UnpackError(
                "zstd is not installed: pip install 'hartail[shipper,zstd]'"
            ) from None
    return _Zstd(zstd)


class _Zstd:
    """Zstandard's decompressor, with its error made a ValueError."""

    def __init__(self, zstd: ModuleType) -> None:
        self._inner = zstd.ZstdDecompressor()
        self._error = zstd.ZstdError

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    @property
    def needs_input(self) -> bool:
        return bool(self._inner.needs_input)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return bytes(self._inner.decompress(data, max_length))
        except self._error as error:
            raise ValueError(str(error)) from error


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gzip": _Gzip,
    "bz2": lambda: cast("_Decoder", bz2.BZ2Decompressor()),  # same methods
    "xz": lambda: cast(
        "_Decoder", lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES)
    ),  # same methods
    "zstd": _zstd,
}


# What the four raise for damaged input; bz2 has no error class of its own.
_DAMAGE = (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError)


class PackedStream:
    """The unpacked bytes of an open file, by offset.

    Only the bytes from the last offset asked for are kept, so asking for an
    earlier one starts again from the front.

    Raises:
        UnpackError: At construction, if the packing needs a library that is missing.
    """

    def __init__(self, handle: int, packing: str) -> None:
        # Mutable state: where we are in the file, a window of what came out of
        # it, and what is wrong with the rest. One thread.
        self._handle = handle
        self._new_decoder = _DECODERS[packing]
        self.damage: str | None = None
        self._rewind()

    def _rewind(self) -> None:
        self._decoder = self._new_decoder()
        self._packed_at = 0
        self._pending = b""
        self._window = bytearray()
        self._window_at = 0
        self._is_between_members = False
        self.damage = None

    @property
    def is_complete(self) -> bool:
        """True if the last member ended, checksum included, where the file ends."""
        return (
            self._is_between_members
            and not self._pending.strip(b"\0")
            and not self.packed_left_bytes
        )

    @property
    def packed_left_bytes(self) -> int:
        """Bytes of the file that have not gone into the decompressor."""
        return max(0, os.fstat(self._handle).st_size - self._packed_at)

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return up to `count` unpacked bytes from `start_bytes` on.

        Fewer mean that there are no more now: the archive `is_complete`, is
        still being written, or has `damage`.
        """
        if start_bytes < self._window_at:
            self._rewind()
        while self._window_at + len(self._window) < start_bytes + count:
            piece = self._unpack_piece()
            if piece is None:
                break
            self._window += piece
            self._forget_before(start_bytes)
        self._forget_before(start_bytes)
        if self._window_at < start_bytes:
            return b""
        return bytes(self._window[:count])

    def _forget_before(self, start_bytes: int) -> None:
        surplus = min(start_bytes - self._window_at, len(self._window))
        if surplus > 0:
            del self._window[:surplus]
            self._window_at += surplus

    def _unpack_piece(self) -> bytes | None:
        """Return some more bytes, perhaps none yet; None when there are no more."""
        if self.damage is not None:
            return None
        packed, self._pending = self._pending, b""
        # What it was fed and has not used yet would pile up in the decompressor.
        if not packed and (self._is_between_members or self._decoder.needs_input):
            packed = os.pread(self._handle, PACKED_READ_BYTES, self._packed_at)
            self._packed_at += len(packed)
        if self._is_between_members:
            # gzip(1): zeros after a member are padding.
            packed = packed.lstrip(b"\0")
            if not packed:
                return b"" if self.packed_left_bytes else None
            self._decoder = self._new_decoder()
            self._is_between_members = False
        is_starved = not packed
        try:
            unpacked = self._decoder.decompress(packed, PACKED_READ_BYTES)
        except _DAMAGE as error:
            self.damage = str(error)
            return None
        if self._decoder.eof:
            self._pending = self._decoder.unused_data
            self._is_between_members = True
        elif is_starved and not unpacked and not self.packed_left_bytes:
            return None
        return unpacked
