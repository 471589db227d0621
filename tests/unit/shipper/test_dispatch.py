"""Requests go out as places and the gate allow, each part in its turn."""

from __future__ import annotations

from shipper.receipt import Delivered
from tests.support.lines import an_entry
from tests.support.posting import deferred_by
from tests.support.windows import Bench


def test_posts_at_most_max_in_flight() -> None:
    """Never more requests are out than the window allows."""
    bench = Bench(max_in_flight=2)

    bench.admit(1, 1, 1)

    assert bench.window.posted == 2
    assert not bench.window.has_room


def test_hold_lets_one_probe_out() -> None:
    """While uploads are held, one request at a time looks whether it is over."""
    bench = Bench()
    bench.admit(1, 1, 1)
    for _ in range(3):
        bench.poster.answer_oldest(deferred_by("hold", status=401))
    bench.turn()
    bench.turn(1.0)

    assert bench.window.posted == 1


def test_probes_take_turns() -> None:
    """One poisoned batch is not the only probe for ever."""
    bench = Bench(
        lambda payloads: (
            deferred_by("forbidden", status=403)
            if an_entry(0).payload in payloads
            else Delivered(202)
        )
    )
    bench.admit(1, 1)

    bench.turn(1.0)

    assert set(bench.poster.posted) == {
        (an_entry(0).payload,),
        (an_entry(1).payload,),
    }
