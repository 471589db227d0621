"""Promises of `outcome` and `recorder`: the record tells what the client got."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.wsgi import (
    TEXT,
    App,
    a_writer,
    an_environ,
    answering,
    header_values,
    records,
    response_text,
    serve,
    serve_both,
    the_record,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


@pytest.mark.parametrize("leaves_by", ["return", "StopIteration"])
def test_a_connection_taken_over_is_an_upgrade(leaves_by: str, log: Path) -> None:
    """T12: a websocket application answers by itself: 101, and no error."""

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            if leaves_by == "return":
                return []
            raise StopIteration

        return app

    serve_both(make, log, environ=lambda: an_environ(HTTP_UPGRADE="websocket"))

    record = the_record(log)
    assert record["entry"]["response"]["status"] == 101
    assert record["notes"] == ["upgrade"]


def test_an_upgrade_header_does_not_hide_a_normal_response(log: Path) -> None:
    """T12: a client cannot escape the record by asking for an upgrade."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"secret plans"

    serve(a_writer(app, log), an_environ(HTTP_UPGRADE="h2c"))

    record = the_record(log)
    assert record["entry"]["response"]["status"] == 200
    assert response_text(record) == "secret plans"


@pytest.mark.parametrize(
    ("method", "status", "chunks"),
    [
        ("HEAD", "200 OK", [b"not sent"]),
        ("GET", "204 No Content", []),
        ("GET", "304 Not Modified", []),
        ("DELETE", "204 No Content", [b""]),
    ],
)
def test_records_what_the_application_gave(
    method: str, status: str, chunks: list[bytes], log: Path
) -> None:
    """T16: a body the server will not send is still what the application gave."""
    serve_both(
        lambda _: answering(*chunks, status=status),
        log,
        environ=lambda: an_environ(method=method),
    )

    content = the_record(log)["entry"]["response"]["content"]
    assert content["size"] == len(b"".join(chunks))


def test_a_server_that_skips_an_unsent_body_does_not_abort(log: Path) -> None:
    """T16: closing a HEAD response unread is no broken-off download."""
    app = answering(b"not sent")
    serve(a_writer(app, log), an_environ(method="HEAD"), chunks=0)

    assert "notes" not in the_record(log)


def test_headers_keep_their_strings_and_repeats(log: Path) -> None:
    """T17, T18: values are kept as they are, and two of a name stay two."""
    pairs = [("X-Name", "caf\xe9"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    served = serve_both(lambda _: answering(b"x", headers=pairs), log)

    response = the_record(log)["entry"]["response"]
    assert served.headers == pairs
    assert header_values(response, "x-name") == ["caf\xe9"]
    assert len(header_values(response, "set-cookie")) == 2


def test_lone_surrogates_leave_a_valid_line(log: Path) -> None:
    """T17: a header that is no Unicode at all becomes U+FFFD, and the line holds."""
    serve_both(lambda _: answering(b"x", headers=[("X-Name", "a\udcff")]), log)

    assert header_values(the_record(log)["entry"]["response"], "x-name") == ["a\ufffd"]


def test_a_shared_header_list_does_not_grow(log: Path) -> None:
    """T19: the application's own list is never written to."""
    shared = [("Content-Type", "text/plain")]

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", shared)
        return [b"x"]

    writer = a_writer(app, log, base_log_url="https://docs.example.com")
    for _ in range(3):
        serve(writer)

    assert shared == [("Content-Type", "text/plain")]


def test_a_header_list_changed_afterwards_is_recorded_as_sent(log: Path) -> None:
    """T19: what the application does to its list later is not in the record."""
    shared = [("X-Number", "1")]

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", shared)
        shared[:] = [("X-Number", "2")]
        yield b"x"

    serve(a_writer(app, log))

    assert header_values(the_record(log)["entry"]["response"], "x-number") == ["1"]


def test_the_path_is_the_one_that_arrived(log: Path) -> None:
    """T20: an application that shifts SCRIPT_NAME does not change the record."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/api", "/users"
        environ["QUERY_STRING"] = ""
        start_response("200 OK", TEXT)
        return [b"x"]

    environ = an_environ("/api/users", QUERY_STRING="a=1&a=2&b=%ff")
    serve(a_writer(app, log), environ)

    url = the_record(log)["entry"]["request"]["url"]
    assert url == "http://api.example.com/api/users?a=1&a=2&b=%ff"


def test_time_is_that_of_the_whole_response(log: Path) -> None:
    """T24: from the call to the last byte, with the wait for the first one apart."""
    pause = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        pause.wait(0.02)
        yield b"x"
        pause.wait(0.05)

    serve(a_writer(app, log))

    entry = the_record(log)["entry"]
    assert 20 <= entry["timings"]["wait"] < 60
    assert 70 <= entry["time"] < 1000


def test_time_ends_with_the_body_not_with_close(log: Path) -> None:
    """T24: what the application does in close() is not the client's wait."""
    pause = threading.Event()

    class Slow(list[bytes]):
        def close(self) -> None:
            pause.wait(0.1)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        return Slow([b"x"])

    serve(a_writer(app, log))

    assert the_record(log)["entry"]["time"] < 100


class Timeout(BaseException):
    """As gevent.Timeout and the like: not an Exception."""


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, Timeout])
@pytest.mark.parametrize("has_started", [False, True])
def test_an_application_that_raises_at_once_is_a_500(
    error: type[BaseException], has_started: bool, log: Path
) -> None:
    """T25: before the first byte the client gets the server's own 500."""

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            if has_started:
                start_response("200 OK", TEXT)
            raise error("no")

        return app

    assert isinstance(serve_both(make, log).error, error)
    record = the_record(log)
    assert record["entry"]["response"]["status"] == 500
    assert record["entry"]["response"]["headers"] == []
    assert record["notes"] == (["error"] if has_started else ["unstarted", "error"])


