"""The `writers` and `gaps` tables: which records were lost before they were read.

Runs of numbers are entered in the transaction that commits their lines, so that
nothing is counted twice after a restart, and nothing missed. A writer that has been
silent for a week is forgotten; what it lost is kept as a sum.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from msgspec import Struct

from shipper.gaps import (
    Gap,
    Writer,
    begin,
    found_late,
    is_plausible,
    newly_settled,
    observe,
)
from shipper.model import Run
from shipper.store import counters

FORGET = timedelta(days=7)
MISSING = "missing_records"
FOUND = "found_records"  # were given up before, and are not missing any more
_NS = 1_000_000_000

_HORIZON = "SELECT opened_ns FROM horizon"
_WRITER = "SELECT high, file_id, summed FROM writers WHERE pid = ? AND opened_ns = ?"
_GAPS = (
    "SELECT first, last, is_settled FROM gaps WHERE pid = ? AND opened_ns = ? "
    "ORDER BY first"
)
_KEEP = """
INSERT INTO writers (pid, opened_ns, high, file_id, summed, seen_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (pid, opened_ns) DO UPDATE SET high = excluded.high,
    file_id = excluded.file_id, summed = excluded.summed, seen_at = excluded.seen_at
"""
_IN_SEALED = """
SELECT g.pid, g.opened_ns, sum(g.last - g.first + 1)
FROM gaps g JOIN writers w USING (pid, opened_ns) JOIN files f USING (file_id)
WHERE NOT g.is_settled AND f.state IN ('done', 'gone')
GROUP BY g.pid, g.opened_ns
"""
_SETTLE = """
UPDATE gaps SET is_settled = 1 WHERE pid = ? AND opened_ns = ? AND NOT is_settled
"""
_MISSING = """
SELECT w.pid, w.opened_ns,
    w.summed + coalesce(sum(g.last - g.first + 1), 0) AS missing,
    coalesce(sum((NOT g.is_settled AND coalesce(f.state, '') NOT IN ('done', 'gone'))
        * (g.last - g.first + 1)), 0)
FROM writers w LEFT JOIN gaps g USING (pid, opened_ns)
    LEFT JOIN files f ON f.file_id = w.file_id
GROUP BY w.pid, w.opened_ns HAVING missing > 0 ORDER BY w.opened_ns, w.pid
"""
_SILENT = """
SELECT max(w.opened_ns), sum(w.summed + (
    SELECT coalesce(sum(g.last - g.first + 1), 0) FROM gaps g
    WHERE g.pid = w.pid AND g.opened_ns = w.opened_ns))
FROM writers w WHERE w.seen_at < ?
"""
_FORGET_GAPS = """
DELETE FROM gaps WHERE (pid, opened_ns) IN (
    SELECT pid, opened_ns FROM writers WHERE seen_at < ?)
"""
_FORGET_WRITERS = "DELETE FROM writers WHERE seen_at < ?"


class Missing(Struct, frozen=True):
    """Records of one writer that no line was seen of.

    Attributes:
        pid: Process id of the writer; with `opened_ns` its identity.
        count: How many.
        waiting: Those among them that may still come.
    """

    pid: int
    opened_ns: int
    count: int
    waiting: int = 0


def enter(
    connection: sqlite3.Connection, runs: Sequence[Run], *, now: datetime
) -> list[Missing]:
    """Take the numbers that were read; return what is given up because of them."""
    given_up = []
    for (pid, opened_ns), group in groupby(
        sorted(filter(is_plausible, runs), key=_writer_of), key=_writer_of
    ):
        lost = _enter_writer(connection, pid, opened_ns, list(group), now)
        if lost:
            given_up.append(Missing(pid, opened_ns, lost))
    return given_up + settle_sealed(connection)


def settle_sealed(connection: sqlite3.Connection) -> list[Missing]:
    """Give up what was waited for in files that have been read to their end."""
    given_up = [Missing(*row) for row in connection.execute(_IN_SEALED)]
    connection.executemany(_SETTLE, [(each.pid, each.opened_ns) for each in given_up])
    return given_up


def read_up_to(connection: sqlite3.Connection, pid: int, opened_ns: int) -> int | None:
    """Return the highest number that was read of a writer, 0 if none was.

    None of one that is forgotten, or was there before the first run.
    """
    row = connection.execute(_WRITER, (pid, opened_ns)).fetchone()
    if row is not None:
        return int(row[0])
    horizon = connection.execute(_HORIZON).fetchone()[0]
    return None if opened_ns <= horizon else 0


def missing(connection: sqlite3.Connection) -> tuple[Missing, ...]:
    """Return the writers that have lost records, oldest first."""
    return tuple(Missing(*row) for row in connection.execute(_MISSING))


def disregard_past(connection: sqlite3.Connection, now: datetime) -> None:
    """Draw no conclusion from where writers opened until now are seen first."""
    _raise_horizon(connection, int(now.timestamp() * _NS))


def forget(connection: sqlite3.Connection, now: datetime) -> None:
    """Forget the writers that have been silent for a week, and sum up their losses."""
    before = ((now - FORGET).isoformat(),)
    newest, lost = connection.execute(_SILENT, before).fetchone()
    if newest is None:
        return
    if lost:
        counters.add(connection, [(MISSING, lost)])
    # One of them may write again: it would look as if it had lost its beginning.
    _raise_horizon(connection, newest)
    connection.execute(_FORGET_GAPS, before)
    connection.execute(_FORGET_WRITERS, before)


def _enter_writer(
    connection: sqlite3.Connection,
    pid: int,
    opened_ns: int,
    runs: Sequence[Run],
    now: datetime,
) -> int:
    key = pid, opened_ns
    writer = _load(connection, key)
    if writer is None:
        horizon = connection.execute(_HORIZON).fetchone()[0]
        writer = begin(runs[0], is_past_known=opened_ns > horizon)
    before = writer.gaps
    lost = found = 0
    for run in runs:
        found += found_late(writer.gaps, run)
        after = observe(writer, run)
        lost += newly_settled(writer.gaps, after)
        writer = after
    if found:
        counters.add(connection, [(FOUND, found)])
    connection.execute(
        _KEEP, (*key, writer.high, writer.file_id, writer.summed, now.isoformat())
    )
    if writer.gaps != before:
        connection.execute("DELETE FROM gaps WHERE pid = ? AND opened_ns = ?", key)
        connection.executemany(
            "INSERT INTO gaps (pid, opened_ns, first, last, is_settled) "
            "VALUES (?, ?, ?, ?, ?)",
            [(*key, gap.first, gap.last, gap.is_settled) for gap in writer.gaps],
        )
    return lost


def _load(connection: sqlite3.Connection, key: tuple[int, int]) -> Writer | None:
    row = connection.execute(_WRITER, key).fetchone()
    if row is None:
        return None
    gaps: Iterator[tuple[int, int, int]] = connection.execute(_GAPS, key)
    return Writer(
        high=row[0],
        file_id=row[1],
        summed=row[2],
        gaps=tuple(Gap(first, last, bool(flag)) for first, last, flag in gaps),
    )


def _raise_horizon(connection: sqlite3.Connection, opened_ns: int) -> None:
    connection.execute("UPDATE horizon SET opened_ns = max(opened_ns, ?)", (opened_ns,))


def _writer_of(run: Run) -> tuple[int, int]:
    return run.pid, run.opened_ns
