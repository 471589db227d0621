"""A wish of the receiver's that holds for everybody."""

from __future__ import annotations

from shipper.limits.pace import RATE, Wait
from shipper.receipt import Deferred, Delivered
from shipper.upload import Answered
from shipper.workers.holding import NO_LIMIT, Candid, HeldPace
from tests.support.posting import deferred_by


class Slow:
    """Implements `shipper.workers.holding.Pace`: a second, always."""

    def wait(self, now: float) -> Wait | None:
        """Return a second."""
        return Wait(1.0, RATE)

    def spend(self, payloads: object, now: float) -> Wait | None:
        """Return a second."""
        return Wait(1.0, RATE)


def test_nothing_goes_out_before_the_time() -> None:
    """Asked or tried, a request waits for what is left of the wish, and no longer."""
    pace = HeldPace(None)
    pace.hold(10.0)

    assert pace.wait(4.0) == pace.spend([b""], 4.0) == Wait(6.0, NO_LIMIT)
    assert pace.wait(10.0) is pace.spend([b""], 10.0) is None


def test_of_several_wishes_the_longest_rules() -> None:
    """A short one after a long one takes nothing off."""
    pace = HeldPace(None)
    pace.hold(10.0)
    pace.hold(5.0)

    assert pace.left_seconds(4.0) == 6.0


def test_limits_are_asked_when_the_time_is_over() -> None:
    """A wish stands before the operator's own limits, not in their place."""
    pace = HeldPace(Slow())
    pace.hold(10.0)

    assert pace.wait(11.0) == pace.spend([b""], 11.0) == Wait(1.0, RATE)


def test_only_a_wish_with_a_time_is_passed_on() -> None:
    """A 429 without Retry-After, another trouble and a delivery are nobody else's."""
    told: list[float] = []
    answers: list[Deferred | Delivered] = [
        deferred_by("busy", status=429, retry_after_seconds=7.0),
        deferred_by("busy", status=429),
        deferred_by("unavailable", status=503),
        Delivered(202),
    ]
    poster = Candid(_Answering(answers), told.append)

    assert [one.receipt for one in poster.answered()] == answers
    assert told == [7.0]


class _Answering:
    """Implements `shipper.workers.holding.Poster`: these answers, once."""

    def __init__(self, receipts: list[Deferred | Delivered]) -> None:
        self._receipts = receipts

    def post(self, ticket: int, payloads: object) -> None:
        """Take no note of it."""

    def answered(self) -> list[Answered]:
        """Return the answers."""
        return [Answered(number, one) for number, one in enumerate(self._receipts)]