@pytest.mark.parametrize("error", [ValueError, GeneratorExit, Timeout])
def test_an_application_that_raises_midway_keeps_its_status(
    error: type[BaseException], log: Path
) -> None:
    """T25: after the first byte the client has the status that was sent."""

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("202 Accepted", TEXT)
            yield b"part"
            raise error("no")

        return app

    assert isinstance(serve_both(make, log).error, error)
    record = the_record(log)
    assert record["entry"]["response"]["status"] == 202
    assert response_text(record) == "part"
    assert record["notes"] == ["error"]


def test_a_client_that_goes_away_leaves_a_mark(log: Path) -> None:
    """T26: a response cut off is `aborted`, with the size that was given."""
    app = answering(b"one", b"two", b"three")
    serve_both(lambda _: app, log, chunks=2)

    record = the_record(log)
    assert record["notes"] == ["aborted"]
    # The server had asked for the chunk that found the client gone.
    assert record["entry"]["response"]["content"]["size"] == len(b"onetwothree")


def test_a_server_that_stops_at_the_announced_size_does_not_abort(log: Path) -> None:
    """T26: a server that has counted all bytes need not ask for more."""
    headers = [("Content-Length", "3")]
    result = iter(
        a_writer(answering(b"one", headers=headers), log)(
            an_environ(), lambda *_: lambda _: None
        )
    )
    next(result)
    result.close()  # type: ignore[attr-defined]  # ours always has it

    assert "notes" not in the_record(log)


def test_a_writer_inside_a_writer_records_once(tmp_path: Path) -> None:
    """T28: installed twice, the outer one records and the inner one is silent."""
    inner = a_writer(answering(b"x"), tmp_path / "inner.jsonl")
    outer = a_writer(inner, tmp_path / "outer.jsonl")
    serve_both(lambda _: outer, tmp_path / "outermost.jsonl")

    assert len(records(tmp_path / "outermost.jsonl")) == 1
    assert records(tmp_path / "inner.jsonl") == []


def test_an_environment_used_again_is_a_new_exchange(log: Path) -> None:
    """T28: a finished mark in a copied environment does not silence the next."""
    writer = a_writer(answering(b"x"), log)
    environ = an_environ(method="POST", body=b"abc")
    serve(writer, environ)
    serve(writer, environ)

    assert len({record["id"] for record in records(log)}) == 2
