"""Promises of `sendfile`: the server gets its own file object, and we learn enough."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from tests.support.wsgi import (
    App,
    a_writer,
    an_environ,
    records,
    response_text,
    serve,
    the_record,
)

HEADERS = [("Content-Type", "application/pdf"), ("Content-Length", "5")]


class SlottedWrapper:
    """A file wrapper whose `close` cannot be replaced."""

    __slots__ = ("file",)

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        self.file = file

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


def sending(file: io.BytesIO) -> App:
    """An application that lets the server send a file."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", HEADERS)
        return environ["wsgi.file_wrapper"](file, 1024)

    return app


def called(
    log: Path, file: io.BytesIO, wrapper: Callable[..., Any]
) -> tuple[Any, dict[str, Any]]:
    """What the server gets back, and the environment afterwards."""
    environ = an_environ() | {"wsgi.file_wrapper": wrapper}
    result = a_writer(sending(file), log)(environ, lambda *_: lambda _: None)
    return result, environ


def test_a_class_wrapper_is_returned_untouched(log: Path) -> None:
    """T10: servers that test with isinstance find their own class."""
    file = io.BytesIO(b"%PDF-")
    result, _ = called(log, file, FileWrapper)

    assert type(result) is FileWrapper
    assert result.filelike is file


def test_a_function_wrapper_is_known_by_what_it_returned(log: Path) -> None:
    """T10: servers that test with `is` get the very object they made."""
    file = io.BytesIO(b"%PDF-")
    result, environ = called(log, file, lambda file, size: file)

    assert result is file
    result.close()
    assert the_record(log)["notes"] == ["sendfile"]
    assert callable(environ["wsgi.file_wrapper"])


def test_a_function_wrapper_is_put_back(log: Path) -> None:
    """T10: after the call the server finds its own function where it put it."""

    def wrapper(file: Any, size: int) -> Any:
        return file

    _, environ = called(log, io.BytesIO(), wrapper)

    assert environ["wsgi.file_wrapper"] is wrapper


def test_a_function_wrapper_is_put_back_after_an_error(log: Path) -> None:
    """T10: an application that raises does not leave our spy behind."""

    def wrapper(file: Any, size: int) -> Any:
        return file

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        raise ValueError("no")

    environ = an_environ() | {"wsgi.file_wrapper": wrapper}
    serve(a_writer(app, log), environ)

    assert environ["wsgi.file_wrapper"] is wrapper


def test_other_results_beside_a_function_wrapper_are_captured(log: Path) -> None:
    """T10: only what the wrapper returned is a file."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", HEADERS)
        environ["wsgi.file_wrapper"](io.BytesIO(), 1)
        return [b"plain"]

    environ = an_environ() | {"wsgi.file_wrapper": lambda file, size: file}
    serve(a_writer(app, log), environ)

    assert the_record(log)["entry"]["response"]["content"]["size"] == 5
    assert "notes" not in the_record(log)


def test_the_record_is_written_when_the_server_closes_the_file(log: Path) -> None:
    """T10: the exchange ends with close(); its size is the announced one."""
    file = io.BytesIO(b"%PDF-")
    result, _ = called(log, file, FileWrapper)

    assert records(log) == []
    result.close()
    record = the_record(log)
    assert file.closed
    assert record["notes"] == ["sendfile"]
    assert record["entry"]["response"]["content"]["size"] == 5
    assert response_text(record) == ""


def test_a_wrapper_whose_close_is_fixed_is_recorded_at_once(log: Path) -> None:
    """T10: where the end cannot be learnt, the record is written at return."""
    result, _ = called(log, io.BytesIO(b"%PDF-"), SlottedWrapper)

    assert type(result) is SlottedWrapper
    assert the_record(log)["notes"] == ["sendfile"]


def test_a_file_that_cannot_be_closed_tells_the_server(log: Path) -> None:
    """T6, T10: an error of the file's close() rises, and the record has it."""

    class Broken(io.BytesIO):
        is_broken = True

        def close(self) -> None:
            if self.is_broken:
                raise OSError("disk")
            super().close()

    file = Broken()
    result, _ = called(log, file, FileWrapper)
    with pytest.raises(OSError, match="disk"):
        result.close()
    file.is_broken = False

    assert the_record(log)["notes"] == ["error", "sendfile"]
