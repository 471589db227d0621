"""What a denylist costs a whole run: CPU time with 12 absent names, against no list.

    python -m benchmarks.denylist [--records 20000] [--rounds 5] [--json]

Lines of about 3.2 KB (median) are sent by ``shipper run --once`` to a sink on this
machine that reads and forgets. Both kinds of run take turns; what is printed is CPU
time of the shipper's process alone (user and system, from wait4), start-up included,
and the ratio pair by pair, of which the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.records import ABSENT_NAMES, lines


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def cpu_seconds(directory: Path, port: int, names: tuple[str, ...]) -> float:
    """Run the shipper once over the log and return its CPU time."""
    with tempfile.TemporaryDirectory(dir=directory) as state:
        config = directory / "config.toml"
        config.write_text(
            f'state_dir = "{state}"\n[[source]]\npaths = ["exchanges.jsonl"]\n'
            f'[readme]\nendpoint = "http://127.0.0.1:{port}/v1/request"\n'
            f"[filter]\ndenylist = {json.dumps(names)}\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "shipper", "run", "--once", "--quiet"],
            env={**os.environ, "README_API_KEY": "x", "SHIPPER_CONFIG": str(config)},
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    pairs = []
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        log = directory / "exchanges.jsonl"
        log.write_bytes(b"\n".join(lines(given.records)) + b"\n")
        cpu_seconds(directory, port, ())  # warms the page cache
        for _ in range(given.rounds):
            free = cpu_seconds(directory, port, ())
            listed = cpu_seconds(directory, port, ABSENT_NAMES)
            pairs.append((free, listed))
    server.shutdown()
    result = {
        "records": given.records,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "cpu_seconds_no_list": [round(free, 3) for free, _ in pairs],
        "cpu_seconds_12_names": [round(listed, 3) for _, listed in pairs],
        "ratio": round(statistics.median(listed / free for free, listed in pairs), 3),
    }
    if given.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<22}{value}")


if __name__ == "__main__":
    main()
