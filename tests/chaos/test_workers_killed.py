"""Workers and their parent killed again and again, while logs grow and rotate."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from shipper.receiver.faults import Faults
from tests.support.commands import Shop, running
from tests.support.crews import Crewed, Yard, await_death

pytestmark = pytest.mark.chaos

WINDOW = 4 * 5  # records that one process may have in flight
SHORT, LONG = 6, 60  # deaths


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """Eight logs for two workers."""
    return Yard(Shop(tmp_path))


def live(yard: Yard, chance: random.Random, deaths: int) -> int:
    """Run one daemon until its parent is killed; return how many processes died."""
    with running("run", "--config", str(yard.shop.config)) as process:
        crew = Crewed(process)
        crew.await_workers(yard.workers)
        died = 0
        while died < deaths:
            grow(yard, chance)
            yard.await_received(len(yard.written) - chance.randrange(40, 80))
            died += 1
            if chance.randrange(3) == 0:
                break
            crew.kill(chance.choice(list(crew.pids)))
            crew.await_workers(1)
        process.kill()
        for pid in crew.pids.values():
            await_death(pid)
        return died + 1


def grow(yard: Yard, chance: random.Random) -> None:
    """Add lines to every log, and rotate some."""
    stamp = sum(map(len, yard.ids.values()))
    for number in range(yard.logs):
        if chance.randrange(4) == 0:
            yard.rotate(number, stamp)
        yard.write_to(number, chance.randrange(5, 30))


@pytest.mark.parametrize(
    ("seed", "deaths"),
    [(1, SHORT), pytest.param(2, LONG, marks=pytest.mark.slow)],
)
@pytest.mark.timeout(600)
def test_deaths_lose_nothing_and_the_audit_is_exact(
    seed: int, deaths: int, yard: Yard
) -> None:
    """After every death of a parent the sums are exact, and no record is missing."""
    chance = random.Random(seed)
    died = 0
    with yard.receiving(faults=Faults(delay_seconds=0.005)):
        while died < deaths:
            died += live(yard, chance, deaths - died)
            assert yard.audit()["code"] == 0
        grow(yard, chance)
        done: subprocess.CompletedProcess[str] = yard.shop.shipper("run", "--once")
        audit = yard.audit()

    assert done.returncode == 0, done.stderr
    assert set(yard.shop.received()) == yard.written
    assert yard.copies() <= died * 2 * WINDOW
    assert (audit["code"], audit["lines"]["delivered"]) == (0, len(yard.written))
