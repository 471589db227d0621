"""What the operator hears of the log file's troubles."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from tests.support.spool import (
    FailingDisk,
    WriterClock,
    a_record,
    a_writer,
    records_in,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in a directory that does not exist yet."""
    return tmp_path / "spool" / "exchanges.jsonl"


def test_close_tells_of_losses_no_record_told(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Losses after the last good record are at least in the log."""
    writer = a_writer(path)
    writer.count_dropped()

    writer.close()

    assert "closed after 1 dropped records" in caplog.text


def test_drops_are_told_once_and_the_end_of_them_too(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that stays full does not fill the log; its recovery is told."""
    clock, disk = WriterClock(), FailingDisk()
    writer = a_writer(path, clock, os_write=disk.write)
    disk.fill(5)
    for _ in range(6):
        writer.write(*a_record())
        clock.advance(1.1)

    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "No space left on device" in told[0]
    assert "writing again after 5 dropped records" in told[1]


def test_a_broken_log_handler_does_not_reach_the_application(path: Path) -> None:
    """An exception in the application's own logging stays there."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("handler")

    clock, disk = WriterClock(), FailingDisk()
    writer = a_writer(path, clock, os_write=disk.write)
    disk.fill()
    handler = Broken()
    logging.getLogger("wsgi_writer").addHandler(handler)
    try:
        results = [writer.write(*a_record())]
        clock.advance(1.1)
        results.append(writer.write(*a_record()))
    finally:
        logging.getLogger("wsgi_writer").removeHandler(handler)

    assert results == [False, True]
    assert writer.write(*a_record())
    assert "dropped" not in records_in(path)[-1]


def test_world_writable_directory_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A directory that anyone may change is told at construction."""
    tmp_path.chmod(0o777)

    a_writer(tmp_path / "log")

    assert "anyone may replace files" in caplog.text


def test_a_close_that_fails_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of close(2) is a warning, not an exception."""
    writer = a_writer(path)
    writer.write(*a_record())
    real_close = os.close

    def failing(fd: int) -> None:
        real_close(fd)
        raise OSError(errno.EIO, "close")

    monkeypatch.setattr(os, "close", failing)
    writer.close()

    assert "closing failed" in caplog.text
