"""Under real servers: the recorded application answers as the bare one does.

Each server runs twice, over the same battery of endpoints: once bare, once recorded.
Everything that comes over the wire is compared, and each answer has its record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import (
    SERVERS,
    Answer,
    ask,
    awaited,
    connected,
    parsed,
    read_to_end,
    running,
)
from tests.support.wsgi import records, response_text

pytestmark = pytest.mark.e2e

BATTERY = "tests.support.battery"
HAS_UPGRADE = {"gunicorn-sync", "gunicorn-gthread", "gunicorn-gevent"}
HAS_NO_FILE_WRAPPER = {"cheroot", "pywsgi"}
# Servers that show an application the end of a chunked body.
READS_CHUNKED = {name for name in SERVERS if name.startswith("gunicorn")} | {"waitress"}
SENDS_CONTINUE = READS_CHUNKED | {"cheroot"}
# It sends nothing when an application raises, and raises by itself on exc_info.
UWSGI_FAILS = {"raises", "replaced"}
VARYING_HEADERS = {"date", "server", "x-documentation-url"}

PLAIN_GETS = (
    "as_list", "in_chunks", "generated", "written", "empty", "not_modified",
    "with_length", "binary", "split_character", "packed", "cookies", "large", "a_file",
    "raises", "raises_midway", "replaced", "missing",
)  # fmt: skip
MULTIPART = (
    b"--edge\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
    b'--edge\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\xff" + bytes(50_000)
) + b"\r\n--edge--\r\n"


@dataclass
class Pair:
    """One server, running the bare and the recorded application."""

    name: str
    bare: int
    recorded: int
    log: Path

    def ask_both(self, *args: Any, **kwargs: Any) -> tuple[Answer, Answer]:
        """The same request to both; what they may differ in is taken off."""
        bare, recorded = (
            ask(port, *args, **kwargs) for port in (self.bare, self.recorded)
        )
        return comparable(bare), recorded

    def record_of(self, answer: Answer) -> dict[str, Any]:
        """The record that belongs to an answer, as soon as it is written."""
        link = answer.header("x-documentation-url")
        assert link is not None
        return self.await_record(f'"id":"{link.rpartition("/")[2]}"')

    def await_path(self, path: str) -> dict[str, Any]:
        """The last record of this path, for answers that carry no id."""
        return self.await_record(f'{path}"')

    def await_record(self, needle: str) -> dict[str, Any]:
        """The last whole record with these characters in it."""

        def look() -> dict[str, Any] | None:
            if not self.log.exists():
                return None
            whole, _, _ = self.log.read_text("utf-8").rpartition("\n")
            found = [line for line in whole.split("\n") if needle in line]
            return json.loads(found[-1]) if found else None

        return awaited(look, needle)


def comparable(answer: Answer) -> Answer:
    """An answer without what differs from one moment to the next."""
    kept = [
        (name, value)
        for name, value in answer.headers
        if name.lower() not in VARYING_HEADERS
    ]
    return Answer(answer.status, kept, answer.body)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name == "uwsgi" else [])
        for name in SERVERS
    ],
)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """A server with both applications."""
    name: str = request.param
    log = tmp_path_factory.mktemp(name) / "exchanges.jsonl"
    with (
        running(SERVERS[name], BATTERY) as bare,
        running(SERVERS[name], BATTERY, environ={"CAPTURE_LOG": str(log)}) as recorded,
    ):
        yield Pair(name, bare, recorded, log)


@pytest.mark.parametrize("endpoint", PLAIN_GETS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_are_the_same(pair: Pair, method: str, endpoint: str) -> None:
    """Status, headers and body of every kind of response are the bare ones."""
    bare, recorded = pair.ask_both(f"/{endpoint}", method)

    assert comparable(recorded) == bare


@pytest.mark.parametrize("endpoint", PLAIN_GETS)
def test_each_answer_has_its_record(pair: Pair, endpoint: str) -> None:
    """The id in the header is the id of a record with the status that was sent."""
    answer = ask(pair.recorded, f"/{endpoint}")
    if endpoint == "raises":
        assert answer.header("x-documentation-url") is None
        record = pair.await_path("/raises")
    else:
        record = pair.record_of(answer)

    if pair.name == "uwsgi" and endpoint in UWSGI_FAILS:
        assert "error" in record["notes"]
    else:
        status = int(answer.status.split()[1])
        assert record["entry"]["response"]["status"] == status


@pytest.mark.parametrize("endpoint", ["as_list", "in_chunks", "generated", "written"])
def test_bodies_are_recorded_as_sent(pair: Pair, endpoint: str) -> None:
    """However a body was given to the server, the record holds it whole."""
    answer = ask(pair.recorded, f"/{endpoint}")

    assert response_text(pair.record_of(answer)) == answer.body.decode()


def test_a_file_is_left_to_the_server(pair: Pair) -> None:
    """Where the server has a file wrapper, it is used, and the record says so."""
    record = pair.record_of(ask(pair.recorded, "/a_file"))

    notes = record.get("notes", [])
    assert notes == ([] if pair.name in HAS_NO_FILE_WRAPPER else ["sendfile"])
    size = Path(__file__).parents[1].joinpath("support/battery.py").stat().st_size
    assert record["entry"]["response"]["content"]["size"] == size


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_request_bodies_arrive(pair: Pair, method: str) -> None:
    """What the client sends reaches the application and the record."""
    headers = {"Content-Type": "text/plain"}
    bare, recorded = pair.ask_both("/echo", method, headers=headers, body=b"line\n" * 9)

    assert comparable(recorded) == bare
    post = pair.record_of(recorded)["entry"]["request"]["postData"]
    assert post["text"] == "line\n" * 9


def test_a_large_multipart_body_arrives_whole(pair: Pair) -> None:
    """An upload over the limit reaches the application untouched; its size is kept."""
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    bare, recorded = pair.ask_both("/echo", "POST", headers=headers, body=MULTIPART)

    assert comparable(recorded) == bare
    request = pair.record_of(recorded)["entry"]["request"]
    assert request["bodySize"] == len(MULTIPART)


def test_lines_are_read_alike(pair: Pair) -> None:
    """readline() gives the same lines."""
    bare, recorded = pair.ask_both("/by_lines", "POST", body=b"one\ntwo\nthree\n")

    assert comparable(recorded) == bare


def test_a_chunked_request_is_read_alike(pair: Pair) -> None:
    """A body without length is whatever the server makes of it, and recorded."""
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "text/plain"}
    chunks = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    bare, recorded = pair.ask_both("/echo_all", "POST", headers=headers, body=chunks)

    assert comparable(recorded) == bare
    if pair.name in READS_CHUNKED:
        post = pair.record_of(recorded)["entry"]["request"]["postData"]
        assert post["text"] == "hello world"


def test_a_refused_upload_is_not_read(pair: Pair) -> None:
    """An application that refuses a body unread does so at once, recorded or not."""
    head = (
        b"POST /unread HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Length: 3\r\n\r\nabc"
    )
    answers = []
    for port in (pair.bare, pair.recorded):
        with connected(port) as sock:
            sock.sendall(head)
            answers.append(parsed(read_to_end(sock)))
    bare, recorded = answers

    assert comparable(recorded) == comparable(bare)
    if pair.name != "uwsgi" or recorded.status:  # it may reset the connection instead
        assert pair.record_of(recorded)["notes"] == ["unread-body"]


def test_the_go_ahead_is_the_applications(pair: Pair) -> None:
    """`Expect: 100-continue` is answered by the first read, not by us before it."""
    head = (
        b"POST /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    with connected(pair.recorded) as sock:
        sock.sendall(head % b"echo")
        if pair.name in SENDS_CONTINUE:
            assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(b"hello")
        answer = parsed(read_to_end(sock))

    assert answer.body == b"got hello"


def test_an_old_client_is_served(pair: Pair) -> None:
    """HTTP/1.0 without a Host header."""
    request = b"GET /in_chunks HTTP/1.0\r\n\r\n"
    answers = []
    for port in (pair.bare, pair.recorded):
        with connected(port) as sock:
            sock.sendall(request)
            answers.append(parsed(read_to_end(sock)))

    assert comparable(answers[1]) == comparable(answers[0])


def test_a_response_that_never_starts_is_recorded(pair: Pair) -> None:
    """The server's own error page goes out, and there is a record of it."""
    bare, recorded = pair.ask_both("/unstarted")
    if pair.name == "cheroot":
        ask(pair.recorded, "/as_list")  # it forgets close(): the next request tells

    assert comparable(recorded) == bare
    notes = pair.await_path("/unstarted")["notes"]
    assert notes == ["unstarted", *(["unclosed"] if pair.name == "cheroot" else [])]


