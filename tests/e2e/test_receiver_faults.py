"""A receiver that refuses, stalls, resets, lies and drips, and the real service."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shipper.receiver.faults import Faults
from shipper.receiver.keeping import Request
from shipper.receiver.server import Receiver
from tests.support import servers
from tests.support.accounts import Accounts
from tests.support.commands import Shop, running, stop
from tests.support.doomed import Doom, Nursery

pytestmark = pytest.mark.e2e

SMALL_BATCHES = "[batch]\nmax_records = 4\nbuffer_length = 4\n"
POISONED_BATCH = 100


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One fork server for all tests."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def run_once(shop: Shop, nursery: Nursery) -> Callable[[], str]:
    """A shipper that runs to its end in a process of its own; gives what it told."""

    def run() -> str:
        doom = Doom(nursery, shop.config, shop.directory / "events.log")
        code = doom.live()
        told = doom.log.read_text()
        assert code == 0, told
        return told

    return run


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (Faults(status=500, every=2), "500: the receiver has failed"),
        (Faults(status=408, every=2), "408: the receiver gave up waiting"),
        (Faults(status=503, every=3, retry_after="0"), "503"),
        (Faults(reset_every=2), "the connection was closed before an answer"),
        (Faults(html_every=3), "a web page instead of an answer"),
        (Faults(status=403, every=3), ""),  # one alone is a doubt, and not told
        (Faults(delay_seconds=0.05), ""),
        (Faults(drip_seconds=0.0005), ""),
    ],
)
def test_each_fault_is_survived_without_a_repeat(
    faults: Faults, told: str, shop: Shop, run_once: Callable[[], str]
) -> None:
    """Scenario 36: refused, reset, stalled, dripped, a wrong page: all arrive once."""
    accounts = Accounts(shop)
    with shop.receiving(faults=faults) as receiver:
        shop.configure_more(SMALL_BATCHES)
        accounts.write(30)
        said = run_once()

        accounts.check_end()
    assert (receiver.counts.faults > 0) == (faults.misdeed(6) is not None)
    assert accounts.copies() == 0
    assert told in said


def test_a_lost_answer_repeats_its_batch_with_the_same_bytes(
    shop: Shop, run_once: Callable[[], str]
) -> None:
    """Scenario 38: Taken, but nobody was told: sent again, and no more than that."""
    accounts = Accounts(shop)
    with shop.receiving(faults=Faults(lose_answer_every=3)) as receiver:
        shop.configure_more(SMALL_BATCHES)
        accounts.write(30)
        run_once()
        lost_answers = receiver.counts.lost_answers

        accounts.check_end()
    assert lost_answers > 0
    assert 0 < accounts.copies() <= 4 * lost_answers


def test_a_poisonous_record_costs_a_logarithm(
    shop: Shop, run_once: Callable[[], str]
) -> None:
    """Scenario 31: 99 delivered, 1 dead letter, at most 2·log2(100)+1 more posts."""
    accounts = Accounts(shop)
    requests: list[Request] = []
    with shop.receiving(on_request=requests.append):
        accounts.write(63)
        accounts.write_poison()
        accounts.write(36)
        shop.configure_more(f"[batch]\nbuffer_length = {POISONED_BATCH}\n")
        said = run_once()

        accounts.check_end()
    more = len(requests) - 1
    assert more <= 2 * math.log2(POISONED_BATCH) + 1
    assert accounts.copies() == 0
    assert "Expected a date and time that exist" in said


@pytest.mark.parametrize("place", [0, 50, 99])
def test_the_guilty_record_is_found_wherever_it_stands(
    place: int, shop: Shop, run_once: Callable[[], str]
) -> None:
    """Scenario 31: First, in the middle or last: the bound holds, and order is kept."""
    accounts = Accounts(shop)
    requests: list[Request] = []
    with shop.receiving(on_request=requests.append):
        accounts.write(place)
        accounts.write_poison()
        accounts.write(POISONED_BATCH - 1 - place)
        run_once()

        accounts.check_end()
    assert len(requests) - 1 <= 2 * math.log2(POISONED_BATCH) + 1


def test_too_large_halves_the_batch_and_lasts(
    shop: Shop, run_once: Callable[[], str]
) -> None:
    """Scenario 33: A 413 is never a dead letter while halves can pass."""
    accounts = Accounts(shop)
    requests: list[Request] = []
    with shop.receiving(faults=Faults(status=413)) as receiver:

        def note(request: Request) -> None:
            requests.append(request)
            receiver.faults = Faults()  # what follows is taken

        receiver.on_request = note
        shop.configure_more("[batch]\nmax_in_flight = 1\nbuffer_length = 100\n")
        accounts.write(300)
        run_once()

        accounts.check_end()
    assert [len(request.ids) for request in requests] == [0] + [50] * 6


def held_and_released(
    shop: Shop, receiver_options: dict[str, Any], release: Callable[[Receiver], None]
) -> tuple[str, Accounts]:
    """Run a daemon that is held, release it, and return what it told."""
    accounts = Accounts(shop)
    with shop.receiving(**receiver_options) as receiver:
        shop.configure_more(SMALL_BATCHES)
        accounts.write(30)
        config = str(shop.config)
        with running("run", "--config", config, "--log-format", "json") as process:
            assert process.stderr is not None
            told = []
            for line in process.stderr:
                told.append(line)
                if '"uploads_held"' in line:
                    break
            assert receiver.counts.records == 0
            release(receiver)
            servers.awaited(
                lambda: receiver.counts.records >= 30 or None, "all records"
            )
            _, _, rest = stop(process, signal.SIGTERM)

        accounts.check_end()
    return "".join(told) + rest, accounts


def test_a_wrong_key_holds_until_it_is_accepted(shop: Shop) -> None:
    """Scenario 32: 401: nothing is buried, one probe at a time, and then it goes on."""

    def accept(receiver: Receiver) -> None:
        receiver.api_key = None

    told, accounts = held_and_released(shop, {"api_key": "another"}, accept)

    events = [json.loads(line)["event"] for line in told.splitlines()]
    assert events.count("uploads_held") == 1
    assert events.count("uploads_resumed") == 1
    assert accounts.copies() == 0


def test_a_403_that_the_probe_meets_too_holds(shop: Shop) -> None:
    """Scenario 32: Refused everything: hold, not five tries and a dead letter each."""

    def relent(receiver: Receiver) -> None:
        receiver.faults = Faults()

    told, accounts = held_and_released(shop, {"faults": Faults(status=403)}, relent)

    assert "record_refused" not in told
    assert accounts.copies() == 0


@pytest.mark.parametrize("status", [429, 503])
def test_no_request_comes_before_retry_after(
    status: int, shop: Shop, run_once: Callable[[], str]
) -> None:
    """Scenario 34: Told to wait a second, it waits a second, and then sends all."""
    accounts = Accounts(shop)
    times: list[float] = []
    with shop.receiving(
        faults=Faults(status=status, every=1, retry_after="1")
    ) as receiver:

        def note(request: Request) -> None:
            times.append(time.monotonic())
            receiver.faults = Faults()

        receiver.on_request = note
        shop.configure_more("[batch]\nmax_in_flight = 1\n")
        accounts.write(30)
        said = run_once()

        accounts.check_end()
    assert times[1] - times[0] >= 1.0
    assert "uploads_held" in said
    assert accounts.copies() == 0
