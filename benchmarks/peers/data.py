"""Make the log that all are measured with: `wsgi_writer` writes it itself.

Exchanges come from a fixed seed; only the writer's ids and times differ from run to
run, not their lengths. Lines have a median of about 2 KB, a mean of about 3.5 KB and a
99th percentile of about 30 KB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.exchanges import SEED, Exchange, environ_of, exchanges
from benchmarks.peers.ratios import percentile
from wsgi_writer import ExchangeWriter


@dataclass(frozen=True, slots=True)
class Log:
    """A finished log: where it lies, how many lines and bytes, and their sizes."""

    path: Path
    lines: int
    bytes: int
    sizes: dict[str, int] = field(default_factory=dict)


def write_log(path: Path, count: int, seed: int = SEED) -> Log:
    """Let the project's own writer make a log of `count` lines at `path`."""
    now: list[Exchange] = []

    def shop(
        environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        start_response(now[-1].status, list(now[-1].response_headers))
        return [now[-1].response_body]

    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    writer: Any = ExchangeWriter(
        shop, path, identify=_caller, max_bytes=1 << 40, max_total_bytes=1 << 41
    )
    for exchange in exchanges(count, seed):
        now[:] = [exchange]
        answer = writer(environ_of(exchange), lambda *_: lambda _: None)
        for _ in answer:
            pass
        answer.close()
    return measure(path)


def measure(path: Path) -> Log:
    """Return the line count and sizes of a log."""
    with path.open("rb") as file:
        sizes = [len(line) for line in file]
    return Log(
        path,
        len(sizes),
        sum(sizes),
        {
            "median": int(percentile(sizes, 0.5)),
            "mean": sum(sizes) // len(sizes),
            "p99": int(percentile(sizes, 0.99)),
        },
    )


def _caller(environ: dict[str, Any]) -> dict[str, str]:
    return {"api_key": environ["HTTP_X_TENANT"], "label": "Tenant"}
