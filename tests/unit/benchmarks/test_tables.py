"""The tables say what the results hold, and the document what the tables say."""

from __future__ import annotations

import re

from benchmarks import write_up
from benchmarks.peers import tables, targets


def _round(cpu: float, empty: float = 1.0) -> dict[str, float]:
    return {
        "cpu_seconds": cpu,
        "empty_cpu_seconds": empty,
        "wall_seconds": 2.0,
        "peak_bytes": 50e6,
        "requests": 10,
        "sent_bytes": 900,
    }


def _result() -> dict[str, object]:
    names = ("ours", tables.FLOOR, tables.RIVAL)
    cpu = {"ours": (3.0, 5.0), tables.FLOOR: (1.5, 2.0), tables.RIVAL: (5.0, 9.0)}
    return {
        "log": {"lines": 1000, "bytes": 1000},
        "verified": {name: {"lost": 0, "repeated": 2} for name in names},
        "rounds": {name: [_round(seconds) for seconds in cpu[name]] for name in names},
    }


def test_start_up_is_taken_off_before_ratios_are_made() -> None:
    """Ours took 2 and 4 seconds net, the floor 0.5 and 1: four times as much."""
    row = tables.throughput(_result()).splitlines()[2]

    assert row == (
        "| ours | 3000.0 | 4.00 | 0.50 | 1.00 | 500 | 50 | 10 | 0.90 | 0 / 2 |"
    )


def test_the_start_up_is_the_median_of_the_rounds() -> None:
    """One start in a busy moment makes no run look cheap."""
    rounds = [_round(3.0, 1.0), _round(3.0, 2.9), _round(3.0, 1.0)]

    assert tables.net_cpu_seconds(rounds) == [2.0, 2.0, 2.0]


def test_a_rival_that_was_left_out_leaves_a_dash() -> None:
    """A machine without syslog-ng still gets its table."""
    result = _result()
    rounds = result["rounds"]
    assert isinstance(rounds, dict)
    del rounds[tables.RIVAL]

    assert "| 4.00 | \N{EN DASH} |" in tables.throughput(result)


def test_what_the_bare_application_takes_is_no_addition() -> None:
    """Its own time stands in brackets, the others' is what comes on top."""
    one = {"p50_us": 10.0, "p99_us": 20.0, "cpu_us": 12.0}
    two = {"p50_us": 40.0, "p99_us": 90.0, "cpu_us": 50.0}
    table = tables.in_process({"in_process": {"bare": [one], "ours": [two]}})

    assert "| bare | (10) | (20) | (12) |\n| ours | 30 | 70 | 38 |\n" in table


def test_each_kind_of_exchange_has_its_own_bare_application() -> None:
    """What is taken off is what the same exchange takes there."""
    one = {"p50_us": 10.0, "p99_us": 20.0}
    two = {"p50_us": 40.0, "p99_us": 90.0}
    far = {"p50_us": 1_240.0, "p99_us": 90.0}
    result = {
        "kinds": {
            "1 KB": {"bare": [one], "ours": [two]},
            "stream": {"bare": [two], "ours": [far]},
        }
    }

    rows = tables.kinds(result).splitlines()
    assert rows[2:] == [
        "| bare | (10) / (20) | (40) / (90) |",
        "| ours | 30 / 70 | 1,200 / 0 |",
    ]


def _shared() -> dict[str, object]:
    speeds = {tables.ALONE: (100.0, 300.0), tables.SHARED: (160.0, 450.0)}
    one = {"cpu_seconds": 2.0, "lines_per_second": 90.0, "peak_bytes": 50e6}
    return {
        "files": 8,
        "verified": {name: {"lost": 0, "repeated": 0} for name in speeds},
        "rounds": {
            name: [{**one, tables.SPEED: speed} for speed in figures]
            for name, figures in speeds.items()
        },
    }


def test_two_workers_stand_beside_one_process() -> None:
    """The ratio is that of the same round: 1.6 and 1.5."""
    rows = tables.sharing(_shared()).splitlines()[2:]

    assert rows == [
        "| one process | 1.00 | 200 | 90 | 2.0 | 50 | 0 / 0 |",
        "| 2 workers | 1.55 | 305 | 90 | 2.0 | 50 | 0 / 0 |",
    ]


def test_workers_have_a_target_once_they_were_measured() -> None:
    """Half as fast again as one process, with nothing lost or repeated."""
    table = targets.table({**write_up.load(), "workers": _shared()})

    row = "| lines/s of 2 workers over 8 files, \N{MULTIPLICATION SIGN} one process "
    assert row + "| 1.55 | ≥ 1.5 | yes |" in table
    assert "| records lost or repeated by workers | 0 | ≤ 0 | yes |" in table


def test_a_target_that_is_missed_is_said_to_be() -> None:
    """The kept results hold a row for each target, with a plain yes or no."""
    rows = targets.table(write_up.load()).splitlines()[2:]

    assert len(rows) >= 10
    assert all(re.search(r"\| (yes|\*\*no\*\*) \|$", row) for row in rows)


def test_the_document_holds_the_tables_of_the_results() -> None:
    """No figure stands in docs/performance.md that was not measured."""
    text = write_up.DOCUMENT.read_text("utf-8")

    results = write_up.load()
    made = [
        name
        for name, (result, _) in write_up.TABLES.items()
        if not result or result in results
    ]
    assert all(f"<!-- {name}: " in text for name in made)
    assert write_up.rebuilt(text, results) == text, "run: python -m benchmarks.write_up"
