"""The soak in short, and proof that it can fail: it judges what it is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.soak import vitals
from tests.soak.books import Books, OnDisk
from tests.support.commands import environment
from tests.support.servers import ROOT

pytestmark = pytest.mark.chaos


def books(**changes: object) -> Books:
    """Return books that balance, with the given parts changed."""
    parts: dict[str, object] = {
        "on_disk": OnDisk(ids=("a", "b", "c", "d"), torn=1, dropped=0, files=2),
        "arrived": Counter({"a": 1, "b": 2, "c": 1}),
        "letters": ("d", None),
        "status": {
            "delivered": 3,
            "skipped": 0,
            "dead": 2,
            "pending": 0,
            "exported": 0,
            "total": 5,
        },
        "most_repeats": 1,
    }
    return Books(**{**parts, **changes})  # type: ignore[arg-type]  # a builder


def test_books_that_balance_have_no_breach() -> None:
    """A repeat within the bound and a dead letter are as promised."""
    assert books().breaches() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arrived": Counter({"a": 1, "b": 1})}, "1 records were lost"),
        ({"arrived": Counter("abce")}, "1 records arrived that are not on disk"),
        ({"most_repeats": 0}, "1 repeats, more than the bound of 0"),
        ({"letters": ("d",)}, "1 lines are torn, 0 dead letters have no id"),
        ({"status": {"delivered": 4}}, "status says {'delivered': 4}"),
    ],
)
def test_each_broken_promise_is_named(changes: dict[str, object], said: str) -> None:
    """Loss, strangers, too many repeats, torn lines and sums are told apart."""
    assert said in "; ".join(books(**changes).breaches())


def life(rss_kib: list[int], descriptors: list[int]) -> list[vitals.Sample]:
    """Return the samples of one process, a second apart, grown up already."""
    pairs = enumerate(zip(rss_kib, descriptors, strict=True))
    return [vitals.Sample(1, 10.0 + age, kib, count) for age, (kib, count) in pairs]


@pytest.mark.parametrize(
    ("rss_kib", "descriptors", "said"),
    [
        ([40_000] * 20, [12] * 20, ""),
        (list(range(40_000, 80_000, 2_000)), [12] * 20, "memory grew by 30000 KiB"),
        ([40_000] * 20, list(range(12, 52, 2)), "30 more descriptors were open"),
        ([40_000] * 19 + [200_000], [12] * 20, "memory reached 200000 KiB"),
    ],
)
def test_growth_is_seen(rss_kib: list[int], descriptors: list[int], said: str) -> None:
    """A leak of memory or descriptors is a breach; a flat line is none."""
    found = "; ".join(vitals.breaches(life(rss_kib, descriptors)))

    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.skipif(not vitals.PROC.exists(), reason="needs /proc")
def test_a_process_can_be_looked_at() -> None:
    """Figures of this very process are plausible; a process that is gone has none."""
    here = vitals.sample(os.getpid(), life=1, age_seconds=0.0)
    gone = subprocess.Popen(["true"])
    gone.wait()

    assert here is not None
    assert here.rss_kib > 10_000
    assert here.descriptors > 2
    assert vitals.sample(gone.pid, life=1, age_seconds=0.0) is None


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_twenty_seconds_of_the_soak(workers: str) -> None:
    """Scenario 55: random SIGKILL, rotation, failing receiver: promises are kept."""
    command = ["-m", "tests.soak.soak", "--minutes", "0.34", "--workers", workers]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost                0\n" in done.stdout
