"""What could not be delivered, dealt with by an operator: nothing of it gets lost."""

from __future__ import annotations

import gzip
import json
import os
import pty
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shipper.receiver.faults import Faults
from tests.support.commands import Shop, environment, line_with, running, shipper
from tests.support.exchanges import an_exchange, encoded

pytestmark = pytest.mark.e2e

SECONDS = 20.0
REFUSING = Faults(status=400)
NOWHERE = "http://127.0.0.1:9/v1/request"  # the discard port: nobody answers
NOTHING_LEFT = {"skipped": 0, "dead": 0, "pending": 0, "exported": 0}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a fact that another process makes true."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        os.sched_yield()


def refused(shop: Shop, count: int = 3) -> list[str]:
    """Leave dead letters behind: records that the receiver has refused."""
    with shop.receiving(faults=REFUSING):
        ids = shop.record(count)
        done = shop.shipper("run", "--once")
    assert done.returncode == 0, done.stderr
    assert sorted(ids) == sorted(str(each["id"]) for each in shop.dead_letters())
    return ids


def test_a_retry_without_a_daemon_delivers(shop: Shop) -> None:
    """The command takes the lock itself; what was dead counts as delivered."""
    ids = refused(shop)
    with shop.receiving():
        done = shop.shipper("dead-letter retry", "--all", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"]["delivered"] == 3
    assert sorted(shop.received()) == sorted(ids)
    assert shop.dead_letters() == []
    assert shop.sums() == {"delivered": 3, **NOTHING_LEFT, "total": 3}


def test_a_retry_is_no_matter_of_a_sample(shop: Shop) -> None:
    """Whoever asks for dead letters gets all of them, however few records are sent."""
    ids = refused(shop)
    with shop.receiving():
        shop.configure_more("[filter]\nsample_rate = 0\n")
        done = shop.shipper("dead-letter retry", "--all")

    assert done.returncode == 0, done.stderr
    assert sorted(shop.received()) == sorted(ids)


def test_a_retry_beside_the_daemon_delivers(shop: Shop) -> None:
    """A running shipper carries out what the command asks, and goes on following."""
    ids = refused(shop)
    with (
        shop.receiving() as receiver,
        running("run", "--config", str(shop.config)) as process,
    ):
        line_with(process, "started")
        # The key is the daemon's; whoever asks needs none.
        done = shop.shipper(
            "dead-letter retry", "--all", environ={"README_API_KEY": ""}
        )
        ids += shop.record(2)
        until(lambda: receiver.counts.records == 5)
        process.terminate()
        process.communicate(timeout=SECONDS)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 delivered, 0 kept")
    assert sorted(shop.received()) == sorted(ids)
    assert shop.sums() == {"delivered": 5, **NOTHING_LEFT, "total": 5}


def test_a_retry_that_is_refused_again_keeps_the_letter(shop: Shop) -> None:
    """The new reason and the count of retries are there; nothing else has changed."""
    refused(shop, 1)
    (before,) = shop.dead_letters()
    with shop.receiving(faults=Faults(status=422)):
        done = shop.shipper("dead-letter retry", str(before["number"]))
    (after,) = shop.dead_letters()

    assert done.returncode == 0, done.stderr
    assert "0 delivered, 1 kept (1 refused again" in done.stdout
    assert "422" in str(after["detail"])
    assert (before["retries"], after["retries"]) == (0, 1)
    assert after["tried_at"] is not None
    changing = {"retries", "tried_at", "detail"}
    assert {k: v for k, v in before.items() if k not in changing} == {
        k: v for k, v in after.items() if k not in changing
    }
    assert shop.sums()["dead"] == 1


def test_what_is_listed_today_does_not_leave(shop: Shop) -> None:
    """A name put on the denylist after the refusal is hidden in the retry."""
    secret = "swordfish-123-45-6789"
    with shop.receiving(faults=REFUSING):
        body = json.dumps({"ssn": secret, "owl": 7}).encode()
        exchange = an_exchange(response_body=body, response_type="application/json")
        shop.log.write_bytes(encoded(exchange))
        shop.shipper("run", "--once")
    with shop.receiving():
        shop.configure_more('[filter]\ndenylist = ["ssn"]\n')
        done = shop.shipper("dead-letter retry", "--all")

    (payload,) = shop.payloads()
    assert done.returncode == 0, done.stderr
    assert secret not in payload
    assert "[REDACTED 21]" in payload
    assert "owl" in payload


def test_a_host_that_is_not_allowed_today_stays(shop: Shop) -> None:
    """A rule that would leave the record out keeps the letter, and says so."""
    refused(shop, 1)
    with shop.receiving() as receiver:
        shop.configure_more('[filter]\nallowed_http_hosts = ["other.example.com"]\n')
        done = shop.shipper("dead-letter retry", "--all")
        requests = receiver.counts.requests

    assert done.returncode == 0, done.stderr
    assert "the rule 'host' leaves it out today" in done.stderr
    assert requests == 0
    assert shop.sums()["dead"] == 1


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_line_that_can_be_read_by_now_is_delivered(
    is_packed: bool, shop: Shop
) -> None:
    """A record that lost its newline is read again from its file, packed or not."""
    with shop.receiving():
        ids = shop.record(2)
        sealed = shop.directory / f"{shop.log.name}.20261123T120000000000Z"
        sealed.write_bytes(shop.log.read_bytes().removesuffix(b"\n"))
        shop.log.unlink()
        os.utime(sealed, (0, 0))  # nobody has written to it for long
        shop.shipper("run", "--once")
        (letter,) = shop.dead_letters()
        if is_packed:
            packed = Path(f"{sealed}.gz")
            packed.write_bytes(gzip.compress(sealed.read_bytes()))
            sealed.unlink()
        done = shop.shipper("dead-letter retry", str(letter["number"]))

    assert (letter["reason"], letter["has_payload"]) == ("torn", False)
    assert done.returncode == 0, done.stderr
    assert shop.received() == ids
    assert shop.sums() == {"delivered": 2, **NOTHING_LEFT, "total": 2}


def test_a_line_that_is_still_unreadable_has_the_new_reason(shop: Shop) -> None:
    """The try shows in the list, and the reason is that of today."""
    with shop.receiving():
        shop.log.write_bytes(b"this is no record at all\n")
        shop.shipper("run", "--once")
        (before,) = shop.dead_letters()
        done = shop.shipper("dead-letter retry", "--all")
        (again,) = shop.dead_letters()
        shop.log.unlink()
        shop.shipper("dead-letter retry", "--all")
        (gone,) = shop.dead_letters()
        text = shop.shipper("dead-letter show", str(gone["number"]))

    assert done.returncode == 0, done.stderr
    assert (before["retries"], before["tried_at"]) == (0, None)
    assert (again["retries"], again["reason"]) == (1, before["reason"])
    assert again["tried_at"] is not None
    assert (gone["retries"], gone["reason"]) == (2, "unread")
    assert "is no longer there" in gone["detail"]
    assert "tried again  2 times, last " in text.stdout


def test_a_line_that_is_gone_says_why(shop: Shop) -> None:
    """A line whose file was changed or removed cannot be retried, and stays."""
    with shop.receiving():
        shop.log.write_bytes(b"this is no record at all\n")
        shop.shipper("run", "--once")
        shop.log.write_bytes(b"this is something else !\n")
        changed = shop.shipper("dead-letter retry", "--all")
        shop.log.unlink()
        removed = shop.shipper("dead-letter retry", "--all")

    assert "holds something else at that place by now" in changed.stderr
    assert "is no longer there" in removed.stderr
    assert (changed.returncode, removed.returncode) == (0, 0)
    assert len(shop.dead_letters()) == 1


def test_killed_between_the_post_and_the_commit(shop: Shop) -> None:
    """Scenario 20: the retry is repeated with the same id, and the sums add up."""
    (name,) = refused(shop, 1)
    # The record is kept, and then the answer comes one byte at a time.
    with shop.receiving(faults=Faults(drip_seconds=1.0)) as receiver:
        with running("run", "--config", str(shop.config)) as process:
            line_with(process, "started")
            asked = shop.shipper("dead-letter retry", "--all", "--wait", "100ms")
            until(lambda: receiver.counts.records == 1)
            process.kill()
            process.communicate(timeout=SECONDS)
        before = shop.sums()
        receiver.faults = Faults()
        done = shop.shipper("run", "--once")

    assert asked.returncode == 75
    assert "the request stays" in asked.stderr
    assert before["dead"] == 1
    assert done.returncode == 0, done.stderr
    assert "letters_retried" in done.stderr
    assert shop.received() == [name, name]
    assert shop.dead_letters() == []
    assert shop.sums() == {"delivered": 1, **NOTHING_LEFT, "total": 1}


def test_a_request_outlives_who_made_it(shop: Shop) -> None:
    """What could not be carried out in time is carried out by the next run."""
    ids = refused(shop, 2)
    shop.configure(NOWHERE)
    asked = shop.shipper("dead-letter retry", "--all", "--wait", "0s")
    with shop.receiving():
        done = shop.shipper("run", "--once")

    assert asked.returncode == 75, asked.stderr
    assert done.returncode == 0, done.stderr
    assert sorted(shop.received()) == sorted(ids)
    assert shop.sums()["dead"] == 0


@pytest.mark.parametrize("unknown", ["4711", "9" * 30])
def test_an_unknown_number_is_an_error(unknown: str, shop: Shop) -> None:
    """A typing error is told, and the letters that exist are dealt with."""
    refused(shop, 1)
    (letter,) = shop.dead_letters()
    with shop.receiving():
        done = shop.shipper("dead-letter retry", str(letter["number"]), unknown)
    shown = shop.shipper("dead-letter show", unknown)

    assert (done.returncode, shown.returncode) == (66, 66)
    assert f"no dead letter has this number: {unknown}" in done.stderr
    assert done.stdout.startswith("1 delivered")


def test_show_tells_everything(shop: Shop) -> None:
    """Reason, receiver's words, place, times and payload stand on one page."""
    (name,) = refused(shop, 1)
    (letter,) = shop.dead_letters()
    text = shop.shipper("dead-letter show", str(letter["number"]))
    machine = shop.shipper("dead-letter show", str(letter["number"]), "--json")

    shown = json.loads(machine.stdout)
    assert (shown["schema_version"], shown["letter"]["payload"]["_id"]) == (1, name)
    for part in (name, "refused", "400: told to misbehave", str(shop.log), "0 to "):
        assert part in text.stdout
    assert '"url": "https://api.example.com/owls/7?page=2"' in text.stdout


def test_an_export_is_private_and_replaces_nothing(shop: Shop) -> None:
    """Only its owner can read it, and a file that is there is left alone."""
    ids = refused(shop, 2)
    file = shop.directory / "letters.jsonl"
    first = shop.shipper("dead-letter export", str(file))
    second = shop.shipper("dead-letter export", str(file))
    left = file.read_text()
    forced = shop.shipper("dead-letter export", str(file), "--force")

    lines = [json.loads(line) for line in left.splitlines()]
    assert (first.returncode, second.returncode, forced.returncode) == (0, 73, 0)
    assert "--force" in second.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(ids) == sorted(line["payload"]["_id"] for line in lines)
    assert left == file.read_text()
    assert sorted(os.listdir(shop.directory)) == [
        "config.toml",
        "exchanges.jsonl",
        "letters.jsonl",
        "received",
        "state",
    ]


def test_a_purge_needs_a_yes(shop: Shop) -> None:
    """Nothing is forgotten by accident, and what is forgotten stays counted."""
    refused(shop, 2)
    unsure = shop.shipper("dead-letter purge")
    before = len(shop.dead_letters())
    young = shop.shipper("dead-letter purge", "--yes", "--older-than", "1d")
    still = len(shop.dead_letters())
    # Forgetting needs no key.
    sure = shop.shipper("dead-letter purge", "--yes", environ={"README_API_KEY": ""})

    assert (unsure.returncode, before) == (2, 2)
    assert (young.stdout, still) == ("0 dead letters forgotten\n", 2)
    assert (sure.returncode, sure.stdout) == (0, "2 dead letters forgotten\n")
    assert shop.dead_letters() == []
    assert shop.sums()["dead"] == 2


@pytest.mark.parametrize(("typed", "code", "left"), [(b"n\n", 130, 1), (b"y\n", 0, 0)])
def test_a_purge_asks_on_a_terminal(
    typed: bytes, code: int, left: int, shop: Shop
) -> None:
    """A person is asked once, and no means no."""
    refused(shop, 1)
    ours, theirs = pty.openpty()
    os.write(ours, typed)

    done = subprocess.run(
        [sys.executable, "-m", "shipper", "dead-letter", "purge"],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment({"SHIPPER_CONFIG": str(shop.config)}),
        check=False,
    )

    os.close(ours)
    os.close(theirs)
    assert done.returncode == code
    assert "Forget all dead letters for good?" in done.stderr
    assert len(shop.dead_letters()) == left


def test_too_many_letters_evict_the_oldest(shop: Shop) -> None:
    """The bound holds, the loss of letters is told, and the sums stay."""
    with shop.receiving(faults=REFUSING):
        shop.configure_more("[dead_letters]\nmax_bytes = 4000\n")
        shop.record(10)
        shop.shipper("run", "--once")
        done = shop.shipper("run", "--once")

    letters = shop.dead_letters()
    assert "letters_evicted" in done.stderr
    assert 1 <= len(letters) < 10
    assert max(int(str(each["number"])) for each in letters) == 10
    assert shop.sums()["dead"] == 10


@pytest.mark.parametrize(
    ("keep", "kept"), [(0, None), (9, "this is n"), (100, "this is no record")]
)
def test_of_an_unreadable_line_as_much_is_kept_as_asked(
    keep: int, kept: str | None, shop: Shop
) -> None:
    """By default nothing of what cannot be redacted is copied."""
    with shop.receiving():
        shop.configure_more(f"[dead_letters]\nkeep_bytes = {keep}\n")
        shop.log.write_bytes(b"this is no record\n")
        shop.shipper("run", "--once")
    (letter,) = shop.dead_letters()
    done = shop.shipper("dead-letter show", str(letter["number"]), "--json")

    assert json.loads(done.stdout)["letter"]["excerpt"] == kept


def test_before_the_first_run_there_is_nothing_to_see(shop: Shop) -> None:
    """Looking makes no state and is no error."""
    shop.configure(NOWHERE)
    listed = shop.shipper("dead-letter list")
    shown = shop.shipper("dead-letter show", "1")

    assert (listed.returncode, listed.stdout) == (0, "no dead letters\n")
    assert shown.returncode == 66
    assert not (shop.directory / "state").exists()


def test_options_stand_after_the_whole_name(shop: Shop) -> None:
    """An option put before the last word is answered with where it belongs."""
    done = shipper("dead-letter", "--config", str(shop.config), "list")

    assert done.returncode == 2
    assert "options stand after the command's name" in done.stderr


def test_the_state_is_closed_to_others(shop: Shop) -> None:
    """Payloads lie in a directory and files that nobody else can read."""
    refused(shop, 1)
    state = shop.directory / "state"

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}
