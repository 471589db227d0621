"""`[batch] workers` with the installed command: several processes, one state."""

from __future__ import annotations

import json
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from shipper.receiver.faults import Faults
from tests.support import servers
from tests.support.combined import a_log
from tests.support.commands import KEY, Shop, running, stop
from tests.support.crews import Yard, await_death, crewed
from tests.support.loopback import LoopbackServer
from tests.support.service_manager import service_manager

pytestmark = pytest.mark.e2e

WINDOW = 4 * 5  # records that one process may have in flight


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """Eight logs for two workers."""
    return Yard(Shop(tmp_path))


def test_two_workers_deliver_eight_logs_once_each(yard: Yard) -> None:
    """`run --once`: every id once, both work, and the audit is exact."""
    yard.write(20)
    with yard.receiving():
        done = yard.shop.shipper("run", "--once", "--json")
        audit = yard.audit()

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["delivered"] == 160
    assert set(yard.shop.received()) == yard.written
    assert yard.copies() == 0
    assert done.stderr.count("worker_started") == 2
    assert (audit["code"], audit["lines"]["delivered"]) == (0, 160)


def test_a_second_run_has_nothing_to_send(yard: Yard) -> None:
    """Positions hold for any number of workers: three go on after two, and one."""
    with yard.receiving() as receiver:
        for workers in (2, 3, 1):
            yard.workers = workers
            yard.configure(receiver.url)
            yard.write(3)
            yard.rotate(workers, workers)
            assert yard.shop.shipper("run", "--once").returncode == 0
        audit = yard.audit()

    assert set(yard.shop.received()) == yard.written
    assert yard.copies() == 0
    assert audit["code"] == 0


def test_a_killed_worker_is_replaced_and_nothing_is_lost(yard: Yard) -> None:
    """Kill -9 of one: its files are read again from their positions, by another."""
    yard.write(60)
    with yard.receiving(faults=Faults(delay_seconds=0.01)), crewed(yard) as crew:
        yard.await_received(40)
        crew.kill(1)
        crew.await_line("worker_lost")
        crew.await_workers(1)
        yard.write(5)
        yard.await_received(len(yard.written))
        code, _, said = stop(crew.process, signal.SIGTERM)
        audit = yard.audit()

    assert code == 128 + signal.SIGTERM, said
    assert set(yard.shop.received()) == yard.written
    assert yard.copies() <= WINDOW
    assert audit["code"] == 0
    assert audit["lines"]["delivered"] == len(yard.written)


def test_workers_end_with_their_killed_parent(yard: Yard) -> None:
    """Kill -9 of the parent: the workers are gone, the next run loses nothing."""
    yard.write(60)
    with yard.receiving(faults=Faults(delay_seconds=0.01)):
        with crewed(yard) as crew:
            yard.await_received(40)
            crew.process.kill()
            for pid in crew.pids.values():
                await_death(pid)
        between = yard.audit()
        done = yard.shop.shipper("run", "--once")
        audit = yard.audit()

    assert done.returncode == 0, done.stderr
    assert set(yard.shop.received()) == yard.written
    assert yard.copies() <= 2 * WINDOW
    assert between["code"] == 0
    assert (audit["code"], audit["lines"]["delivered"]) == (0, len(yard.written))


def test_letters_are_sent_again_while_workers_ship(yard: Yard) -> None:
    """The parent answers `dead-letter retry`; a foreign log's line is found again."""
    more = (
        '[[source]]\npaths = ["access.log"]\nformat = "combined"\n'
        'base_url = "https://api.example.com"\nidentity = "client-ip"\n'
    )
    access = yard.shop.directory / "access.log"
    access.write_bytes(b"no request\n" + a_log(1))
    yard.write(2)
    with yard.receiving(more=more), crewed(yard) as crew:
        yard.await_received(len(yard.written) + 1)
        while not yard.shop.dead_letters():
            assert crew.process.poll() is None
        retried = yard.shop.shipper("dead-letter retry", "--all", "--json")
        stop(crew.process, signal.SIGTERM)

    # It is no record today either, which is an answer.
    answer = json.loads(retried.stdout)["answer"]
    assert answer["unsent"] == 1
    assert "the fields are not those of the format" in answer["notes"][0]
    assert yard.copies() == 0


