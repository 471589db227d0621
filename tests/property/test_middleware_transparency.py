"""Law: with or without the middleware, server and application see the same world."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.wsgi import App, an_environ, records, serve_both

BODY = b"first line\nsecond line\n\xff\x00third"
STATUSES = st.sampled_from(["200 OK", "204 No Content", "304 Not Modified", "500 No"])
CHUNKS = st.binary(max_size=6)
ERRORS = st.sampled_from([ValueError, SystemExit, GeneratorExit, StopIteration])

READS = st.one_of(
    st.tuples(st.sampled_from(["read", "readline"]), st.integers(-1, 12)),
    st.tuples(st.sampled_from(["readlines", "list", "readall"]), st.just(0)),
    st.tuples(st.sampled_from(["seek", "readinto"]), st.integers(0, 12)),
)
STEPS = st.one_of(
    st.tuples(st.just("input"), READS),
    st.tuples(st.just("start"), STATUSES),
    st.tuples(st.just("restart"), STATUSES),
    st.tuples(st.just("write"), CHUNKS),
    st.tuples(st.just("raise"), ERRORS),
    st.tuples(st.just("identity"), st.sampled_from([None, "owl", 7])),
)
RESULTS = st.sampled_from(
    ["generator", "list", "tuple", "iterator", "closing", "late", "sequence", "bytes"]
)


def perform(
    steps: list[tuple[str, Any]], log: list[object], environ: Any, start: Any
) -> None:
    """Carry out what the application does before, or while, it answers."""
    write = None
    for kind, value in steps:
        if kind == "input":
            log.append(read(environ["wsgi.input"], *value))
        elif kind == "start":
            write = start(value, [("Content-Type", "text/plain")])
        elif kind == "restart":
            try:
                raise ValueError("again")  # noqa: TRY301 - to have an exc_info
            except ValueError:
                write = start(value, [("X-Again", "1")], sys.exc_info())
        elif kind == "write" and write is not None:
            log.append(write(value))
        elif kind == "raise":
            raise value("no")
        elif kind == "identity":
            environ["wsgi_writer.caller"] = value and {"api_key": value}


def read(stream: Any, how: str, amount: int) -> object:
    """Read from the input in one of the ways applications do."""
    if how == "list":
        return list(stream)
    if how == "readall":
        return stream.read()
    if how == "readlines":
        return stream.readlines()
    if how == "readinto":
        buffer = bytearray(amount)
        return stream.readinto(buffer), bytes(buffer)
    return getattr(stream, how)(amount)


class Sequence:
    """An iterable of the oldest kind: only items, by number."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def __getitem__(self, at: int) -> bytes:
        return self.chunks[at]


class Closing:
    """An iterable with a close() that may fail."""

    def __init__(self, chunks: Any, log: list[object], *, fails: bool) -> None:
        self.chunks, self.log, self.fails = chunks, log, fails

    def __iter__(self) -> Iterator[bytes]:
        self.log.append("iter")
        return iter(self.chunks)

    def close(self) -> None:
        """Tell, and fail if asked to."""
        self.log.append("close")
        if self.fails:
            raise RuntimeError("close")


def an_app(
    before: list[tuple[str, Any]],
    during: list[tuple[str, Any]],
    chunks: list[bytes],
    result: str,
    log: list[object],
    *,
    fails: bool,
) -> App:
    """An application of this behaviour."""

    def generated(environ: Any, start: Any) -> Iterator[bytes]:
        try:
            for number, chunk in enumerate(chunks):
                if number == 1:
                    perform(during, log, environ, start)
                yield chunk
        finally:
            log.append("generator over")

    def late(environ: Any, start: Any) -> Iterator[bytes]:
        perform(before, log, environ, start)
        yield from generated(environ, start)

    def app(environ: dict[str, Any], start: Any) -> Any:
        if result == "late":
            return late(environ, start)
        perform(before, log, environ, start)
        made: dict[str, Any] = {
            "generator": lambda: generated(environ, start),
            "list": lambda: list(chunks),
            "tuple": lambda: tuple(chunks),
            "iterator": lambda: iter(chunks),
            "closing": lambda: Closing(generated(environ, start), log, fails=fails),
            "sequence": lambda: Sequence(chunks),
            "bytes": lambda: b"".join(chunks),
        }
        return made[result]()

    return app


@given(
    before=st.lists(STEPS, max_size=5),
    during=st.lists(STEPS, max_size=3),
    chunks=st.lists(CHUNKS, max_size=4),
    result=RESULTS,
    fails=st.booleans(),
    stop=st.none() | st.integers(0, 4),
    limit=st.integers(1, 40),
    base_log_url=st.none() | st.just("https://docs.example.com"),
)
def test_nobody_can_tell_whether_an_exchange_is_recorded(
    *,
    before: list[tuple[str, Any]],
    during: list[tuple[str, Any]],
    chunks: list[bytes],
    result: str,
    fails: bool,
    stop: int | None,
    limit: int,
    base_log_url: str | None,
) -> None:
    """Any order of reads, starts, writes, chunks and errors gives the same trace."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "log")
        serve_both(
            lambda seen: an_app(before, during, chunks, result, seen, fails=fails),
            log,
            environ=lambda: an_environ("/", "POST", body=BODY),
            chunks=stop,
            max_body_bytes=limit,
            base_log_url=base_log_url,
        )

        assert len(records(log)) <= 1
