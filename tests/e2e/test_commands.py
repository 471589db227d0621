"""The installed command, as an operator meets it: output, codes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import requests

from shipper.errors import EXIT_CANNOT_CREATE
from shipper.receiver.faults import Faults
from shipper.store import StateLock
from tests.support.commands import (
    KEY,
    Shop,
    environment,
    line_with,
    running,
    shipper,
    stop,
)
from tests.support.exchanges import an_exchange, encoded
from tests.support.loopback import LoopbackServer, Silence

pytestmark = pytest.mark.e2e

STOP_SECONDS = (
    9.0  # shutdown_timeout is 4; a busy machine starts and ends processes slowly
)
NOWHERE = "http://127.0.0.1:9/v1/request"  # the discard port: nobody answers


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def test_what_was_recorded_is_delivered_once(shop: Shop) -> None:
    """A run delivers everything; the next run has nothing to send."""
    with shop.receiving():
        ids = shop.record(25)
        first = shop.shipper("run", "--once", "--json")
        second = shop.shipper("run", "--once", "--json")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert sorted(shop.received()) == sorted(ids)
    assert json.loads(first.stdout)["delivered"] == 25
    assert json.loads(second.stdout)["delivered"] == 0


def test_a_quiet_run_without_trouble_prints_nothing(shop: Shop) -> None:
    """Mail from cron means trouble, and only that."""
    with shop.receiving():
        shop.record(3)
        done = shop.shipper("run", "--once", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_job_of_cron_without_trouble_prints_nothing(shop: Shop) -> None:
    """All its options together are as silent, beside another shipper too."""
    words = [
        "--once",
        "--quiet",
        "--max-duration",
        "4m",
        "--if-locked",
        "skip",
        "--splay",
        "10ms",
    ]
    with shop.receiving():
        shop.record(3)
        done = shop.shipper("run", *words)
        received = shop.received()
    lock = StateLock(str(shop.directory / "state"))
    lock.acquire()
    beside = shop.shipper("run", *words)
    lock.release()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (beside.returncode, beside.stdout, beside.stderr) == (0, "", "")
    assert len(received) == 3


def test_a_signal_ends_the_wait_before_the_start(shop: Shop) -> None:
    """Nobody waits for a splay who wants the end, and nothing has been touched."""
    with shop.receiving():
        shop.record(1)
        words = ("run", "--once", "--splay", "1000h", "--verbose")
        with running(*words, "--config", str(shop.config)) as process:
            line_with(process, "splayed: starting in")
            code, _, told = stop(process, signal.SIGTERM)

    assert code == 128 + signal.SIGTERM, told
    assert "started" not in told
    assert not (shop.directory / "state").exists()


def test_an_empty_directory_is_told_and_is_no_error(shop: Shop) -> None:
    """A shipper that is started before the app says what it waits for."""
    shop.configure(NOWHERE)

    done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    assert f"source_empty: {shop.log}" in done.stderr


def test_a_wrong_key_holds_everything_and_says_so(shop: Shop) -> None:
    """Records wait while the key is wrong, and go out when it is right."""
    with shop.receiving():
        ids = shop.record(5)
        wrong = shop.shipper(
            "run",
            "--once",
            "--max-duration",
            "1s",
            environ={"README_API_KEY": "rdme_wrong"},
        )
        held = shop.received()
        right = shop.shipper("run", "--once")

    assert wrong.returncode == 75
    assert "uploads_held" in wrong.stderr
    assert "401" in wrong.stderr
    assert "rdme_wrong" not in wrong.stderr
    assert held == []
    assert right.returncode == 0, right.stderr
    assert sorted(shop.received()) == sorted(ids)


def test_a_configuration_with_three_faults_names_them_all(shop: Shop) -> None:
    """One look at the output mends all three."""
    shop.config.write_text(
        'state_dri = "x"\n[[source]]\npaths = []\n[batch]\nmax_records = 0\n'
    )

    done = shop.shipper("run")

    assert done.returncode == 78
    assert done.stdout == ""
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        "shipper",
        f"{shop.config}:1",
        f"{shop.config}:3",
        f"{shop.config}:5",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 75, "another shipper"),
        (("--if-locked", "fail"), 75, "another shipper"),
        (("--if-locked", "wait", "--max-duration", "10ms"), 75, "another shipper"),
        (("--if-locked", "skip"), 0, "nothing done"),
        (("--if-locked", "skip", "--quiet"), 0, ""),
    ],
)
def test_a_second_shipper_keeps_out(
    words: tuple[str, ...], code: int, said: str, shop: Shop
) -> None:
    """One state directory serves one shipper; the option says what the other does."""
    shop.configure(NOWHERE)
    lock = StateLock(str(shop.directory / "state"))
    lock.acquire()

    done = shop.shipper("run", "--once", *words)

    lock.release()
    assert done.returncode == code
    assert said in done.stderr
    assert bool(said) == bool(done.stderr)


def test_one_that_waits_for_its_turn_hears_signals(shop: Shop) -> None:
    """A SIGHUP to all shippers does not end the one in reserve; SIGTERM does."""
    shop.configure(NOWHERE)
    lock = StateLock(str(shop.directory / "state"))
    lock.acquire()
    words = ("run", "--if-locked", "wait", "--config", str(shop.config))
    with running(*words) as first, running(*words) as second:
        line_with(first, "waiting for it")
        line_with(second, "waiting for it")
        stopped, _, _ = stop(second, signal.SIGTERM)
        shop.configure(f"{NOWHERE}elsewhere")
        first.send_signal(signal.SIGHUP)
        lock.release()
        started = line_with(first, "started:")
        code, _, _ = stop(first, signal.SIGTERM)

    assert (stopped, code) == (128 + signal.SIGTERM, 128 + signal.SIGTERM)
    assert "elsewhere" in started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_cleanly(number: signal.Signals, shop: Shop) -> None:
    """Scenario 49: what was delivered is remembered, and the end comes soon."""
    with shop.receiving() as receiver:
        shop.record(4)
        with running("run", "--config", str(shop.config), "--verbose") as process:
            line_with(process, "started")
            deadline = time.monotonic() + 20
            while receiver.counts.records < 4 and time.monotonic() < deadline:
                os.sched_yield()
            asked = time.monotonic()
            code, _, told = stop(process, number)
            seconds = time.monotonic() - asked
        again = shop.shipper("run", "--once", "--json")

    assert code == 128 + number, told
    assert "stopped: stopped after" in told
    assert seconds < STOP_SECONDS
    assert json.loads(again.stdout)["delivered"] == 0


def test_a_daemon_is_ready_before_the_first_record(shop: Shop) -> None:
    """The library that searches is there when it has started, not when a line comes."""
    with (
        shop.receiving(),
        running("run", "--config", str(shop.config), "--verbose") as process,
    ):
        line_with(process, "started")
        loaded = Path(f"/proc/{process.pid}/maps").read_text("utf-8")
        stop(process, signal.SIGTERM)

    assert "hyperscan" in loaded


def test_a_receiver_that_never_answers_does_not_delay_the_end(shop: Shop) -> None:
    """SIGTERM ends within five seconds, the last wait and the saving included."""
    with LoopbackServer([Silence()]) as server:
        shop.configure(server.url)
        shop.record(1)
        with running("run", "--config", str(shop.config)) as process:
            server.await_heard(1)
            asked = time.monotonic()
            code, _, told = stop(process, signal.SIGTERM)
            seconds = time.monotonic() - asked

    assert code == 128 + signal.SIGTERM, told
    assert seconds < STOP_SECONDS


def test_events_are_json_when_asked(shop: Shop) -> None:
    """A log collector gets one object a line, each with a name and a time."""
    with shop.receiving():
        shop.record(1)
        done = shop.shipper("run", "--once", "--log-format", "json")

    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["started", "drained", "stopped"]
    assert all(event["time"].endswith("Z") for event in events)


def test_status_before_the_first_run_is_empty(shop: Shop) -> None:
    """Nothing was shipped, nothing is wrong, and nothing is made by looking."""
    shop.configure(NOWHERE)

    text = shop.shipper("status")
    machine = shop.shipper("status", "--json")

    assert (text.returncode, machine.returncode) == (0, 0), text.stderr
    assert "nothing was shipped yet" in text.stdout
    assert json.loads(machine.stdout)["records"] == {
        "delivered": 0,
        "skipped": 0,
        "dead": 0,
        "pending": 0,
        "exported": 0,
        "total": 0,
    }
    assert not (shop.directory / "state").exists()


def test_status_adds_up(shop: Shop) -> None:
    """Every line of every file is in exactly one column."""
    with shop.receiving():
        shop.record(7)
        with shop.log.open("ab") as file:
            file.write(b"this is no record\n\n")
        shop.shipper("run", "--once")
    shop.log.rename(f"{shop.log}.20261123T120000000000Z")
    shop.record(3)

    done = shop.shipper("status", "--json", environ={"README_API_KEY": ""})

    status = json.loads(done.stdout)
    assert status["records"] == {
        "delivered": 7,
        "skipped": 0,
        "dead": 1,
        "pending": 3,
        "exported": 0,
        "total": 11,
    }
    assert {
        Path(file["path"]).name: (file["state"], file["records"]["total"])
        for file in status["files"]
    } == {
        f"{shop.log.name}.20261123T120000000000Z": ("open", 8),
        shop.log.name: ("new", 3),
    }
    assert all(
        file["position_bytes"] + file["pending_bytes"] == file["size_bytes"]
        for file in status["files"]
    )


def test_status_for_people_says_the_same(shop: Shop) -> None:
    """The last line is the sum."""
    with shop.receiving():
        shop.record(2)
        shop.shipper("run", "--once")
    shop.record(1)

    done = shop.shipper("status")

    assert done.stdout.splitlines()[-1] == (
        "3 records: 2 delivered, 0 skipped, 0 dead, 1 pending"
    )
    assert str(shop.log) in done.stdout


@pytest.mark.parametrize("verb", ["status", "--help"])
def test_a_reader_that_goes_away_is_no_error(verb: str, shop: Shop) -> None:
    """`shipper status | head -1` prints no traceback."""
    shop.configure(NOWHERE)
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "shipper", verb],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment({"SHIPPER_CONFIG": str(shop.config)}),
        check=False,
    )

    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_receive_takes_what_it_is_sent(shop: Shop) -> None:
    """It prints its URL at once, keeps the records, and ends with its sums."""
    store = shop.directory / "received"
    with running("receive", "--store", str(store)) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        shop.configure(url)
        ids = shop.record(3)
        run = shop.shipper("run", "--once")
        code, out, _ = stop(process, signal.SIGINT)

    assert run.returncode == 0, run.stderr
    assert shop.received() == ids
    assert code == 0
    assert "3 records" in out


def test_receive_misbehaves_as_told() -> None:
    """Every second answer is the status that was asked for."""
    words = ("receive", "--status", "503", "--every", "2", "--delay", "1ms", "--json")
    with running(*words) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        url = told["url"]
        answers = [
            requests.post(url, json=[], auth=(KEY, ""), timeout=10).status_code
            for _ in range(4)
        ]
        code, out, _ = stop(process, signal.SIGTERM)

    assert told["schema_version"] == 1
    assert answers[1::2] == [503, 503]
    assert 503 not in answers[::2]
    assert code == 0
    result = json.loads(out)
    assert (result["faults"], result["schema_version"]) == (2, 1)


def test_receive_lets_in_one_key_only() -> None:
    """With README_API_KEY set, any other key is refused."""
    with running("receive", "--quiet") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        wrong = requests.post(url, json=[], auth=("rdme_other", ""), timeout=10)

    assert wrong.status_code == 401


def test_a_run_survives_a_receiver_that_misbehaves(shop: Shop) -> None:
    """One answer in three is an error, and still every record arrives once."""
    with shop.receiving(faults=Faults(status=500, every=3)):
        shop.configure_more("[batch]\nmax_records = 2\nbuffer_length = 2\n")
        ids = shop.record(12)
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    assert sorted(shop.received()) == sorted(ids)


def test_the_demo_adds_up(tmp_path: Path) -> None:
    """What the newcomer sees is true: the sums add up, and no secret is found."""
    keep = tmp_path / "demo"

    done = shipper("demo", "--keep", str(keep))

    assert done.returncode == 0, done.stderr
    assert "secrets found           0" in done.stdout
    assert f"{keep}/received/" in done.stdout
    assert (keep / "exchanges.jsonl").exists()


def test_the_demo_can_be_repeated(tmp_path: Path) -> None:
    """Its own directory is cleared, and nobody else's is touched."""
    keep, taken = tmp_path / "demo", tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("years of work")

    codes = [shipper("demo", "-q", "--keep", str(keep)).returncode for _ in range(2)]
    refused = shipper("demo", "--keep", str(taken))

    assert codes == [0, 0]
    assert refused.returncode == 73
    assert "it holds other files" in refused.stderr
    assert (taken / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("place", ["/proc/demo", "FILE", "FILE/below"])
def test_the_demo_says_where_it_cannot_keep_its_files(
    tmp_path: Path, place: str
) -> None:
    """A place nobody can write to is named; it is no bug of ours."""
    file = tmp_path / "file"
    file.write_text("mine")
    keep = place.replace("FILE", str(file))
    done = shipper("demo", "--keep", keep)

    assert done.returncode == EXIT_CANNOT_CREATE, done.stderr
    assert f"shipper: cannot keep the demo's files: {keep}: " in done.stderr
    assert "hint: name a directory that you may write to, with" in done.stderr
    assert file.read_text() == "mine"


def test_the_demo_keeps_nothing_unless_asked() -> None:
    """Without --keep the disk is as before, and the newcomer is told how to look."""
    done = shipper("demo")

    assert done.returncode == 0, done.stderr
    assert "shipper demo --keep DIR" in done.stdout


def test_the_demo_for_machines() -> None:
    """`--json` gives the sums as one object."""
    done = shipper("demo", "--json")

    result = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (result["faults"], result["schema_version"]) == ([], 1)
    assert result["recorded"] == (
        result["delivered"] + result["skipped"] + result["dead"]
    )


def test_a_watch_on_the_status_ends_with_ctrl_c(shop: Shop) -> None:
    """Exit 130, like every program that somebody has interrupted."""
    shop.configure(NOWHERE)
    shop.record(3)
    words = ("status", "--watch", "--json", "--config", str(shop.config))
    with running(*words) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        code, _, err = stop(process, signal.SIGINT)

    assert first["waiting_bytes"] == shop.log.stat().st_size
    assert (code, "Traceback" in err) == (130, False)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_neighbour_that_nobody_named_stays_here(workers: int, shop: Shop) -> None:
    """Beside a log of one entry, its name fitting another entry: not read, not told."""
    secret = shop.directory / "two/secret.jsonl"
    with shop.receiving():
        secret.parent.mkdir()
        secret.write_bytes(encoded(an_exchange(id=str(uuid.uuid4()))))
        paths = json.dumps([shop.log.name, "two/app.jsonl", "one/*.jsonl"])
        text = shop.config.read_text().replace(f'["{shop.log.name}"]', paths)
        shop.config.write_text(f"{text}[batch]\nworkers = {workers}\n")
        ids = shop.record(2)
        runs = [shop.shipper("run", "--once") for _ in range(2)]
        status = shop.shipper("status", "--json")

    assert [done.returncode for done in runs] == [0, 0]
    assert sorted(shop.received()) == sorted(ids)
    assert "secret" not in "".join(done.stderr for done in runs) + status.stdout
