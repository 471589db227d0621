"""When a worker that was lost gets another process, and how it stands meanwhile."""

from __future__ import annotations

from shipper.workers.hand import FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, Hand
from shipper.workers.messages import Vital


def test_a_pause_has_an_end() -> None:
    """However many are lost in a row, for days, the next one comes in a minute."""
    hand = Hand(1)

    pauses = [hand.lose("killed", 100.0) for _ in range(1100)]

    assert pauses[0] == FIRST_PAUSE_SECONDS
    assert pauses[-1] == MOST_PAUSE_SECONDS
    assert hand.start_at == 100.0 + MOST_PAUSE_SECONDS


def test_a_commit_makes_the_next_pause_short() -> None:
    """Pauses grow only while nothing gets done."""
    hand = Hand(1)
    hand.lose("killed", 0.0)
    hand.got_on()

    assert hand.lose("killed", 0.0) == FIRST_PAUSE_SECONDS


def test_what_was_in_flight_is_unread_again() -> None:
    """A lost worker has nothing in flight; what is on disk is still to be read."""
    hand = Hand(1)
    hand.came_round(Vital("waiting", in_flight=3, unread_bytes=50))
    hand.lose("killed", 0.0)

    assert hand.vital == Vital(unread_bytes=50)
    assert hand.trouble == "worker 1 is replaced: killed"
