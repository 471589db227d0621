"""An export killed before and after every effect: nothing lost, nothing doubled.

After every death another export goes on from the state, the log and what lies on the
disk. In the end each record is in exactly one sealed bundle.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shipper.airgap.layout import SUMS
from shipper.store import open_reader
from tests.support.bundles import ids_in
from tests.support.commands import Shop
from tests.support.doomed import EXPORT_POINTS, Doom, Nursery

pytestmark = pytest.mark.chaos

KILLED = -signal.SIGKILL
NOWHERE = "http://127.0.0.1:9/v1/request"  # the discard port: nobody answers
# Deaths after which the state knows the bundle, so that it only has to be sealed.
COMMITTED = {"after the commit", "before the name", "after the name"}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One fork server for all tests."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A host with a log and no network."""
    shop = Shop(tmp_path)
    shop.configure(NOWHERE)
    return shop


def exported_of(shop: Shop) -> int:
    """Return how many lines the ledger has in bundles."""
    reader = open_reader(str(shop.directory / "state"))
    assert reader is not None
    with closing(reader):
        return reader.sums().lines.exported


@pytest.mark.parametrize("point", EXPORT_POINTS)
def test_after_a_death_every_record_is_in_one_sealed_bundle(
    point: str, shop: Shop, nursery: Nursery
) -> None:
    """Whatever was done, the next export of the same name completes it."""
    doom = Doom(nursery, shop.config, shop.directory / "events.log")
    bundles = shop.directory / "bundles"
    bundles.mkdir()
    first, second = bundles / "first", bundles / "second"
    ids = shop.record(30)

    killed = doom.live(point, out=str(first))
    sealed_at_death = (first / SUMS).exists()
    ids += shop.record(5)
    if point == "after it is noted":
        first.rename(second)  # nothing is left to do: it has been carried away
    again = doom.live(out=str(first))
    # Where the second one had only to seal, the later lines are left.
    rest = doom.live(out=str(bundles / "third")) if point in COMMITTED else 0

    found = [name for each in bundles.iterdir() for name in ids_in(each)]
    assert killed == KILLED, doom.log.read_text()
    assert (again, rest) == (0, 0), doom.log.read_text()
    assert sorted(found) == sorted(ids)
    assert sealed_at_death == (point in {"after the name", "after it is noted"})
    assert ("bundle_resealed" in doom.log.read_text()) == (point in COMMITTED)
    assert exported_of(shop) == 35


def test_a_committed_bundle_that_has_gone_is_told_of(
    shop: Shop, nursery: Nursery
) -> None:
    """Exports go on without it, and seal it when its medium is there again."""
    doom = Doom(nursery, shop.config, shop.directory / "events.log")
    shop.record(3)
    assert doom.live("after the commit", out=str(shop.directory / "one")) == KILLED
    (left,) = shop.directory.glob("one.unsealed-*")
    elsewhere = left.rename(shop.directory / "elsewhere")
    shop.record(2)

    without = doom.live(out=str(shop.directory / "two"))
    missing = "bundle_missing" in doom.log.read_text()
    elsewhere.rename(left)
    again = doom.live(out=str(shop.directory / "three"))

    assert (without, again) == (0, 0), doom.log.read_text()
    assert missing
    assert len(ids_in(shop.directory / "two")) == 2
    assert len(ids_in(shop.directory / "one")) == 3
