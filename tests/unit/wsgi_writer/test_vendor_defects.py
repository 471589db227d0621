"""Known defects of another middleware for the same service, each kept out of ours.

The numbers are those of the list the project was built against; each test shows the
right behaviour where that middleware loses, changes or breaks something.
"""

from __future__ import annotations

import gzip
import io
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.util import FileWrapper

import pytest

from tests.support.wsgi import (
    TEXT,
    App,
    a_writer,
    an_environ,
    answering,
    header_values,
    records,
    request_text,
    response_text,
    serve,
    serve_both,
    the_record,
)

JSON = [("Content-Type", "application/json")]
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


def reading(amount: int | None = None) -> App:
    """An application that reads its body and sends it back."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        body = stream.read() if amount is None else stream.read(amount)
        start_response("200 OK", TEXT)
        return [body]

    return app


def test_one_record_however_many_chunks(log: Path) -> None:
    """No. 1: three chunks are one exchange, one id, one whole body."""
    serve(a_writer(answering(b"a", b"b", b"c"), log))

    assert response_text(the_record(log)) == "abc"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "200 OK"])
def test_an_empty_response_is_recorded(status: str, log: Path) -> None:
    """No. 2: a response without a body is an exchange too."""
    serve(a_writer(answering(status=status), log))

    assert the_record(log)["entry"]["response"]["status"] == int(status[:3])


def test_a_binary_response_arrives_and_is_recorded(log: Path) -> None:
    """No. 3: bytes that are no text reach the client and the record."""
    picture = b"\x89PNG\r\n\xff\xfe\x00"
    app = answering(picture, headers=[("Content-Type", "image/png")])

    assert serve_both(lambda _: app, log).body == picture
    assert the_record(log)["entry"]["response"]["content"]["encoding"] == "base64"


def test_a_character_split_over_two_chunks_is_text(log: Path) -> None:
    """No. 4: chunks are joined before anything is decoded."""
    text = "caf\xe9".encode()
    serve_both(lambda _: answering(text[:4], text[4:]), log)

    assert response_text(the_record(log)) == "caf\xe9"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_every_method_may_have_a_body(method: str, log: Path) -> None:
    """No. 5: PUT, PATCH and DELETE are recorded with what they carry."""
    serve(a_writer(answering(b"x"), log), an_environ("/", method, body=b"sent"))

    record = the_record(log)
    assert record["entry"]["request"]["method"] == method
    assert request_text(record) == "sent"


@pytest.mark.parametrize("length", [None, ""])
def test_a_body_without_length_reaches_the_application(
    length: str | None, log: Path
) -> None:
    """No. 6, 7: a chunked POST is read as the server gives it, and recorded."""

    def environ() -> dict[str, Any]:
        made = an_environ("/", "POST", HTTP_TRANSFER_ENCODING="chunked")
        made |= {"wsgi.input": io.BytesIO(b"chunked"), "CONTENT_TYPE": "text/plain"}
        return made if length is None else made | {"CONTENT_LENGTH": length}

    assert serve_both(lambda _: reading(), log, environ=environ).body == b"chunked"
    assert request_text(the_record(log)) == "chunked"


def test_a_request_without_host_is_served(log: Path) -> None:
    """No. 8: an HTTP/1.0 request names no host; nothing depends on it."""
    environ = an_environ(SERVER_PROTOCOL="HTTP/1.0")
    del environ["HTTP_HOST"]

    assert serve(a_writer(answering(b"x"), log), environ).body == b"x"
    request = the_record(log)["entry"]["request"]
    assert (request["httpVersion"], request["url"]) == ("HTTP/1.0", "http://localhost/")


def test_a_form_the_application_reads_is_recorded(log: Path) -> None:
    """No. 9: the application parses its form, and the record has it as well."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        form = parse_qsl(environ["wsgi.input"].read(7).decode())
        start_response("200 OK", TEXT)
        return [repr(form).encode()]

    environ = an_environ("/", "POST", body=b"a=1&b=2") | FORM

    assert serve(a_writer(app, log), environ).body == b"[('a', '1'), ('b', '2')]"
    params = the_record(log)["entry"]["request"]["postData"]["params"]
    assert [(p["name"], p["value"]) for p in params] == [("a", "1"), ("b", "2")]


def test_an_exception_is_recorded(log: Path) -> None:
    """No. 10: an application that raises leaves a record with status 500."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        raise KeyError("no")

    assert isinstance(serve(a_writer(app, log)).error, KeyError)
    assert the_record(log)["entry"]["response"]["status"] == 500


def test_data_sent_by_write_is_recorded(log: Path) -> None:
    """No. 11: the imperative interface is seen."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)(b"written")
        return []

    serve(a_writer(app, log))

    assert response_text(the_record(log)) == "written"


def test_the_documentation_header_reaches_the_client(log: Path) -> None:
    """No. 12: the header is on the response, not only in the record."""
    writer = a_writer(answering(b"x"), log, base_log_url="https://docs.example.com")

    assert serve(writer).header("x-documentation-url")


@pytest.mark.parametrize(
    "body",
    [
        b'{"user": {"password": "hunter2!"}}',
        b'{"users": [{"password": "hunter2!"}]}',
        b'[{"password": "hunter2!"}]',
    ],
)
def test_secrets_are_found_at_any_depth(body: bytes, log: Path) -> None:
    """No. 13: nested objects, lists and top-level arrays hide nothing."""
    serve(a_writer(answering(body, headers=JSON), log))

    assert b"hunter2" not in log.read_bytes()
    assert "[REDACTED 8]" in response_text(the_record(log))


