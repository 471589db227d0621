"""The `counters` table: named totals and moments, which only ever grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

_ADD = """
INSERT INTO counters (name, amount) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET amount = amount + excluded.amount
"""

_RAISE = """
INSERT INTO counters (name, amount) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET amount = max(amount, excluded.amount)
"""
# The names of moments begin with it; they are milliseconds since 1970.
_AT = "at:"
DELIVERY = "delivery"  # the moment of the last one


def add(connection: sqlite3.Connection, amounts: Sequence[tuple[str, int]]) -> None:
    """Add to totals."""
    connection.executemany(_ADD, amounts)


def totals(connection: sqlite3.Connection) -> dict[str, int]:
    """Return all totals by name."""
    rows = connection.execute(
        "SELECT name, amount FROM counters WHERE name NOT LIKE ? ORDER BY name",
        (f"{_AT}%",),
    )
    return dict(rows.fetchall())


def note_moment(connection: sqlite3.Connection, name: str, now: datetime) -> None:
    """Remember when something happened last; a clock set back changes nothing."""
    connection.execute(_RAISE, (_AT + name, round(now.timestamp() * 1000)))


def moment(connection: sqlite3.Connection, name: str) -> float | None:
    """Return when something happened last, in seconds since 1970; None if never."""
    row = connection.execute(
        "SELECT amount FROM counters WHERE name = ?", (_AT + name,)
    ).fetchone()
    return None if row is None else row[0] / 1000
