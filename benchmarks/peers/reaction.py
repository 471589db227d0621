"""How soon a record is delivered, and what waiting for the next one costs.

Latency at a steady rate, processor time at that rate, at rest and at the start, a
backlog over a long way, and whether memory stays where it is: over many lines, and
with the receiver down.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.peers import data, memory
from benchmarks.peers.contenders import ABSENT_NAMES, Contender, ours, syslog_ng
from benchmarks.peers.ratios import percentile
from benchmarks.peers.rounds import new_place, start
from benchmarks.peers.witness import Witness, ids_of

RATE_PER_SECOND = 200
LATENCY_SECONDS = 10
REST_SECONDS = 10
START_SECONDS = 3
ROUND_TRIP_SECONDS = 0.05
IN_FLIGHT, MAX_RECORDS = 4, 100

_AT_ONCE = {"buffer_length": 1}
_EVENTS = ours(denylist=ABSENT_NAMES, batch=_AT_ONCE, top={"watch": "events"})
_POLLING = ours(denylist=ABSENT_NAMES, batch=_AT_ONCE, top={"watch": "poll"})
_ALONE = syslog_ng(is_json=False, batch_lines=1)
FOLLOWERS = [
    Contender("ours, file events, buffer_length 1", "", _EVENTS),
    Contender("ours, polling, buffer_length 1", "", _POLLING),
    Contender("ours, defaults", "", ours(denylist=ABSENT_NAMES)),
    Contender("syslog-ng, raw, each line alone", "", _ALONE),
    Contender("syslog-ng, raw", "", syslog_ng(is_json=False)),
]
RESTING = [
    Contender("ours", "", ours(denylist=ABSENT_NAMES, paths="*.log")),
    Contender("syslog-ng, raw", "", syslog_ng(is_json=False)),
]


def everything(given: argparse.Namespace, _: Path | None) -> dict[str, Any]:
    """Measure all of it, `given.runs` rounds where rounds are of use."""
    log = data.write_log(given.build / "log" / "app.log", given.lines)
    build: Path = given.build
    latency: dict[str, list[dict[str, float]]] = {c.name: [] for c in FOLLOWERS}
    for _round in range(given.runs):
        for contender in FOLLOWERS:
            latency[contender.name].append(_latency(contender, log.path, build))
            _tell(f"{contender.name}: {latency[contender.name][-1]}")
    rest = []
    for files in (1, 1000):
        for contender in RESTING:
            seen = _rest(contender, files, log.path, build)
            rest.append({"name": contender.name, "files": files, **seen})
    _tell(f"at rest: {rest}")
    starts = [_first_post(log.path, build) for _round in range(given.runs)]
    nothing = [_nothing_to_do(log.path, build) for _round in range(given.runs)]
    _tell(f"start: {starts}, nothing to do: {nothing}")
    far = [_far_away(log, build) for _round in range(given.runs)]
    _tell(f"far away: {far}")
    return {
        "log": {"lines": log.lines, "bytes": log.bytes, "sizes": log.sizes},
        "rate_per_second": RATE_PER_SECOND,
        "latency": latency,
        "rest": rest,
        "first_post": starts,
        "once_with_nothing_to_do_cpu_ms": nothing,
        "far_away": {
            "round_trip_ms": ROUND_TRIP_SECONDS * 1e3,
            "limit_lines_per_second": IN_FLIGHT * MAX_RECORDS / ROUND_TRIP_SECONDS,
            "lines_per_second": far,
        },
        "memory_over_many_lines": memory.over_many_lines(log, build),
        "memory_with_the_receiver_down": memory.with_the_receiver_down(log, build),
    }


def _latency(contender: Contender, log: Path, build: Path) -> dict[str, float]:
    """Append lines at a steady rate and see when each has come."""
    lines, ids = _head(log, RATE_PER_SECOND * LATENCY_SECONDS)
    witness = Witness()
    place = new_place(build, witness.port, None)
    process = start(contender, place)
    time.sleep(START_SECONDS)
    cpu, begun, written = process.running_cpu_seconds(), time.monotonic(), {}
    file = os.open(place.log, os.O_WRONLY | os.O_APPEND)
    for number, (line, one) in enumerate(zip(lines, ids, strict=True)):
        early = begun + number / RATE_PER_SECOND - time.monotonic()
        time.sleep(max(0, early))
        written[one] = time.monotonic()
        os.write(file, line)
    os.close(file)
    cpu = process.running_cpu_seconds() - cpu
    seconds = time.monotonic() - begun
    end = time.monotonic() + 20
    while witness.missing(ids) and time.monotonic() < end:
        time.sleep(0.1)
    process.stop()
    witness.close()
    shutil.rmtree(place.directory)
    took = [
        (witness.arrived[one] - written[one]) * 1e3
        for one in ids
        if one in witness.arrived
    ]
    return {
        "p50_ms": round(percentile(took, 0.5), 2),
        "p99_ms": round(percentile(took, 0.99), 2),
        "lost": witness.missing(ids),
        "requests": witness.requests,
        "cpu_percent_of_a_core": round(cpu / seconds * 100, 2),
    }


def _rest(contender: Contender, files: int, log: Path, build: Path) -> dict[str, float]:
    """See what a follower takes while nothing is written."""
    line = _head(log, 1)[0][0]
    witness = Witness(keeps_ids=False)
    place = new_place(build, witness.port, None)
    for number in range(files):
        (place.log.parent / f"app{number:04d}.log").write_bytes(line)
    place.log.unlink()
    process = start(contender, place)
    time.sleep(START_SECONDS + files / 500)
    before = process.running_cpu_seconds()
    time.sleep(REST_SECONDS)
    used = process.running_cpu_seconds() - before
    process.stop()
    witness.close()
    shutil.rmtree(place.directory)
    return {
        "cpu_percent_of_a_core": round(used / REST_SECONDS * 100, 3),
        "peak_bytes": process.peak_bytes,
    }


def _first_post(log: Path, build: Path) -> dict[str, float]:
    """Return the processor and wall time from the start to the first body."""
    seen: list[tuple[float, float]] = []

    def note() -> None:
        if not seen:
            seen.append((process.running_cpu_seconds(), time.time()))

    witness = Witness(on_body=note, keeps_ids=False)
    place = new_place(build, witness.port, None)
    place.log.write_bytes(_head(log, 1)[0][0])
    process = start(Contender("", "", ours(batch=_AT_ONCE)), place)
    _wait(lambda: bool(seen))
    process.stop()
    witness.close()
    shutil.rmtree(place.directory)
    cpu, moment = seen[0]
    return {
        "cpu_ms": round(cpu * 1e3, 1),
        "wall_ms": round((moment - process.started) * 1e3, 1),
    }


def _nothing_to_do(log: Path, build: Path) -> float:
    """Return the processor time of a cron run that finds everything delivered."""
    witness = Witness(keeps_ids=False)
    place = new_place(build, witness.port, None)
    place.log.write_bytes(_head(log, 1)[0][0])
    contender = Contender("", "", ours(denylist=ABSENT_NAMES, once=True), True)
    start(contender, place).wait()
    second = start(contender, place).wait()
    witness.close()
    shutil.rmtree(place.directory)
    assert (witness.requests, second.exit_code) == (1, 0)
    return round(second.cpu_seconds * 1e3, 1)


def _far_away(log: data.Log, build: Path) -> float:
    """Return the lines a second over a long way, from the first answer to the last."""
    moments: list[float] = []
    witness = Witness(
        delay_seconds=ROUND_TRIP_SECONDS,
        keeps_ids=False,
        on_body=lambda: moments.append(time.monotonic()),
    )
    place = new_place(build, witness.port, log.path)
    batch = {"max_in_flight": IN_FLIGHT, "max_records": MAX_RECORDS}
    how = ours(
        denylist=ABSENT_NAMES, batch={**batch, "max_bytes": 8_000_000}, once=True
    )
    start(Contender("", "", how, ends_by_itself=True), place).wait()
    witness.close()
    shutil.rmtree(place.directory)
    sent = log.lines - MAX_RECORDS  # the first batch starts the clock
    return round(sent / (moments[-1] - moments[0]), 1)


def _head(log: Path, count: int) -> tuple[list[bytes], list[bytes]]:
    with log.open("rb") as file:
        lines = list(islice(file, count))
    return lines, ids_of(log)[: len(lines)]


def _wait(is_true: Any, limit_seconds: float = 30) -> None:
    end = time.monotonic() + limit_seconds
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.01)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
