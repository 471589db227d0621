"""Promises of `ExchangeWriter` to server and application: nothing changes for them.

The tests that name a trap (T1 to T30) run the application alone and recorded and
compare everything that either side saw.
"""

from __future__ import annotations

import contextlib
import gc
import sys
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
    response_text,
    serve,
    serve_both,
    the_record,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


def test_passes_a_response_on_unchanged(log: Path) -> None:
    """Status, headers, chunks and their order are the application's own."""
    served = serve_both(lambda _: answering(b"one", b"", b"two"), log)

    assert served.body == b"onetwo"
    assert response_text(the_record(log)) == "onetwo"


def broken(kind: type[Exception]) -> None:
    """Fail as an application would."""
    raise kind("no")


class Hostile(dict[str, Any]):
    """An environment whose every special key is missing or nonsense."""


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"REQUEST_METHOD": None, "PATH_INFO": 7, "SCRIPT_NAME": b"x"},
        {"HTTP_HOST": None, "HTTP_X": 1, "CONTENT_LENGTH": -1, "REMOTE_ADDR": ()},
        {"wsgi.url_scheme": None, "SERVER_PROTOCOL": [], "QUERY_STRING": {}},
        {"HTTP_COOKIE": "\udcff", "RAW_URI": "\udcff\x00", "REMOTE_ADDR": "\n"},
        {7: 8, None: None, "wsgi.input": None},
        {"wsgi_writer.request_body": "mine", "wsgi.file_wrapper": "mine"},
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_hostile_environment_does_not_disturb_the_application(
    environ: dict[Any, Any], log: Path
) -> None:
    """T1: whatever the environment lacks or holds, the response goes out."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [b"fine"]

    served = serve(a_writer(app, log, skip_paths=["/x"]), Hostile(environ))

    assert (served.error, served.body) == (None, b"fine")


def test_hostile_values_are_recorded_as_far_as_they_are_text(log: Path) -> None:
    """T1: what is not text in the environment costs itself, not the record."""
    environ = an_environ("/here", HTTP_X=7, REMOTE_ADDR=None, CONTENT_LENGTH=-1)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        return [b"x"]

    serve(a_writer(app, log), environ)

    assert the_record(log)["entry"]["request"]["url"] == "http://api.example.com/here"


def test_a_log_that_cannot_be_written_is_not_noticed(tmp_path: Path) -> None:
    """T1: with a directory in the place of the file, responses go out as ever."""
    (tmp_path / "log").mkdir()
    served = serve_both(lambda _: answering(b"fine"), tmp_path / "log")

    assert served.body == b"fine"


def test_exc_info_before_the_first_byte_replaces_the_response(log: Path) -> None:
    """T2: a second start_response with exc_info counts, and only it."""

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", TEXT)
            try:
                broken(ValueError)
            except ValueError:
                start_response("503 Busy", [("X-Late", "1")], sys.exc_info())
            return [b"sorry"]

        return app

    assert serve_both(make, log).status == "503 Busy"
    response = the_record(log)["entry"]["response"]
    assert (response["status"], response["statusText"]) == (503, "Busy")


def test_exc_info_after_the_first_byte_is_raised_by_the_server(log: Path) -> None:
    """T2: its error reaches the application; the record keeps the sent status."""

    def make(seen: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", TEXT)
            yield b"part"
            try:
                broken(ValueError)
            except ValueError:
                try:
                    start_response("500 No", TEXT, sys.exc_info())
                except ValueError as error:
                    seen.append(str(error))
                    raise

        return app

    assert isinstance(serve_both(make, log).error, ValueError)
    record = the_record(log)
    assert record["entry"]["response"]["status"] == 200
    assert record["notes"] == ["error"]


def test_leaves_no_cycle_behind_an_exc_info(log: Path) -> None:
    """T2: when the server raises the error again, no frame of ours keeps it alive."""

    class EvidenceError(Exception):
        """An error that can be found again."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            broken(EvidenceError)
        except EvidenceError:
            start_response("500 No", TEXT, sys.exc_info())
        return []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        try:
            raise exc_info[1].with_traceback(exc_info[2])
        finally:
            del exc_info

    writer = a_writer(app, log)
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(EvidenceError):
            writer(an_environ(), start_response)
        found = [
            thing for thing in gc.get_objects() if isinstance(thing, EvidenceError)
        ]
    finally:
        gc.enable()

    assert found == []


def test_a_server_that_takes_two_arguments_gets_two(log: Path) -> None:
    """T2: exc_info is passed on only if it was given."""
    seen = []

    def start_response(status: str, headers: Any) -> Any:
        seen.append(status)

    environ = an_environ()
    result = a_writer(answering(b"x"), log)(environ, start_response)  # type: ignore[arg-type]  # a simple server
    list(result)

    assert seen == ["200 OK"]


def test_a_refused_start_response_is_not_recorded(log: Path) -> None:
    """T2: a call that the server answered with an error never happened."""

    def make(seen: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", TEXT)
            try:
                start_response("404 No", TEXT)
            except AssertionError:
                seen.append("refused")
            return [b"x"]

        return app

    serve_both(make, log)

    assert the_record(log)["entry"]["response"]["status"] == 200


def test_write_is_counted_and_passed_on(log: Path) -> None:
    """T3: bytes sent through write() come first and belong to the body."""

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            write = start_response("200 OK", TEXT)
            write(b"one ")
            write(b"two ")
            return [b"three"]

        return app

    assert serve_both(make, log).body == b"one two three"
    record = the_record(log)
    assert response_text(record) == "one two three"
    assert record["entry"]["response"]["content"]["size"] == 13


def test_status_may_come_with_the_first_chunk(log: Path) -> None:
    """T4: a generator calls start_response only when it is first asked."""

    def make(_: list[object]) -> App:
        def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("201 Created", TEXT)
            yield b"x"

        return app

    serve_both(make, log)

    assert the_record(log)["entry"]["response"]["status"] == 201


def test_a_response_that_never_starts_stays_unstarted(log: Path) -> None:
    """T5: nothing is invented for the server, and the record says 500, unstarted."""
    served = serve_both(lambda _: lambda environ, start_response: [], log)

    assert isinstance(served.error, AssertionError)
    record = the_record(log)
    assert record["entry"]["response"]["status"] == 500
    assert record["notes"] == ["unstarted"]


def test_a_response_that_never_starts_is_not_aborted(log: Path) -> None:
    """T5: a server that closes it without asking for a chunk broke nothing off."""
    result: Any = a_writer(lambda environ, start_response: [], log)(
        an_environ(), lambda *_: lambda _: None
    )
    result.close()

    assert the_record(log)["notes"] == ["unstarted"]
