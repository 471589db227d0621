"""The installed command as a service: what it tells the manager, and when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import pytest

from shipper.errors import StateLockedError
from shipper.store import StateLock
from tests.support.commands import (
    SECONDS,
    Shop,
    environment,
    line_with,
    running,
    stop,
)
from tests.support.service_manager import service_manager

pytestmark = pytest.mark.e2e

WATCHDOG_SECONDS = 2.0  # a busy machine must not look like a hang before there is one
# A user's function is the operator's own code in our process: the one way from
# outside to make the main thread hang for good, as a bug of ours would.
HANGING = """
import signal, threading

def hang(number, frame):
    open("hung", "w").close()
    threading.Event().wait()

signal.signal(signal.SIGUSR2, hang)

def caller(request):
    return None
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def _is_locked(shop: Shop) -> bool:
    lock = StateLock(str(shop.directory / "state"))
    try:
        lock.acquire()
    except StateLockedError:
        return True
    lock.release()
    return False


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_it_says_ready_when_it_runs_and_stopping_when_it_ends(
    kind: Literal["path", "abstract"], shop: Shop
) -> None:
    """READY means that state and logs are open; STATUS says what became of them."""
    with service_manager(shop.directory, kind) as manager, shop.receiving():
        shop.record(3)
        words = ("run", "--config", str(shop.config))
        with running(*words, environ=manager.environ) as process:
            ready = manager.await_line("READY", "1")
            was_locked = _is_locked(shop)
            delivered = manager.await_line("STATUS", "3 delivered; waiting: nothing")
            process.send_signal(signal.SIGTERM)
            stopping = manager.await_line("STOPPING", "1")
            code = process.wait(SECONDS)

    assert was_locked
    assert "STATUS" in ready
    assert "READY" not in delivered
    assert stopping["STATUS"] == "SIGTERM: finishing what is in flight"
    assert code == 128 + signal.SIGTERM


def test_it_does_not_say_ready_when_it_cannot_run(shop: Shop) -> None:
    """A second shipper on the same state never counts as started."""
    shop.configure("http://127.0.0.1:9/v1/request")
    lock = StateLock(str(shop.directory / "state"))
    lock.acquire()
    with service_manager(shop.directory) as manager:
        done = shop.shipper("run", environ=manager.environ)
        heard = manager.listen(0.0)

    lock.release()
    assert done.returncode == 75
    assert [message for message in heard if "READY" in message] == []


def test_trouble_is_in_the_status(shop: Shop) -> None:
    """`systemctl status` says what waits, and why."""
    with (
        service_manager(shop.directory) as manager,
        shop.receiving(api_key="rdme_other"),
    ):
        shop.record(2)
        words = ("run", "--config", str(shop.config))
        with running(*words, environ=manager.environ):
            told = manager.await_line("STATUS", "trouble")["STATUS"]

    assert told.startswith("0 delivered; waiting: 2 records in flight; trouble: ")
    assert "401" in told


def test_a_hanging_main_loop_is_not_covered_up(shop: Shop) -> None:
    """The watchdog is fed while the shipper works, and not when it hangs."""
    (shop.directory / "hanging.py").write_text(HANGING)
    with service_manager(shop.directory) as manager, shop.receiving():
        shop.configure_more('[[identify.rules]]\nfrom = "hanging:caller"\n')
        environ = {
            **manager.environ,
            "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1_000_000)),
        }
        words = ("run", "--config", str(shop.config))
        with running(*words, environ=environ, cwd=shop.directory) as process:
            for _ in range(2):
                manager.await_line("WATCHDOG", "1")
            process.send_signal(signal.SIGUSR2)
            end = time.monotonic() + SECONDS
            while not (shop.directory / "hung").exists() and time.monotonic() < end:
                manager.listen(0.05)
            manager.await_line("STATUS", "stuck: nothing has moved")
            after = manager.listen(WATCHDOG_SECONDS)
            told = line_with(process, "loop_stuck")

    assert after == []
    assert "nothing has moved for 1 s" in told


def test_lines_for_the_journal_have_priorities_and_no_stamps(shop: Shop) -> None:
    """The installed command finds out by itself that systemd has its stderr."""
    reader, writer = os.pipe()
    status = os.fstat(writer)
    shop.configure("http://127.0.0.1:9/v1/request")
    done = subprocess.run(
        [sys.executable, "-m", "shipper", "run", "--once", "--config", shop.config],
        stderr=writer,
        env=environment({"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}),
        timeout=SECONDS,
        check=False,
    )
    os.close(writer)
    with open(reader, encoding="utf-8") as stream:
        lines = stream.read().splitlines()

    assert done.returncode == 0
    assert [line.split(":")[0] for line in lines] == [
        "<6>started",
        "<4>source_empty",
        "<6>drained",
        "<6>stopped",
    ]


def test_a_reload_is_announced_and_its_end_too(shop: Shop) -> None:
    """RELOADING carries the time that systemd tells reloads apart by."""
    with service_manager(shop.directory) as manager, shop.receiving():
        words = ("run", "--config", str(shop.config))
        with running(*words, environ=manager.environ) as process:
            manager.await_line("READY", "1")
            before = time.monotonic() * 1_000_000
            process.send_signal(signal.SIGHUP)
            reloading = manager.await_line("RELOADING", "1")
            manager.await_line("READY", "1")
            after = time.monotonic() * 1_000_000
            line_with(process, "reloaded")
            shop.config.write_text("nonsense = 1\n")
            process.send_signal(signal.SIGHUP)
            manager.await_line("RELOADING", "1")
            manager.await_line("READY", "1")
            refused = line_with(process, "reload_refused")
            stop(process, signal.SIGTERM)

    assert before <= int(reloading["MONOTONIC_USEC"]) <= after
    assert f"{shop.config}:1: nonsense: there is no such key" in refused
