"""Promises of `response`: what stands in for a result behaves as the result does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.spool import run_script
from tests.support.wsgi import (
    TEXT,
    App,
    a_writer,
    an_environ,
    answering,
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


class Closing:
    """An iterable that tells when it is closed."""

    def __init__(self, log: list[object], *chunks: bytes, error: bool = False) -> None:
        self.log, self.chunks, self.error = log, chunks, error

    def __iter__(self) -> Iterator[bytes]:
        self.log.append("iter")
        return iter(self.chunks)

    def close(self) -> None:
        """Tell, and fail if asked to."""
        self.log.append("close")
        if self.error:
            raise RuntimeError("close failed")


def returning(result: Any) -> App:
    """An application that starts a response and returns this."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return result

    return app


@pytest.mark.parametrize("chunks", [None, 0, 1, 2, 3])
def test_close_is_passed_on_once(chunks: int | None, log: Path) -> None:
    """T6: however far the server got, the application is closed exactly once."""
    seen: list[list[object]] = []

    def make(events: list[object]) -> App:
        seen.append(events)
        return returning(Closing(events, b"a", b"b", b"c"))

    serve_both(make, log, chunks=chunks)

    assert seen[1].count("close") == 1


def test_a_second_close_of_the_server_does_nothing(log: Path) -> None:
    """T6: a server that closes twice closes the application once: one record."""
    events: list[object] = []
    result: Any = a_writer(returning(Closing(events)), log)(
        an_environ(), lambda *_: lambda _: None
    )
    result.close()
    result.close()

    assert events == ["close"]
    assert len(records(log)) == 1


def test_an_error_of_close_rises_after_the_record(log: Path) -> None:
    """T6: the server gets the application's error, and the record is there."""
    served = serve_both(lambda e: returning(Closing(e, b"a", error=True)), log)

    assert str(served.error) == "close failed"
    record = the_record(log)
    assert record["entry"]["response"]["status"] == 200
    assert record["notes"] == ["error"]


def test_an_abandoned_response_is_recorded_by_the_next_request(log: Path) -> None:
    """T7: a server that forgets close() costs time, not the record."""
    writer = a_writer(answering(b"x"), log)
    writer(an_environ("/left"), lambda *_: lambda _: None)
    gc.collect()

    assert records(log) == []
    serve(writer, an_environ("/next"))
    left, following = records(log)
    assert left["entry"]["request"]["url"].endswith("/left")
    assert left["notes"] == ["unclosed"]
    assert "notes" not in following


def test_closing_the_writer_records_what_was_abandoned(log: Path) -> None:
    """T7: the last abandoned exchange does not need another request."""
    writer = a_writer(answering(b"x"), log)
    writer(an_environ(), lambda *_: lambda _: None)
    gc.collect()
    writer.close()

    assert the_record(log)["notes"] == ["unclosed"]


ABANDON_AND_END = """
    import sys
    from tests.support.wsgi import a_writer, an_environ

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"x"]

    writer = a_writer(app, sys.argv[1])
    list(writer(an_environ(), lambda *_: None))
    """


def test_a_process_that_ends_records_what_was_abandoned(log: Path) -> None:
    """T7: nor does it need anybody to close the writer."""
    run_script(ABANDON_AND_END, log)

    assert the_record(log)["notes"] == ["unclosed"]


def test_one_chunk_is_asked_for_at_a_time(log: Path) -> None:
    """T8: the application is not run ahead of what the server asked for."""
    made: list[int] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        for number in range(3):
            made.append(number)
            yield b"x"

    result = iter(a_writer(app, log)(an_environ(), lambda *_: lambda _: None))
    before = list(made)
    next(result)

    assert before == []
    assert made == [0]


def test_iter_is_asked_for_when_the_server_does(log: Path) -> None:
    """T8: an iterable is not turned into an iterator before its time."""
    events: list[object] = []
    result = a_writer(returning(Closing(events)), log)(
        an_environ(), lambda *_: lambda _: None
    )
    before = list(events)
    iter(result)

    assert before == []
    assert events == ["iter"]


@pytest.mark.parametrize("result", [[], [b"one"], (b"one", b"two"), [b""]])
def test_a_response_with_a_length_keeps_it(result: Any, log: Path) -> None:
    """T9: servers set Content-Length from len(), so it is there when it was there."""
    served = serve_both(lambda _: returning(result), log)

    assert ("length", len(result)) in served.events


def test_a_response_without_a_length_gets_none(log: Path) -> None:
    """T9: a generator has no length inside the middleware either."""
    served = serve_both(lambda _: returning(chunk for chunk in [b"x"]), log)

    assert ("length", None) in served.events


@pytest.mark.parametrize("is_sent_first", [False, True])
def test_a_server_may_add_up_the_chunks_it_sends(
    is_sent_first: bool, log: Path
) -> None:
    """T9: some do to know the length, before the first chunk or when they send it."""
    chunks = [b"one ", b"", b"two ", b"three"]
    result: Any = a_writer(returning(chunks), log)(
        an_environ(), lambda *_: lambda _: None
    )
    lengths, sent = [], []
    if not is_sent_first:
        lengths.append(sum(map(len, result)))
    for chunk in result:
        if not lengths:
            lengths.append(sum(map(len, result)))
        sent.append(chunk)
    result.close()

    assert sent == chunks
    assert lengths == [13]
    response = the_record(log)["entry"]["response"]
    assert response["content"]["text"] == "one two three"
    assert response["bodySize"] == 13


def test_an_iterator_that_nobody_used_counts_for_nothing(log: Path) -> None:
    """T8: middleware in between may ask for one only to see whether there is one."""
    result: Any = a_writer(returning((b"one ", b"two")), log)(
        an_environ(), lambda *_: lambda _: None
    )
    iter(result)
    sent = list(result)
    result.close()

    assert sent == [b"one ", b"two"]
    assert response_text(the_record(log)) == "one two"


@pytest.mark.parametrize("result", [None, b"bytes", "text", 7, object()])
def test_what_is_no_iterable_is_returned_as_it_is(result: Any, log: Path) -> None:
    """T11: only this server can know what to do with it: the same object."""
    returned = a_writer(returning(result), log)(an_environ(), lambda *_: lambda _: None)

    assert returned is result
    assert len(records(log)) == 1


def test_a_sentinel_of_the_server_is_still_recognised(log: Path) -> None:
    """T11: servers compare the result with their own "already handled" by ==."""
    sentinel = iter([b""])
    returned = a_writer(returning(sentinel), log)(
        an_environ(), lambda *_: lambda _: None
    )

    assert returned == sentinel
