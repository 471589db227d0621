"""Whose fault a failure is: the record's or the receiver's.

Answers come in; a verdict on the part that failed goes out. A record is at fault when
it fails while others pass, so whether one more is let in to pass, as a witness, is
decided here too. What follows from a verdict is the window's; no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from shipper.flight import Flight, Part
from shipper.receipt import Cause

SUSPECT_FAILURES = 5  # a gateway's 403, 5xx or silence, while others pass
SUSPECT_ACCEPTANCES = 5  # how many others must pass while a lone record fails
FAILING_AT_MOST = 4  # failing batches held at once before it is an outage
WITNESSES = 32  # batches let in past a stuck front, one at a time
LONE_REFUSALS_TO_HOLD = 20
_NOT_THE_RECORDS_FAULT = frozenset({Cause.HOLD, Cause.BUSY, Cause.NETWORK})


class Verdict(Enum):
    """What is to be done with a part that nobody has answered for."""

    SEND_AGAIN = auto()  # nothing is shown
    HALVE = auto()  # one of its records, maybe
    BURY = auto()  # its only record
    PUT_BACK = auto()  # dead letters: they stay what they are


class Blame:
    """Counts who passes and who fails.

    Args:
        max_in_flight: How many batches are read without a witness being wanted.
    """

    def __init__(self, *, max_in_flight: int) -> None:
        # Mutable state, of the pipeline thread: how many requests were accepted, and
        # how many lone records were refused since. Each part has counts of its own.
        self._max_in_flight = max_in_flight
        self._accepted = 0
        self._lone_refusals = 0

    @property
    def is_the_receivers(self) -> bool:
        """True when it refuses every record: none is proven bad by that."""
        return self._lone_refusals >= LONE_REFUSALS_TO_HOLD

    def accepted(self) -> None:
        """Count a request that was taken."""
        self._accepted += 1
        self._lone_refusals = 0

    def refused_alone(self) -> bool:
        """Count a record that was refused by itself; True if it is one too many."""
        self._lone_refusals += 1
        return self.is_the_receivers

    def passed_beside(self, part: Part) -> int:
        """Return how many requests were taken since a part failed first."""
        return self._accepted - part.accepted_before

    def suspect(self, part: Part, cause: Cause) -> Verdict:
        """Count a failure that may be the record's own fault; judge on the fifth."""
        if cause in _NOT_THE_RECORDS_FAULT:
            return Verdict.SEND_AGAIN
        if part.suspicions == 0:
            part.accepted_before = self._accepted
        part.suspicions += 1
        if part.suspicions < SUSPECT_FAILURES:
            return Verdict.SEND_AGAIN
        passed, is_lone = self.passed_beside(part), len(part.entries) == 1
        if part.flight.is_retry and (passed == 0 or is_lone):
            # Whoever asked wants an answer, and nothing is lost by giving one.
            return Verdict.PUT_BACK
        if passed == 0:
            return Verdict.SEND_AGAIN
        if not is_lone:
            return Verdict.HALVE
        if passed >= SUSPECT_ACCEPTANCES:
            return Verdict.BURY
        return Verdict.SEND_AGAIN

    def wants_witness(self, flights: Sequence[Flight]) -> bool:
        """Return whether one more batch is to be let in past those that fail.

        Args:
            flights: Of lines, in the order read.
        """
        unsettled = [flight for flight in flights if flight.parts]
        if len(flights) >= self._max_in_flight + WITNESSES or not unsettled:
            return False
        if not all(flight.is_stuck for flight in unsettled):
            return False
        front = unsettled[0].parts
        if not any(part.suspicions >= SUSPECT_FAILURES for part in front):
            return False
        return len(unsettled) <= max(self._max_in_flight, FAILING_AT_MOST) or any(
            self.passed_beside(part) > 0 for part in front
        )
