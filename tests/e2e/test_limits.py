"""`[limits]` with the installed command: how fast, when not, and for how long."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.commands import Shop, running, stop
from tests.support.loopback import LoopbackServer, Reply

pytestmark = pytest.mark.e2e

STOP_SECONDS = 9.0  # far below an hour, far above what an end takes


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def around_now() -> str:
    """Return a span of quiet hours, in UTC, that holds now and the next hours."""
    now = datetime.now(UTC)
    begin, end = now - timedelta(hours=1), now + timedelta(hours=3)
    return f"{begin:%H:%M}-{end:%H:%M}"


def test_the_receiver_sees_no_more_bytes_than_allowed(shop: Shop) -> None:
    """Over the time of a run, all but the last request stay within the limit."""
    limit = 4 * 1024
    with LoopbackServer() as server:
        shop.configure(server.url)
        shop.configure_more('[limits]\nbwlimit = "4k"\n')
        shop.record(9)
        begin = time.monotonic()
        done = shop.shipper("run", "--once", "--json")
        seconds = time.monotonic() - begin
        sizes = [len(one.body) for one in server.heard]

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["delivered"] == 9
    assert max(sizes) <= limit
    assert limit < sum(sizes[:-1]) <= limit * seconds


def test_an_hours_wait_ends_with_sigterm(shop: Shop) -> None:
    """One record an hour: the second one stays, and is told of in the status."""
    with LoopbackServer() as server:
        shop.configure(server.url)
        shop.configure_more('[limits]\nrate = "1/h"\n')
        shop.record(2)
        with running("run", "--config", str(shop.config)) as process:
            server.await_heard(1)
            asked = time.monotonic()
            code, _, told = stop(process, signal.SIGTERM)
            seconds = time.monotonic() - asked
        heard = len(server.heard)
        shop.configure(server.url)
        shop.shipper("run", "--once")
        all_heard = len(server.heard)

    assert code == 128 + signal.SIGTERM, told
    assert seconds < STOP_SECONDS
    assert (heard, all_heard) == (1, 2)


def test_quiet_hours_hold_a_run_and_say_so_once(shop: Shop) -> None:
    """Exit 75 with everything in place; after them the same state delivers all."""
    with shop.receiving():
        quiet = f'[limits]\nquiet_hours = ["{around_now()}"]\ntimezone = "UTC"\n'
        shop.configure_more(quiet)
        ids = shop.record(3)
        held = shop.shipper("run", "--once")
        status = shop.shipper("status", "--json")
        before = shop.received()
        shop.config.write_text(shop.config.read_text().replace(quiet, ""))
        done = shop.shipper("run", "--once")

    facts = json.loads(status.stdout)
    assert (held.returncode, done.returncode) == (75, 0), held.stderr
    assert held.stderr.count("quiet_hours_began") == 1
    assert (facts["records"]["pending"], facts["files"][0]["position_bytes"]) == (3, 0)
    assert facts["limits"]["quiet_until"] is not None
    assert (before, sorted(shop.received())) == ([], sorted(ids))


def test_max_duration_has_its_default_in_the_file(shop: Shop) -> None:
    """A run of cron ends in the time that was configured, with work left."""
    with LoopbackServer([Reply(status=503)] * 1000) as server:
        shop.configure(server.url)
        shop.configure_more("[limits]\nmax_duration = 1\n")
        shop.record(1)
        done = shop.shipper("run", "--once")

    assert done.returncode == 75
    assert "out_of_time: max duration of 1 s" in done.stderr
