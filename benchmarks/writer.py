"""Microseconds that the writer adds to a request, by step and by kind of exchange.

    python benchmarks/writer.py [--rounds 30] [--log-dir DIR] [--json]

The steps are those of a POST with 1 KB in and out, each as what it adds to the way
before it; the scenarios are whole exchanges. One round of each follows the other, so
that a noisy moment hits all alike, and what is added is taken against the bare
application in the same round. Shown are the least and the middle of the rounds'
medians: the least is the machine left alone, the middle the machine as it was. The
floor is what any writer would pay: `json.dumps` of a dictionary of the same content,
and one `write` into a file that is held open, without lock, check, mask or rotation.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import io
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from wsgi_writer import ExchangeWriter
from wsgi_writer.middleware import new_id

Environ = dict[str, Any]
App = Callable[..., Iterable[bytes]]

HEADERS = [
    ("Server", "app"),
    ("Cache-Control", "no-store"),
    ("X-Frame-Options", "DENY"),
    ("Date", "Mon, 23 Nov 2026 12:00:00 GMT"),
    ("Vary", "Accept"),
    ("Content-Type", "application/json"),
]
MASK = "sha512-" + "A" * 86 + "==?abcd"


def body(size: int, listed: bytes = b"") -> bytes:
    """Return JSON of about `size` bytes, with a listed name if one is given."""
    items = [{"id": n, "sku": f"{n * 977:08x}"} for n in range(size // 33)]
    first = b'{"nickname":"owl",' + listed
    return first + b'"items":' + json.dumps(items).encode() + b"}"


SENT = {
    "1 KB": body(1000),
    "listed": body(1000, b'"password":"hunter2",'),
    "50 KB": b"",
    "stream": b"",
}
GIVEN = {
    "1 KB": body(1000),
    "listed": body(1000, b'"access_token":"0123456789abcdef",'),
    "50 KB": body(50_000),
}
CHUNK = (b"data: " + b"x" * 93 + b"\n") * 100


def application(environ: Environ, start_response: Callable[..., object]) -> Any:
    """Read what was sent and answer with what the path names."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    kind = environ["PATH_INFO"][1:]
    if kind == "stream":
        start_response("200 OK", [*HEADERS[:-1], ("Content-Type", "text/plain")])
        return (CHUNK for _ in range(100))
    given = GIVEN[kind]
    length = ("Content-Length", str(len(given)))
    # No two requests have the same: what is remembered by value is of no use here.
    unique = ("X-Request-Id", environ["HTTP_X_REQUEST_ID"])
    start_response("200 OK", [*HEADERS, length, unique])
    return [given]


