"""The shipper killed before and after every effect of the commit protocol.

After every death a new life goes on from the state and the log alone. Nothing may
be missing in the end, and what arrives twice is what was in flight.
"""

from __future__ import annotations

import gzip
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.accounts import Accounts
from tests.support.commands import Shop
from tests.support.doomed import POINTS, Doom, Nursery

pytestmark = pytest.mark.chaos

KILLED = -signal.SIGKILL
BATCH = 5
WINDOW = 4
DEATHS = 110  # for each of two seeds


@dataclass
class Stage:
    """A shop, its books, and a shipper that can be killed at will."""

    accounts: Accounts
    doom: Doom
    rotations: list[Path] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """The active file."""
        return self.accounts.shop.log

    def live_on(self) -> None:
        """Let the shipper come to its end, and check everything."""
        assert self.doom.live() == 0, self.doom.log.read_text()
        self.accounts.check_end()

    def rotate(self) -> None:
        """Rename the active file, as the writer does."""
        number = len(self.rotations) + 1
        rotated = Path(f"{self.log}.20261123T12{number:010d}Z")
        os.rename(self.log, rotated)
        self.rotations.append(rotated)

    def pack_half(self) -> None:
        """Begin to pack the newest rotated file, as gzip(1) does."""
        packed = self._packed()
        self._archive().write_bytes(packed[: len(packed) // 2])

    def pack_whole(self) -> None:
        """Finish the archive; the plain file is still there."""
        facts = self.rotations[-1].stat()
        packed = self._packed()
        with self._archive().open("ab") as file:
            file.write(packed[len(packed) // 2 :])
        os.utime(self._archive(), ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def _packed(self) -> bytes:
        return gzip.compress(self.rotations[-1].read_bytes(), mtime=0)

    def _archive(self) -> Path:
        return Path(f"{self.rotations[-1]}.gz")

    def unlink_plain(self) -> None:
        """Remove the plain file: the archive stands for it now."""
        self.rotations[-1].unlink()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory for everything."""
    return Shop(tmp_path)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One fork server for all tests."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def stage(shop: Shop, in_flight: int, nursery: Nursery) -> Iterator[Stage]:
    """A receiver, a configuration of small batches, and nothing written yet."""
    with shop.receiving():
        shop.configure_more(
            f"[batch]\nmax_records = {BATCH}\nbuffer_length = {BATCH}\n"
            f"max_in_flight = {in_flight}\nflush_interval = 0.05\n"
        )
        doom = Doom(nursery, shop.config, shop.directory / "events.log")
        yield Stage(Accounts(shop), doom)
        doom.kill()


@pytest.fixture
def in_flight() -> int:
    """How many batches may be out at once."""
    return WINDOW


# What a death there may send again: records, with one batch in flight. The
# second passing is meant, and batches of five.
REPEATED = {
    "before a file is registered": {0},
    "while a file is registered": {0},
    "after a file was registered": {0},
    "after a look": {0, 5},
    "before a post": {0},
    "after a post": {0, 5},  # it may have come out just before the end
    "after an answer": {5},
    "after an answer was taken in": {5},
    "before a commit": {5},
    "before a position moves": {5},
    "before the ledger": {5},
    "before a dead letter": {5},
    "after a dead letter": {5},
    "before COMMIT": {5},
    "after COMMIT": {0},
    "before the database is set up": {0},
    "while the schema is made": {0},
    "before the schema is counted": {0},
    "before the schema is committed": {0},
}
# Passed once only: at the start, or by the one batch with a dead letter.
ONCE = {
    point
    for point in REPEATED
    if "schema" in point or "dead letter" in point or "database" in point
}


def test_every_point_has_its_price() -> None:
    """No point of the protocol goes untested."""
    assert set(POINTS) == set(REPEATED)


@pytest.mark.parametrize("in_flight", [1])
@pytest.mark.parametrize("point", POINTS)
def test_a_death_repeats_the_batch_in_flight_and_nothing_else(
    point: str, stage: Stage
) -> None:
    """Scenarios 20 and 21: lost 0 at each point, repeated that batch, sums exact."""
    accounts = stage.accounts
    accounts.write(7)
    accounts.write_unreadable()
    accounts.write(9)
    stage.rotate()
    accounts.write(10)
    accounts.write_poison()
    accounts.write(10)
    # New files are registered as one, so the second time is after the first death.
    passing = 1 if point in ONCE or "registered" in point else 2

    killed = stage.doom.live(point, passing, once=False)

    assert killed == KILLED, stage.doom.log.read_text()
    accounts.check_positions()
    accounts.write(3)
    stage.live_on()
    assert accounts.copies() in REPEATED[point]
    arrived = list(dict.fromkeys(accounts.shop.received()))
    assert arrived == accounts.sent, "first arrivals, in the order of the files"


@pytest.mark.parametrize("point", ["after an answer was taken in", "before COMMIT"])
def test_a_death_between_any_two_steps_of_a_rotation(point: str, stage: Stage) -> None:
    """Scenarios 12, 13 and 15: a life dies at each step from rename to unlink."""
    accounts = stage.accounts
    accounts.write(60)
    steps = [
        stage.rotate,
        lambda: accounts.write(20),
        stage.pack_half,
        stage.pack_whole,
        stage.unlink_plain,
    ]
    for step in steps:
        assert stage.doom.live(point, once=False) == KILLED
        accounts.check_positions()
        step()

    stage.live_on()

    assert accounts.copies() <= len(steps) * WINDOW * BATCH


def rotate_a_little(stage: Stage, chosen: random.Random) -> None:
    """Do nothing, rotate, or pack what was rotated."""
    move = chosen.randrange(6)
    if move == 0 and stage.log.exists():
        stage.rotate()
    if move == 1 and stage.rotations and stage.rotations[-1].exists():
        stage.pack_half()
        stage.pack_whole()
        stage.unlink_plain()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2))
def test_a_hundred_deaths_and_ten(seed: int, stage: Stage) -> None:
    """Scenario 19: 110 kills at points drawn by lot: lost 0, repeats bounded."""
    chosen = random.Random(seed)
    accounts, doom = stage.accounts, stage.doom
    kills = 0
    while kills < DEATHS:
        accounts.write(chosen.randrange(1, 40))
        if chosen.randrange(8) == 0:
            accounts.write_unreadable()
        if chosen.randrange(12) == 0:
            accounts.write_poison()
            accounts.write(1)
        rotate_a_little(stage, chosen)
        doom.begin(chosen.choice(list(POINTS)), chosen.randrange(1, 6))
        accounts.write(chosen.randrange(20))
        rotate_a_little(stage, chosen)
        code = doom.end()
        assert code in {0, KILLED}, doom.log.read_text()
        kills += code == KILLED
        accounts.check_positions()
        if chosen.randrange(4) == 0:
            stage.live_on()

    stage.live_on()

    assert accounts.copies() <= kills * WINDOW * BATCH
