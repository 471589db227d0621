"""What we want to reach, and whether the results do. Pure, and tested.

A target that is missed stays in the table, and says so.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.ratios import paired_ratio
from benchmarks.peers.tables import (
    ALONE,
    BARE,
    KINDS,
    RIVAL,
    SHARED,
    SPEED,
    added,
    markdown,
    middle,
    net_cpu_seconds,
)

VENDOR = "readme-metrics"
OURS = "ours"
ABSENT = "ours, 12 absent names"
SMALL = "ours, default batches"
REDACTED = "ours, all redacted"
RSYSLOG = "rsyslog, JSON"
POLLING = "ours, polling, buffer_length 1"
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
            f"{_short(self.measured)} {self.unit}".rstrip(),
            f"{sign} {_short(self.bound)} {self.unit}".rstrip(),
            "yes" if self.is_reached else "**no**",
        ]


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


def table(results: Mapping[str, Any]) -> str:
    """Return the table of targets of all kept results."""
    targets = [
        *_shipping(results["throughput"]),
        *(_sharing(results["workers"]) if "workers" in results else ()),
        *_reacting(results["reaction"]),
        *_calling(results["middleware"]),
    ]
    heading = ("what", "measured", "target", "reached")
    return markdown(heading, [target.row() for target in targets])


def _shipping(result: Mapping[str, Any]) -> Iterator[Target]:
    rounds, lines = result["rounds"], result["log"]["lines"]
    net = {name: net_cpu_seconds(figures) for name, figures in rounds.items()}
    speed = {
        name: [lines / figure["wall_seconds"] for figure in figures]
        for name, figures in rounds.items()
    }
    for name, seconds in ((ABSENT, 15), (SMALL, 19), (REDACTED, 35)):
        spent = statistics.median(net[name]) / lines * 1e6
        yield Target(f"CPU of {name}, a million lines", spent, seconds, "s")
    for rival in (RIVAL, RSYSLOG):
        if rival in net:
            ratio = paired_ratio(net[ABSENT], net[rival])
            yield Target(f"CPU of {ABSENT}, × {rival}", ratio, 0.25)
    for name, factor in ((ABSENT, 2.5), (REDACTED, 1.3)):
        if RIVAL in speed:
            ratio = paired_ratio(speed[name], speed[RIVAL])
            what = f"lines/s of {name}, × {RIVAL}"
            yield Target(what, ratio, factor, is_at_least=True)
    ours = [name for name in net if name.startswith(OURS)]
    spoilt = sum(
        result["verified"][name]["lost"] + result["verified"][name]["repeated"]
        for name in ours
    )
    yield Target("records lost or repeated, all runs of ours", spoilt, 0)


def _sharing(result: Mapping[str, Any]) -> Iterator[Target]:
    speed = {
        name: [one[SPEED] for one in result["rounds"][name]] for name in (ALONE, SHARED)
    }
    ratio = paired_ratio(speed[SHARED], speed[ALONE])
    what = f"lines/s of {SHARED} over {result['files']} files, × {ALONE}"
    yield Target(what, ratio, 1.5, is_at_least=True)
    spoilt = sum(one["lost"] + one["repeated"] for one in result["verified"].values())
    yield Target("records lost or repeated by workers", spoilt, 0)


def _reacting(result: Mapping[str, Any]) -> Iterator[Target]:
    latency, far = result["latency"], result["far_away"]
    yield Target(f"p50 of {AT_ONCE}", middle(latency[AT_ONCE], "p50_ms"), 13, "ms")
    yield Target(f"p99 of {AT_ONCE}", middle(latency[AT_ONCE], "p99_ms"), 30, "ms")
    # A look a second, and then the same way.
    yield Target(f"p99 of {POLLING}", middle(latency[POLLING], "p99_ms"), 1030, "ms")
    used = middle(latency[USUAL], "cpu_percent_of_a_core")
    yield Target("CPU at 200 records a second, defaults", used, 2, CORE)
    for row in result["rest"]:
        if row["name"] == OURS:
            what = f"CPU at rest, files followed: {row['files']:,}"
            bound = 0.02 if row["files"] == 1 else 0.1
            yield Target(what, row["cpu_percent_of_a_core"], bound, CORE)
    begun = middle(result["first_post"], "cpu_ms")
    yield Target("CPU from the start to the first request", begun, 350, "ms")
    idle = statistics.median(result["once_with_nothing_to_do_cpu_ms"])
    yield Target("CPU of `run --once` with nothing to do", idle, 250, "ms")
    share = statistics.median(far["lines_per_second"]) / far["limit_lines_per_second"]
    what = f"backlog over {far['round_trip_ms']:.0f} ms, share of the limit"
    yield Target(what, share, 0.9, is_at_least=True)
    sizes = result["memory_over_many_lines"]["resident_bytes"]
    yield Target("RSS over many lines", max(sizes) / 1e6, 50, "MB")
    growth = sizes[-1] / sizes[len(sizes) // 5]
    yield Target("RSS at the end of many lines, × at three tenths", growth, 1.1)


def _calling(result: Mapping[str, Any]) -> Iterator[Target]:
    small = result["kinds"]["1 KB"]
    for key, share, microseconds, part in (
        ("p50_us", "p50", 30, 0.3),
        ("p99_us", "p99", 80, 0.05),
    ):
        ours, theirs = (added(small, name, key) for name in (OURS, VENDOR))
        what = f"{share} added to a request, 1 KB in and out"
        yield Target(what, ours, microseconds, "µs")
        yield Target(f"{what}, × {VENDOR}", ours / theirs, part)
    for kind, microseconds in (("listed", 60), ("50 KB", 80), ("stream", 90)):
        ours = added(result["kinds"][kind], OURS, "p50_us")
        yield Target(f"p50 added to a request, {KINDS[kind]}", ours, microseconds, "µs")
    served = {
        name: [one["requests_per_second"] for one in figures]
        for name, figures in result["under_gunicorn"].items()
    }
    ratio = paired_ratio(served[OURS], served[BARE])
    what = "requests/s under gunicorn, two workers, × the bare application"
    yield Target(what, ratio, 0.94, is_at_least=True)
