"""The `bundles` table: what left in bundles, and what was heard of them since.

A bundle is entered in the transaction that moves the positions over its lines, so
that a line is in exactly one bundle, or in none. Its receipt turns exported lines
into delivered and dead ones, once.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from shipper.model import DeadLetter, LinePlace
from shipper.store import dead_letters
from shipper.store.catalog import path_from, path_to
from shipper.store.requests import Acknowledgement, Answer, DeadRecord

_ENTER = """
INSERT INTO bundles (id, path, records, manifest_sha256, sums, hmac, exported_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_UNSEALED = """
SELECT id, path, records, manifest_sha256, sums, hmac FROM bundles
WHERE sealed_at IS NULL AND acknowledged_at IS NULL ORDER BY exported_at, id
"""
_UNACKNOWLEDGED = """
SELECT id, path, records, exported_at, sealed_at IS NOT NULL FROM bundles
WHERE acknowledged_at IS NULL ORDER BY exported_at, id
"""
_FIND = """
SELECT records, manifest_sha256, acknowledged_at, delivered, dead FROM bundles
WHERE id = ?
"""
_RANGES = """
SELECT file_id, start_bytes, end_bytes, exported FROM ranges WHERE bundle = ?
ORDER BY file_id, start_bytes
"""
_SETTLE = """
UPDATE ranges SET delivered = delivered + exported - :dead, dead = dead + :dead,
    exported = 0
WHERE file_id = :file_id AND start_bytes = :start
"""
_ACKNOWLEDGE = """
UPDATE bundles SET acknowledged_at = ?, delivered = ?, dead = ? WHERE id = ?
"""
_UNEQUAL = """
SELECT b.id, CASE WHEN b.acknowledged_at IS NULL THEN b.records ELSE 0 END AS wanted,
    coalesce((SELECT sum(r.exported) FROM ranges r WHERE r.bundle = b.id), 0) AS found
FROM bundles b WHERE wanted != found ORDER BY b.id
"""


class Bundle(Struct, frozen=True):
    """A bundle whose lines are about to be committed.

    Attributes:
        path: The directory's name once it is sealed.
        manifest_sha256: Of its manifest, hex.
        sums: What its last file will hold: without it, it is not sealed.
        hmac: What its file of authenticity will hold, or empty.
    """

    id: str
    path: str
    records: int
    manifest_sha256: str
    sums: str
    hmac: str


class Exported(Struct, frozen=True):
    """A bundle that nobody has acknowledged yet.

    Attributes:
        path: Where it was written; it is meant to be carried away.
        exported_at: When (ISO 8601, UTC).
        is_sealed: False when the export was cut off at its last step.
    """

    id: str
    path: str
    records: int
    exported_at: str
    is_sealed: bool


class Unequal(Struct, frozen=True):
    """A bundle with other sums in the ledger than it should have."""

    id: str
    wanted: int
    found: int


def enter(connection: sqlite3.Connection, bundle: Bundle, *, now: str) -> None:
    """Remember a bundle whose lines are committed in the same transaction."""
    connection.execute(
        _ENTER,
        (
            bundle.id,
            path_to(bundle.path),
            bundle.records,
            bundle.manifest_sha256,
            bundle.sums,
            bundle.hmac,
            now,
        ),
    )


def unsealed(connection: sqlite3.Connection) -> list[Bundle]:
    """Return the bundles whose directory may not have its name yet."""
    rows = connection.execute(_UNSEALED).fetchall()
    return [Bundle(row[0], path_from(row[1]), *row[2:]) for row in rows]


def seal(connection: sqlite3.Connection, bundle_id: str, *, now: str) -> None:
    """Note that a bundle has its name."""
    connection.execute(
        "UPDATE bundles SET sealed_at = ? WHERE id = ?", (now, bundle_id)
    )


def unacknowledged(connection: sqlite3.Connection) -> tuple[Exported, ...]:
    """Return the bundles that nobody has acknowledged yet, oldest first."""
    rows = connection.execute(_UNACKNOWLEDGED).fetchall()
    return tuple(
        Exported(row[0], path_from(row[1]), row[2], row[3], bool(row[4]))
        for row in rows
    )


def unequal(connection: sqlite3.Connection) -> list[Unequal]:
    """Return the bundles of which the ledger has other sums than were exported."""
    return [Unequal(*row) for row in connection.execute(_UNEQUAL)]


def acknowledge(
    connection: sqlite3.Connection, told: Acknowledgement | None, *, now: str
) -> Answer:
    """Turn the exported lines of a bundle into delivered and dead ones.

    Returns:
        What was counted; or with `error`, why nothing was.
    """
    if told is None:
        return Answer(error="it cannot be read")
    row = connection.execute(_FIND, (told.bundle,)).fetchone()
    if row is None:
        return Answer(error=f"no bundle {told.bundle} was exported from this state")
    records, manifest_sha256, acknowledged_at, delivered, dead = row
    if manifest_sha256 != told.manifest_sha256:
        return Answer(error=f"it is of another bundle with the id {told.bundle}")
    if acknowledged_at is not None:
        note = f"bundle {told.bundle} was acknowledged before, at {acknowledged_at}"
        return Answer(
            delivered=delivered, refused=dead, notes=(note,), is_repeated=True
        )
    if told.records != records or told.delivered + len(told.dead) != records:
        return Answer(
            error=f"its counts are wrong: {records} records were exported, and it "
            f"tells of {told.records}: {told.delivered} delivered, "
            f"{len(told.dead)} dead"
        )
    stretches = connection.execute(_RANGES, (told.bundle,)).fetchall()
    buried, problem = _buried(connection, stretches, told.dead)
    if problem:
        return Answer(error=problem)
    for number, (file_id, start, _, _) in enumerate(stretches):
        values = {"file_id": file_id, "start": start, "dead": buried[number]}
        connection.execute(_SETTLE, values)
    dead_letters.keep(connection, [_letter(record) for record in told.dead], now=now)
    connection.execute(_ACKNOWLEDGE, (now, told.delivered, len(told.dead), told.bundle))
    return Answer(delivered=told.delivered, refused=len(told.dead))


def _buried(
    connection: sqlite3.Connection,
    stretches: Sequence[tuple[str, int, int, int]],
    dead: Sequence[DeadRecord],
) -> tuple[Counter[int], str]:
    """Return how many lines of each stretch are dead, or what is wrong with them."""
    buried: Counter[int] = Counter()
    starts = [(file_id, start) for file_id, start, _, _ in stretches]
    seen: set[tuple[str, int]] = set()
    for record in dead:
        place = record.file_id, record.start_bytes
        number = bisect_right(starts, place) - 1
        where = f"it has a dead record at byte {record.start_bytes} of file"
        if number < 0 or not _holds(stretches[number], record):
            return buried, f"{where} {record.file_id}, which is not in the bundle"
        # A letter that is there stands for a line that was never exported.
        if place in seen or dead_letters.has_letter(connection, *place):
            return buried, f"{where} {record.file_id} that is dead already"
        seen.add(place)
        buried[number] += 1
        if buried[number] > stretches[number][3]:
            return buried, f"{where} {record.file_id}, and more than were exported"
    return buried, ""


def _holds(stretch: tuple[str, int, int, int], record: DeadRecord) -> bool:
    file_id, start, end, _ = stretch
    return (
        record.file_id == file_id
        and start <= record.start_bytes < record.end_bytes <= end
    )


def _letter(record: DeadRecord) -> DeadLetter:
    return DeadLetter(
        place=LinePlace(record.file_id, record.start_bytes, record.end_bytes),
        id=record.id,
        reason=record.reason,
        detail=record.detail,
        payload=None if record.payload is None else record.payload.encode(),
        sha256=record.sha256,
        length_bytes=record.length_bytes,
    )
