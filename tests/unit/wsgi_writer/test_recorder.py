"""What a recorder holds of an exchange while it is under way."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.wsgi import TEXT, App, a_writer, an_environ, serve, the_record

LIMIT = 16_384


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


def echoing(sent: int, answered: int) -> tuple[App, dict[str, Any]]:
    """Return an application that reads and answers so many bytes, and a request."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        environ["wsgi.input"].read(sent)
        start_response("200 OK", TEXT)
        yield b"a" * answered
        yield b""

    return app, an_environ("/a", "POST", body=b"s" * sent, CONTENT_TYPE="text/plain")


@pytest.mark.parametrize(
    ("sent", "answered", "kept"),
    [
        (LIMIT - 1, 3 * LIMIT, (LIMIT - 1, LIMIT)),
        (3 * LIMIT, LIMIT // 2, (LIMIT, LIMIT // 2)),
        (3 * LIMIT, 3 * LIMIT, (LIMIT, LIMIT - LIMIT // 7)),
    ],
)
def test_one_large_body_is_kept_up_to_the_limit(
    log: Path, sent: int, answered: int, kept: tuple[int, int]
) -> None:
    """Only beside a request that fills its limit is less kept of a response."""
    app, environ = echoing(sent, answered)
    serve(a_writer(app, log), environ)
    entry = the_record(log)["entry"]
    request, response = entry["request"]["postData"], entry["response"]["content"]

    assert kept == (len(request["text"]), len(response["text"]))
    assert answered == response["size"]


def test_an_exchange_holds_no_more_than_both_limits(log: Path) -> None:
    """With both bodies cut, all that is held of it fits into twice the limit."""

    def large(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        environ["wsgi.input"].read(3 * LIMIT)
        start_response("200 OK", TEXT)
        while True:
            yield b"a" * 1000

    writer = a_writer(large, log)
    headers = {f"HTTP_X_{number}": "1" for number in range(15)}
    environs = [an_environ(body=b"s" * 3 * LIMIT, **headers) for _ in range(51)]

    def under_way(environ: dict[str, Any]) -> Any:
        result: Any = iter(writer(environ, lambda *_: lambda _: None))
        for _ in range(40):
            next(result)
        return result

    # What the first one in a process leaves behind is held by no exchange.
    under_way(environs.pop()).close()
    tracemalloc.start()
    results = [under_way(environ) for environ in environs]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for result in results:
        result.close()

    # Who measures coverage keeps something for each frame that is under way.
    spare = 512 if sys.gettrace() is not None else 0
    assert held / len(results) <= 2 * LIMIT + spare
