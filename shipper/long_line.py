"""A line over the limit, digested as it streams by and never held whole."""

from __future__ import annotations

from hashlib import sha256
from zlib import crc32

from shipper.fileid import MARK_BYTES

# What is kept of such a line: enough to see what it was.
PREFIX_BYTES = 4096


class LongLine:
    """Where the line has been read to, and what its bytes so far amount to.

    Attributes:
        at_bytes: Offset of the next byte to feed.
        crc: The chain up to there; `digest` likewise, newline left out.
        prefix: The first bytes; `ending` holds the last ones.
    """

    __slots__ = ("at_bytes", "crc", "digest", "ending", "prefix")

    def __init__(self, at_bytes: int, crc: int, prefix: bytes) -> None:
        self.at_bytes = at_bytes
        self.crc = crc
        self.digest = sha256()
        self.prefix = prefix
        self.ending = b""

    def feed(self, piece: bytes) -> bool:
        """Take what belongs to the line; True if its newline was in `piece`."""
        newline = piece.find(b"\n")
        text = piece if newline < 0 else piece[: newline + 1]
        self.digest.update(text if newline < 0 else text[:-1])
        self.crc = crc32(text, self.crc)
        self.at_bytes += len(text)
        self.ending = (self.ending + text)[-MARK_BYTES:]
        return newline >= 0
