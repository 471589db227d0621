"""Promises of `journal` when something fails: counted, reported once, never raised."""

from __future__ import annotations

import io
import logging
import os
from typing import Any

import pytest

from tests.support.wsgi import TEXT, an_environ
from wsgi_writer.capture import RequestBody
from wsgi_writer.journal import Journal
from wsgi_writer.mask import Masks
from wsgi_writer.middleware import new_id
from wsgi_writer.proxies import TrustedProxies
from wsgi_writer.recorder import Recorder


class FakeFile:
    """A record file that does what it is told, and counts."""

    def __init__(self, *, is_cooling: bool = False, fails: bool = False) -> None:
        self.is_cooling = is_cooling
        self.fails = fails
        self.dropped = 0
        self.lines: list[bytes] = []

    def count_dropped(self) -> None:
        """Count."""
        self.dropped += 1

    def write(self, head: bytes, tail: bytes) -> bool:
        """Keep the line, or fail."""
        if self.fails:
            raise RuntimeError("secret-value")
        self.lines.append(head + tail)
        return True

    def close(self) -> None:
        """Nothing to close."""


def a_journal(file: FakeFile, **options: Any) -> Journal:
    """A journal over a fake file."""
    defaults: dict[str, Any] = {
        "identify": None,
        "logs_url": None,
        "proxies": TrustedProxies(),
        "max_body_bytes": 1000,
        "max_record_bytes": 10_000,
    }
    return Journal(file, Masks(), **(defaults | options))


def an_exchange(journal: Journal, **environ: Any) -> Recorder:
    """An exchange under way, its response started."""
    received = an_environ(**environ)
    recorder = Recorder(
        journal,
        dict(received),
        received,
        exchange_id=new_id(),
        server_start=lambda *_: lambda data: None,
        request_body=RequestBody(io.BytesIO(), 1000),
        limit=1000,
    )
    recorder.start_response("200 OK", list(TEXT))
    recorder.ended()
    return recorder


def test_a_finished_exchange_becomes_one_line() -> None:
    """Closing an exchange hands exactly one line to the file, however often."""
    file = FakeFile()
    exchange = an_exchange(a_journal(file))
    exchange.close()
    exchange.close()

    (line,) = file.lines
    assert line.startswith(b'{"v":1,"id":"' + exchange.id.encode())


def test_a_header_that_is_no_pair_leaves_the_record_whole() -> None:
    """Where neither headers nor environment are text, what is text is told."""
    file = FakeFile()
    exchange = an_exchange(a_journal(file), CONTENT_LENGTH=7)
    exchange.headers = [7, ("X-A", "1")]  # type: ignore[list-item] # on purpose
    exchange.close()

    (line,) = file.lines
    assert line.count(b'"name":"X-A","value":"1"') == 1


def test_a_file_that_raises_is_kept_from_the_application() -> None:
    """T1: an error while writing is counted and does not rise."""
    file = FakeFile(fails=True)
    an_exchange(a_journal(file)).close()

    assert file.dropped == 1


def test_a_fault_is_reported_once_and_without_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says what failed and where, and never a value of an exchange."""
    journal = a_journal(FakeFile(fails=True))
    with caplog.at_level(logging.WARNING, "wsgi_writer"):
        for _ in range(3):
            an_exchange(journal).close()

    (message,) = caplog.messages
    assert message.startswith("record failed: RuntimeError at ")
    assert "secret-value" not in message


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"label": "secret-value"}, "it returned no 'api_key', or an empty one"),
        (
            ["secret-value"],
            "it returned list, expected a mapping with 'api_key' or None",
        ),
    ],
)
def test_an_answer_that_names_nobody_is_reported_with_the_reason(
    answer: object, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Who wrote the function need not read ours to learn what is missing."""
    journal = a_journal(FakeFile(), identify=lambda environ: answer)
    with caplog.at_level(logging.WARNING, "wsgi_writer"):
        an_exchange(journal).close()

    assert caplog.messages == [f"identify failed: {why} (reported once)"]


def test_no_record_is_built_while_the_file_cools_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A record that would be dropped is not laid out, only counted."""
    file = FakeFile(is_cooling=True)
    exchange = an_exchange(a_journal(file))
    # Laying this out would fail, and be reported.
    exchange.status = type("Unreadable", (), {"__str__": lambda _: 1 / 0})()
    exchange.close()

    assert (file.dropped, file.lines) == (1, [])
    assert caplog.messages == []


def test_an_unwanted_exchange_is_not_counted_as_dropped() -> None:
    """What would not have been recorded is no loss."""
    file = FakeFile(is_cooling=True)
    an_exchange(a_journal(file, identify=lambda environ: None)).close()

    assert file.dropped == 0


def test_only_the_process_that_began_an_exchange_records_it() -> None:
    """T30: a fork in mid-exchange does not write the same id twice."""
    file = FakeFile()
    exchange = an_exchange(a_journal(file))
    pid = os.fork()
    if pid == 0:
        exchange.close()
        os._exit(len(file.lines))
    _, status = os.waitpid(pid, 0)
    exchange.close()

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(file.lines) == 1


def test_a_child_leaves_abandoned_exchanges_to_its_parent() -> None:
    """T7, T30: what the parent still owes is not paid by the child as well."""
    file = FakeFile()
    journal = a_journal(file)
    an_exchange(journal)
    pid = os.fork()
    if pid == 0:
        journal.record_abandoned()
        os._exit(len(file.lines))
    _, status = os.waitpid(pid, 0)
    journal.record_abandoned()

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(file.lines) == 1


def test_no_two_exchanges_share_an_id() -> None:
    """T30: ids are drawn from the system each time, in forked processes too."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, "".join(new_id() for _ in range(50)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    theirs = os.read(reader, 50 * 36).decode()
    os.close(reader)
    os.close(writer)
    ids = {new_id() for _ in range(50)}
    ids |= {theirs[at : at + 36] for at in range(0, len(theirs), 36)}

    assert len(ids) == 100
