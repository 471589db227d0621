"""Put the results into docs/performance.md and draw the charts.

    python -m benchmarks.write_up [--without-charts]

A table stands between two comments that name it. A test compares the document with
the results, so that no table says what was not measured.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers import tables, targets

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENT = ROOT / "docs" / "performance.md"
CHARTS = ROOT / "docs" / "performance"

TABLES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "targets": ("", targets.table),
    "throughput": ("throughput", tables.throughput),
    "throughput-machine": ("throughput", tables.taken_on),
    "hot-path": ("hot_path", tables.hot_path),
    "hot-path-machine": ("hot_path", tables.taken_on),
    "workers": ("workers", tables.sharing),
    "latency": ("reaction", tables.latency),
    "rest": ("reaction", tables.rest),
    "single-figures": ("reaction", tables.single_figures),
    "reaction-machine": ("reaction", tables.taken_on),
    "kinds": ("middleware", tables.kinds),
    "in-process": ("middleware", tables.in_process),
    "under-gunicorn": ("middleware", tables.under_gunicorn),
    "middleware-machine": ("middleware", tables.taken_on),
}


def load() -> dict[str, Any]:
    """Return the kept results by name."""
    return {file.stem: json.loads(file.read_text()) for file in RESULTS.glob("*.json")}


def rebuilt(text: str, results: Mapping[str, Any]) -> str:
    """Return the document with every table made anew."""
    for name, (result, table) in TABLES.items():
        if result and result not in results:
            continue  # not measured yet
        begin, end = (
            f"<!-- {name}: benchmarks/write_up.py -->\n",
            f"<!-- {name} ends -->",
        )
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        made = table(results[result] if result else results)
        text = f"{before}{begin}\n{made}\n{end}{after}"
    return text


def main() -> None:
    results = load()
    DOCUMENT.write_text(rebuilt(DOCUMENT.read_text(), results))
    if "--without-charts" not in sys.argv:
        from benchmarks.peers import charts

        charts.draw(results, CHARTS)


if __name__ == "__main__":
    main()
