"""Backfills in this process: real logs, a real state, and a receiver on loopback."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from shipper.cli.root import main
from shipper.clock import SystemClock
from shipper.receiver.faults import Faults
from shipper.receiver.keeping import Request
from shipper.store import open_store
from shipper.store.database import DATABASE_NAME
from tests.support.combined import a_log
from tests.support.commands import KEY, Shop
from tests.support.exchanges import an_exchange, encoded
from tests.support.json_logs import a_har, a_har_entry

HOW = ("--base-url", "https://www.example.com", "--identity", "client-ip")
LINES = a_log(40)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A directory without anything in it, and the key of its project."""
    monkeypatch.setenv("README_API_KEY", KEY)
    return Shop(tmp_path)


class AtFirst:
    """Tells a receiver what to do at the first request, and at no other.

    Requests are answered by several threads, and a second signal on the heels of the
    first is another thing than one.

    Args:
        act: What is to be done.
    """

    def __init__(self, act: Callable[[], object]) -> None:
        # Mutable state: taken by the first request, and never let go.
        self._act = act
        self._is_done = Lock()

    def __call__(self, request: Request) -> None:
        """Act, unless a request was there before."""
        if self._is_done.acquire(blocking=False):
            self._act()


class Backfill:
    """Runs the command here, and remembers what it said.

    Args:
        shop: Where it works.
        capsys: Takes what it prints.
    """

    def __init__(self, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        # Mutable state: what the last run told on stderr.
        self._shop = shop
        self._capsys = capsys
        self.told = ""

    def __call__(self, *words: str) -> dict[str, Any]:
        """Run it to its end and return its result."""
        config = str(self._shop.config)
        code = main(["backfill", "--json", "--config", config, *HOW, *words])
        out, self.told = self._capsys.readouterr()
        assert out, self.told
        result: dict[str, Any] = json.loads(out)
        assert result["exit_code"] == code, self.told
        return result


@pytest.fixture
def backfill(shop: Shop, capsys: pytest.CaptureFixture[str]) -> Backfill:
    """The command."""
    return Backfill(shop, capsys)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_archive_that_ends_early_is_gone_on_with_once_it_is_whole(
    shop: Shop, backfill: Backfill, workers: str
) -> None:
    """The line that the cut goes through is left for later, and none is lost."""
    log = shop.directory / "access.log.gz"
    whole = gzip.compress(LINES)
    with shop.receiving():
        log.write_bytes(whole[:-60])
        early = backfill(str(log), "--workers", workers)
        log.write_bytes(whole)
        late = backfill(str(log), "--workers", workers)

    assert (early["exit_code"], late["exit_code"]) == (65, 0)
    assert early["totals"]["rejects"] == late["totals"]["rejects"] == 0
    assert 0 < early["totals"]["delivered"] < 40
    assert len(shop.received()) == len(set(shop.received())) == 40


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("cut", [19, 70])
def test_a_line_that_is_still_being_written_is_left_for_later(
    shop: Shop, backfill: Backfill, workers: str, cut: int
) -> None:
    """It is refused each time it is met so, and read as a whole once it is one."""
    log = shop.directory / "access.log"
    length = len(a_log(30))
    with shop.receiving():
        log.write_bytes(LINES[: length + cut])
        first = backfill(str(log), "--workers", workers)
        again = backfill(str(log), "--workers", workers)
        log.write_bytes(LINES)
        late = backfill(str(log), "--workers", workers)

    for result in first, again:
        (refused,) = result["rejects"]
        place = refused["line"], refused["offset_bytes"], refused["reason"]
        assert place == (31, length, "half-line")
        assert (result["exit_code"], result["files"][0]["state"]) == (0, "sent")
    delivered = [one["totals"]["delivered"] for one in (first, again, late)]
    assert delivered == [30, 0, 10]
    assert late["totals"]["rejects"] == 0
    assert len(shop.received()) == len(set(shop.received())) == 40


def test_a_whole_line_needs_no_newline(shop: Shop, backfill: Backfill) -> None:
    """It is sent, and the newline that comes later is nothing new."""
    log = shop.directory / "access.log"
    with shop.receiving():
        log.write_bytes(LINES[:-1])
        first = backfill(str(log))
        again = backfill(str(log))
        log.write_bytes(LINES + a_log(1, first=40))
        late = backfill(str(log))

    totals = first["totals"], again["totals"], late["totals"]
    assert [one["delivered"] for one in totals] == [40, 0, 1]
    assert [one["sent_before"] for one in totals] == [0, 40, 40]
    assert [one["rejects"] for one in totals] == [0, 0, 0]


def test_the_sums_are_exact_though_a_newline_came_late(
    shop: Shop, backfill: Backfill, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log ended without one, and is followed once it has gone on."""
    log = shop.directory / "access.log"
    with shop.receiving():
        log.write_bytes(LINES[:-1])
        backfill(str(log))
        log.write_bytes(LINES + a_log(1, first=40))
        follow(shop, log)
        shipped = main(["run", "--once", "--config", str(shop.config)])
        audited = main(["audit", "--config", str(shop.config)])

    assert (shipped, audited) == (0, 0), capsys.readouterr().out
    assert len(shop.received()) == len(set(shop.received())) == 41


def test_what_was_sent_before_the_place_where_following_began_waits_no_more(
    shop: Shop, backfill: Backfill, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is the shipper's, and nothing of it is pending twice."""
    log = shop.directory / "access.log"
    with shop.receiving():
        log.write_bytes(LINES)
        follow(shop, log, read_from="end")
        main(["run", "--once", "--config", str(shop.config)])
        with log.open("ab") as file:
            file.write(a_log(2, first=40))
        main(["run", "--once", "--config", str(shop.config)])
        backfill(str(log))
        code = main(["audit", "--json", "--config", str(shop.config)])
    audit = json.loads(capsys.readouterr().out)

    assert (code, "pending" in audit["bytes"]) == (0, False), audit["files"]
    assert [(one["state"], one["ranges"][-1]["is"]) for one in audit["files"]] == [
        ("open", "committed"),
        ("history", "committed"),
    ]
    assert len(shop.received()) == len(set(shop.received())) == 42


def test_archives_that_following_passed_over_are_sent_as_history(
    shop: Shop, backfill: Backfill, capsys: pytest.CaptureFixture[str]
) -> None:
    """Following began at the end, so nobody else will ever send what is in them."""
    log = shop.directory / "access.log"
    archive = shop.directory / "access.log.2.gz"
    with shop.receiving():
        log.write_bytes(LINES)
        archive.write_bytes(gzip.compress(a_log(30, first=500)))
        follow(shop, log, read_from="end")
        main(["run", "--once", "--config", str(shop.config)])
        first, again = backfill(str(archive)), backfill(str(archive))
        main(["run", "--once", "--config", str(shop.config)])
        audited = main(["audit", "--config", str(shop.config)])

    delivered = [one["totals"]["delivered"] for one in (first, again)]
    assert (delivered, audited) == ([30, 0], 0), capsys.readouterr().out
    assert len(shop.received()) == len(set(shop.received())) == 30


def follow(shop: Shop, log: Path, read_from: str = "beginning") -> None:
    """Have the shipper follow a log of another program."""
    own, foreign = (
        f'paths = ["{shop.log.name}"]',
        (
            f'paths = ["{log.name}"]\nformat = "combined"\n'
            f'base_url = "{HOW[1]}"\nidentity = "{HOW[3]}"\nread_from = "{read_from}"'
        ),
    )
    shop.config.write_text(shop.config.read_text().replace(own, foreign))


def test_an_archive_that_ends_in_half_a_line_has_no_rest(
    shop: Shop, backfill: Backfill
) -> None:
    """Nobody adds to an archive, so the line is settled like any other."""
    log = shop.directory / "access.log.gz"
    log.write_bytes(gzip.compress(LINES[:-30]))
    with shop.receiving():
        first, again = backfill(str(log)), backfill(str(log))

    assert (first["totals"]["rejects"], first["totals"]["dead"]) == (1, 1)
    assert (again["totals"]["rejects"], again["totals"]["sent_before"]) == (0, 40)


def test_a_refused_line_is_told_once_though_the_run_was_stopped_before_it_counted(
    shop: Shop, backfill: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not settled is met again; it is told of then, and not before."""
    log, rejects = shop.directory / "access.log", shop.directory / "rejects"
    log.write_bytes(a_log(250) + b"broken\n" + a_log(250, first=250))
    stop = AtFirst(lambda: os.kill(os.getpid(), signal.SIGINT))
    with shop.receiving(on_request=stop, faults=Faults(status=500, every=1)):
        early = backfill(str(log), "--rejects", str(rejects))
    with shop.receiving():
        late = backfill(str(log), "--rejects", str(rejects))

    assert (early["exit_code"], early["totals"]["rejects"]) == (130, 0)
    assert (late["exit_code"], late["totals"]["rejects"]) == (0, 1)
    assert len(rejects.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [b"", b"\n \n", b"\xef\xbb\xbf", b"#Version: 1.0\n#Fields: date time\n"],
    ids=["empty", "blank", "mark", "headers"],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_log_without_lines_does_not_keep_the_others_from_being_sent(
    shop: Shop, backfill: Backfill, text: bytes, pack: Callable[[bytes], bytes]
) -> None:
    """A server makes the next log at midnight, and has nothing to say yet."""
    logs = shop.directory / "logs"
    logs.mkdir()
    (logs / "access.log.1").write_bytes(LINES)
    (logs / "access.log").write_bytes(pack(text))
    with shop.receiving():
        result = backfill(str(logs))

    files = {Path(file["path"]).name: file for file in result["files"]}
    empty = files["access.log"]
    assert (result["exit_code"], result["totals"]["delivered"]) == (0, 40)
    assert (empty["state"], empty["why"]) == ("left alone", "there is no line in it")


def test_an_archive_of_which_nothing_can_be_read_is_not_empty(
    shop: Shop, backfill: Backfill, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be told from a log without lines is not taken for one."""
    log = shop.directory / "access.log.gz"
    log.write_bytes(gzip.compress(LINES)[:15])
    with shop.receiving():
        code = main(["backfill", "--config", str(shop.config), *HOW, str(log)])

    assert code == 65
    assert "the archive ends early" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_egress_log_knows_what_left_as_history(
    shop: Shop, backfill: Backfill, workers: str
) -> None:
    """Whoever audits what left the machine finds all of it in one file."""
    logs = shop.directory / "logs"
    logs.mkdir()
    for label, first in (("a", 0), ("b", 500)):
        (logs / label).write_bytes(a_log(150, first=first))
    with shop.receiving():
        shop.configure_more(
            "[batch]\nbackground_worker_mode = false\n"
            '[egress_log]\nfile = "egress.jsonl"\nrequired = true\n'
        )
        backfill(str(logs), "--workers", workers)

    egress = (shop.directory / "egress.jsonl").read_text().splitlines()
    ids = [id_ for line in egress for id_ in json.loads(line)["ids"]]
    assert sorted(ids) == sorted(shop.received())
    assert len(ids) == 300


def test_what_was_refused_of_history_is_sent_again_without_a_source(
    shop: Shop, backfill: Backfill, capsys: pytest.CaptureFixture[str]
) -> None:
    """A configuration that follows nothing is enough, and the sums stay exact."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(3))
    with shop.receiving(faults=Faults(status=400)) as receiver:
        follow_nothing(shop, receiver.url)
        first = backfill(str(log))
    with shop.receiving() as receiver:
        follow_nothing(shop, receiver.url)
        retried = main(["dead-letter", "retry", "--all", "--config", str(shop.config)])
        audited = main(["audit", "--json", "--config", str(shop.config)])

    told = capsys.readouterr()
    assert (first["totals"]["dead"], len(set(shop.received()))) == (3, 3)
    assert (retried, audited) == (0, 0), told.err
    assert "3 delivered" in told.out


@pytest.mark.parametrize(
    ("name", "line", "kept"),
    [
        ("combined", b"GET /?token=hunter2", b"GET /?token=[REDACTED]"),
        ("own", b'{"token":"hunter2"}', b'{"token":"hunter2"}'),
    ],
)
def test_what_is_kept_of_a_refused_line_of_another_program_is_masked(
    shop: Shop, backfill: Backfill, name: str, line: bytes, kept: bytes
) -> None:
    """Nobody has masked it before; a line of our own is kept as it is on disk."""
    path = shop.directory / "a.log"
    path.write_bytes(line + b"\n")
    with shop.receiving():
        shop.configure_more("[dead_letters]\nkeep_bytes = 100\n")
        backfill("--format", name, str(path))
    with closing(sqlite3.connect(shop.directory / "state" / DATABASE_NAME)) as state:
        found = state.execute("SELECT excerpt FROM dead_letters").fetchall()

    assert found == [(kept,)]


def follow_nothing(shop: Shop, endpoint: str) -> None:
    """Write a configuration without `[[source]]`."""
    shop.config.write_text(f'state_dir = "state"\n[readme]\nendpoint = "{endpoint}"\n')


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_killed_is_told_of(
    shop: Shop,
    backfill: Backfill,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    """Memory may have run out; nothing is lost, and the next run goes on."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(500))

    def kill() -> None:
        worker, *_ = active_children()
        os.kill(worker.pid or 0, number)

    with shop.receiving(on_request=AtFirst(kill)):
        words = ["--config", str(shop.config), *HOW, "--workers", "2", str(log)]
        code = main(["backfill", *words])
        told = capsys.readouterr().err
        late = backfill(str(log))

    assert code == 75, told
    assert "the same command goes on where it was" in told
    assert (late["exit_code"], len(set(shop.received()))) == (0, 500)


def test_a_service_manager_may_stop_everybody_at_once(
    shop: Shop, backfill: Backfill
) -> None:
    """The workers get the signal too, and the run is stopped rather than broken."""
    log = shop.directory / "access.log"
    log.write_bytes(a_log(500))

    def stop() -> None:
        workers = active_children()
        for process in (os.getpid(), *(one.pid or 0 for one in workers)):
            os.kill(process, signal.SIGTERM)

    with shop.receiving(on_request=AtFirst(stop)):
        early = backfill(str(log), "--workers", "2")
        late = backfill(str(log))

    assert (early["exit_code"], late["exit_code"]) == (143, 0)
    assert len(set(shop.received())) == 500


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_log_that_the_shipper_takes_over_is_left_to_it(
    shop: Shop, backfill: Backfill, workers: str
) -> None:
    """From one moment to the next; the other logs are sent to their end."""
    taken, other = shop.directory / "a.log", shop.directory / "b.log"
    taken.write_bytes(b"no\n" + a_log(3_000))
    other.write_bytes(a_log(200, first=9_000))
    claimed: list[str] = []

    take_over = AtFirst(lambda: claimed.extend(claim(shop, taken)))
    with shop.receiving(on_request=take_over, faults=Faults(delay_seconds=0.02)):
        result = backfill(str(taken), str(other), "--workers", workers)

    first, last = result["files"]
    assert len(claimed) == 1
    assert (first["state"], first["delivered"] < 3_000) == ("left alone", True)
    assert "the shipper follows it now" in first["why"]
    assert result["totals"]["rejects"] == len(result["rejects"])
    assert (last["state"], last["delivered"]) == ("sent", 200)
    assert result["exit_code"] == 0


def claim(shop: Shop, log: Path) -> list[str]:
    """Do as a shipper does that meets a log of history under a name it follows."""
    state = shop.directory / "state"
    with closing(sqlite3.connect(state / DATABASE_NAME)) as database:
        found = database.execute(
            "SELECT file_id FROM files WHERE path = ?", (str(log),)
        )
        ids = [file_id for (file_id,) in found]
    with closing(open_store(str(state), clock=SystemClock())) as store:
        return [file_id for file_id in ids if store.claim(file_id) is not None]


def test_the_end_of_a_run_is_told_in_words(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused lines by name, the first ten of them, then sums, then what to do."""
    log, copy = shop.directory / "a.log", shop.directory / "b.log.gz"
    text = a_log(20) + b"no\n" * 12 + a_log(5, first=20)
    log.write_bytes(text)
    copy.write_bytes(gzip.compress(text))
    words = ["backfill", "--config", str(shop.config), *HOW, "--format", "combined"]
    span = ["--since", "2026-11-23T12:00:05Z", "--until", "2026-11-23T12:00:15Z"]
    with shop.receiving():
        code = main([*words, *span, str(log), str(copy)])
        first = capsys.readouterr()
        again = main([*words, *span, "--max-rejects", "0", str(log)])
        second = capsys.readouterr()
        other = main([*words, "--quiet", str(log)])
        third = capsys.readouterr()

    told = first.err.splitlines()
    assert (code, again, other) == (65, 0, 0)
    assert first.out == "2 files: 10 delivered, 15 skipped, 12 rejected\n"
    assert "b.log.gz: left alone: it is another copy" in told[0]
    assert "a.log: line 21 (byte " in told[1]
    assert told[11:] == [
        "shipper: and 2 more; --rejects FILE has all of them",
        "shipper: 12 of 37 lines were refused, over --max-rejects 5%; see "
        "docs/formats.md for the reasons",
    ]
    assert second.out == "1 file: 0 delivered, 37 lines settled before\n"
    assert (third.out, third.err) == ("", "")


def test_a_refused_entry_of_a_har_has_a_number_and_no_byte(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no place in a stream of lines; somebody would look there."""
    har = shop.directory / "a.har"
    entry = a_har_entry()
    har.write_bytes(a_har(entry, entry, a_har_entry({"response/status": 0})))
    with shop.receiving():
        main(["backfill", "--config", str(shop.config), *HOW, str(har)])

    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith(f"shipper: {har}: entry 2: refused: status: ")


def test_what_readme_refuses_is_told_apart_from_what_cannot_be_read(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are dead letters, and only one of them is the log's fault."""
    log = shop.directory / "a.log"
    log.write_bytes(a_log(2) + b"no\n")
    words = ["--config", str(shop.config), *HOW, "--format", "combined", str(log)]
    with shop.receiving(faults=Faults(status=400)):
        main(["backfill", *words, "--max-rejects", "1"])

    assert capsys.readouterr().out == (
        "1 file: 0 delivered, 1 rejected, 2 dead letters\n"
    )


def test_a_run_that_is_stopped_says_how_to_go_on(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no failure, and the exit code says which signal it was."""
    log = shop.directory / "a.log"
    log.write_bytes(a_log(50))

    stop = AtFirst(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with shop.receiving(on_request=stop, faults=Faults(status=500)):
        code = main(["backfill", "--config", str(shop.config), *HOW, str(log)])

    assert code == 143
    assert "stopped; the same command goes on where it was" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_records_of_a_later_version_wait(
    shop: Shop, backfill: Backfill, workers: str
) -> None:
    """Nothing is settled of them; a later shipper reads them where they are."""
    log = shop.directory / "exchanges.jsonl"
    lines = [encoded(an_exchange()), b'{"v":2,"id":"x","entry":{}}\n']
    log.write_bytes(b"".join(lines) * 2)
    with shop.receiving():
        result = backfill(str(log), "--format", "own", "--workers", workers)
        planned = main(
            ["backfill", "--dry-run", "--config", str(shop.config), str(log)]
        )

    (file,) = result["files"]
    assert (result["exit_code"], planned) == (65, 0)
    assert (file["state"], file["delivered"]) == ("unfinished", 1)
    assert "format version 2" in file["why"]


@pytest.mark.parametrize(("answer", "code"), [("n\n", 0), ("\n", 130)])
def test_on_a_terminal_it_asks_first(
    shop: Shop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
) -> None:
    """How much, and where to; no is no, and nothing is written down."""
    log = shop.directory / "a.log"
    log.write_bytes(a_log(3))
    terminal = io.StringIO("" if code else answer)
    terminal.isatty = lambda: True  # type: ignore[method-assign]  # a terminal
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with shop.receiving() as receiver:
        done = main(["backfill", "--config", str(shop.config), *HOW, str(log)])

    told = capsys.readouterr().err
    assert done == code
    assert (
        f"Send the exchanges of 1 file ({len(a_log(3))} bytes) to {receiver.url}?"
        in told
    )
    assert not (shop.directory / "state").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
def test_a_text_of_which_a_part_is_missing_is_left_for_later(
    shop: Shop, backfill: Backfill, workers: str, is_cut: bool
) -> None:
    """A container's engine writes the next part in a moment."""
    log = shop.directory / "0.log"
    whole = [_cri(line, "F") for line in a_log(60).splitlines()]
    last = a_log(1, first=60).strip()
    begun, rest = [*whole, _cri(last[:40], "P")], _cri(last[40:], "F")
    with shop.receiving():
        log.write_bytes(b"".join(begun) + (rest[:20] if is_cut else b""))
        first = backfill(str(log), "--workers", workers)
        again = backfill(str(log), "--workers", workers)
        log.write_bytes(b"".join([*begun, rest]))
        late = backfill(str(log), "--workers", workers)

    reasons = [one["files"][0]["rejects"] for one in (first, again, late)]
    refused = {"unfinished": 1, **({"wrapper": 1} if is_cut else {})}
    assert reasons == [refused, refused, {}]
    assert [one["exit_code"] for one in (first, again, late)] == [0, 0, 0]
    assert len(shop.received()) == len(set(shop.received())) == 61


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_part_that_others_have_followed_is_all_there_is(
    shop: Shop, backfill: Backfill, workers: str
) -> None:
    """What was said since must not wait for a program that may be dead."""
    log = shop.directory / "0.log"
    whole = [_cri(line, "F") for line in a_log(30).splitlines()]
    other = _cri(a_log(1, first=31).strip(), "F", b"stderr")
    log.write_bytes(b"".join([*whole, _cri(b"203.0.113.1 - - [", "P"), other]))
    with shop.receiving():
        first = backfill(str(log), "--workers", workers)
        again = backfill(str(log), "--workers", workers)

    assert (first["totals"]["delivered"], first["totals"]["dead"]) == (31, 1)
    assert (again["totals"]["delivered"], again["totals"]["rejects"]) == (0, 0)


def _cri(text: bytes, tag: str, stream: bytes = b"stdout") -> bytes:
    """Return a line as Kubernetes writes it."""
    return b"2026-11-23T12:00:00.1Z %s %s %s\n" % (stream, tag.encode(), text)


def test_copies_of_a_har_are_sent_once(shop: Shop, backfill: Backfill) -> None:
    """It is known by all of its bytes, so what has the same ones is a copy of it."""
    hars = shop.directory / "hars"
    hars.mkdir()
    for name in ("a.har", "b.har"):
        (hars / name).write_bytes(a_har(a_har_entry(), a_har_entry()))
    (hars / "c.har.gz").write_bytes(gzip.compress(a_har(a_har_entry(), a_har_entry())))
    (hars / "other.har").write_bytes(a_har(a_har_entry()))
    with shop.receiving():
        first = backfill(str(hars))
        again = backfill(str(hars))
    ids = shop.received()

    assert (first["totals"]["delivered"], again["totals"]["delivered"]) == (3, 0)
    assert len(set(ids)) == len(ids) == 3


@pytest.mark.parametrize("names", [("new.log", "old.log"), ("old.log", "new.log")])
def test_a_copy_beside_a_log_that_was_sent_under_another_name_is_left_alone(
    shop: Shop, backfill: Backfill, names: tuple[str, str]
) -> None:
    """The name that the longer log was sent under is gone; the log itself is there."""
    sent = shop.directory / "sent.log"
    sent.write_bytes(LINES)
    with shop.receiving():
        backfill(str(sent))
        sent.rename(shop.directory / "new.log")
        (shop.directory / "old.log").write_bytes(a_log(10))
        paths = [str(shop.directory / name) for name in names]
        beside = backfill(*paths)
        again = backfill(*paths)

    assert beside["totals"]["delivered"] == again["totals"]["delivered"] == 0
    assert len(shop.received()) == 40


def test_a_dry_run_plans_what_the_run_does(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of a log before it is left alone by both, and replayed by both."""
    logs = shop.directory / "logs"
    logs.mkdir()
    logs.joinpath("a.log").write_bytes(a_log(20))
    logs.joinpath("a.log.gz").write_bytes(gzip.compress(a_log(20)))
    words = ["backfill", "--config", str(shop.config), *HOW, "--format", "combined"]
    with shop.receiving():
        main([*words, "--dry-run", str(logs)])
        told = capsys.readouterr().out.splitlines()
        main([*words, "--dry-run", "--json", str(logs)])
        plan = json.loads(capsys.readouterr().out)
        main([*words, "--dry-run", "--replay", "--json", str(logs)])
        replayed = json.loads(capsys.readouterr().out)
        main([*words, str(logs)])
        done = capsys.readouterr().out
        main([*words, "--replay", str(logs)])
        again = capsys.readouterr().out

    why = "it is another copy of one of these"
    assert f"{logs}/a.log.gz: left alone: {why}" in told
    assert told[-1].startswith("20 exchanges in 1 request, ")
    assert told[-1].endswith("; 0 lines rejected")
    assert [file["left_alone"] for file in plan["files"]] == ["", why]
    assert done == f"2 files: {plan['totals']['exchanges']} delivered\n"
    assert again == f"2 files: {replayed['totals']['exchanges']} delivered\n"


def test_what_a_run_leaves_in_the_directory_is_nothing_to_the_next(
    shop: Shop, backfill: Backfill
) -> None:
    """Its egress log, its state and its file of refused lines."""
    logs = shop.directory / "logs"
    logs.mkdir()
    log = logs / "access.log"
    rejects = "--rejects", str(logs / "rejects.jsonl")
    with shop.receiving():
        shop.configure_more('[egress_log]\nfile = "logs/egress.log"\n')
        text = shop.config.read_text().replace('"state"', '"logs"')
        shop.config.write_text(text)
        log.write_bytes(LINES + b"half a line\n")
        first = backfill(str(logs), *rejects)
        log.write_bytes(LINES + b"half a line\n" + a_log(2, first=40))
        late = backfill(str(logs), *rejects)

    assert [len(one["files"]) for one in (first, late)] == [1, 1]
    assert [one["totals"]["delivered"] for one in (first, late)] == [40, 2]
