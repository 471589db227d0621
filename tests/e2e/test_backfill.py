"""Months of access logs are brought in: once, whatever becomes of the command."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import lzma
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipper.receiver import Receiver
from shipper.receiver.faults import Faults
from tests.support import servers
from tests.support.combined import a_log
from tests.support.commands import Shop, environment, line_with, running
from tests.support.exchanges import an_exchange, encoded
from wsgi_writer.mask import Masks

# Ten thousand records through a receiver that checks each take a while.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

DATA = Path(__file__).parents[1] / "data"
APACHE = DATA / "logs/apache-combined-elastic-10k.log.xz"
WINDOW_RECORDS = 400  # max_in_flight batches of max_records
HOW = ("--base-url", "https://www.example.com", "--identity", "client-ip")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def backfill(shop: Shop, *words: str) -> dict[str, Any]:
    """Run a backfill to its end and return its result."""
    done = shop.shipper("backfill", "--json", *words)
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["exit_code"] == done.returncode, done.stderr
    return result


def sent(shop: Shop, *words: str) -> dict[str, int]:
    """Run a backfill and return how many of its lines became what."""
    totals: dict[str, int] = backfill(shop, *words)["totals"]
    return totals


def await_records(
    receiver: Receiver, count: int, process: subprocess.Popen[str]
) -> None:
    """Wait until so many records have arrived; the process must not end before."""
    servers.awaited(
        lambda: receiver.counts.records >= count or process.poll() is not None or None,
        f"{count} records",
    )
    assert process.poll() is None, "it was over before"


def test_a_real_log_arrives_but_for_the_line_that_is_cut(shop: Shop) -> None:
    """Ten thousand lines, one of them broken, and equal lines among them."""
    rejects = shop.directory / "rejects"
    with shop.receiving():
        result = backfill(shop, str(APACHE), *HOW, "--rejects", str(rejects))
        again = sent(shop, str(APACHE), *HOW)

    ids = shop.received()
    assert (result["exit_code"], result["totals"]["delivered"]) == (0, 9999)
    assert len(ids) == len(set(ids)) == 9999
    (refused,) = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert (refused["line"], refused["reason"]) == (8899, "half-line")
    assert (again["delivered"], again["sent_before"]) == (0, 10_000)


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, bz2.compress, lzma.compress],
    ids=["plain", "gzip", "bz2", "xz"],
)
def test_the_same_log_has_the_same_ids_however_it_lies_there(
    shop: Shop, pack: Callable[[bytes], bytes]
) -> None:
    """Under another name, packed, or piped in: nothing is sent a second time."""
    text = a_log(250)
    first, other = shop.directory / "access.log", shop.directory / "other.name"
    first.write_bytes(text)
    other.write_bytes(pack(text))
    with shop.receiving():
        sent(shop, str(first), *HOW)
        again = sent(shop, str(other), *HOW)
        ids = shop.received()
        replayed = sent(shop, str(other), *HOW, "--replay")

    assert (again["delivered"], replayed["delivered"]) == (0, 250)
    assert sorted(shop.received()) == sorted(ids * 2)


def test_standard_input_is_a_log_too(shop: Shop) -> None:
    """A dash reads what is piped in, under the same ids."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(30))
    with shop.receiving():
        sent(shop, str(log), *HOW, "--label", "a")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "shipper", "backfill", "-", "--json"),
                *(*HOW, "--config", str(shop.config)),
            ],
            input=gzip.compress(a_log(30)),
            capture_output=True,
            env=environment(),
            check=False,
            timeout=60,
        )

    assert json.loads(done.stdout)["totals"]["delivered"] == 30, done.stderr
    assert len(set(shop.received())) == 60, "a label makes other ids"


def test_killed_five_times_it_goes_on_where_it_was(shop: Shop) -> None:
    """Scenario 51: all arrives; what repeats has the same id, one window a kill."""
    log = shop.directory / "access.log.gz"
    log.write_bytes(gzip.compress(a_log(6_000)))
    words = ["backfill", "--config", str(shop.config), str(log), *HOW]
    kills, copies = 0, [0]
    with shop.receiving(faults=Faults(delay_seconds=0.02)) as receiver:
        while kills < 5:
            at = receiver.counts.records
            with running(*words) as process:
                # Past the window, so that what repeats is this life's repeat.
                await_records(receiver, at + 700, process)
                process.kill()
                process.wait()
            kills += 1
            copies.append(copies_in(shop))
        last = sent(shop, str(log), *HOW)
    copies.append(copies_in(shop))

    ids = shop.received()
    assert len(set(ids)) == 6_000
    assert all(
        after - before <= WINDOW_RECORDS for before, after in itertools.pairwise(copies)
    )
    assert 0 < last["delivered"] < 6_000 - kills * 300


