"""Memory and descriptors of a process over time, and whether they grow.

Samples go in, verdicts come out; `sample` alone looks at the system (Linux).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PROC = Path("/proc")
WARM_SECONDS = 3.0  # a young process is still importing
ALLOWED_KIB = 8_192  # what an allocator may keep without anything leaking
ALLOWED_DESCRIPTORS = 6  # more rotated files may be open at one time than another
FEWEST = 8  # samples that make a trend
BOUND_KIB = 160_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One look.

    Attributes:
        age_seconds: Of the process.
        life: The number of the process.
    """

    life: int
    age_seconds: float
    rss_kib: int
    descriptors: int


def sample(pid: int, life: int, age_seconds: float) -> Sample | None:
    """Look at a process; None when it is gone or cannot be looked at."""
    try:
        status = (PROC / str(pid) / "status").read_text()
        descriptors = len(os.listdir(PROC / str(pid) / "fd"))
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return Sample(life, age_seconds, int(line.split()[1]), descriptors)
    return None


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that live."""
    try:
        text = (PROC / str(pid) / "task" / str(pid) / "children").read_text()
    except OSError:
        return []
    return list(map(int, text.split()))


def growth(samples: Sequence[Sample], figure: Callable[[Sample], int]) -> int:
    """Return by how much a figure has grown from the first quarter to the last."""
    quarter = max(1, len(samples) // 4)
    first = median(figure(one) for one in samples[:quarter])
    last = median(figure(one) for one in samples[-quarter:])
    return round(last - first)


def breaches(samples: Sequence[Sample]) -> list[str]:
    """Return what is not flat: within the longest life, and over all lives."""
    warm = [one for one in samples if one.age_seconds >= WARM_SECONDS]
    lives: dict[int, list[Sample]] = {}
    for one in warm:
        lives.setdefault(one.life, []).append(one)
    longest = max(lives.values(), key=len, default=[])
    found = []
    for where, run in (("in the longest life", longest), ("over all lives", warm)):
        if len(run) < FEWEST:
            continue
        grown_kib = growth(run, lambda one: one.rss_kib)
        if grown_kib > ALLOWED_KIB:
            found.append(f"memory grew by {grown_kib} KiB {where}")
        grown = growth(run, lambda one: one.descriptors)
        if grown > ALLOWED_DESCRIPTORS:
            found.append(f"{grown} more descriptors were open {where}")
    peak = max((one.rss_kib for one in samples), default=0)
    if peak > BOUND_KIB:
        found.append(f"memory reached {peak} KiB, more than {BOUND_KIB}")
    return found
