"""Lines of one packed file, in bounded memory whatever it unpacks to.

Packed bytes come in, lines without their newlines go out. Bytes that are damaged, end
early or go on behind the end are an error, after the lines before them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

GZIP = 31  # the window, with a gzip header and trailer (zlib manual, inflateInit2)
PIECE_BYTES = 262_144
MAX_LINE_BYTES = 64 * 1024 * 1024  # far above any record; a bomb has none at all


class DamagedError(Exception):
    """The bytes are not what was packed; the message says why."""


def lines_in(packed: bytes) -> Iterator[bytes]:
    """Yield the lines.

    Raises:
        DamagedError: The rest cannot be read.
    """
    unpacker = zlib.decompressobj(GZIP)
    rest: list[bytes] = []
    rest_bytes = 0
    for piece in _pieces(unpacker, packed):
        *whole, last = piece.split(b"\n")
        if whole:
            yield b"".join((*rest, whole[0]))
            yield from whole[1:]
            rest, rest_bytes = [], 0
        rest.append(last)
        rest_bytes += len(last)
        if rest_bytes > MAX_LINE_BYTES:
            raise DamagedError(f"a line is longer than {MAX_LINE_BYTES} bytes")
    if rest_bytes:
        raise DamagedError("its last line has no end")


def _pieces(unpacker: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    waiting = packed
    while not unpacker.eof:
        try:
            piece = unpacker.decompress(waiting, PIECE_BYTES)
        except zlib.error as error:
            raise DamagedError(f"it cannot be unpacked: {error}") from error
        waiting = unpacker.unconsumed_tail
        if piece:
            yield piece
        elif not waiting and not unpacker.eof:
            raise DamagedError("it ends early")
    if unpacker.unused_data:
        raise DamagedError("something stands behind its end")
