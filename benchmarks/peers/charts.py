"""Draw the charts of docs/performance/ from the results, as SVG.

The background is left out and the text is grey, so that a page may be light or dark.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.peers.tables import BARE, added, middle, net_cpu_seconds

GREY, OURS, OTHERS, LIGHT = "#7d8590", "#2f81f7", "#8b949e", "#b1bac4"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "performance",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": GREY,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(results: Mapping[str, Any], directory: Path) -> None:
    """Write one file a chart into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        _cpu(results["throughput"], directory / "cpu.svg")
        _latency(results["reaction"], directory / "latency.svg")
        _memory(results["reaction"], directory / "memory.svg")
        _middleware(results["middleware"], directory / "middleware.svg")


def _cpu(result: Mapping[str, Any], file: Path) -> None:
    lines = result["log"]["lines"]
    values = {
        name: statistics.median(net_cpu_seconds(rounds)) / lines * 1e6
        for name, rounds in result["rounds"].items()
    }
    _bars({"": values}, "CPU seconds per million lines, start-up taken off", file)


def _latency(result: Mapping[str, Any], file: Path) -> None:
    pairs = {
        share: {
            name: middle(rounds, f"{share}_ms")
            for name, rounds in result["latency"].items()
        }
        for share in ("p50", "p99")
    }
    _bars(pairs, "ms from append to the sink, 200 records a second", file, is_log=True)


def _middleware(result: Mapping[str, Any], file: Path) -> None:
    calls = result["kinds"]["1 KB"]
    pairs = {
        share: {
            name: added(calls, name, f"{share}_us") for name in calls if name != BARE
        }
        for share in ("p50", "p99")
    }
    _bars(
        pairs, "µs added to a request, 1 KB in and out, in process", file, is_log=True
    )


def _memory(result: Mapping[str, Any], file: Path) -> None:
    flat = result["memory_over_many_lines"]
    sizes = [size / 1e6 for size in flat["resident_bytes"]]
    figure = Figure(figsize=(6.4, 2.2))
    axes = figure.subplots()
    shares = [flat["lines"] / 1000 * (n + 1) / len(sizes) for n in range(len(sizes))]
    axes.plot(shares, sizes, color=OURS, marker="o")
    axes.set_ylim(0, max(sizes) * 1.2)
    axes.set_xlabel("thousand lines delivered")
    axes.set_ylabel("resident MB")
    _save(figure, file)


def _bars(
    groups: Mapping[str, Mapping[str, float]],
    title: str,
    file: Path,
    *,
    is_log: bool = False,
) -> None:
    names: Sequence[str] = list(next(iter(groups.values())))
    figure = Figure(figsize=(6.4, 0.6 + 0.32 * len(names) * len(groups)))
    axes = figure.subplots()
    height = 0.8 / len(groups)
    for number, (group, values) in enumerate(groups.items()):
        shift = (number - (len(groups) - 1) / 2) * height
        places = [index + shift for index in range(len(names))]
        colors = [OURS if name.startswith("ours") else OTHERS for name in names]
        bars = axes.barh(
            places, [values[name] for name in names], height * 0.9, color=colors,
            alpha=1.0 if number == 0 else 0.55,
        )  # fmt: skip
        labels = [f"{group} {_short(values[name])}".strip() for name in names]
        axes.bar_label(bars, labels, padding=3, color=GREY)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    if is_log:
        axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel(title)
    _save(figure, file)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(
        file,
        format="svg",
        transparent=True,
        bbox_inches="tight",
        metadata={"Date": None},
    )
