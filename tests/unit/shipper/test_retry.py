"""A retry hands out its letters in batches, and counts what becomes of each."""

from __future__ import annotations

import pytest

from shipper.errors import StateError
from shipper.model import Batch, LinePlace
from shipper.retry import NOTES, Retry
from shipper.store import RETRY, Request, Tried
from tests.support.letters import EchoReviver, MemoryLetters


def a_retry(
    *numbers: int, max_bytes: int = 1000, letters: MemoryLetters | None = None
) -> Retry:
    """Return a retry of letters, two in a batch."""
    return Retry(
        Request(1, RETRY, "{}"),
        numbers,
        letters=letters or MemoryLetters(*numbers),
        reviver=EchoReviver(),
        max_records=2,
        max_bytes=max_bytes,
    )


def payloads(batch: Batch | None) -> list[bytes]:
    """Return the payloads of a batch."""
    assert batch is not None
    return [entry.payload for entry in batch.entries]


def test_a_batch_holds_no_more_bytes_than_allowed() -> None:
    """A large letter waits for the next batch."""
    retry = a_retry(11, 22, max_bytes=5)

    assert payloads(retry.next_batch()) == [b"11"]


def test_a_batch_tells_how_often_each_was_tried() -> None:
    """The window needs it to count on; such a batch covers no file."""
    batch = a_retry(1).next_batch()

    assert batch is not None
    assert (batch.spans, batch.retries) == ((), (0,))
    assert batch.places == (LinePlace("f", 10, 20),)


def test_the_state_is_told_why_letters_stay() -> None:
    """Each with its new reason, in one go for those between two batches."""
    letters = MemoryLetters(100, 1, 101)
    retry = a_retry(100, 1, 101, letters=letters)
    batch = retry.next_batch()

    assert payloads(batch) == [b"1"]
    assert letters.tried == [
        Tried(100, "unread", "its file is gone"),
        Tried(101, "unread", "its file is gone"),
    ]


def test_a_state_that_cannot_be_told_is_told_later() -> None:
    """Nothing is sent before, no letter is left out, and none is told of twice."""
    letters = MemoryLetters(100, 1)
    letters.failures.append(StateError("full", path="state", is_temporary=True))
    retry = a_retry(100, 1, letters=letters)
    with pytest.raises(StateError):
        retry.next_batch()
    batch = retry.next_batch()

    assert payloads(batch) == [b"1"]
    assert letters.tried == [Tried(100, "unread", "its file is gone")]
    assert retry.answer().unsent == 1


def test_notes_are_bounded() -> None:
    """A thousand letters that stay do not make an answer of a megabyte."""
    retry = a_retry(*range(100, 1100))
    rest = retry.next_batch()

    answer = retry.answer()
    assert rest is None
    assert (answer.unsent, len(answer.notes)) == (1000, NOTES)
