"""Measure the shipper beside others: `make bench-peers` runs this.

    python -m benchmarks.peers throughput [--runs 5] [--lines 60000]
    python -m benchmarks.peers reaction [--runs 3]
    python -m benchmarks.peers workers [--runs 5]

Results go to benchmarks/results/ as JSON; `python -m benchmarks.write_up` puts them
into docs/performance.md and draws the charts.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers import (
    contenders,
    data,
    machine,
    packages,
    reaction,
    rounds,
    sharing,
)

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def throughput(given: argparse.Namespace, rsyslog: Path | None) -> dict[str, Any]:
    log = data.write_log(given.build / "log" / "app.log", given.lines)
    rows = contenders.all_contenders(rsyslog)
    if given.only:
        rows = [row for row in rows if given.only in row.name]
    verified = {row.name: rounds.verify(row, log, given.build) for row in rows}
    return {
        "log": {"lines": log.lines, "bytes": log.bytes, "sizes": log.sizes},
        "does": {row.name: row.does for row in rows},
        "verified": verified,
        "rounds": rounds.measure(rows, log, given.runs, given.build),
    }


MEASURED: Mapping[str, Callable[[argparse.Namespace, Path | None], dict[str, Any]]] = {
    "throughput": throughput,
    "reaction": reaction.everything,
    "workers": sharing.everything,
}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("what", choices=list(MEASURED))
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--lines", type=int, default=60_000)
    options.add_argument("--build", type=Path, default=ROOT / "build" / "peers")
    options.add_argument("--only", help="rows whose name holds this")
    options.add_argument("--results", type=Path, default=RESULTS)
    given = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what was started
    given.build.mkdir(parents=True, exist_ok=True)
    rsyslog = packages.provide(given.build)
    facts = machine.facts(rsyslog and rsyslog / "usr/sbin/rsyslogd")
    result = {
        "taken": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": facts,
        **MEASURED[given.what](given, rsyslog),
    }
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results / f"{given.what}.json"
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
