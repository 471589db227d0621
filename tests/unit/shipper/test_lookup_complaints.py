"""What is told while callers are looked for: enough, and not each time."""

from __future__ import annotations

from shipper.lookup import Complaints
from tests.support.events import RecordingEvents


def test_a_failure_is_told_at_each_tenth_power() -> None:
    """Each rule and each reason is counted on its own."""
    events = RecordingEvents()
    complaints = Complaints(events, mask="sha512")
    for _ in range(1000):
        complaints.failed("m:f", "KeyError")
    complaints.failed("m:f", "TypeError")
    complaints.failed("m:g", "KeyError")

    counts = [fields["count"] for _, fields in events.told]

    assert counts == [1, 10, 100, 1000, 1, 1]


def test_another_mask_is_told_once() -> None:
    """One word of it is enough for a run."""
    events = RecordingEvents()
    complaints = Complaints(events, mask="sha512")
    complaints.other_mask("hmac")
    complaints.other_mask("hmac")

    ((name, fields),) = events.told

    assert name == "mask_mismatch"
    assert (fields["found"], fields["expected"]) == ("hmac", "sha512")


def test_nobody_need_listen() -> None:
    """Those who only count records have no events."""
    complaints = Complaints(None, mask="sha512")

    complaints.failed("m:f", "KeyError")
    complaints.table_failed("callers.csv", "it is gone", None)
