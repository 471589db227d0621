"""Commits are stored, and tried again where waiting can help."""

from __future__ import annotations

import pytest

from shipper.errors import StateError
from shipper.model import Commit
from shipper.storing import RETRY_SECONDS, Storing
from tests.support.events import RecordingEvents

NOTHING = Commit(advances=(), dead_letters=(), counters=())


class Failing:
    """Implements `shipper.doors.Checkpoints`: fails until it is told not to."""

    def __init__(self, *, is_temporary: bool) -> None:
        # Mutable state: whether to fail, and how often it was asked.
        self.fails = True
        self.asked = 0
        self._is_temporary = is_temporary

    def commit(self, commit: Commit) -> None:
        """Fail, or do nothing."""
        self.asked += 1
        if self.fails:
            raise StateError(
                "disk full", path="/state", is_temporary=self._is_temporary
            )


def test_what_waiting_can_mend_is_tried_again_after_a_while() -> None:
    """It is told of once, tried no sooner, and its end is told too."""
    checkpoints, events = Failing(is_temporary=True), RecordingEvents()
    storing = Storing(checkpoints, events)

    tries = [storing.store(NOTHING, now) for now in (0.0, 0.5, RETRY_SECONDS)]
    trouble, due = storing.trouble, storing.due_in(RETRY_SECONDS)
    checkpoints.fails = False
    is_stored = storing.store(NOTHING, 2 * RETRY_SECONDS)

    assert (tries, is_stored) == ([False] * 3, True)
    assert checkpoints.asked == 3
    assert "disk full" in trouble
    assert due == RETRY_SECONDS
    assert events.names() == ["state_write_failed", "state_write_resumed"]
    assert (storing.trouble, storing.due_in(3.0)) == ("", None)


def test_what_waiting_cannot_mend_is_raised() -> None:
    """Somebody has to look at it; nothing is told here beside that."""
    events = RecordingEvents()
    storing = Storing(Failing(is_temporary=False), events)

    with pytest.raises(StateError):
        storing.store(NOTHING, 0.0)

    assert events.names() == []
