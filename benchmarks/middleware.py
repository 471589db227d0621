"""What a logging middleware adds to each request: ours beside others.

    python -m benchmarks.middleware [--runs 5] [--requests 4000] [--seconds 4]

Each variant runs in a process of its own, all in turn, round after round. First in
process: microseconds from calling the application to the end of its answer, less what
the bare application takes in the same round; for exchanges that are all different, and
for four kinds that come again and again. Then under gunicorn with two synchronous
workers, driven by wrk where it is installed. The vendor's SDK and gunicorn come from a
throw-away environment under build/, whose interpreter runs all variants.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import logging.handlers
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks import writer
from benchmarks.peers.exchanges import Exchange, environ_of, exchanges

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ("readme-metrics", "gunicorn")
VARIANTS = ("bare", "ours", "json and append", "rotating handler", "readme-metrics")
SEED = 7
DISTINCT = 500  # exchanges, of which those with text are sent in turn
MIXED = "mixed"
SERVED = "1 KB"  # under gunicorn
# Of the requests that the small ones get.
SHARES = {MIXED: 1.0, "1 KB": 1.0, "listed": 1.0, "50 KB": 0.25, "stream": 0.025}

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Answer as the exchange says whose number is in X-Number."""
    exchange = EXCHANGES[int(environ.get("HTTP_X_NUMBER", "0"))]
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response(exchange.status, list(exchange.response_headers))
    return [exchange.response_body]


class Plain:
    """The least that a logging middleware does: copy, encode, hand on to `write`."""

    def __init__(self, app: App, write: Callable[[str], object]) -> None:
        self._app = app
        self._write = write

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        begun = time.perf_counter()
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answer: list[Any] = []

        def noting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answer[:] = status, headers
            return start_response(status, headers, *rest)

        parts = []
        for part in self._app(environ, noting):
            parts.append(part)
            yield part
        request = {k: v for k, v in environ.items() if isinstance(v, str)}
        record = {
            "request": request,
            "body": body.decode("utf-8", "replace"),
            "answer": answer,
            "content": b"".join(parts).decode("utf-8", "replace"),
            "seconds": time.perf_counter() - begun,
        }
        self._write(json.dumps(record))


def build(variant: str, directory: Path, sink: str, kind: str = MIXED) -> App:
    """Return the application for a kind of exchange, wrapped as the variant says."""
    log = directory / "app.log"
    application: App = answering if kind == MIXED else writer.application
    match variant:
        case "bare":
            return application
        case "ours":
            # Who called is in the headers of the kinds that come again and again.
            identify = _caller if kind == MIXED else None
            ours: Any = writer.ExchangeWriter(application, log, identify=identify)
            return ours  # type: ignore[no-any-return]  # wsgiref's types are narrower
        case "json and append":
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            return Plain(application, lambda line: os.write(file, f"{line}\n".encode()))
        case "rotating handler":
            logger = logging.getLogger("exchanges")
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.addHandler(
                logging.handlers.RotatingFileHandler(log, "a", 64 << 20, 3)
            )
            return Plain(application, logger.info)
        case "readme-metrics":
            os.environ["README_METRICS_SERVER"] = sink
            from readme_metrics import MetricsApiConfig
            from readme_metrics.MetricsMiddleware import MetricsMiddleware

            config = MetricsApiConfig("key", _caller_of_request, buffer_length=10)
            wrapped: App = MetricsMiddleware(application, config)
            return wrapped
        case _:
            raise ValueError(variant)


def _caller(environ: dict[str, Any]) -> dict[str, str]:
    return {"api_key": environ.get("HTTP_X_TENANT", "t"), "label": "L", "email": "e"}


def _caller_of_request(request: Any) -> dict[str, str]:
    return {"api_key": request.headers.get("X-Tenant", "t"), "label": "L", "email": "e"}


def is_text(exchange: Exchange) -> bool:
    """Return whether all can answer it: the vendor's SDK raises at binary bodies."""
    media = dict(exchange.response_headers).get("Content-Type", "application/json")
    return media == "application/json"


EXCHANGES = [exchange for exchange in exchanges(DISTINCT, SEED) if is_text(exchange)]


def environ_for(kind: str, number: int) -> dict[str, Any]:
    """Return one request of a kind, no two of which are the same."""
    if kind == MIXED:
        environ = environ_of(EXCHANGES[number % len(EXCHANGES)])
        environ["HTTP_X_NUMBER"] = str(number % len(EXCHANGES))
    else:
        environ = writer.an_environ(kind)
        environ["wsgi.input"] = io.BytesIO(writer.SENT[kind])
        environ["HTTP_X_REQUEST_ID"] = f"5eed0000-0000-4000-8000-{number:012x}"
    return environ


