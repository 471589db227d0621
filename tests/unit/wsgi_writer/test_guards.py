"""Promises of every guard: whatever goes wrong in us, both sides go on (T1)."""

from __future__ import annotations

import copy
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.wsgi import (
    TEXT,
    App,
    a_writer,
    an_environ,
    serve,
    serve_both,
    the_record,
)
from wsgi_writer.capture import RequestBody

DOCS = "https://docs.example.com"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


class Unmeasurable(bytes):
    """Bytes whose length cannot be had."""

    def __len__(self) -> int:
        raise OverflowError("no length")


class Unlookable:
    """A result that cannot even be looked at."""

    @property
    def __iter__(self) -> Any:
        raise RuntimeError("do not look")


class Unreadable(dict[str, Any]):
    """An environment that cannot be asked."""

    def get(self, *args: Any) -> Any:
        """Refuse."""
        raise RuntimeError("do not ask")


@pytest.mark.parametrize("headers", [[None], [()], [(7, "x")], None, "headers", 7])
def test_headers_that_are_none_reach_the_server(headers: Any, log: Path) -> None:
    """What is no header list is the server's to refuse, with or without our link."""
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [b"x"]

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.append(headers)

    writer = a_writer(app, log, base_log_url=DOCS)
    for chunk in writer(an_environ(), start_response):
        assert chunk == b"x"

    assert seen == [headers]


def test_a_header_iterator_is_not_used_up(log: Path) -> None:
    """Headers that can be read once are left to the server."""
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", iter(TEXT))
        return []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.extend(headers)

    a_writer(app, log, base_log_url=DOCS)(an_environ(), start_response)

    assert seen == TEXT


def test_a_chunk_we_cannot_measure_is_sent(log: Path) -> None:
    """An error while a chunk is kept does not keep the chunk."""
    result = a_writer(lambda environ, start: [Unmeasurable(b"x")], log)(
        an_environ(), lambda *_: lambda _: None
    )

    assert list(iter(result)) == [b"x"]


def test_data_we_cannot_measure_is_written(log: Path) -> None:
    """The same holds for write()."""
    seen: list[bytes] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", list(TEXT))(Unmeasurable(b"x"))
        return []

    list(a_writer(app, log)(an_environ(), lambda *_: seen.append))

    assert seen == [b"x"]


def test_a_result_we_cannot_look_at_is_returned(log: Path) -> None:
    """An error while the result is examined hands it over as it is."""
    result = Unlookable()
    returned = a_writer(lambda environ, start: result, log)(
        an_environ(), lambda *_: lambda _: None
    )

    assert returned is result


def test_an_iterable_that_cannot_be_iterated_fails_alike(log: Path) -> None:
    """An error of iter() reaches the server, and is recorded."""

    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            raise LookupError("no chunks")

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", list(TEXT))
            return Broken()

        return app

    assert isinstance(serve_both(make, log).error, LookupError)
    assert the_record(log)["notes"] == ["error"]


def test_the_applications_error_is_not_replaced_by_ours(log: Path) -> None:
    """When cleaning up fails after an error, the application's own error rises."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        raise KeyError("the application's own")

    environ = Unreadable(an_environ() | {"wsgi.file_wrapper": lambda file: file})
    served = serve(a_writer(app, log), environ)

    assert isinstance(served.error, KeyError)


def test_an_application_runs_when_our_set_up_fails(log: Path) -> None:
    """Where the environment cannot be written to, the application runs bare."""

    class ReadOnly(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            raise TypeError("read only")

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", list(TEXT))
        return [b"bare"]

    assert serve(a_writer(app, log), ReadOnly(an_environ())).body == b"bare"
    assert not log.exists()


class Odd:
    """An input that answers in its own way."""

    def readlines(self) -> Any:
        """Answer with what is no bytes."""
        return ["text"]

    def readinto(self, buffer: Any) -> int:
        """Claim to have filled something."""
        return 3

    def seek(self, offset: int) -> None:
        """Say nothing."""

    def read(self, size: int) -> bytes:
        """Read."""
        return b"x" * size


def test_odd_answers_of_the_input_are_passed_on() -> None:
    """What we cannot understand of the input is not kept, and not hidden."""
    body: Any = RequestBody(Odd(), 10)

    assert body.readlines() == ["text"]
    assert body.readinto(None) == 3
    assert body.seek(0) is None
    assert body.read(2) == b"xx"
    assert body.prefix.content == b""


def test_a_seek_that_says_nothing_is_followed_by_tell() -> None:
    """Inputs whose seek() returns None are asked where they are."""

    class Silent(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            super().seek(offset, whence)
            return None  # type: ignore[return-value]  # as old file objects do

    body = RequestBody(Silent(b"abc"), 10)
    body.read(2)
    body.seek(0)
    body.read()

    assert body.prefix.content == b"abc"


def test_a_copied_input_does_not_look_for_ever() -> None:
    """Copying the stand-in fails or works, but ends."""
    copied = copy.copy(RequestBody(io.BytesIO(b"abc"), 10))

    assert copied.read() == b"abc"


class Broken(logging.Handler):
    """Logging of an application that needs a request to be under way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail, as a filter or formatter does that looks for the request."""
        raise RuntimeError("working outside of request context")


@pytest.mark.parametrize(
    "options",
    [
        {"identify": lambda environ: 1 / 0},
        {"identify": lambda environ: 1 / 0, "base_log_url": DOCS},
        {"record_bodies": lambda environ: 1 / 0},
    ],
    ids=["at the end", "in start_response", "in the set-up"],
)
def test_logging_that_fails_is_no_fault_of_the_request(
    options: dict[str, Any], log: Path
) -> None:
    """A fault that the application's own logging cannot take is recorded all the same.

    Its filters and handlers run wherever a fault of a user's function is told.
    """

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", list(TEXT))
        return [b"x"]

    handler = Broken()
    logging.getLogger("wsgi_writer").addHandler(handler)
    try:
        served = serve(a_writer(app, log, **options))
    finally:
        logging.getLogger("wsgi_writer").removeHandler(handler)

    assert (served.error, served.body) == (None, b"x")
    assert the_record(log)["entry"]["response"]["status"] == 200
