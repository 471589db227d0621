"""How fast history may be sent."""

from __future__ import annotations

from shipper.backfill.pacing import Limits


def test_workers_share_what_all_of_them_may_send() -> None:
    """Each has its part; what has no limit has none for any of them."""
    assert Limits(30.0, 3_000.0).shared_by(3) == Limits(10.0, 1_000.0)
    assert Limits(None, 3_000.0).shared_by(2) == Limits(None, 1_500.0)