def child(variant: str, kind: str, sink: str, requests: int) -> None:
    """Call the application over and over and print what a call takes."""
    with tempfile.TemporaryDirectory() as place:
        app = build(variant, Path(place), sink, kind)
        took: list[int] = []
        cpu = 0
        for number in range(requests + requests // 10):
            if number == requests // 10:
                took, cpu = [], time.process_time_ns()
            environ = environ_for(kind, number)
            begun = time.perf_counter_ns()
            answer = app(environ, lambda *_: lambda _: None)
            for _ in answer:
                pass
            if close := getattr(answer, "close", None):
                close()
            took.append(time.perf_counter_ns() - begun)
        cpu = time.process_time_ns() - cpu  # of all threads, the vendor's own too
        took.sort()
        print(json.dumps({
            "p50_us": took[len(took) // 2] / 1e3,
            "p99_us": took[len(took) * 99 // 100] / 1e3,
            "cpu_us": cpu / len(took) / 1e3,
        }), flush=True)  # fmt: skip
    os._exit(0)  # the vendor's threads would go on sending


def wsgi() -> App:
    """Return the application that gunicorn serves; see `served`."""
    place = Path(os.environ["MEASURED_DIRECTORY"])
    variant, sink = os.environ["MEASURED_VARIANT"], os.environ["MEASURED_SINK"]
    return build(variant, place, sink, SERVED)


def served(python: Path, variant: str, sink: str, seconds: int) -> dict[str, float]:
    """Return requests a second and processor time of one variant under gunicorn."""
    from benchmarks.peers.process import Measured
    from benchmarks.peers.sink import free_port, wait_until_listening

    port = free_port()
    with tempfile.TemporaryDirectory() as place:
        script = Path(place) / "post.lua"
        script.write_text(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            'wrk.headers["X-Request-Id"] = "5eed0000-0000-4000-8000-000000000001"\n'
            f"wrk.body = [==[{writer.SENT[SERVED].decode()}]==]\n"
        )
        server = Measured(
            [str(python), "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}",
             "--log-level", "error", "benchmarks.middleware:wsgi()"],
            Path(place),
            {"MEASURED_VARIANT": variant, "MEASURED_SINK": sink,
             "MEASURED_DIRECTORY": place, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        wait_until_listening(port)
        before = server.running_cpu_seconds()
        said = subprocess.run(
            ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", "-s", str(script),
             f"http://127.0.0.1:{port}/{quote(SERVED)}"],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
        cpu = server.running_cpu_seconds() - before
        server.stop()
    count = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]  # wrk always says it
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", said)[1])  # type: ignore[index]  # the same
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return {
        "requests_per_second": rate,
        "cpu_us_per_request": round(cpu / count * 1e6, 1),
        "errors": int(errors[1]) if errors else 0,
    }


def vendor_python(build_directory: Path) -> Path:
    """Make the throw-away environment, if it is not there, and return its Python."""
    python = build_directory / "vendor" / "bin" / "python"
    if not python.exists():
        command = [sys.executable, "-m", "venv", str(build_directory / "vendor")]
        subprocess.run(command, check=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([str(python), *install, *VENDOR], check=True)
    return python


def _said(python: Path, module: str, *arguments: str) -> str:
    command = [str(python), "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--requests", type=int, default=4000)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--build", type=Path, default=ROOT / "build")
    options.add_argument("--results", type=Path, default=ROOT / "benchmarks/results")
    options.add_argument("--sink", default="", help="of a child")
    options.add_argument("--child", nargs=2, metavar=("VARIANT", "KIND"))
    given = options.parse_args()
    if given.child:
        child(*given.child, given.sink, given.requests)
        return
    from benchmarks.peers import machine
    from benchmarks.peers.sink import FastSink

    python = vendor_python(given.build)
    sink = FastSink()
    url = f"http://127.0.0.1:{sink.port}"
    calls: dict[str, dict[str, list[Any]]] = {
        kind: {variant: [] for variant in VARIANTS} for kind in SHARES
    }
    under: dict[str, list[Any]] = {variant: [] for variant in VARIANTS}
    facts = machine.facts()
    try:
        for _ in range(given.runs):
            for kind, share in SHARES.items():
                for variant in VARIANTS:
                    wanted = ["--child", variant, kind, "--sink", url]
                    wanted += ["--requests", str(int(given.requests * share))]
                    said = _said(python, "benchmarks.middleware", *wanted)
                    calls[kind][variant].append(json.loads(said.splitlines()[-1]))
        for _ in range(given.runs if shutil.which("wrk") else 0):
            for variant in VARIANTS:
                under[variant].append(served(python, variant, url, given.seconds))
    finally:
        sink.close()
    frozen = _said(python, "pip", "freeze")
    result = {
        "taken": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": facts,
        "vendor": [line for line in frozen.split() if line.startswith(VENDOR)],
        "in_process": calls.pop(MIXED),
        "kinds": calls,
        "under_gunicorn": under,
    }
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results / "middleware.json"
    file.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
