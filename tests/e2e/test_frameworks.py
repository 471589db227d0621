"""Each example runs as it says, and leaves one record for each request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import Answer, ask, awaited, stop
from tests.support.wsgi import header_values, records, request_text, response_text
from wsgi_writer.mask import mask_key

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parents[2] / "examples"
FRAMEWORKS = ("plain", "flask", "django", "falcon", "bottle", "pyramid", "cherrypy")
# What these raise reaches the server, whose error page has no header of ours.
LETS_ERRORS_RISE = {"plain", "pyramid"}
# What its code puts into the environment stays in a copy of its own.
COPIES_THE_ENVIRONMENT = {"cherrypy"}
KEY = {"X-Api-Key": "owlbert-api-key"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UPLOAD = {"Content-Type": "multipart/form-data; boundary=edge"}
PART = (
    b"--edge\r\n"
    b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + b"\x00\xff" * 100 + b"\r\n"
    b"--edge--\r\n"
)


@dataclass
class Example:
    """A running example."""

    name: str
    port: int
    log: Path

    def exchange(self, target: str, *args: Any, **kwargs: Any) -> tuple[Answer, Any]:
        """Ask, and give the answer with the one record it left."""
        before = len(records(self.log))
        answer = ask(self.port, target, *args, **kwargs)

        def look() -> list[dict[str, Any]] | None:
            return records(self.log)[before:] or None

        (record,) = awaited(look, f"a record of {target}")
        return answer, record


@pytest.fixture(scope="module", params=FRAMEWORKS)
def example(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Example]:
    """One example, started as its first lines say."""
    name: str = request.param
    log = tmp_path_factory.mktemp(name) / "exchanges.jsonl"
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / f"{name}_app.py"],
        env={**os.environ, "EXCHANGE_LOG": str(log), "PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().decode()
        yield Example(name, int(address.rstrip("/\n").rpartition(":")[2]), log)
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


def test_json_is_answered_and_recorded(example: Example) -> None:
    """The body, the id, the masked caller and the route of an ordinary call."""
    answer, record = example.exchange("/people/1", headers=KEY)

    assert b"Ada" in answer.body
    assert response_text(record) == answer.body.decode()
    link = answer.header("x-documentation-url")
    assert link == f"https://docs.example.com/logs/{record['id']}"
    assert record["caller"]["id"] == mask_key("owlbert-api-key")
    if example.name not in COPIES_THE_ENVIRONMENT:
        assert record["entry"]["pageref"].startswith("/people/")
    assert "owlbert-api-key" not in example.log.read_text()


def test_a_form_is_parsed_and_recorded(example: Example) -> None:
    """The framework parses the form it read through us; a listed field is masked."""
    body = b"name=Ada&password=hunter2%21"
    answer, record = example.exchange("/form", "POST", headers=FORM, body=body)

    assert b"Ada" in answer.body
    params = record["entry"]["request"]["postData"]["params"]
    assert {"name": "name", "value": "Ada"} in params
    assert "hunter2" not in example.log.read_text()


def test_an_upload_is_parsed_and_recorded(example: Example) -> None:
    """A multipart body with bytes that are no text arrives whole."""
    answer, record = example.exchange("/upload", "POST", headers=UPLOAD, body=PART)

    size = len(PART) if example.name == "plain" else 200  # it does not parse
    assert json.loads(answer.body) == {"size": size}
    assert record["entry"]["request"]["bodySize"] == len(PART)
    assert request_text(record)


def test_a_stream_is_recorded_whole(example: Example) -> None:
    """Three chunks are one record."""
    answer, record = example.exchange("/stream")

    assert answer.body == b"line 0\nline 1\nline 2\n"
    assert response_text(record) == answer.body.decode()


def test_a_file_arrives(example: Example) -> None:
    """A file is sent by the server or read by the framework; its size is known."""
    answer, record = example.exchange("/file")

    size = (EXAMPLES / f"{example.name}_app.py").stat().st_size
    assert len(answer.body) == size
    content = record["entry"]["response"]["content"]
    is_announced = answer.header("Content-Length") is not None
    assert content["size"] == (size if is_announced else 0)


def test_an_exception_is_recorded(example: Example) -> None:
    """An error in the application is a 500, whoever makes the error page."""
    answer, record = example.exchange("/error")

    assert " 500 " in answer.status
    assert record["entry"]["response"]["status"] == 500
    rises = "error" in record.get("notes", [])
    assert rises is (example.name in LETS_ERRORS_RISE)


def test_cookies_are_recorded_without_their_values(example: Example) -> None:
    """Two cookies are two headers, and no value of theirs is written."""
    answer, record = example.exchange("/login")

    sent = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    written = header_values(record["entry"]["response"], "Set-Cookie")
    assert len(sent) == len(written) == 2
    assert "s3cret-session" not in json.dumps(record)


def test_head_is_recorded(example: Example) -> None:
    """A HEAD request is an exchange of its own."""
    answer, record = example.exchange("/people/2", "HEAD")

    assert " 200 " in answer.status
    assert record["entry"]["request"]["method"] == "HEAD"


def test_a_missing_page_is_recorded(example: Example) -> None:
    """A 404 of the framework is recorded as such."""
    answer, record = example.exchange("/nowhere")

    assert " 404 " in answer.status
    assert record["entry"]["response"]["status"] == 404
