"""The `counters` table: named totals that only ever grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_ADD = """
INSERT INTO counters (name, amount) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET amount = amount + excluded.amount
"""


def add(connection: sqlite3.Connection, amounts: Sequence[tuple[str, int]]) -> None:
    """Add to totals."""
    connection.executemany(_ADD, amounts)


def totals(connection: sqlite3.Connection) -> dict[str, int]:
    """Return all totals by name."""
    rows = connection.execute("SELECT name, amount FROM counters ORDER BY name")
    return dict(rows.fetchall())
