"""What we want to reach, and whether the results do. Pure, and tested.

A target that is missed stays in the table, and says so.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.ratios import paired_difference, paired_ratio
from benchmarks.peers.tables import BARE, RIVAL, markdown, middle, net_cpu_seconds

VENDOR = "readme-metrics"
OURS = "ours"
AT_ONCE = "ours, file events, buffer_length 1"
USUAL = "ours, defaults"
CORE = "% of a core"


@dataclass(frozen=True, slots=True)
class Target:
    """One figure and its bound: at most `bound`, or at least."""

    what: str
    measured: float
    bound: float
    unit: str = ""
    is_at_least: bool = False

    @property
    def is_reached(self) -> bool:
        if self.is_at_least:
            return self.measured >= self.bound
        return self.measured <= self.bound

    def row(self) -> list[str]:
        sign = "≥" if self.is_at_least else "≤"
        return [
            self.what,
            f"{self.measured:.3g} {self.unit}".rstrip(),
            f"{sign} {self.bound:.3g} {self.unit}".rstrip(),
            "yes" if self.is_reached else "**no**",
        ]


def table(results: Mapping[str, Any]) -> str:
    """Return the table of targets of all kept results."""
    targets = [
        *_shipping(results["throughput"]),
        *_reacting(results["reaction"]),
        *_calling(results["middleware"]["in_process"]),
    ]
    heading = ("what", "measured", "target", "reached")
    return markdown(heading, [target.row() for target in targets])


def _shipping(result: Mapping[str, Any]) -> Iterator[Target]:
    net = {name: net_cpu_seconds(rounds) for name, rounds in result["rounds"].items()}
    ours = [name for name in net if name.startswith(OURS)]
    for name in ours:
        if RIVAL in net:
            ratio = paired_ratio(net[name], net[RIVAL])
            yield Target(f"CPU of {name}, × {RIVAL}", ratio, 1)
    spoilt = sum(
        result["verified"][name]["lost"] + result["verified"][name]["repeated"]
        for name in ours
    )
    yield Target("records lost or repeated, all runs of ours", spoilt, 0)


def _reacting(result: Mapping[str, Any]) -> Iterator[Target]:
    latency, far = result["latency"], result["far_away"]
    yield Target(f"p50 of {AT_ONCE}", middle(latency[AT_ONCE], "p50_ms"), 20, "ms")
    used = middle(latency[USUAL], "cpu_percent_of_a_core")
    yield Target("CPU at 200 records a second, defaults", used, 5, CORE)
    for row in result["rest"]:
        if row["name"] == OURS:
            what = f"CPU at rest, files followed: {row['files']:,}"
            yield Target(what, row["cpu_percent_of_a_core"], 2, CORE)
    share = statistics.median(far["lines_per_second"]) / far["limit_lines_per_second"]
    what = f"backlog over {far['round_trip_ms']:.0f} ms, share of the limit"
    yield Target(what, share, 0.9, is_at_least=True)
    sizes = result["memory_over_many_lines"]["resident_bytes"]
    growth = sizes[-1] / sizes[len(sizes) // 5]
    yield Target("RSS at the end of many lines, × at three tenths", growth, 1.1)


def _calling(calls: Mapping[str, Any]) -> Iterator[Target]:
    for key, share in (("p50_us", "p50"), ("p99_us", "p99"), ("cpu_us", "CPU")):
        bare = [one[key] for one in calls[BARE]]
        ours = paired_difference([one[key] for one in calls[OURS]], bare)
        theirs = paired_difference([one[key] for one in calls[VENDOR]], bare)
        yield Target(f"{share} added to a request, × {VENDOR}", ours / theirs, 1)
