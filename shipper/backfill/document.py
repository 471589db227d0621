"""A log that is one document, a HAR: its entries take the place of lines.

An open file comes in, its fingerprint or its entries go out. It is known by all of its
bytes and not by its first line, the place of an entry is its number, and it is held
whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Final
from zlib import crc32

from shipper.fileid import Head
from shipper.follow import Position
from shipper.formats.har import split_har
from shipper.logfile import BadInputError, LogFile
from shipper.model import Line, Reject

_READ_BYTES: Final = 1_048_576
_FIRST_ENTRIES: Final = 20  # one program wrote all of them, and they may be large


def document_head(file: LogFile) -> Head:
    """Return the fingerprint of a document: that of everything in it."""
    digest, length = sha256(), 0
    for piece in _pieces(file):
        digest.update(piece)
        length += len(piece)
    return Head(length, digest.digest())


def first_entries(file: LogFile) -> list[bytes]:
    """Return some entries, by which it shows what all of them lack.

    Raises:
        BadInputError: It is no document, or not all of one.
    """
    return list(islice(_split(file), _FIRST_ENTRIES))


def entries(file: LogFile, position: Position, file_id: str) -> Iterator[Line]:
    """Hand out the entries of a document from a position on, as lines.

    Raises:
        BadInputError: It is not the document it was.
    """
    crc = position.crc
    for index, data in enumerate(_split(file)):
        if index < position.offset_bytes:
            continue
        after = crc32(data + b"\n", crc)
        yield Line(file_id, index, index + 1, crc, after, data)
        crc = after


def _split(file: LogFile) -> Iterator[bytes]:
    found = split_har(b"".join(_pieces(file)))
    if isinstance(found, Reject):
        raise BadInputError(file.path, found.detail)
    return found


def _pieces(file: LogFile) -> Iterator[bytes]:
    at = 0
    while piece := file.read_at(at, _READ_BYTES):
        yield piece
        at += len(piece)
