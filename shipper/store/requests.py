"""The `requests` table: what other processes ask of the one that may write.

A row is written beside a running shipper, which carries it out and answers in the
same table. Without one, whoever takes the lock carries out what is there.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shipper.errors import StateError
from shipper.store.database import (
    DATABASE_NAME,
    LARGEST_INTEGER,
    open_beside,
    transaction,
    wrapped,
)

RETRY = "dead-letter retry"
PURGE = "dead-letter purge"
ACKNOWLEDGE = "bundle ack"
KEPT_ANSWERS = 100  # whoever asked reads the answer within seconds

_OPEN = "SELECT number, verb, argument FROM requests WHERE answered_at IS NULL"


class Selection(Struct, frozen=True, omit_defaults=True):
    """Which dead letters are meant.

    Attributes:
        numbers: These; None means all.
        before: Only those kept before this stamp (ISO 8601, UTC); None means any.
    """

    numbers: tuple[int, ...] | None = None
    before: str | None = None


class DeadRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A record of a bundle that the receiver would not take.

    Attributes:
        file_id: With the bytes, where its line stands on the exporting host.
        id: The record's id; None if its line in the bundle could not be read.
        payload: The log object as it was sent; None without an id.
        sha256: Of the payload, hex.
    """

    file_id: str
    start_bytes: int
    end_bytes: int
    id: str | None
    reason: str
    detail: str
    payload: str | None
    sha256: str
    # A larger one, in a receipt that somebody has made up, could not be stored.
    length_bytes: Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]


class Acknowledgement(Struct, frozen=True):
    """What became of the records of one bundle.

    Attributes:
        manifest_sha256: Of its manifest, hex: a bundle is what it says it is.
        records: How many it holds.
        delivered: How many the receiver has taken.
        dead: The others.
    """

    bundle: str
    manifest_sha256: str
    records: int
    delivered: int
    dead: tuple[DeadRecord, ...] = ()


class Answer(Struct, frozen=True, omit_defaults=True):
    """What became of a request.

    Attributes:
        delivered: Letters that the receiver has taken.
        refused: Letters that were sent and are kept, with the new reason.
        unsent: Letters that could not be sent, and are kept; `notes` says why.
        purged: Letters that were forgotten.
        missing: Numbers that no letter has.
        is_repeated: It had been done before, and nothing was changed.
        notes: Sentences for people; the first few, when there are many.
        error: Why nothing was done, or empty.
    """

    delivered: int = 0
    refused: int = 0
    unsent: int = 0
    purged: int = 0
    missing: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    is_repeated: bool = False


Argument = Selection | Acknowledgement


class Request(Struct, frozen=True):
    """One row that waits; `argument` is JSON."""

    number: int
    verb: str
    argument: str

    def selection(self) -> Selection | None:
        """Return which letters are meant; None if it cannot be read."""
        try:
            return msgspec.json.decode(self.argument, type=Selection)
        except msgspec.DecodeError:
            return None

    def acknowledgement(self) -> Acknowledgement | None:
        """Return what became of a bundle; None if it cannot be read."""
        try:
            return msgspec.json.decode(self.argument, type=Acknowledgement)
        except msgspec.DecodeError:
            return None


def enter(
    connection: sqlite3.Connection, verb: str, argument: Argument, *, now: str
) -> int:
    """Write a request down; return its number."""
    row = connection.execute(
        "INSERT INTO requests (verb, argument, asked_at) VALUES (?, ?, ?) "
        "RETURNING number",
        (verb, msgspec.json.encode(argument).decode(), now),
    ).fetchone()
    return int(row[0])


def waiting(connection: sqlite3.Connection) -> list[Request]:
    """Return the requests that nobody has answered, in order."""
    rows = connection.execute(f"{_OPEN} ORDER BY number")
    return [Request(*row) for row in rows.fetchall()]


def answer(
    connection: sqlite3.Connection, number: int, answer: Answer, *, now: str
) -> None:
    """Answer a request, and drop answers of long ago."""
    connection.execute(
        "UPDATE requests SET answered_at = ?, answer = ? WHERE number = ?",
        (now, msgspec.json.encode(answer).decode(), number),
    )
    connection.execute(
        "DELETE FROM requests WHERE answered_at IS NOT NULL AND number <= ?",
        (number - KEPT_ANSWERS,),
    )


class Counter:
    """The other side of the desk: asks beside a running shipper.

    Raises:
        StateError: There is no state, it cannot be opened, or another version
            wrote it.
    """

    def __init__(self, state_dir: str) -> None:
        # Mutable state: the connection, used by one thread.
        self._path = os.path.join(state_dir, DATABASE_NAME)
        self._connection = open_beside(self._path)

    def ask(self, verb: str, argument: Argument, *, now: str) -> int:
        """Write a request down; return its number.

        Raises:
            StateError: It could not be written.
        """
        with transaction(self._connection, self._path):
            return enter(self._connection, verb, argument, now=now)

    def answer_to(self, number: int) -> Answer | None:
        """Return the answer to a request, or None while there is none.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            row = self._connection.execute(
                "SELECT answer FROM requests WHERE number = ?", (number,)
            ).fetchone()
        if row is None:
            raise StateError(
                f"the request has gone: {self._path}: number {number}", path=self._path
            )
        return None if row[0] is None else msgspec.json.decode(row[0], type=Answer)

    def close(self) -> None:
        """Close the database; a request stays."""
        self._connection.close()
