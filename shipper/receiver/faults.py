"""When the receiver misbehaves, and how: counted, never random; pure.

A request's number comes in, what to do with it goes out, so that a test or a
person at the desk knows beforehand which request meets which fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Misdeed(StrEnum):
    """What may happen to a request instead of an honest answer."""

    STATUS = "status"  # another status; nothing is kept
    HTML = "html"  # 200 and a login page; nothing is kept
    RESET = "reset"  # half an answer, then a reset; nothing is kept
    LOSE_ANSWER = "lose-answer"  # everything is kept, but nobody is told


@dataclass(frozen=True, slots=True)
class Faults:
    """How to misbehave; every number counts requests from 1.

    When several faults fall on one request, the first in this order rules:
    reset, lost answer, page, status.

    Attributes:
        status: Answered instead of 202 on every `every`-th request.
        every: How often `status` is answered.
        retry_after: Header sent along with `status`, or None.
        delay_seconds: Pause before each answer.
        reset_every: Every so many requests, reset in the middle of the answer.
        lose_answer_every: Every so many, keep the records and close.
        html_every: Every so many, answer 200 with a login page.
        drip_seconds: Pause after each byte of each answer.
    """

    status: int | None = None
    every: int = 1
    retry_after: str | None = None
    delay_seconds: float = 0.0
    reset_every: int | None = None
    lose_answer_every: int | None = None
    html_every: int | None = None
    drip_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be counted or sent."""
        counts = (self.every, self.reset_every, self.lose_answer_every, self.html_every)
        if any(count is not None and count < 1 for count in counts):
            raise ValueError("expected a count of 1 or more")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("expected a status between 200 and 599")
        if self.delay_seconds < 0 or self.drip_seconds < 0:
            raise ValueError("expected a pause that is not negative")

    def misdeed(self, number: int) -> Misdeed | None:
        """Return what happens to request `number`, or None for an honest answer."""
        for every, misdeed in (
            (self.reset_every, Misdeed.RESET),
            (self.lose_answer_every, Misdeed.LOSE_ANSWER),
            (self.html_every, Misdeed.HTML),
            (self.every if self.status is not None else None, Misdeed.STATUS),
        ):
            if every is not None and number % every == 0:
                return misdeed
        return None
