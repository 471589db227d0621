"""Show results as tables: values in, Markdown out. Pure, and tested."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.ratios import paired_difference, paired_ratio

Figures = Mapping[str, Sequence[Mapping[str, float]]]
FLOOR = "raw loop"
RIVAL = "syslog-ng, JSON"
BARE = "bare"
ALONE, SHARED = "one process", "2 workers"
SPEED = "lines_per_second_once_begun"
# Of the exchanges that come again and again.
KINDS = {
    "1 KB": "1 KB in and out",
    "listed": "the same, a listed name in each body",
    "50 KB": "a response of 50 KB",
    "stream": "a stream of 100 × 10 KB",
}


def markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def middle(rounds: Sequence[Mapping[str, float]], key: str) -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median(figure[key] for figure in rounds)


def net_cpu_seconds(rounds: Sequence[Mapping[str, float]]) -> list[float]:
    """Return each round's processor time less the start-up.

    The start-up is the median over the rounds: a single one, on a busy machine, can
    differ by more than a short run takes.
    """
    empty = middle(rounds, "empty_cpu_seconds")
    return [max(figure["cpu_seconds"] - empty, 1e-6) for figure in rounds]


def throughput(result: Mapping[str, Any]) -> str:
    """Return the table of whole runs, with ratios to the floor and to a rival."""
    rounds: Figures = result["rounds"]
    lines, size = result["log"]["lines"], result["log"]["bytes"]
    net = {name: net_cpu_seconds(figures) for name, figures in rounds.items()}
    rows = []
    for name, figures in rounds.items():
        seen = result["verified"][name]
        wall = middle(figures, "wall_seconds")
        rows.append([
            name,
            f"{statistics.median(net[name]) / lines * 1e6:.1f}",
            _ratio(net, name, FLOOR),
            _ratio(net, name, RIVAL),
            f"{middle(figures, 'empty_cpu_seconds'):.2f}",
            f"{lines / wall:,.0f}",
            f"{middle(figures, 'peak_bytes') / 1e6:.0f}",
            f"{middle(figures, 'requests'):.0f}",
            f"{middle(figures, 'sent_bytes') / size:.2f}",
            f"{seen['lost']} / {seen['repeated']}",
        ])  # fmt: skip
    heading = (
        "what", "CPU s per million lines", "× raw loop", "× syslog-ng JSON",
        "start-up CPU s", "lines/s", "peak RSS MB", "requests", "sent/in",
        "lost / repeated",
    )  # fmt: skip
    return markdown(heading, rows)


def _ratio(net: Mapping[str, Sequence[float]], name: str, base: str) -> str:
    return f"{paired_ratio(net[name], net[base]):.2f}" if base in net else "–"


def hot_path(result: Mapping[str, Any]) -> str:
    """Return the table of the steps of one record, with the least of each."""
    rows = []
    for step in result["steps"]:
        least = step["floor_microseconds"]
        rows.append([
            step["name"],
            f"{step['microseconds']:.1f}",
            "\u2013" if least is None else f"{least:.1f}",
            step["floor"] or "\u2013",
        ])  # fmt: skip
    return markdown(("step", "\u00b5s a record", "floor \u00b5s", "floor"), rows)


def sharing(result: Mapping[str, Any]) -> str:
    """Return the table of a backlog of several files, by how many work on it."""
    rounds: Figures = result["rounds"]
    base = _speed(rounds[ALONE])
    rows = [
        [
            name,
            f"{paired_ratio(_speed(figures), base):.2f}",
            f"{middle(figures, SPEED):,.0f}",
            f"{middle(figures, 'lines_per_second'):,.0f}",
            f"{middle(figures, 'cpu_seconds'):.1f}",
            f"{middle(figures, 'peak_bytes') / 1e6:.0f}",
            "{lost} / {repeated}".format(**result["verified"][name]),
        ]
        for name, figures in rounds.items()
    ]
    heading = (
        "what", "× one process", "lines/s once begun", "lines/s", "CPU s",
        "peak RSS MB", "lost / repeated",
    )  # fmt: skip
    return markdown(heading, rows)


def _speed(figures: Sequence[Mapping[str, float]]) -> list[float]:
    return [figure[SPEED] for figure in figures]


def latency(result: Mapping[str, Any]) -> str:
    """Return the table of latency at a steady rate."""
    rows = [
        [
            name,
            f"{middle(figures, 'p50_ms'):.1f}",
            f"{middle(figures, 'p99_ms'):.1f}",
            f"{middle(figures, 'cpu_percent_of_a_core'):.1f}",
            f"{middle(figures, 'requests'):.0f}",
            f"{max(figure['lost'] for figure in figures):.0f}",
        ]
        for name, figures in result["latency"].items()
    ]
    heading = ("what", "p50 ms", "p99 ms", "CPU % of a core", "requests", "lost")
    return markdown(heading, rows)


def rest(result: Mapping[str, Any]) -> str:
    """Return the table of what waiting costs."""
    rows = [
        [
            row["name"],
            f"{row['files']:,}",
            f"{row['cpu_percent_of_a_core']:.2f}",
            f"{row['peak_bytes'] / 1e6:.0f}",
        ]
        for row in result["rest"]
    ]
    return markdown(("what", "files", "CPU % of a core", "peak RSS MB"), rows)


def single_figures(result: Mapping[str, Any]) -> str:
    """Return the table of what is one figure each."""
    first, far = result["first_post"], result["far_away"]
    rate = statistics.median(far["lines_per_second"])
    limit = far["limit_lines_per_second"]
    once = statistics.median(result["once_with_nothing_to_do_cpu_ms"])
    flat = result["memory_over_many_lines"]
    down = result["memory_with_the_receiver_down"]
    sizes = _megabytes(flat["resident_bytes"][1::2])
    waiting = _megabytes(down["resident_bytes"][::3])
    rows = [
        [
            "start to the first body at the sink, CPU ms",
            f"{middle(first, 'cpu_ms'):.0f}",
        ],
        ["the same, ms on the clock", f"{middle(first, 'wall_ms'):.0f}"],
        ["`run --once` with nothing to do, CPU ms", f"{once:.0f}"],
        [f"backlog over {far['round_trip_ms']:.0f} ms, lines/s", f"{rate:,.0f}"],
        ["the limit there: max_in_flight × max_records / RTT", f"{limit:,.0f}"],
        ["share of that limit", f"{rate / limit:.2f}"],
        [f"RSS MB at each fifth of {flat['lines']:,} lines", sizes],
        [f"RSS MB over {down['seconds']} s with the receiver down", waiting],
    ]
    return markdown(("figure", "measured"), rows)


def _megabytes(sizes: Sequence[int]) -> str:
    return ", ".join(f"{size / 1e6:.0f}" for size in sizes)


def added(calls: Figures, name: str, key: str) -> float:
    """Return what a variant adds to the bare application, in microseconds."""
    own, bare = ([one[key] for one in calls[each]] for each in (name, BARE))
    return paired_difference(own, bare)


def in_process(result: Mapping[str, Any]) -> str:
    """Return the table of microseconds added to a call."""
    calls: Figures = result["in_process"]
    keys = ("p50_us", "p99_us", "cpu_us")
    rows = [[name, *(_added(calls, name, key) for key in keys)] for name in calls]
    heading = ("what", "added p50 µs", "added p99 µs", "added CPU µs")
    return markdown(heading, rows)


def kinds(result: Mapping[str, Any]) -> str:
    """Return the table of microseconds added to calls of some kinds: p50 and p99."""
    measured: Mapping[str, Figures] = result["kinds"]
    names = next(iter(measured.values()))
    rows = [
        [
            name,
            *(
                " / ".join(_added(calls, name, key) for key in ("p50_us", "p99_us"))
                for calls in measured.values()
            ),
        ]
        for name in names
    ]
    return markdown(("what", *(KINDS[kind] for kind in measured)), rows)


def _added(calls: Figures, name: str, key: str) -> str:
    """Return a cell; the bare application's own time stands in brackets."""
    if name == BARE:
        return f"({middle(calls[name], key):.0f})"
    return f"{added(calls, name, key):,.0f}"


def under_gunicorn(result: Mapping[str, Any]) -> str:
    """Return the table of a served application."""
    served: Figures = result["under_gunicorn"]
    rows = []
    for name, figures in served.items():
        if not figures:
            continue
        rate = [figure["requests_per_second"] for figure in figures]
        bare = [figure["requests_per_second"] for figure in served[BARE]]
        rows.append([
            name,
            f"{paired_ratio(rate, bare):.2f}",
            f"{statistics.median(rate):,.0f}",
            f"{middle(figures, 'cpu_us_per_request'):.0f}",
            f"{sum(figure['errors'] for figure in figures):.0f}",
        ])  # fmt: skip
    heading = ("what", "requests/s × bare", "requests/s", "CPU µs a request", "errors")
    return markdown(heading, rows)


def taken_on(result: Mapping[str, Any]) -> str:
    """Return one paragraph about the machine and the versions."""
    machine = result["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items() if v)
    return (
        f"Taken on {result['taken']} at commit `{machine['commit']}`: "
        f"{machine['cores']} cores ({machine['processor']}), "
        f"Linux {machine['kernel']}, Python {machine['python']}, {versions}.\n"
        f"The load average at the beginning was {machine['load_average']}.\n"
    )
