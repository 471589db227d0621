"""A backlog of eight files by one process and by two workers, in turns.

The sink is the fast one. The ratio of both is taken in the same round. Lines a second
are taken twice: from the start of the process, which is what somebody waits for, and
from the first body to the last one, which is what a long backlog comes to.
Two workers and the sink need two cores that nobody else uses: on a machine with other
work on it, the ratio says how much of it was free.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.peers import data
from benchmarks.peers.contenders import ABSENT_NAMES, BATCH_LINES, Contender, ours
from benchmarks.peers.rounds import new_place, start
from benchmarks.peers.sink import FastSink
from benchmarks.peers.tables import ALONE, SHARED, SPEED
from benchmarks.peers.witness import Witness, ids_of

FILES = 8
TIMES = 3  # the log is so many times as long as others': a start weighs less


def with_workers(count: int) -> Contender:
    """Return our shipper with one worker or two, over all files at once."""
    batch = {"max_records": BATCH_LINES, "workers": count}
    how = ours(denylist=ABSENT_NAMES, batch=batch, paths="part-*.log", once=True)
    name = ALONE if count == 1 else SHARED
    return Contender(name, f"{FILES} files", how, ends_by_itself=True)


def everything(given: argparse.Namespace, _: Path | None) -> dict[str, Any]:
    """Measure both, `given.runs` rounds."""
    log = data.write_log(given.build / "log" / "shared.log", given.lines * TIMES)
    parts = _parts(log.path, log.lines)
    contenders = [with_workers(count) for count in (1, 2)]
    verified = {one.name: _verify(one, parts, given.build) for one in contenders}
    figures: dict[str, list[dict[str, Any]]] = {one.name: [] for one in contenders}
    sink = FastSink()
    try:
        for number in range(given.runs):
            for one in contenders:
                figure = _one(one, parts, log.lines, sink, given.build)
                figures[one.name].append(figure)
                print(f"round {number + 1}: {one.name}: {figure}", file=sys.stderr)
    finally:
        sink.close()
    return {
        "log": {"lines": log.lines, "bytes": log.bytes, "sizes": log.sizes},
        "files": FILES,
        "verified": verified,
        "rounds": figures,
    }


def _parts(log: Path, lines: int) -> list[Path]:
    """Part a log into files of as many lines each."""
    parts = []
    each = -(-lines // FILES)
    with log.open("rb") as file:
        for number in range(FILES):
            part = log.with_name(f"part-{number}.log")
            part.write_bytes(b"".join(islice(file, each)))
            parts.append(part)
    return parts


def _place(parts: Sequence[Path], port: int, build: Path) -> Any:
    place = new_place(build, port, None)
    place.log.unlink()
    for part in parts:
        os.link(part, place.log.with_name(part.name))
    return place


def _verify(one: Contender, parts: Sequence[Path], build: Path) -> dict[str, int]:
    witness = Witness()
    place = _place(parts, witness.port, build)
    ids = [name for part in parts for name in ids_of(part)]
    start(one, place).wait()
    witness.close()
    shutil.rmtree(place.directory)
    return {
        "lines": len(ids),
        "lost": witness.missing(ids),
        "repeated": witness.repeated(ids),
    }


def _one(
    one: Contender, parts: Sequence[Path], lines: int, sink: FastSink, build: Path
) -> dict[str, Any]:
    place = _place(parts, sink.port, build)
    mark = sink.mark()
    process = start(one, place).wait()
    arrivals = sink.since(mark)
    shutil.rmtree(place.directory)
    first, last = arrivals.first, arrivals.last
    return {
        "cpu_seconds": round(process.cpu_seconds, 4),
        "lines_per_second": round(lines / (last - process.started), 1),
        SPEED: round(lines / (last - first), 1),
        "peak_bytes": process.peak_bytes,
        "requests": arrivals.requests,
        "exit_code": process.exit_code,
    }
