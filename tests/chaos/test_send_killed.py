"""A sender of bundles killed before and after every effect: it goes on where it was.

After every death the same command is given again. Every record arrives, what arrives
twice was in flight, and the receipt counts each of them once.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bundles import a_bundle
from tests.support.commands import Shop
from tests.support.doomed import SEND_POINTS, Doom, Nursery
from tests.support.log_objects import a_log_object

pytestmark = pytest.mark.chaos

KILLED = -signal.SIGKILL
RECORDS = 20
BATCH = 3  # parts hold 8, so that batches reach over their borders
# What a death there may send again: one batch is in flight.
REPEATED = {
    "before a part is read": {0},
    "after an answer from outside": {BATCH},
    "before the journal": {BATCH},
    "after the journal": {0},
    "before the receipt": {0},
    "before the receipt's name": {0},
    "after the receipt": {0},
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One fork server for all tests."""
    with Nursery() as nursery:
        yield nursery


def test_every_point_has_its_price() -> None:
    """No point goes untested."""
    assert set(SEND_POINTS) == set(REPEATED)


@pytest.mark.parametrize("point", SEND_POINTS)
def test_after_a_death_the_rest_is_sent_once(
    point: str, tmp_path: Path, nursery: Nursery
) -> None:
    """Lost 0, repeated that batch, and a receipt that adds up."""
    shop = Shop(tmp_path)
    bundle = tmp_path / "bundle"
    objects = [a_log_object(number) for number in range(1, RECORDS + 1)]
    payloads = [json.dumps(each).encode() for each in objects]
    a_bundle(bundle, payloads, records_a_part=8)
    passing = 1 if "receipt" in point else 2
    with shop.receiving():
        shop.configure_more(f"[batch]\nmax_records = {BATCH}\nmax_in_flight = 1\n")
        doom = Doom(nursery, shop.config, tmp_path / "events.log")
        killed = doom.live(point, passing, bundle=str(bundle))
        again = doom.live(bundle=str(bundle))

    receipt = json.loads((bundle / "receipt.json").read_text())
    arrived = shop.received()
    assert (killed, again) == (KILLED, 0), doom.log.read_text()
    assert list(dict.fromkeys(arrived)) == [each["_id"] for each in objects]
    assert len(arrived) - RECORDS in REPEATED[point]
    assert (receipt["records"], receipt["delivered"], receipt["dead"]) == (
        (RECORDS, RECORDS, 0)
    )
