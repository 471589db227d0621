"""Where others ask: requests looked for now and then, carried out one by one.

A running shipper is the only one that writes to its state, so an operator's command
leaves a request there. `Desk` finds it, forgets letters or hands them to the window
in batches of their own, and answers when each has found its end. It opens nothing:
the state, the letters' reviver and the clock are given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from shipper.clock import Clock
from shipper.errors import StateError
from shipper.events import Events
from shipper.model import Batch, Commit
from shipper.retry import KeptLetters, Retry, Reviver
from shipper.store import ACKNOWLEDGE, PURGE, RETRY, Answer, Request, Selection
from shipper.store.dead_letters import Evicted

LOOK_SECONDS = 1.0  # between two looks, at most; each costs microseconds
# While nothing else is to be done each look wakes the whole process, which costs more
# than anything else that a shipper at rest does.
REST_LOOKS = 5  # poll intervals, such as seconds
TIDY_SECONDS = 3600.0  # age is counted in days
CROWDED_SECONDS = 1.0  # new letters may have to push out old ones


class Letters(KeptLetters, Protocol):
    """Requests and dead letters, in the state."""

    def has_news(self) -> bool:
        """Return True once after another process has written."""
        ...

    def requests(self) -> list[Request]:
        """Return the requests that nobody has answered, in order."""
        ...

    def answer(self, number: int, answer: Answer) -> None:
        """Answer a request."""
        ...

    def purge(self, request: Request, selection: Selection) -> Answer:
        """Forget the letters that a request names, and answer it."""
        ...

    def acknowledge(self, request: Request) -> Answer:
        """Count what became of the records of a bundle, and answer the request."""
        ...

    def evict(self) -> Evicted | None:
        """Forget letters that are too old or too many."""
        ...

    def numbers(self) -> list[int]:
        """Return the numbers of all letters."""
        ...


class Desk:
    """Carries out requests, one at a time and in order.

    Args:
        letters: The state.
        reviver: Makes entries of letters.
        clock: Woken by whoever wakes the pipeline.
        events: Where the outcome is told.
        max_records: Letters in one batch at most.
        max_bytes: Bytes of one batch at most; a larger letter goes alone.
        interval_seconds: Between two looks at the requests.
        rest_seconds: The same while nothing else is to be done; None is alike.
        beat: Called before each of these.
    """

    def __init__(
        self,
        *,
        letters: Letters,
        reviver: Reviver,
        clock: Clock,
        events: Events,
        max_records: int,
        max_bytes: int,
        interval_seconds: float,
        rest_seconds: float | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: requests that wait,
        # the one in hand, whether a batch of it is in the window, and the paces.
        self._letters = letters
        self._reviver = reviver
        self._clock = clock
        self._events = events
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._interval = min(interval_seconds, LOOK_SECONDS)
        self._rest = self._interval if rest_seconds is None else rest_seconds
        self._beat = beat
        self._waiting: deque[Request] = deque()
        self._retry: Retry | None = None
        self._is_out = False
        self._look_at = float("-inf")
        self._tidy_at = float("-inf")
        self._is_failing = False

    @property
    def is_idle(self) -> bool:
        """True when nobody waits for an answer."""
        return self._retry is None and not self._waiting

    def turn(self, now: float) -> Batch | None:
        """Look for requests and carry them out.

        Returns:
            Letters to be sent again, one batch at a time, or None.

        Raises:
            StateError: The state cannot be used, and waiting cannot help.
        """
        try:
            self._look(now)
            batch = None if self._is_out else self._next_batch()
        except StateError as error:
            if not error.is_temporary:
                raise
            # What was asked stays in the state; the next turn begins where it was.
            if not self._is_failing:
                self._is_failing = True
                self._events.emit(
                    "request_delayed", why=str(error), hint=error.hint or ""
                )
            return None
        self._is_failing = False
        self._is_out = self._is_out or batch is not None
        return batch

    def committed(self, commit: Commit) -> None:
        """Take note of what became of letters, once that has been stored."""
        again = [letter for letter in commit.dead_letters if letter.retries]
        if len(again) < len(commit.dead_letters):
            crowded_at = self._clock.monotonic() + CROWDED_SECONDS
            self._tidy_at = min(self._tidy_at, crowded_at)
        if self._retry is not None and (again or commit.recovered):
            self._is_out = False
            self._retry.count(commit.recovered, again)

    def rest(self, seconds: float) -> None:
        """Wait, as the clock does, or until somebody has asked something."""
        end = self._clock.monotonic() + seconds
        while True:
            self._beat()
            pause = min(self._rest, end - self._clock.monotonic())
            # A ring is told by itself: on a busy machine the time of waking does not
            # tell it from the end of the pause, and an answer would lie unread.
            has_rung = self._clock.wait(pause)
            if has_rung or self._clock.monotonic() >= end or self._has_news():
                return

    def _has_news(self) -> bool:
        try:
            has_news = self._letters.has_news()
        except StateError as error:
            if not error.is_temporary:
                raise
            has_news = True  # the next turn meets the same trouble, and tells it
        if has_news:
            self._look_at = float("-inf")
        return has_news

    def _look(self, now: float) -> None:
        if now < self._look_at:
            return
        is_first = self._look_at == float("-inf")
        if self._letters.has_news() or is_first:
            in_hand = None if self._retry is None else self._retry.request.number
            self._waiting = deque(
                request
                for request in self._letters.requests()
                if request.number != in_hand
            )
        # Not while letters are out: what is sent must still be there to be answered.
        if not self._is_out and now >= self._tidy_at:
            self._tidy()
            self._tidy_at = now + TIDY_SECONDS
        self._look_at = now + self._interval

    def _tidy(self) -> None:
        evicted = self._letters.evict()
        if evicted is not None:
            self._events.emit(
                "letters_evicted",
                letters=evicted.letters,
                size_bytes=evicted.size_bytes,
            )

    def _next_batch(self) -> Batch | None:
        while self._retry is not None or self._waiting:
            if self._retry is None:
                self._begin(self._waiting[0])
                self._waiting.popleft()
                continue
            batch = self._retry.next_batch()
            if batch is not None:
                return batch
            self._end(self._retry)
        return None

    def _begin(self, request: Request) -> None:
        """Carry out a request, or at least begin to."""
        if request.verb == ACKNOWLEDGE:
            done = self._letters.acknowledge(request)
            if not done.error and not done.is_repeated:
                self._events.emit(
                    "bundle_acknowledged", delivered=done.delivered, dead=done.refused
                )
            return
        selection = request.selection()
        number = request.number
        if selection is None or request.verb not in {RETRY, PURGE}:
            why = f"this version does not understand {request.verb!r}"
            self._letters.answer(number, Answer(error=why))
        elif request.verb == PURGE:
            answer = self._letters.purge(request, selection)
            self._events.emit("letters_purged", letters=answer.purged)
        else:
            numbers = selection.numbers
            if numbers is None:
                numbers = tuple(self._letters.numbers())
            self._retry = Retry(
                request,
                numbers,
                letters=self._letters,
                reviver=self._reviver,
                max_records=self._max_records,
                max_bytes=self._max_bytes,
            )

    def _end(self, retry: Retry) -> None:
        # A crash before this repeats the request: what was delivered by then is
        # missing, and the rest is sent again with the same ids.
        answer = retry.answer()
        self._letters.answer(retry.request.number, answer)
        self._reviver.close()
        self._retry = None
        self._events.emit(
            "letters_retried",
            delivered=answer.delivered,
            kept=answer.refused + answer.unsent,
        )
