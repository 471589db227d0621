"""Dead letters and requests, for the process that holds the lock.

What the desk asks of the state: requests to carry out, letters to send again,
letters to forget. Positions do not move here; a letter that was taken after all
leaves in a commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from shipper.clock import Clock
from shipper.store import bundles, dead_letters, requests
from shipper.store.database import transaction, wrapped
from shipper.store.dead_letters import Evicted, KeptLetter, Tried
from shipper.store.requests import Answer, Argument, Request, Selection


class Letterbox:
    """The letters of one state database.

    Args:
        connection: The store's own; it closes it.
        path: For messages.
        clock: For stamps and ages.
        max_bytes: What all letters may take up.
        max_age_days: How long a letter is kept.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: str,
        *,
        clock: Clock,
        max_bytes: int,
        max_age_days: float,
    ) -> None:
        # Mutable state: the database's version when we last looked.
        self._connection = connection
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._max_age = timedelta(days=max_age_days)
        self._seen: int | None = None

    def has_news(self) -> bool:
        """Return True once after another process has written; costs microseconds.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            row = self._connection.execute("PRAGMA data_version").fetchone()
        before, self._seen = self._seen, int(row[0])
        return before != self._seen

    def ask(self, verb: str, argument: Argument) -> int:
        """Write a request down for ourselves; return its number.

        Raises:
            StateError: It could not be written.
        """
        with transaction(self._connection, self._path):
            self._seen = None
            return requests.enter(self._connection, verb, argument, now=self._stamp())

    def requests(self) -> list[Request]:
        """Return the requests that nobody has answered, in order.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return requests.waiting(self._connection)

    def answer(self, number: int, answer: Answer) -> None:
        """Answer a request.

        Raises:
            StateError: It could not be written.
        """
        with transaction(self._connection, self._path):
            requests.answer(self._connection, number, answer, now=self._stamp())

    def purge(self, request: Request, selection: Selection) -> Answer:
        """Forget the letters that a request names, and answer it.

        Raises:
            StateError: Nothing was done.
        """
        connection = self._connection
        with transaction(connection, self._path):
            numbers = selection.numbers or ()
            missing = tuple(n for n in numbers if not self._is_kept(n))
            purged = dead_letters.purge(connection, selection.numbers, selection.before)
            answer = Answer(purged=purged, missing=missing)
            requests.answer(connection, request.number, answer, now=self._stamp())
        return answer

    def acknowledge(self, request: Request) -> Answer:
        """Count what a bundle's receipt says became of its records, and answer it.

        Raises:
            StateError: Nothing was done.
        """
        with transaction(self._connection, self._path):
            # A crash before COMMIT leaves the request as it was asked; after it,
            # the bundle is acknowledged and the request answered.
            answer = bundles.acknowledge(
                self._connection, request.acknowledgement(), now=self._stamp()
            )
            requests.answer(self._connection, request.number, answer, now=self._stamp())
        return answer

    def evict(self) -> Evicted | None:
        """Forget letters that are too old or too many; None if there was no need.

        Raises:
            StateError: Nothing was forgotten.
        """
        before = (self._clock.now() - self._max_age).isoformat(timespec="milliseconds")
        with transaction(self._connection, self._path):
            return dead_letters.evict(
                self._connection, max_bytes=self._max_bytes, before=before
            )

    def numbers(self) -> list[int]:
        """Return the numbers of all letters, so that each file is read onward.

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return dead_letters.numbers_in_file_order(self._connection)

    def letter(self, number: int) -> KeptLetter | None:
        """Return a letter, or None if there is none (any more).

        Raises:
            StateError: The database cannot be read.
        """
        with wrapped(self._path):
            return dead_letters.find(self._connection, number)

    def try_in_vain(self, tried: Sequence[Tried]) -> None:
        """Note new reasons of letters that could not be sent again; they stay.

        Raises:
            StateError: Nothing was noted.
        """
        with transaction(self._connection, self._path):
            dead_letters.try_in_vain(self._connection, tried, now=self._stamp())

    def _is_kept(self, number: int) -> bool:
        return dead_letters.find(self._connection, number) is not None

    def _stamp(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")
