"""What looks like a secret is told of, each kind once a place."""

from __future__ import annotations

from shipper.model import Suspicion
from shipper.suspicions import MOST_TOLD, Suspicions
from tests.support.events import RecordingEvents


def a_suspicion(field: str, *, is_hidden: bool = False) -> Suspicion:
    """Return one about a field."""
    return Suspicion("jwt", "GET /", field, is_hidden)


def test_each_is_told_of_once() -> None:
    """A log with one leak in each record makes one line, not a million."""
    events = RecordingEvents()
    suspicions = Suspicions(events)

    for _ in range(3):
        suspicions.tell((a_suspicion("a"), a_suspicion("b", is_hidden=True)))

    assert events.names() == ["secret_suspected", "secret_hidden"]


def test_so_many_are_told_of_and_no_more() -> None:
    """Places that are made up by a client fill no memory."""
    events = RecordingEvents()
    suspicions = Suspicions(events)

    suspicions.tell(tuple(a_suspicion(str(n)) for n in range(MOST_TOLD + 5)))

    assert len(events.names()) == MOST_TOLD
