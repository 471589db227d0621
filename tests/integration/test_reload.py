"""A running shipper takes a changed configuration, and loses and repeats nothing."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipper.errors import StateLockedError
from shipper.receiver.faults import Faults
from shipper.receiver.server import Receiver
from shipper.store import StateLock
from tests.support.commands import KEY, Shop
from tests.support.loopback import LoopbackServer, Silence
from tests.support.served import Served


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def test_a_reload_changes_what_is_sent_and_where(shop: Shop) -> None:
    """The endpoint and a list change between two records, and each arrives once."""
    elsewhere = Shop(shop.directory / "elsewhere")
    elsewhere.directory.mkdir()
    other = Receiver(store=elsewhere.directory / "received", api_key=KEY)
    other.start()
    ids: list[str] = []

    def script(served: Served) -> None:
        ids.extend(shop.record(3))
        served.await_received(3)
        shop.configure(other.url)
        shop.configure_more('[filter]\nexclude_paths = ["/**"]\n')
        served.reload()
        shop.record(2)
        served.await_status(lambda status: status["skipped"] == 2)
        shop.configure(other.url)
        served.reload()
        ids.extend(shop.record(4))
        served.await_received(4, elsewhere)

    with shop.receiving():
        served = Served(shop)
        served.run(script)
    other.stop()

    assert shop.received() == ids[:3]
    assert sorted(elsewhere.received()) == sorted(ids[3:])
    (stopped,) = served.named("stopped")
    assert (stopped["delivered"], stopped["skipped"]) == (7, 2)


def test_a_source_is_added_and_a_table_is_left_out(shop: Shop) -> None:
    """What is followed changes without a restart."""

    def script(served: Served) -> None:
        shop.record(1)
        served.await_received(1)
        text = shop.config.read_text()
        shop.config.write_text(text.replace("exchanges.jsonl", "other.jsonl"))
        shop.log.rename(shop.directory / "before.jsonl")
        shop.record(1)
        shop.log.rename(shop.directory / "other.jsonl")
        served.reload()
        shop.record(5)  # to the log that nobody follows now
        served.await_received(2)

    with shop.receiving():
        Served(shop).run(script)
        received = shop.received()

    assert len(received) == 2


def test_reloads_under_load_lose_and_repeat_nothing(shop: Shop) -> None:
    """Requests that are out are waited for; what was only read is read again."""
    ids: list[str] = []

    def script(served: Served) -> None:
        for _ in range(4):
            ids.extend(shop.record(60))
            served.reload()
        served.await_received(240)

    with shop.receiving(faults=Faults(delay_seconds=0.02)):
        shop.configure_more("[batch]\nmax_records = 5\n")
        served = Served(shop)
        served.run(script)

    assert sorted(shop.received()) == sorted(ids)
    assert len(served.named("reloaded")) == 4
    assert served.named("stopped")[0]["delivered"] == 240


@pytest.mark.parametrize("workers", [1, 2])
def test_a_limit_holds_over_a_reload(shop: Shop, *, workers: int) -> None:
    """What went out before it counts: each reload is no leave for one more request."""
    ids: list[str] = []

    def script(served: Served) -> None:
        ids.extend(shop.record(3))
        served.await_received(1)
        for _ in range(2):
            served.reload()
            served.await_status(lambda status: bool(status["in_flight"]))

    with shop.receiving():
        shop.configure_more(f'[batch]\nworkers = {workers}\n[limits]\nrate = "1/h"\n')
        served = Served(shop)
        served.run(script)

    assert shop.received() == ids[:1]


def test_quiet_hours_end_with_a_reload_without_limits(shop: Shop) -> None:
    """Taking the table out is how an operator lets everything go at once."""
    now = datetime.now(UTC)
    hours = f"{now.hour:02}:00-{(now.hour + 2) % 24:02}:00"
    limits = f'[limits]\nquiet_hours = ["{hours}"]\ntimezone = "UTC"\n'

    def script(served: Served) -> None:
        shop.record(1)
        served.await_event("quiet_hours_began")
        shop.config.write_text(shop.config.read_text().replace(limits, ""))
        served.reload()
        served.await_received(1)
        shop.configure_more(limits)
        served.reload()
        served.await_event("quiet_hours_began", 2)

    with shop.receiving():
        shop.configure_more(limits)
        served = Served(shop)
        served.run(script)

    assert len(served.named("quiet_hours_ended")) == 1


def test_a_faulty_configuration_is_refused_and_the_old_one_stays(shop: Shop) -> None:
    """One event names every fault, and the next record is delivered as before."""

    def script(served: Served) -> None:
        good = shop.config.read_text()
        shop.config.write_text('state_dri = "x"\n' + good + "timeout = 0\n")
        served.send(signal.SIGHUP)
        served.await_event("reload_refused")
        shop.record(2)
        served.await_received(2)

    with shop.receiving():
        served = Served(shop)
        served.run(script)

    (refused,) = served.named("reload_refused")
    why = str(refused["why"])
    assert f"{shop.config}:1: state_dri: there is no such key" in why
    assert "readme.timeout: expected a number of seconds" in why
    assert "\n" not in why
    assert served.named("reloaded") == []


def test_what_cannot_be_built_is_refused_before_anything_is_taken_down(
    shop: Shop,
) -> None:
    """A table of callers that is not there is found out in time."""

    def script(served: Served) -> None:
        shop.configure_more('[identify]\nlookup = "callers.csv"\n')
        served.send(signal.SIGHUP)
        served.await_event("reload_refused")
        shop.record(1)
        served.await_received(1)

    with shop.receiving():
        served = Served(shop)
        served.run(script)

    (refused,) = served.named("reload_refused")
    assert "identify.lookup" in str(refused["why"])


def test_the_state_directory_cannot_change(shop: Shop) -> None:
    """Positions do not move to another database under way; a restart is asked for."""

    def script(served: Served) -> None:
        text = shop.config.read_text()
        shop.config.write_text(text.replace('"state"', '"elsewhere"'))
        served.send(signal.SIGHUP)
        served.await_event("reload_refused")

    with shop.receiving():
        served = Served(shop)
        served.run(script)

    (refused,) = served.named("reload_refused")
    why = str(refused["why"])
    assert "state_dir: cannot change while the shipper runs" in why
    assert "restart the shipper" in why
    assert not (shop.directory / "elsewhere").exists()


def test_the_lock_is_held_over_a_reload(shop: Shop) -> None:
    """No other shipper slips in between the old parts and the new ones."""
    held: list[bool] = []

    def look(name: str) -> None:
        if name == "reloaded":
            lock = StateLock(str(shop.directory / "state"))
            try:
                lock.acquire()
            except StateLockedError:
                held.append(True)
            else:
                lock.release()
                held.append(False)

    with shop.receiving():
        served = Served(shop)
        served.on_event = look
        served.run(lambda served: served.reload())

    assert held == [True]


def test_the_end_does_not_wait_for_a_reload(shop: Shop) -> None:
    """SIGTERM ends a shipper whose reload waits for an answer that does not come."""
    with LoopbackServer([Silence()]) as server:
        shop.configure(server.url)
        text = shop.config.read_text()
        shop.config.write_text("shutdown_timeout = 0.1\n" + text)
        shop.configure_more('[identify]\nlookup = "callers.csv"\n')
        (shop.directory / "callers.csv").write_text("key,label,email\nowl-key,Owl,\n")
        shop.record(1)

        def script(served: Served) -> None:
            server.await_heard(1)
            served.send(signal.SIGHUP)
            served.await_event("lookup_loaded", 2)

        served = Served(shop)
        served.run(script)

    assert served.code == 128 + signal.SIGTERM
    assert served.named("reloaded") == []
    assert len(served.named("lookup_loaded")) == 2


def test_sigusr1_writes_the_status_to_the_log(shop: Shop) -> None:
    """Sums, what waits, and the trouble, in one event."""

    def script(served: Served) -> None:
        shop.record(3)
        served.await_event("uploads_held")
        served.await_status(lambda status: status["in_flight"] == 3)

    with shop.receiving(api_key="rdme_other"):
        with shop.log.open("ab") as file:
            file.write(b"\n")
        served = Served(shop)
        served.run(script)

    status = served.named("status")[-1]
    assert status["delivered"] == 0
    assert "401" in str(status["trouble"])
    assert json.dumps(status)  # no value that a log cannot hold
