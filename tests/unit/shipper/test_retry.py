"""A retry hands out its letters in batches, and counts what becomes of each."""

from __future__ import annotations

from shipper.model import Batch, LinePlace
from shipper.retry import NOTES, Retry
from shipper.store import RETRY, Request
from tests.support.letters import EchoReviver, MemoryLetters


def a_retry(*numbers: int, max_bytes: int = 1000) -> Retry:
    """Return a retry of letters, two in a batch."""
    return Retry(
        Request(1, RETRY, "{}"),
        numbers,
        letters=MemoryLetters(*numbers),
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


def test_notes_are_bounded() -> None:
    """A thousand letters that stay do not make an answer of a megabyte."""
    retry = a_retry(*range(100, 1100))
    rest = retry.next_batch()

    answer = retry.answer()
    assert rest is None
    assert (answer.unsent, len(answer.notes)) == (1000, NOTES)
