"""A request to send dead letters again, as far as it has come.

The numbers of letters come in; batches for the window go out, one after the other, and
in the end the answer for whoever asked. What of a batch was taken is told by whoever
commits it. Requests that fail on the way are not meant: `window` sends those again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from shipper.errors import StateError
from shipper.model import Batch, DeadLetter, Entry, LinePlace
from shipper.revive import Stays
from shipper.store import Answer, KeptLetter, Request, Tried

NOTES = 20  # an operator reads the first few; the sums say how many there were


class KeptLetters(Protocol):
    """Dead letters, in the state."""

    def letter(self, number: int) -> KeptLetter | None:
        """Return a letter, or None if there is none."""
        ...

    def try_in_vain(self, tried: Sequence[Tried]) -> None:
        """Note new reasons of letters that could not be sent again."""
        ...


class Reviver(Protocol):
    """What says what a letter is today."""

    def revive(self, letter: DeadLetter) -> Entry | Stays:
        """Return what is sent of a letter today, or why it stays."""
        ...

    def close(self) -> None:
        """Let go of the file that was read last."""
        ...


class Retry:
    """Hands out the letters of one request, and counts what becomes of them.

    Args:
        request: What was asked.
        numbers: Of its letters, in the order they are sent; each is sent once.
        letters: The state.
        reviver: Makes entries of letters.
        max_records: Letters in one batch at most.
        max_bytes: Bytes of one batch at most; a larger letter goes alone.
    """

    def __init__(
        self,
        request: Request,
        numbers: Sequence[int],
        *,
        letters: KeptLetters,
        reviver: Reviver,
        max_records: int,
        max_bytes: int,
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: the letters that are
        # left, what became of the others, and of which of them the state does not
        # know it yet.
        self.request = request
        self._letters = letters
        self._reviver = reviver
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._left = deque(dict.fromkeys(numbers))
        self._delivered = 0
        self._refused = 0
        self._unsent = 0
        self._missing: list[int] = []
        self._notes: list[str] = []
        self._in_vain: list[Tried] = []

    def next_batch(self) -> Batch | None:
        """Return the next letters; None when there are no more.

        Raises:
            StateError: A letter cannot be read, or what became of it not be written;
                the next call begins where this did.
        """
        taken: list[int] = []
        try:
            batch = self._batch_of(taken)
            self._note_in_vain()
        except StateError:
            # Read but not sent: they come first when the state can be read again.
            self._left.extendleft(reversed(taken))
            raise
        return batch

    def count(
        self, recovered: Sequence[LinePlace], again: Sequence[DeadLetter]
    ) -> None:
        """Count what has become of a batch.

        Args:
            recovered: Places of the letters that were taken.
            again: Those that were not, with the new reason.
        """
        self._delivered += len(recovered)
        self._refused += len(again)
        for letter in again:
            self._note(f"{letter.id}: {letter.reason}: {letter.detail}")

    def answer(self) -> Answer:
        """Return what became of the letters."""
        return Answer(
            delivered=self._delivered,
            refused=self._refused,
            unsent=self._unsent,
            missing=tuple(self._missing),
            notes=tuple(self._notes),
        )

    def _batch_of(self, taken: list[int]) -> Batch | None:
        """Fill one batch, noting in `taken` whose letters are in it."""
        entries: list[Entry] = []
        places: list[LinePlace] = []
        retries: list[int] = []
        size_bytes = 2  # the brackets of the JSON array
        while self._left and len(entries) < self._max_records:
            number = self._left[0]
            kept = self._letters.letter(number)
            if kept is None:
                self._missing.append(number)
                self._left.popleft()
                continue
            entry = self._reviver.revive(kept.letter)
            if isinstance(entry, Stays):
                self._stay(number, entry)
                self._left.popleft()
                continue
            if entries and size_bytes + len(entry.payload) >= self._max_bytes:
                break
            entries.append(entry)
            places.append(kept.letter.place)
            retries.append(kept.letter.retries)
            size_bytes += len(entry.payload) + 1
            taken.append(self._left.popleft())
        if not entries:
            return None
        return Batch(
            entries=tuple(entries),
            places=tuple(places),
            spans=(),
            rejects=(),
            counters=(),
            size_bytes=size_bytes,
            retries=tuple(retries),
        )

    def _stay(self, number: int, why: Stays) -> None:
        self._unsent += 1
        self._note(f"{number}: {why.reason}: {why.detail}")
        self._in_vain.append(Tried(number, why.reason, why.detail))

    def _note_in_vain(self) -> None:
        # One transaction for all between two batches. A crash before it leaves
        # letters as they were, and the request with them.
        if self._in_vain:
            self._letters.try_in_vain(self._in_vain)
            self._in_vain.clear()

    def _note(self, text: str) -> None:
        """Remember a sentence for whoever asked, if there is room."""
        if len(self._notes) < NOTES:
            self._notes.append(text)