def copies_in(shop: Shop) -> int:
    """Return how many records arrived beyond the first time."""
    ids = shop.received()
    return len(ids) - len(set(ids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_says_how_to_go_on(shop: Shop, number: int) -> None:
    """Nothing that was answered for is sent again."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(3_000))
    words = ["backfill", "--config", str(shop.config), str(log), *HOW]
    with shop.receiving(faults=Faults(delay_seconds=0.05)) as receiver:
        with running(*words) as process:
            await_records(receiver, 500, process)
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
        sent(shop, str(log), *HOW)

    ids = shop.received()
    assert process.returncode == 128 + number
    assert "the same command goes on" in err
    assert len(ids) == len(set(ids)) == 3_000


def test_workers_share_the_files(shop: Shop) -> None:
    """Two processes, one ledger: every record once, and the second run sends none."""
    logs = shop.directory / "logs"
    logs.mkdir()
    for number in range(4):
        text = a_log(1_500, first=number * 10_000)
        (logs / f"access.{number}.log").write_bytes(text + b"broken\n")
    with shop.receiving():
        first = backfill(shop, str(logs), *HOW, "--workers", "2")
        again = sent(shop, str(logs), *HOW, "--workers", "2")

    ids = shop.received()
    assert (first["exit_code"], first["totals"]["rejects"]) == (0, 4)
    assert len(ids) == len(set(ids)) == 6_000
    assert again["delivered"] == 0


def test_workers_end_with_the_command_that_made_them(shop: Shop) -> None:
    """Killed, it leaves nobody behind who holds memory or sends on."""
    logs = [shop.directory / f"{number}.log" for number in range(2)]
    for number, log in enumerate(logs):
        log.write_bytes(a_log(3_000, first=number * 10_000))
    words = ["backfill", "--config", str(shop.config), *map(str, logs), *HOW]
    with shop.receiving(faults=Faults(delay_seconds=0.05)) as receiver:
        with running(*words, "--workers", "2") as process:
            await_records(receiver, 500, process)
            process.kill()
            # Whoever is left holds the other end of this pipe.
            process.communicate(timeout=10)
        last = sent(shop, *map(str, logs), *HOW, "--workers", "2")

    ids = shop.received()
    assert len(set(ids)) == 6_000
    assert 0 < last["delivered"] <= 6_000


def test_a_file_that_the_shipper_follows_is_left_to_it(shop: Shop) -> None:
    """Scenario 52: side by side, they send nothing twice."""
    old = shop.directory / "old.jsonl"
    with shop.receiving() as receiver:
        ids = shop.record(20)
        old.write_bytes(
            encoded(an_exchange(id="0" * 8 + "-0000-4000-8000-" + "1" * 12))
        )
        with running("run", "--config", str(shop.config)) as process:
            line_with(process, "started")
            await_records(receiver, 20, process)
            result = backfill(shop, str(shop.log), str(old))

    states = {Path(file["path"]).name: file["state"] for file in result["files"]}
    assert states == {shop.log.name: "left alone", "old.jsonl": "sent"}
    assert sorted(shop.received()) == sorted(
        [*ids, "00000000-0000-4000-8000-" + "1" * 12]
    )


def test_a_shipper_does_not_send_again_what_was_sent_as_history(shop: Shop) -> None:
    """Scenario 52: backfilled first and followed later, only what is new is sent."""
    with shop.receiving():
        ids = shop.record(20)
        sent(shop, str(shop.log))
        more = shop.record(5)
        done = shop.shipper("run", "--once")
        audit = shop.shipper("audit", "--json")

    assert done.returncode == 0, done.stderr
    assert shop.received() == [*ids, *more]
    assert json.loads(audit.stdout)["is_exact"] is True


def test_a_log_that_a_shipper_begins_to_follow_is_taken_over(shop: Shop) -> None:
    """Scenario 52: while it is sent as history; no more than a window comes twice."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(6_000))
    words = ["backfill", "--config", str(shop.config), str(log), *HOW, "--json"]
    words += ["--rate", "1000/s"]  # so that the shipper is there long before the end
    follow = 'base_url = "https://www.example.com"\nidentity = "client-ip"\n'
    with shop.receiving() as receiver:
        shop.configure_more(
            f'[[source]]\npaths = ["{log.name}"]\nformat = "combined"\n{follow}'
        )
        with running(*words) as history:
            await_records(receiver, 700, history)
            live = shop.shipper("run", "--once", "--json")
            out, err = history.communicate(timeout=60)
        audit = shop.shipper("audit", "--json")

    (file,) = json.loads(out)["files"]
    assert (file["state"], live.returncode) == ("left alone", 0), err + live.stderr
    assert "the shipper follows it now" in file["why"]
    assert len(set(shop.received())) == 6_000
    assert copies_in(shop) <= WINDOW_RECORDS
    assert json.loads(audit.stdout)["is_exact"] is True


def test_a_file_that_is_not_there_is_no_input(shop: Shop) -> None:
    """Exit 66, and nothing of the other files is sent."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(3))
    with shop.receiving():
        done = shop.shipper("backfill", str(log), str(log) + ".1", *HOW)

    assert done.returncode == 66
    assert "no such file" in done.stderr
    assert shop.received() == []


def test_too_many_rejects_are_told_by_the_exit_code(shop: Shop) -> None:
    """All the same, what could be read was sent, and rejects are kept as letters."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(50) + b"broken\n" * 2)
    rejects = shop.directory / "rejects"
    rejects.touch(0o644)
    with shop.receiving():
        words = (str(log), *HOW, "--rejects", str(rejects), "--max-rejects", "1")
        result = backfill(shop, *words)

    assert (result["exit_code"], result["totals"]["delivered"]) == (65, 50)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert [letter["reason"] for letter in shop.dead_letters()] == ["shape"] * 2


def test_only_what_was_asked_for_is_sent(shop: Shop) -> None:
    """By time and by path; other choices later are told, and sent when asked for."""
    log = shop.directory / "access.log"
    static = a_log(60).replace(b"/owls/", b"/static/")
    log.write_bytes(a_log(180) + static)
    since = ("--since", "2026-11-23T12:01:00Z", "--until", "2026-11-23T12:02:00")
    with shop.receiving():
        some = sent(shop, str(log), *HOW, *since, "--exclude", "/static/**")
        other = backfill(shop, str(log), *HOW)
        rest = sent(shop, str(log), *HOW, "--replay")

    assert (some["delivered"], some["skipped"]) == (60, 180)
    assert other["files"][0]["state"] == "left alone"
    assert "--replay" in other["files"][0]["why"]
    assert rest["delivered"] == 240
    assert len(set(shop.received())) == 240


def test_a_rate_is_kept(shop: Shop) -> None:
    """Two hundred records at a hundred a second take at least a second."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(200))
    with shop.receiving():
        began = time.monotonic()
        sent(shop, str(log), *HOW, "--rate", "100/s")
        seconds = time.monotonic() - began

    assert seconds > 1.0
    assert len(shop.received()) == 200


def test_secrets_in_a_foreign_log_stay_here(shop: Shop) -> None:
    """Scenario 54: masked before anything else, in the file of rejects as well."""
    log = shop.directory / "access.log"
    secret = b"s3cr3t-s3cr3t"
    log.write_bytes(
        a_log(40).replace(b" HTTP", b"?token=" + secret + b"&ssn=078-05-1120 HTTP")
        + b'1.2.3.4 - - [23/Nov/2026:12:00:00 +0000] "GET /?token='
        + secret
        + b"\n"
    )
    rejects = shop.directory / "rejects"
    with shop.receiving():
        shop.configure_more('[filter]\ndenylist = ["ssn"]\n')
        sent(shop, str(log), *HOW, "--rejects", str(rejects))

    arrived = "".join(shop.payloads())
    assert secret.decode() not in arrived + rejects.read_text()
    assert "078-05-1120" not in arrived
    assert "[REDACTED 11]" in arrived or "%5BREDACTED%2011%5D" in arrived


def test_a_directory_is_read_oldest_first(shop: Shop) -> None:
    """Whatever the names are; copies in it are read once."""
    logs = shop.directory / "logs"
    logs.mkdir()
    newer, older = logs / "a.log", logs / "a.log.1.gz"
    newer.write_bytes(a_log(10, first=100))
    older.write_bytes(gzip.compress(a_log(10)))
    shutil.copy(newer, logs / "copy.log")
    os.utime(older, (1, 1))
    with shop.receiving():
        result = backfill(shop, str(logs), *HOW)

    urls = [
        json.loads(one)["request"]["log"]["entries"][0]["request"]["url"]
        for one in shop.payloads()
    ]
    assert [url.rpartition("/")[2] for url in urls] == [
        str(n) for n in [*range(10), *range(100, 110)]
    ]
    assert [file["state"] for file in result["files"]].count("left alone") == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("words", [(), ("--workers", "2"), ("--replay",)])
def test_of_a_log_and_an_older_copy_all_is_sent_once(
    shop: Shop, words: tuple[str, ...], packed: bool
) -> None:
    """The copy comes first by its age, and ends sooner; run again, nothing is left."""
    logs = shop.directory / "logs"
    logs.mkdir()
    copy = logs / ("copy.log.gz" if packed else "copy.log")
    begin = a_log(10)
    copy.write_bytes(gzip.compress(begin) if packed else begin)
    os.utime(copy, (1, 1))
    (logs / "access.log").write_bytes(a_log(15))
    with shop.receiving():
        first = backfill(shop, str(logs), *words, *HOW)
        again = backfill(shop, str(logs), *HOW)

    assert (first["exit_code"], first["totals"]["delivered"]) == (0, 15)
    assert [(Path(file["path"]).name, file["state"]) for file in first["files"]] == [
        (copy.name, "left alone"),
        ("access.log", "sent"),
    ]
    assert again["totals"]["delivered"] == 0


def test_logs_that_begin_alike_are_both_sent(shop: Shop) -> None:
    """As those of two servers do that were started by the same call."""
    logs = [shop.directory / name for name in ("a.log", "b.log")]
    logs[0].write_bytes(a_log(10))
    logs[1].write_bytes(a_log(1) + a_log(20, first=50))
    with shop.receiving():
        result = backfill(shop, *map(str, logs), *HOW)

    assert result["totals"]["delivered"] == 31


def test_error_logs_in_the_directory_are_left_alone(shop: Shop) -> None:
    """As servers keep them beside the others; alone, one is no log to be sent."""
    logs = shop.directory / "nginx"
    logs.mkdir()
    (logs / "access.log").write_bytes(a_log(3))
    error_log = logs / "error.log"
    error_log.write_text("2026/11/22 10:00:00 [error] 7#7: *1 open() failed\n" * 3)
    with shop.receiving():
        result = backfill(shop, str(logs), *HOW)
    alone = shop.shipper("backfill", str(error_log), *HOW)

    assert (result["exit_code"], result["totals"]["delivered"]) == (0, 3)
    assert [(file["state"], file["why"]) for file in result["files"]] == [
        ("sent", ""),
        (
            "left alone",
            "it looks like an error log of nginx, which tells of no exchange",
        ),
    ]
    assert alone.returncode == 65
    assert "hint: name the access logs" in alone.stderr


def test_a_cluster_of_two_workers_does_the_same(shop: Shop) -> None:
    """The work function is mapped by Dask; the ledger stays here."""
    for number in range(3):
        (shop.directory / f"{number}.log").write_bytes(a_log(700, first=number * 9_000))
    logs = [str(shop.directory / f"{number}.log") for number in range(3)]
    cluster = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.dask_cluster"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        with shop.receiving():
            first = sent(shop, *logs, *HOW, "--scheduler", address)
            again = sent(shop, *logs, *HOW)
    finally:
        cluster.communicate(timeout=30)

    ids = shop.received()
    assert first["delivered"] == len(ids) == len(set(ids)) == 2_100
    assert again["delivered"] == 0


def test_a_cluster_that_is_not_there_is_told(shop: Shop) -> None:
    """The error says what to give, and nothing is sent."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(3))
    with shop.receiving():
        words = (str(log), *HOW, "--scheduler", "tcp://127.0.0.1:9")
        done = shop.shipper("backfill", *words)

    assert done.returncode == 78
    assert "tcp://10.0.0.7:8786" in done.stderr
    assert shop.received() == []


def test_history_is_masked_with_the_key_that_live_logs_are(shop: Shop) -> None:
    """A caller is one and the same in a log that is followed and in an old one."""
    key = shop.directory / "mask.key"
    key.write_bytes(b"0123456789abcdef")
    key.chmod(0o600)
    log = shop.directory / "access.log"
    log.write_bytes(a_log(2).replace(b" HTTP", b"?api_key=owlbert-api-key HTTP"))
    with shop.receiving():
        shop.configure_more('[identify]\nmask = "hmac"\nmask_key_file = "mask.key"\n')
        words = ("--base-url", "https://h", "--identity", "query:api_key")
        sent(shop, str(log), *words)

    groups = {json.loads(one)["group"]["id"] for one in shop.payloads()}
    masks = Masks(mask="hmac", mask_key=b"0123456789abcdef")
    assert groups == {masks.key("owlbert-api-key")}
