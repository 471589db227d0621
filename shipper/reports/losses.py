"""What the counters of the state tell of losses, and of what was not sent on purpose.

Sums come in; the few totals an operator asks for go out, named. Shared by the
reports, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from shipper.store.sums import Sums
from shipper.store.writers import Missing

# The named totals, as the rooms that count them call them.
MISSING = "missing_records"
FOUND = "found_records"
DROPPED = "dropped_records"
LOST_FILES = "file_lost"
LOST_BYTES = "lost_bytes"
SHRUNK_BYTES = "shrunk_bytes"
TRUNCATED_FILES = "file_truncated"
AMBIGUOUS = "identity_ambiguous"
SKIPPED = "skipped:"
REJECTED = "rejected:"
WITHHELD = "withheld:"
DETECTED = "detected:"


class Losses(Struct, frozen=True):
    """What never reached us, and what we kept back.

    Attributes:
        missing_records: Records that no line was seen of: dropped or evicted by the
            writer, or gone with a file.
        found_records: Those that were missing and have turned up since.
        waiting_records: Those among them that may still come.
        writers: Who lost them, as far as they are remembered.
        dropped_records: What writers told of their own drops; part of the missing.
        lost_files: Files that vanished before they were read.
        lost_bytes: What they held, unread.
        shrunk_bytes: Bytes that had been read of files that lost their end.
        truncated_files: Files replaced in place.
        identity_ambiguous: Files that could have been one of several.
        skipped: Lines left out, by rule; `rejected` and `withheld` likewise by reason.
        detected: Records with what looks like a secret, by kind, hidden or not.
    """

    missing_records: int = 0
    found_records: int = 0
    waiting_records: int = 0
    writers: tuple[Missing, ...] = ()
    dropped_records: int = 0
    lost_files: int = 0
    lost_bytes: int = 0
    shrunk_bytes: int = 0
    truncated_files: int = 0
    identity_ambiguous: int = 0
    skipped: Mapping[str, int] = {}
    rejected: Mapping[str, int] = {}
    withheld: Mapping[str, int] = {}
    detected: Mapping[str, int] = {}


def losses_of(sums: Sums) -> Losses:
    """Return what a state tells of losses."""
    totals = sums.counters
    return Losses(
        missing_records=totals.get(MISSING, 0)
        + sum(writer.count for writer in sums.missing),
        found_records=totals.get(FOUND, 0),
        waiting_records=sum(writer.waiting for writer in sums.missing),
        writers=sums.missing,
        dropped_records=totals.get(DROPPED, 0),
        lost_files=totals.get(LOST_FILES, 0),
        lost_bytes=totals.get(LOST_BYTES, 0),
        shrunk_bytes=totals.get(SHRUNK_BYTES, 0),
        truncated_files=totals.get(TRUNCATED_FILES, 0),
        identity_ambiguous=totals.get(AMBIGUOUS, 0),
        skipped=by_reason(totals, SKIPPED),
        rejected=by_reason(totals, REJECTED),
        withheld=by_reason(totals, WITHHELD),
        detected=by_reason(totals, DETECTED),
    )


def by_reason(totals: Mapping[str, int], prefix: str) -> dict[str, int]:
    """Return the totals whose names begin with `prefix`, by the rest of the name."""
    return {
        name.removeprefix(prefix): amount
        for name, amount in totals.items()
        if name.startswith(prefix)
    }
