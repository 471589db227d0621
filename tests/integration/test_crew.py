"""Workers under one parent: reloads, ends and limits, in real processes."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shipper.receiver.faults import Faults
from tests.support.commands import Shop
from tests.support.crews import Yard, await_death
from tests.support.loopback import LoopbackServer, Reply, Silence
from tests.support.served import Served


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """Six logs for two workers."""
    return Yard(Shop(tmp_path), logs=6)


def pids(served: Served) -> list[int]:
    """Return the process ids of all workers so far."""
    return [int(str(told["pid"])) for told in served.named("worker_started")]


def test_reloads_change_how_many_work(yard: Yard) -> None:
    """From one process to two workers, to three, to one: all once, under load."""
    with yard.receiving(faults=Faults(delay_seconds=0.01)) as receiver:

        def script(served: Served) -> None:
            for workers in (2, 3, 1):
                yard.write(15)
                yard.workers = workers
                yard.configure(receiver.url)
                served.reload()
            yard.write(5)
            served.await_received(len(yard.written))

        yard.workers = 1
        yard.configure(receiver.url)
        served = Served(yard.shop)
        served.run(script)
        audit = yard.audit()

    assert set(yard.shop.received()) == yard.written
    assert yard.copies() == 0
    assert len(pids(served)) == 5
    assert served.named("stopped")[0]["delivered"] == len(yard.written)
    assert audit["code"] == 0


def test_the_end_waits_for_no_answer_that_does_not_come(yard: Yard) -> None:
    """SIGTERM: workers give up with `shutdown_timeout`, and none is left."""
    with LoopbackServer([Silence()] * 4) as server:
        yard.configure(server.url)
        text = yard.shop.config.read_text()
        yard.shop.config.write_text("shutdown_timeout = 0.1\n" + text)
        yard.write(1)
        served = Served(yard.shop)
        served.run(lambda _: server.await_heard(2))

    assert served.code == 128 + signal.SIGTERM
    assert served.named("worker_lost") == []
    for pid in pids(served):
        await_death(pid)


def test_a_stop_cuts_a_reload_short(yard: Yard) -> None:
    """Workers that wait for an answer before they pause are ended by SIGTERM."""
    with LoopbackServer([Silence()] * 4) as server:
        yard.configure(server.url)
        text = yard.shop.config.read_text()
        yard.shop.config.write_text("shutdown_timeout = 0.1\n" + text)
        callers = "[identify]\nlookup = 'callers.csv'\n"
        yard.shop.configure_more(callers)
        (yard.shop.directory / "callers.csv").write_text("key,label,email\nk,Owl,\n")
        yard.write(1)

        def script(served: Served) -> None:
            server.await_heard(2)
            loaded = len(served.named("lookup_loaded"))
            served.send(signal.SIGHUP)
            served.await_event("lookup_loaded", loaded + 1)

        served = Served(yard.shop)
        served.run(script)

    assert served.code == 128 + signal.SIGTERM
    assert served.named("reloaded") == []


def test_workers_start_at_the_end_at_the_first_run_alone(yard: Yard) -> None:
    """`read_from = "end"`: what is there then is left out, and nothing after it."""
    with yard.receiving():
        text = yard.shop.config.read_text()
        ends = text.replace("[readme]", 'read_from = "end"\n[readme]')
        yard.shop.config.write_text(ends)
        yard.write(3)
        history = yard.written

        def script(served: Served) -> None:
            served.await_event("file_found", 6)
            yard.logs = 9  # three that nobody knows yet
            yard.write(2)
            served.await_received(18)
            served.reload()
            yard.logs = 12
            yard.write(2)
            served.await_received(18 + 24)

        def script_without_files(served: Served) -> None:
            served.await_event("file_gone", 12)
            served.reload()
            yard.write(2)
            served.await_received(18 + 24 + 24)

        Served(yard.shop).run(script)
        for number in range(yard.logs):
            yard.log(number).unlink()
        Served(yard.shop).run(script_without_files)

    assert set(yard.shop.received()) == yard.written - history
    assert yard.copies() == 0


def test_quiet_hours_hold_for_all(yard: Yard) -> None:
    """`--once` in quiet hours: nothing is sent, work is left, exit 75."""
    now = datetime.now(UTC)
    span = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    with LoopbackServer() as server:
        limits = f'[limits]\nquiet_hours = ["{span}"]\ntimezone = "UTC"\n'
        yard.configure(server.url, limits)
        yard.write(2)
        done = yard.shop.shipper("run", "--once")
        heard = len(server.heard)

    assert (done.returncode, heard) == (75, 0), done.stderr
    assert done.stderr.count("quiet_hours_began") == 1


def test_what_one_was_told_with_retry_after_holds_for_all(yard: Yard) -> None:
    """One 429 with an hour's wish: the other worker sends no more either."""
    wish = Reply(429, headers=(("Retry-After", "3600"),))
    with LoopbackServer([Reply(), wish]) as server:
        yard.configure(server.url)
        yard.write(100)
        requests = len(yard.written) // 5
        done = yard.shop.shipper("run", "--once", "--max-duration", "4s")
        heard = len(server.heard)

    assert done.returncode == 75
    # What was out at that moment, and what went out before the word was passed on.
    assert heard < requests / 2


def test_time_that_is_up_ends_all(yard: Yard) -> None:
    """`--max-duration` with a receiver that is away: exit 75, and told why."""
    with yard.receiving(faults=Faults(status=503)):
        yard.write(2)
        done = yard.shop.shipper("run", "--once", "--max-duration", "5s")

    assert done.returncode == 75
    assert "out_of_time" in done.stderr
    assert "503" in done.stderr.partition("out_of_time")[2]


def test_a_worker_that_cannot_work_is_tried_again(yard: Yard) -> None:
    """A worker that ends by itself is told of with its reason, not as a bug of ours."""
    with yard.receiving():
        callers = yard.shop.directory / "callers.csv"
        callers.write_text("key,label,email\nk,Owl,\n")
        yard.shop.configure_more("[identify]\nlookup = 'callers.csv'\n")

        def script(served: Served) -> None:
            served.await_event("worker_lost")
            callers.write_text("key,label,email\nk,Owl,\n")
            yard.write(1)
            served.await_received(len(yard.written))

        def lose_it(name: str) -> None:
            # Once: after the parent has read it, and before a worker does.
            if name == "lookup_loaded":
                callers.unlink()
                served.on_event = lambda _: None

        served = Served(yard.shop)
        served.on_event = lose_it
        served.run(script)

    assert "callers.csv" in str(served.named("worker_lost")[0]["why"])
    assert set(yard.shop.received()) == yard.written
