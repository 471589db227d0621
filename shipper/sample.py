"""Which share of the records is sent, decided by each record's own id.

A record comes in; whether it belongs to the sample goes out, and the words that tell
a reader of the log how many records one stands for. The same id is always decided
the same way, so neither a crash nor a retry changes the sample; errors always
belong to it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from shipper import har
from shipper.record import Record

SAMPLE: Final = "sample"
FIRST_ERROR: Final = 400  # every status from here on is kept
_HASH_BYTES: Final = 8
_HASHES: Final = 256**_HASH_BYTES


class Sampler:
    """Keeps a share of the records.

    A record is kept when the first 8 bytes of the SHA-256 of its id (its ASCII text),
    read as a big-endian number, are less than ``rate * 2**64``.

    Args:
        rate: From 0 (errors only) to 1 (everything, the default).
    """

    def __init__(self, *, rate: float = 1.0) -> None:
        self.is_on = rate < 1
        self._limit = int(rate * _HASHES)
        self._note = f"sampled: 1 of {_number(1 / rate)}" if rate > 0 else ""

    def keeps(self, record: Record) -> bool:
        """Tell whether a record belongs to the sample."""
        if not self.is_on or record.status >= FIRST_ERROR:
            return True
        digest = sha256(record.id.encode()).digest()
        return int.from_bytes(digest[:_HASH_BYTES], "big") < self._limit

    def noted(self, record: Record, entry: bytes) -> bytes:
        """Return the entry of a kept record with its weight in the `comment`.

        An error stands for itself alone and gets none. The note is spliced in; only
        an entry that has a comment already is decoded.

        Args:
            record: As it lies on disk.
            entry: What is left of its entry, one JSON object.
        """
        if not self.is_on or record.status >= FIRST_ERROR:
            return entry
        if record.har.comment is UNSET:
            # An entry has members, so there is something to stand after.
            return b'%b,"comment":"%b"}' % (entry.rstrip()[:-1], self._note.encode())
        told = har.decode(entry)
        comment = f"{told.comment}; {self._note}" if told.comment else self._note
        return har.encode(replace(told, comment=comment))


def _number(amount: float) -> str:
    return f"{amount:.3f}".rstrip("0").rstrip(".")