def test_the_first_chunk_is_not_held_back(pair: Pair) -> None:
    """A stream's first chunk arrives before its second one is made.

    One of five has to come so: on a busy machine we may look too late.
    """
    assert any(_first_comes_alone(pair.recorded) for _ in range(5))


def _first_comes_alone(port: int) -> bool:
    with connected(port) as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = b""
        while b"first" not in got:
            got += sock.recv(65536)
        assert b"second" in got + read_to_end(sock)
    return b"second" not in got


def test_close_is_called_once(pair: Pair) -> None:
    """A response that was sent and one that was broken off are each closed once."""
    before = int(ask(pair.recorded, "/how_often_closed").body)
    ask(pair.recorded, "/closing")
    with connected(pair.recorded) as sock:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.recv(65536)

    record = pair.await_path("/endless")
    after = int(ask(pair.recorded, "/how_often_closed").body)
    assert after - before == 2
    assert "aborted" in record["notes"]


def test_a_connection_can_be_taken_over(pair: Pair) -> None:
    """A websocket's handshake is written by the application: the same bytes."""
    connection = "Upgrade, close" if pair.name in HAS_UPGRADE else "close"
    headers = {"Connection": connection, "Upgrade": "echo"}
    bare, recorded = pair.ask_both("/upgrade", headers=headers)

    assert comparable(recorded) == bare
    if pair.name in HAS_UPGRADE:
        assert recorded.body == b"hello"
        record = pair.await_path("/upgrade")
        assert record["notes"] == ["upgrade"]
        assert record["entry"]["response"]["status"] == 101


def test_every_line_is_whole_and_every_id_its_own(pair: Pair) -> None:
    """After all of this the file holds whole records, and no id twice."""
    pair.record_of(ask(pair.recorded, "/as_list"))
    found = records(pair.log)

    assert len({record["id"] for record in found}) == len(found)
    assert os.stat(pair.log).st_mode & 0o777 == 0o640