def an_environ(kind: str) -> Environ:
    """Return a request as gunicorn describes it, input and request id left out."""
    environ = {
        "REQUEST_METHOD": "POST" if SENT[kind] else "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/{kind}",
        "QUERY_STRING": "a=1&b=2",
        "RAW_URI": "/v1/orders?a=1&b=2",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gunicorn",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "45678",
        "HTTP_HOST": "api.example.com",
        "HTTP_USER_AGENT": "python-requests/2.32.3",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "HTTP_AUTHORIZATION": "Basic a2V5Og==",
        "HTTP_X_FORWARDED_FOR": "203.0.113.9",
        "HTTP_COOKIE": "session=0123456789abcdef; theme=dark",
        "HTTP_X_API_KEY": "key_1",
        "HTTP_CONNECTION": "keep-alive",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if SENT[kind]:
        environ["CONTENT_TYPE"] = "application/json"
        environ["CONTENT_LENGTH"] = str(len(SENT[kind]))
    return environ


class Unwritten:
    """Stands in for the file of a journal: takes lines and lets them go."""

    is_cooling = False

    def count_dropped(self) -> None:
        raise AssertionError("a record was dropped")

    def write(self, head: bytes, tail: bytes) -> bool:
        return True

    def close(self) -> None:
        return


def shortened(app: ExchangeWriter, *, records: bool) -> ExchangeWriter:
    """Return the writer without its last step, or without its last two."""
    app._journal._file = Unwritten()  # noqa: SLF001 - a step is measured by itself
    if not records:
        app._journal.record = lambda _: None  # type: ignore[method-assign] # noqa: SLF001
    return app


class Rounds:
    """Times of requests, a round of each way in turn."""

    def __init__(self, ways: dict[str, tuple[App, str]], requests: int) -> None:
        self._ways = ways
        self._requests = requests
        self.medians: dict[str, list[float]] = {name: [] for name in ways}
        self.p99s: dict[str, list[float]] = {name: [] for name in ways}

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            for name, (app, kind) in self._ways.items():
                times = sorted(self._times(app, kind))
                self.medians[name].append(times[len(times) // 2])
                self.p99s[name].append(times[len(times) * 99 // 100])

    def _times(self, app: App, kind: str) -> list[float]:
        base, sent, times = an_environ(kind), SENT[kind], []
        clock = time.perf_counter_ns
        for number in range(self._requests):
            environ = dict(base)
            environ["wsgi.input"] = io.BytesIO(sent)
            environ["HTTP_X_REQUEST_ID"] = f"5eed0000-0000-4000-8000-{number:012x}"
            begun = clock()
            result = app(environ, _start)
            for _ in result:
                pass
            close = getattr(result, "close", None)
            if close is not None:
                close()
            times.append((clock() - begun) / 1000)
        return times

    def added(self, name: str, to: str) -> dict[str, float]:
        """Return what `name` takes beyond `to`, in microseconds."""
        pairs = zip(self.medians[name], self.medians[to], strict=True)
        return {
            "least": min(self.medians[name]) - min(self.medians[to]),
            "middle": statistics.median(ours - bare for ours, bare in pairs),
            "p99": min(self.p99s[name]) - min(self.p99s[to]),
        }


def _start(status: str, headers: object, exc_info: object = None) -> Any:
    return None


def scenarios(log: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Measure whole exchanges."""
    found = {}
    for kind, requests in (("1 KB", 200), ("listed", 100), ("50 KB", 50)):
        ways = {
            "bare": (application, kind),
            "ours": (ExchangeWriter(application, log / "scenario.jsonl"), kind),
        }
        timed = Rounds(ways, requests)
        timed.run(rounds)
        found[kind] = timed.added("ours", "bare")
    streams = ExchangeWriter(application, log / "scenario.jsonl")
    timed = Rounds({"bare": (application, "stream"), "ours": (streams, "stream")}, 20)
    timed.run(rounds)
    found["stream of 100 x 10 KB"] = timed.added("ours", "bare")
    return found


def steps(log: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Measure the steps of one exchange, each as what it adds."""
    writers = [ExchangeWriter(application, log / f"{n}.jsonl") for n in range(4)]
    unmasked = ExchangeWriter(application, log / "unmasked.jsonl", mask_fields=None)
    timed = Rounds(
        {
            "bare": (application, "1 KB"),
            "capture": (shortened(writers[0], records=False), "1 KB"),
            "unmasked": (shortened(unmasked, records=True), "1 KB"),
            "record": (shortened(writers[1], records=True), "1 KB"),
            "whole": (writers[2], "1 KB"),
        },
        200,
    )
    timed.run(rounds)
    found = {
        "capture, id included": timed.added("capture", "bare"),
        "record": timed.added("unmasked", "capture"),
        "search of both bodies for listed names": timed.added("record", "unmasked"),
        "counters, lock, checks, append": timed.added("whole", "record"),
        "WHOLE": timed.added("whole", "bare"),
    }
    for name, times in found.items():
        if name != "WHOLE":
            del times["p99"]  # the rare cases of two ways have nothing in common
    return found


def floor(log: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Measure what stands below any writer: plain calls in a loop of their own."""
    line = sample(log)
    fd = os.open(log / "floor.log", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    path = os.fspath(log / "floor.log")
    record = json.loads(line)

    def append() -> None:
        os.fstat(fd)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.lstat(path)
        os.write(fd, line)
        fcntl.flock(fd, fcntl.LOCK_UN)

    def bare() -> None:
        os.write(fd, json.dumps(record).encode() + b"\n")

    acts: dict[str, Callable[[], object]] = {
        "FLOOR: json.dumps and one write": bare,
        "json.dumps of the same record": lambda: json.dumps(record).encode(),
        "one write": lambda: os.write(fd, line),
        "locked and checked append, six system calls": append,
        "our id": new_id,
        "str(uuid4())": lambda: str(uuid.uuid4()),
    }
    times: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            begun = time.perf_counter_ns()
            for _ in range(200):
                act()
            times[name].append((time.perf_counter_ns() - begun) / 200_000)
    os.close(fd)
    return {
        name: {"least": min(found), "middle": statistics.median(found)}
        for name, found in times.items()
    }


def sample(log: Path) -> bytes:
    """Return the line of one exchange, after a look at what it must not hold."""
    app = ExchangeWriter(application, log / "sample.jsonl")
    timed = Rounds({"ours": (app, "listed")}, 1)
    timed.run(1)
    line = (log / "sample.jsonl").read_bytes()
    assert b"[REDACTED 7]" in line
    assert b"hunter2" not in line
    timed = Rounds({"ours": (app, "1 KB")}, 1)
    timed.run(1)
    return (log / "sample.jsonl").read_bytes().splitlines(keepends=True)[1]


class Endless:
    """An input with as many bytes as are asked for."""

    def read(self, size: int) -> bytes:
        return b"0" * size


def kept_in_flight(log: Path, exchanges: int = 100) -> float:
    """Return what an exchange under way holds, in times of the limit of a body.

    Both of its bodies are ten times the limit.
    """
    limit = 16 * 1024
    app = ExchangeWriter(application, log / "flight.jsonl", max_body_bytes=limit)
    environs = []
    for _ in range(exchanges):
        environs.append(an_environ("stream") | {"HTTP_X_REQUEST_ID": "-"})
        environs[-1] |= {"CONTENT_LENGTH": str(10 * limit), "wsgi.input": Endless()}
    tracemalloc.start()
    results = []
    for environ in environs:
        results.append(iter(app(environ, _start)))
        for _ in range(20):
            next(results[-1])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for result in results:
        result.close()  # type: ignore[attr-defined] # the writer's stand-in
    return held / exchanges / limit


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--log-dir", type=Path, help="on the disk to be measured")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.log_dir) as directory:
        log = Path(directory)
        gc.collect()
        gc.freeze()
        tables = {
            "steps, 1 KB in and out": steps(log, given.rounds),
            "whole exchanges": scenarios(log, given.rounds),
            "beside it": floor(log, given.rounds),
        }
        kept = kept_in_flight(log)
    if given.json:
        print(json.dumps({"kept_in_flight": kept, "added_us": tables}))
        return
    print(f"python={platform.python_version()}  cores={os.cpu_count()}")
    for title, table in tables.items():
        print(f"\n{title:<46}{'least':>8}{'middle':>8}{'p99':>8}  µs")
        for name, found in table.items():
            cells = (f"{found[key]:8.1f}" for key in found)
            print(f"{name:<46}{''.join(cells)}")
    print(f"\nan exchange in flight, both bodies cut: {kept:.2f} x max_body_bytes")


if __name__ == "__main__":
    main()
