"""The `dead_letters` table: items that will not be sent, with their reason.

A letter is keyed by where its line stands, so storing it twice is storing it
once. It leaves when the receiver takes it after all, when an operator purges it,
or when there are too many; in the last two cases its line stays counted as dead.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from msgspec import Struct

from shipper.model import DeadLetter, LinePlace
from shipper.store import counters, ledger
from shipper.store.catalog import path_from
from shipper.store.database import LARGEST_INTEGER

RECOVERED = "letters_recovered"
EVICTED = "letters_evicted"
PURGED = "letters_purged"
# What a row costs beside its texts: key, digest, stamps, three index entries.
ROW_BYTES = 256
# Letters are taken out in portions, so that any number needs little memory.
PORTION = 500

# One that is there already stays as it is, unless it was sent again since.
_KEEP = """
INSERT INTO dead_letters (file_id, start_bytes, end_bytes, id, reason, detail,
    payload, sha256, length_bytes, retries, excerpt, created_at, tried_at, size_bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (file_id, start_bytes) DO UPDATE SET
    id = excluded.id, reason = excluded.reason, detail = excluded.detail,
    payload = excluded.payload, sha256 = excluded.sha256,
    length_bytes = excluded.length_bytes, retries = excluded.retries,
    excerpt = excluded.excerpt, tried_at = excluded.tried_at,
    size_bytes = excluded.size_bytes
WHERE excluded.retries > dead_letters.retries
"""
_TRY = """
UPDATE dead_letters SET reason = ?1, retries = retries + 1, tried_at = ?3,
    size_bytes = size_bytes - length(detail) + length(?2), detail = ?2
WHERE number = ?4
"""
_SELECT = """
SELECT l.file_id, l.start_bytes, l.end_bytes, l.id, l.reason, l.detail,
    {payload}, l.sha256, l.length_bytes, l.retries, l.excerpt,
    l.number, l.created_at, l.tried_at, f.path, l.payload IS NOT NULL
FROM dead_letters l LEFT JOIN files f ON f.file_id = l.file_id
"""
_WHOLE = _SELECT.format(payload="l.payload")
_LISTED = _SELECT.format(payload="NULL")


class KeptLetter(Struct, frozen=True):
    """A dead letter with what the table knows of it.

    Attributes:
        number: What an operator calls it by.
        created_at: When it was kept (ISO 8601, UTC).
        tried_at: When it was last tried again, or None.
        path: Where its file was last seen, or empty.
        has_payload: False for an unreadable line.
    """

    letter: DeadLetter
    number: int
    created_at: str
    tried_at: str | None
    path: str
    has_payload: bool


class Tried(Struct, frozen=True):
    """A letter that could not be sent again.

    Attributes:
        number: What an operator calls it by.
        reason: Why not, in one word.
        detail: The same in a sentence.
    """

    number: int
    reason: str
    detail: str


class Evicted(Struct, frozen=True):
    """What had to make room."""

    letters: int
    size_bytes: int


def keep(
    connection: sqlite3.Connection, letters: Sequence[DeadLetter], *, now: str
) -> None:
    """Store new letters, and those that were sent again without success."""
    connection.executemany(_KEEP, [_row(letter, now) for letter in letters])


def try_in_vain(
    connection: sqlite3.Connection, tried: Sequence[Tried], *, now: str
) -> None:
    """Note new reasons of letters that could not be sent again; they stay."""
    connection.executemany(
        _TRY, [(each.reason, each.detail, now, each.number) for each in tried]
    )


def recover(connection: sqlite3.Connection, places: Sequence[LinePlace]) -> None:
    """Let go of letters that were taken after all; their lines are delivered."""
    # A commit that is stored twice finds no letter the second time.
    found = [place for place in places if _delete_at(connection, place)]
    ledger.recover(connection, found)
    if found:
        counters.add(connection, [(RECOVERED, len(found))])


def listed(connection: sqlite3.Connection) -> Iterator[KeptLetter]:
    """Yield every letter without its payload, oldest first."""
    for row in connection.execute(f"{_LISTED} ORDER BY l.number"):
        yield _letter(row)


def kept(connection: sqlite3.Connection) -> Iterator[KeptLetter]:
    """Yield every letter, oldest first."""
    for row in connection.execute(f"{_WHOLE} ORDER BY l.number"):
        yield _letter(row)


def find(connection: sqlite3.Connection, number: int) -> KeptLetter | None:
    """Return the letter of a number, or None if there is none (any more)."""
    if not _can_be_kept(number):
        return None
    row = connection.execute(f"{_WHOLE} WHERE l.number = ?", (number,)).fetchone()
    return None if row is None else _letter(row)


def has_letter(connection: sqlite3.Connection, file_id: str, start_bytes: int) -> bool:
    """Return True if a letter is kept of the line that begins there."""
    row = connection.execute(
        "SELECT 1 FROM dead_letters WHERE file_id = ? AND start_bytes = ?",
        (file_id, start_bytes),
    ).fetchone()
    return row is not None


def numbers_in_file_order(connection: sqlite3.Connection) -> list[int]:
    """Return all numbers so that each file is read onward."""
    rows = connection.execute(
        "SELECT number FROM dead_letters ORDER BY file_id, start_bytes"
    )
    return [number for (number,) in rows]


def purge(
    connection: sqlite3.Connection, numbers: Sequence[int] | None, before: str | None
) -> int:
    """Forget letters for good; return how many.

    Args:
        connection: With a transaction open.
        numbers: These alone; None means all.
        before: Only letters that were kept before this stamp; None means any.
    """
    if numbers is None:
        numbers = numbers_in_file_order(connection)
    numbers = [number for number in numbers if _can_be_kept(number)]
    purged = 0
    for start in range(0, len(numbers), PORTION):
        portion = numbers[start : start + PORTION]
        marks = ", ".join("?" * len(portion))
        rows = connection.execute(
            f"DELETE FROM dead_letters WHERE number IN ({marks}) "  # noqa: S608  # marks alone
            "AND (? IS NULL OR created_at < ?) RETURNING file_id, start_bytes",
            (*portion, before, before),
        ).fetchall()
        purged += _forget(connection, rows)
    if purged:
        counters.add(connection, [(PURGED, purged)])
    return purged


def evict(
    connection: sqlite3.Connection, *, max_bytes: int, before: str
) -> Evicted | None:
    """Forget letters kept before a stamp, and the oldest beyond a size.

    Returns:
        What was forgotten; None if there was no need.
    """
    rows = connection.execute(
        "DELETE FROM dead_letters WHERE created_at < ? "
        "RETURNING file_id, start_bytes, size_bytes",
        (before,),
    ).fetchall()
    excess = size_of_all(connection) - max_bytes
    while excess > 0:
        oldest = connection.execute(
            "SELECT number, size_bytes FROM dead_letters ORDER BY number LIMIT ?",
            (PORTION,),
        ).fetchall()
        for number, size_bytes in oldest:
            if excess <= 0:
                break
            excess -= size_bytes
            rows += connection.execute(
                "DELETE FROM dead_letters WHERE number = ? "
                "RETURNING file_id, start_bytes, size_bytes",
                (number,),
            ).fetchall()
    if not rows:
        return None
    count = _forget(connection, [row[:2] for row in rows])
    counters.add(connection, [(EVICTED, count)])
    return Evicted(count, sum(row[2] for row in rows))


def count(connection: sqlite3.Connection) -> int:
    """Return how many letters are kept."""
    return int(connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0])


def size_of_all(connection: sqlite3.Connection) -> int:
    """Return what all letters take up, more or less; an index scan."""
    row = connection.execute(
        "SELECT coalesce(sum(size_bytes), 0) FROM dead_letters"
    ).fetchone()
    return int(row[0])


def _can_be_kept(number: int) -> bool:
    # What people type may be larger.
    return 0 < number <= LARGEST_INTEGER


def _forget(connection: sqlite3.Connection, rows: Sequence[tuple[str, int]]) -> int:
    ledger.forget(connection, [LinePlace(row[0], row[1], row[1]) for row in rows])
    return len(rows)


def _delete_at(connection: sqlite3.Connection, place: LinePlace) -> bool:
    deleted = connection.execute(
        "DELETE FROM dead_letters WHERE file_id = ? AND start_bytes = ?",
        (place.file_id, place.start_bytes),
    )
    return deleted.rowcount > 0


def _row(letter: DeadLetter, now: str) -> tuple[object, ...]:
    texts = (letter.payload, letter.excerpt, letter.detail)
    return (
        letter.place.file_id,
        letter.place.start_bytes,
        letter.place.end_bytes,
        letter.id,
        letter.reason,
        letter.detail,
        letter.payload,
        letter.sha256,
        letter.length_bytes,
        letter.retries,
        letter.excerpt,
        now,
        now if letter.retries else None,
        ROW_BYTES + sum(len(text) for text in texts if text is not None),
    )


def _letter(row: tuple) -> KeptLetter:  # type: ignore[type-arg]  # columns are typed by the schema
    return KeptLetter(
        letter=DeadLetter(LinePlace(*row[:3]), *row[3:11]),
        number=row[11],
        created_at=row[12],
        tried_at=row[13],
        path="" if row[14] is None else path_from(row[14]),
        has_payload=bool(row[15]),
    )
