"""Dead letters in memory, what is asked about them, and what sends them as they are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shipper.errors import StateError
from shipper.model import DeadLetter, Entry, LinePlace
from shipper.revive import Stays
from shipper.store import Answer, Argument, KeptLetter, Request, Selection, Tried
from shipper.store.dead_letters import Evicted


def a_letter(number: int) -> KeptLetter:
    """Return a kept letter; its payload is its number."""
    payload = b"%d" % number
    letter = DeadLetter(
        LinePlace("f", number * 10, number * 10 + 10),
        f"id-{number}",
        "refused",
        "no",
        payload,
        "00",
        len(payload),
    )
    return KeptLetter(letter, number, "2026", None, "/logs/f", has_payload=True)


class MemoryLetters:
    """Implements `shipper.desk.Letters` over lists; can be told to fail."""

    def __init__(self, *numbers: int) -> None:
        # Mutable state: letters by number, requests, answers, failures to come.
        self.kept = {number: a_letter(number) for number in numbers}
        self.asked: list[Request] = []
        self.answers: dict[int, Answer] = {}
        self.failures: list[StateError] = []
        self.unreadable: dict[int, list[StateError]] = {}
        self.evictions: list[Evicted] = []
        self.looks = 0
        self.tried: list[Tried] = []
        self._is_news = True

    def ask(self, verb: str, selection: Argument | None = None) -> int:
        """Write a request as another process would."""
        number = len(self.asked) + 1
        argument = msgspec.json.encode(selection or Selection()).decode()
        self.asked.append(Request(number, verb, argument))
        self._is_news = True
        return number

    def has_news(self) -> bool:
        """Return True once after `ask`."""
        self.looks += 1
        is_news, self._is_news = self._is_news, False
        return is_news

    def requests(self) -> list[Request]:
        """Return what was not answered."""
        return [each for each in self.asked if each.number not in self.answers]

    def answer(self, number: int, answer: Answer) -> None:
        """Remember the answer."""
        self._fail()
        self.answers[number] = answer

    def purge(self, request: Request, selection: Selection) -> Answer:
        """Forget all letters."""
        self._fail()
        answer = Answer(purged=len(self.kept))
        self.kept.clear()
        self.answers[request.number] = answer
        return answer

    def acknowledge(self, request: Request) -> Answer:
        """Count the receipt, or refuse it, as the bundle's name says."""
        self._fail()
        told = request.acknowledgement()
        assert told is not None
        answers = {
            "new": Answer(delivered=told.delivered, refused=len(told.dead)),
            "known": Answer(delivered=told.delivered, is_repeated=True),
            "unknown": Answer(error="no such bundle"),
        }
        answer = self.answers[request.number] = answers[told.bundle]
        return answer

    def evict(self) -> Evicted | None:
        """Return the next eviction."""
        return self.evictions.pop(0) if self.evictions else None

    def numbers(self) -> list[int]:
        """Return all numbers."""
        return list(self.kept)

    def letter(self, number: int) -> KeptLetter | None:
        """Return a letter."""
        if self.unreadable.get(number):
            raise self.unreadable[number].pop()
        return self.kept.get(number)

    def try_in_vain(self, tried: Sequence[Tried]) -> None:
        """Remember what could not be sent."""
        self._fail()
        self.tried += tried

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


class EchoReviver:
    """Sends a letter's payload as it is; numbers from 100 on stay."""

    def __init__(self) -> None:
        # Mutable state: how often it was closed.
        self.closed = 0

    def revive(self, letter: DeadLetter) -> Entry | Stays:
        """Return the letter's own payload."""
        assert letter.payload is not None
        if int(letter.payload) >= 100:
            return Stays("unread", "its file is gone")
        return Entry(letter.id or "", letter.payload)

    def close(self) -> None:
        """Count."""
        self.closed += 1
