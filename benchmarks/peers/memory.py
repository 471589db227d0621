"""Whether memory stays where it is: over many lines, and with the receiver down."""

from __future__ import annotations

import shutil
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.peers import data
from benchmarks.peers.contenders import ABSENT_NAMES, Contender, ours
from benchmarks.peers.rounds import new_place, start
from benchmarks.peers.sink import FastSink, free_port

FLAT_LINES = 200_000
DOWN_SECONDS = 20
MAX_RECORDS = 100  # the default of [batch]


def over_many_lines(log: data.Log, build: Path) -> dict[str, Any]:
    """Return what is resident at each tenth of a long log."""
    sink = FastSink()
    place = new_place(build, sink.port, None)
    with log.path.open("rb") as source, place.log.open("wb") as target:
        target.writelines(islice(cycle(source.readlines()), FLAT_LINES))
    mark = sink.mark()
    process = start(Contender("", "", ours(denylist=ABSENT_NAMES)), place)
    resident: list[int] = []
    requests = FLAT_LINES // MAX_RECORDS
    end = time.monotonic() + 400
    while len(resident) < 10 and time.monotonic() < end:
        if sink.since(mark).requests >= requests * (len(resident) + 1) / 10:
            resident.append(process.resident_bytes())
        time.sleep(0.1)
    process.stop()
    sink.close()
    shutil.rmtree(place.directory)
    return {
        "lines": FLAT_LINES,
        "resident_bytes": resident,
        "peak_bytes": process.peak_bytes,
    }


def with_the_receiver_down(log: data.Log, build: Path) -> dict[str, Any]:
    """Return what is resident while nobody answers and a whole log waits."""
    place = new_place(build, free_port(), log.path)
    process = start(Contender("", "", ours(denylist=ABSENT_NAMES)), place)
    resident = []
    for _ in range(DOWN_SECONDS // 2):
        time.sleep(2)
        resident.append(process.resident_bytes())
    process.stop()
    shutil.rmtree(place.directory)
    return {
        "seconds": DOWN_SECONDS,
        "waiting_lines": log.lines,
        "resident_bytes": resident,
    }
