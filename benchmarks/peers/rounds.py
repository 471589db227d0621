"""The throughput of a whole log: every contender in turn, round after round.

First each sends the log once to the witness, which says whether anything was lost or
repeated and fills the page cache. Then the rounds follow; in each, a contender is run
with an empty log as well, and what that takes is its start-up, taken off the rest.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.contenders import Contender, Place
from benchmarks.peers.data import Log
from benchmarks.peers.process import Measured
from benchmarks.peers.sink import FastSink
from benchmarks.peers.witness import Witness, ids_of

QUIET_SECONDS = 1.5  # longer than any batch of any contender waits for company
SETTLE_SECONDS = 1.5  # after which a start on an empty log is over


def start(contender: Contender, place: Place) -> Measured:
    """Start a contender at a place."""
    how = contender.prepare(place)
    return Measured(how.command, place.directory, how.environment)


def new_place(build: Path, port: int, log: Path | None) -> Place:
    """Make a directory whose log is `log`, by a hard link, or empty."""
    place = Place(Path(tempfile.mkdtemp(prefix="run-", dir=build)), port)
    place.log.parent.mkdir()
    if log is None:
        place.log.touch()
    else:
        os.link(log, place.log)
    return place


def verify(contender: Contender, log: Log, build: Path) -> dict[str, int]:
    """Send the log to the witness once and count what was lost and repeated."""
    witness = Witness()
    place = new_place(build, witness.port, log.path)
    ids = ids_of(log.path)
    process = start(contender, place)
    _until_quiet(process, lambda: witness.requests)
    process.stop()
    witness.close()
    shutil.rmtree(place.directory)
    return {
        "lines": len(ids),
        "lost": witness.missing(ids),
        "repeated": witness.repeated(ids),
    }


def measure(
    contenders: Sequence[Contender], log: Log, runs: int, build: Path
) -> dict[str, list[dict[str, Any]]]:
    """Return the figures of every contender, one for each round."""
    figures: dict[str, list[dict[str, Any]]] = {c.name: [] for c in contenders}
    sink = FastSink()
    try:
        for number in range(runs):
            for contender in contenders:
                figure = _one(contender, log, sink, build)
                figures[contender.name].append(figure)
                _tell(f"round {number + 1}: {contender.name}: {figure}")
    finally:
        sink.close()
    return figures


def _one(contender: Contender, log: Log, sink: FastSink, build: Path) -> dict[str, Any]:
    place = new_place(build, sink.port, None)
    process = start(contender, place)
    if not contender.ends_by_itself:
        time.sleep(SETTLE_SECONDS)
        process.stop()
    empty = process.wait().cpu_seconds
    shutil.rmtree(place.directory)

    place = new_place(build, sink.port, log.path)
    mark = sink.mark()
    process = start(contender, place)
    if contender.ends_by_itself:
        process.wait()
    else:
        _until_quiet(process, sink.mark)
        process.stop()
    arrivals = sink.since(mark)
    shutil.rmtree(place.directory)
    return {
        "cpu_seconds": round(process.cpu_seconds, 4),
        "empty_cpu_seconds": round(empty, 4),
        "wall_seconds": round(arrivals.last - process.started, 4),
        "peak_bytes": process.peak_bytes,
        "requests": arrivals.requests,
        "sent_bytes": arrivals.bytes,
        "exit_code": process.exit_code,
    }


def _until_quiet(process: Measured, seen: Callable[[], int]) -> None:
    """Wait until nothing more comes and the process has gone back to rest."""
    before = last = seen()
    since, cpu = time.monotonic(), 0.0
    end = since + 600
    while time.monotonic() < end and not process.has_ended():
        process.sample()
        now = seen()
        if now != last:
            last, since, cpu = now, time.monotonic(), process.running_cpu_seconds()
        elif time.monotonic() - since > (QUIET_SECONDS if now != before else 15):
            used = process.running_cpu_seconds() - cpu
            if used < QUIET_SECONDS / 3:
                return
            since, cpu = time.monotonic(), cpu + used
        time.sleep(0.05)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