def test_signals_to_every_process_are_the_parents_alone(yard: Yard) -> None:
    """A service manager signals all there are: workers go on until they are told."""
    yard.write(2)
    with yard.receiving(), crewed(yard) as crew:
        for pid in crew.pids.values():
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
                os.kill(pid, number)
        yard.await_received(len(yard.written))
        code, _, said = stop(crew.process, signal.SIGTERM)

    assert code == 128 + signal.SIGTERM
    assert "worker_lost" not in said


def test_the_key_is_on_no_command_line(yard: Yard) -> None:
    """Scenario 54: what a worker needs is handed over in memory, not seen in `ps`."""
    yard.write(1)
    with yard.receiving(), crewed(yard) as crew:
        # A process that has only just been made has no command line yet.
        lines = [
            servers.awaited(partial(_command_line, pid), "a command line")
            for pid in crew.pids.values()
        ]
        stop(crew.process, signal.SIGTERM)

    assert [line for line in lines if KEY.encode() in line] == []


def _command_line(pid: int) -> bytes | None:
    return Path(f"/proc/{pid}/cmdline").read_bytes() or None


def test_a_refused_key_shows_in_the_status(yard: Yard) -> None:
    """What holds a worker up is told by SIGUSR1 to the parent."""
    yard.write(2)
    with yard.receiving(api_key="another key"), crewed(yard) as crew:
        crew.await_line("uploads_held")
        end = time.monotonic() + 60
        line = ""
        while not ("401" in line and "16 records in flight" in line):
            assert time.monotonic() < end, line
            crew.process.send_signal(signal.SIGUSR1)
            line = crew.await_line(" status: ")
        code, _, _ = stop(crew.process, signal.SIGTERM)

    assert code == 128 + signal.SIGTERM


def test_one_limit_holds_for_all_workers(yard: Yard) -> None:
    """Over the time of a run, all but the last request stay within the limit."""
    limit = 8 * 1024
    yard.write(4)
    with LoopbackServer() as server:
        yard.configure(server.url, f'[limits]\nbwlimit = "{limit}"\n')
        begin = time.monotonic()
        done = yard.shop.shipper("run", "--once", "--json")
        seconds = time.monotonic() - begin
        sizes = [len(one.body) for one in server.heard]

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["delivered"] == len(yard.written)
    assert limit < sum(sizes[:-1]) <= limit * seconds


def test_deliveries_of_workers_call_the_monitor(yard: Yard) -> None:
    """Once a minute for all together, by the parent."""
    yard.write(10)
    with LoopbackServer() as monitor:
        url = monitor.url.replace("/v1/request", "/ping")
        with yard.receiving(more=f'[heartbeat]\nurl = "{url}"\n'):
            done = yard.shop.shipper("run", "--once")
        calls = [one.line for one in monitor.heard]

    assert done.returncode == 0, done.stderr
    assert calls == ["GET /ping HTTP/1.1"]


def test_the_service_manager_hears_of_all_workers(yard: Yard) -> None:
    """READY when each has opened its logs; STATUS is the sum of what they did."""
    yard.write(3)
    words = ("run", "--config", str(yard.shop.config))
    with service_manager(yard.shop.directory, "path") as manager, yard.receiving():
        with running(*words, environ=manager.environ) as process:
            manager.await_line("READY", "1")
            manager.await_line("STATUS", "24 delivered; waiting: nothing")
            stop(process, signal.SIGTERM)
        manager.await_line("STOPPING", "1")

    assert set(yard.shop.received()) == yard.written


def test_one_worker_is_no_process_more(yard: Yard) -> None:
    """`workers = 1`, the default, ships in the process that was started."""
    yard.workers = 1
    yard.write(2)
    with yard.receiving():
        done = yard.shop.shipper("run", "--once", "--verbose")

    assert done.returncode == 0
    assert "worker_started" not in done.stderr
    assert set(yard.shop.received()) == yard.written