def test_the_query_string_is_masked(log: Path) -> None:
    """No. 14 (the writer's part): listed parameters are masked in the URL, too."""
    environ = an_environ(QUERY_STRING="password=hunter2&page=2")
    serve(a_writer(answering(b"x"), log), environ)

    assert b"hunter2" not in log.read_bytes()
    assert "page=2" in the_record(log)["entry"]["request"]["url"]


def test_repeated_headers_stay_apart(log: Path) -> None:
    """No. 17: two Set-Cookie headers are two."""
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    serve(a_writer(answering(b"x", headers=cookies), log))

    assert len(header_values(the_record(log)["entry"]["response"], "Set-Cookie")) == 2


def test_repeated_and_blank_parameters_are_kept(log: Path) -> None:
    """No. 18: `a=1&a=2&b=&c` has four parameters."""
    environ = an_environ(QUERY_STRING="a=1&a=2&b=&c")
    serve(a_writer(answering(b"x"), log), environ)

    query = the_record(log)["entry"]["request"]["queryString"]
    pairs = [(p["name"], p["value"]) for p in query]
    assert pairs == [("a", "1"), ("a", "2"), ("b", ""), ("c", "")]


def test_size_and_type_need_no_particular_spelling(log: Path) -> None:
    """No. 19: lower-case header names serve as well, and no length is needed."""
    headers = [("content-type", "application/json; charset=utf-8")]
    serve(a_writer(answering(b"[1]", headers=headers), log))

    content = the_record(log)["entry"]["response"]["content"]
    assert content["mimeType"] == "application/json; charset=utf-8"
    assert content["size"] == 3


def test_the_stamp_is_utc_with_milliseconds(log: Path) -> None:
    """No. 20: ISO 8601 with T, milliseconds and Z."""
    serve(a_writer(answering(b"x"), log))

    stamp = the_record(log)["entry"]["startedDateTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)


def test_the_url_is_ascii_and_the_clients(log: Path) -> None:
    """No. 21: paths are percent-encoded; trusted forwarding headers are heeded."""
    environ = an_environ(
        "/caf\xc3\xa9", HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR="192.0.2.7"
    )
    serve(a_writer(answering(b"x"), log, trusted_proxies=["192.0.2.1"]), environ)

    record = the_record(log)
    assert record["entry"]["request"]["url"] == "https://api.example.com/caf%C3%A9"
    assert record["client"] == "192.0.2.7"


def test_a_shared_caller_is_masked_once(log: Path) -> None:
    """No. 22: the function may return the same dictionary for ever."""
    shared = {"api_key": "owlbert-api-key"}
    writer = a_writer(answering(b"x"), log, identify=lambda environ: shared)
    for _ in range(3):
        serve(writer)

    assert len({record["caller"]["id"] for record in records(log)}) == 1
    assert shared == {"api_key": "owlbert-api-key"}


def test_a_numeric_key_identifies(log: Path) -> None:
    """No. 23: a key that is no string is turned into one."""
    serve(a_writer(answering(b"x"), log, identify=lambda environ: {"api_key": 12345}))

    assert the_record(log)["caller"]["id"].startswith("sha512-")


def test_a_large_body_is_neither_read_ahead_nor_kept(log: Path) -> None:
    """No. 32: an application that refuses by length reads nothing; nor do we."""

    class Endless:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("read ahead")

    environ = an_environ("/", "POST", CONTENT_LENGTH=str(50 * 1024**2))
    environ["wsgi.input"] = Endless()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("413 Too Large", TEXT)
        return [b"no"]

    assert serve(a_writer(app, log), environ).status == "413 Too Large"
    assert the_record(log)["notes"] == ["unread-body"]


def test_what_is_kept_of_a_large_body_is_capped(log: Path) -> None:
    """No. 32: a stream of 20 MB costs no more memory than the limit allows."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        for _ in range(320):
            yield bytes(65536)

    writer = a_writer(app, log)
    result = writer(an_environ(), lambda *_: lambda data: None)
    tracemalloc.start()
    for _ in result:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4 * 65536


def test_the_application_runs_when_it_is_called(log: Path) -> None:
    """No. 33: it is called by the server's call, not by the first chunk."""
    called = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        called.append(1)
        start_response("200 OK", TEXT)
        return [b"x"]

    result = a_writer(app, log)(an_environ(), lambda *_: lambda _: None)

    assert called == [1]
    assert len(result) == 1  # type: ignore[arg-type]  # as the list has


def test_a_file_response_stays_the_servers(log: Path) -> None:
    """No. 33: the server's file wrapper is handed through."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

    environ = an_environ() | {"wsgi.file_wrapper": FileWrapper}
    result = a_writer(app, log)(environ, lambda *_: lambda _: None)

    assert isinstance(result, FileWrapper)


def test_a_broken_off_response_says_so(log: Path) -> None:
    """No. 34: a body cut by the client is marked as such."""
    serve(a_writer(answering(b"a", b"b", b"c"), log), chunks=1)

    assert the_record(log)["notes"] == ["aborted"]


def test_options_can_be_left_out(log: Path) -> None:
    """No. 37: preflight requests are recorded, or not, as `identify` says."""

    def identify(environ: dict[str, Any]) -> dict[str, str] | None:
        return None if environ["REQUEST_METHOD"] == "OPTIONS" else {"api_key": "k"}

    writer = a_writer(answering(b"x"), log, identify=identify)
    serve(writer, an_environ(method="OPTIONS"))
    serve(writer, an_environ())

    assert the_record(log)["entry"]["request"]["method"] == "GET"


def test_a_packed_response_is_passed_on_packed(log: Path) -> None:
    """No. 3: a compressed body is the client's to unpack."""
    packed = gzip.compress(b"text", mtime=0)
    headers = [*TEXT, ("Content-Encoding", "gzip")]

    assert serve_both(lambda _: answering(packed, headers=headers), log).body == packed
    assert len(records(log)) == 1
