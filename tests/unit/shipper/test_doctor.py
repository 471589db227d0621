"""The rooms of the doctor: what each makes of what it finds."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest

from shipper.config.settings import SourceSettings
from shipper.model import Cause, Deferred, Delivered, Receipt, Refused
from shipper.network import NetworkSettings, route_to
from shipper.receiver.contract import Accepted
from shipper.receiver.contract import check as contract_check
from shipper.reports.doctor import (
    disk,
    files,
    firewall,
    key,
    state,
    systemd,
    watches,
    way,
)
from shipper.reports.doctor.check import (
    KINDS,
    PRECEDENCE,
    Check,
    Verdict,
    exit_code_of,
    failure,
    ok,
    warning,
)
from shipper.reports.doctor.disk import Generation
from shipper.store.examined import Holder, lock_holder
from shipper.store.schema import VERSION
from tests.support.certificates import server_tls
from tests.support.clock import FakeClock
from tests.support.connect_proxy import ConnectProxy
from tests.support.exchanges import an_exchange, encoded
from tests.support.loopback import LoopbackServer, Reply

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GIB = 1024**3


# --- what a check says


def test_the_exit_code_is_the_first_thing_a_person_has_to_mend() -> None:
    """Configuration comes before all, the network last; warnings change nothing."""
    down = failure("SHP031", "", "", "")
    refused = failure("SHP036", "", "", "")
    wrong = failure("SHP001", "", "", "")

    assert exit_code_of([ok("SHP001", "", ""), warning("SHP035", "", "", "")]) == 0
    assert exit_code_of([down]) == 75
    assert exit_code_of([down, refused]) == 77
    assert exit_code_of([down, refused, wrong]) == 78
    assert {kind.exit_code for kind in KINDS.values()} == set(PRECEDENCE)


# --- files and watches


def found(
    tmp_path: Path, *patterns: str, sources: tuple[SourceSettings, ...] = ()
) -> files.Files:
    """Look at sources of these patterns."""
    paths = tuple(str(tmp_path / pattern) for pattern in patterns)
    sources = sources or (SourceSettings(paths=paths),)
    return files.Files(str(tmp_path / "state"), sources, clock=FakeClock())


def test_files_are_told_with_what_is_unread(tmp_path: Path) -> None:
    """One check a file, and one for a pattern that has none yet."""
    (tmp_path / "a.jsonl").write_bytes(encoded(an_exchange()))
    checks = list(found(tmp_path, "a.jsonl", "b.jsonl").checks())

    assert [(check.verdict, check.where) for check in checks] == [
        ("warning", str(tmp_path / "b.jsonl")),
        ("ok", str(tmp_path / "a.jsonl")),
    ]
    assert "unread" in checks[1].why


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A directory under the name of a log is refused, as the shipper refuses it."""
    (tmp_path / "a.jsonl").mkdir()
    (check,) = list(found(tmp_path, "a.jsonl").checks())[:1]

    assert (check.code, check.verdict) == ("SHP010", "warning")
    assert "a directory" in check.why


def test_many_files_are_counted_rather_than_named(tmp_path: Path) -> None:
    """Years of rotated files do not hide what is wrong."""
    for number in range(files.MOST_FILES + 2):
        log = tmp_path / f"{number}.jsonl"
        log.write_bytes(encoded(an_exchange(id=str(uuid4()))))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    checks = list(found(tmp_path, "*.jsonl").checks())

    assert [check.why for check in checks[-2:]] == [
        "2 more files with unread bytes, readable",
        "1 files with nothing unread, readable",
    ]
    assert len(checks) == files.MOST_FILES + 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_known_file_that_was_closed_since_is_told(tmp_path: Path) -> None:
    """A look at a file that has not changed does not open it."""
    log = tmp_path / "a.jsonl"
    log.write_bytes(encoded(an_exchange()))
    looked = found(tmp_path, "a.jsonl")
    log.chmod(0)
    (check,) = looked.checks()

    assert (check.verdict, "any more" in check.why) == ("failure", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    """File and directory, with the group that is often lacking."""
    log = tmp_path / "logs" / "a.jsonl"
    log.parent.mkdir()
    log.write_bytes(encoded(an_exchange()))
    log.chmod(0)
    (closed,) = found(tmp_path, "logs/a.jsonl").checks()
    log.parent.chmod(0o100)
    unlisted = list(found(tmp_path, "logs/a.jsonl").checks())
    log.parent.chmod(0o700)

    assert (closed.verdict, "adm" in closed.mend) == ("failure", True)
    assert (str(log.parent), "failure") in [(c.where, c.verdict) for c in unlisted]
    assert "warning" not in [check.verdict for check in unlisted]


def test_a_damaged_state_does_not_keep_files_from_being_looked_at(
    tmp_path: Path,
) -> None:
    """Without positions every byte is unread."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state/state.sqlite3").write_bytes(b"no database" * 100)
    (tmp_path / "a.jsonl").write_bytes(encoded(an_exchange()))
    (check,) = found(tmp_path, "a.jsonl").checks()

    assert check.verdict is Verdict.OK


def watched(directory: str, mode: Literal["auto", "poll"]) -> list[Check]:
    """Return how a directory is watched."""
    checks = watches.watch_checks(
        [directory], mode=mode, poll_interval_seconds=1.0, clock=FakeClock()
    )
    return list(checks)


@pytest.mark.parametrize(
    ("mode", "words"), [("poll", 'watch = "poll"'), ("auto", "events by inotify")]
)
def test_how_a_directory_is_watched(
    tmp_path: Path, mode: Literal["auto", "poll"], words: str
) -> None:
    """By really setting the watch, or by not having to."""
    (check,) = watched(str(tmp_path), mode)

    assert (check.verdict, words in check.why) == ("ok", True)
    assert str(tmp_path) in check.where


def test_why_a_directory_is_polled(tmp_path: Path) -> None:
    """One that is not there cannot be watched, and that is told."""
    (check,) = watched(str(tmp_path / "later"), "auto")

    assert check.verdict is Verdict.WARNING
    assert "polled every 1 s: it does not exist" in check.why


def test_the_limits_of_inotify_are_told_before_they_are_met(tmp_path: Path) -> None:
    """A user with nearly as many instances as it may have is warned."""
    (tmp_path / "max_user_instances").write_text("2\n")
    (tmp_path / "max_user_watches").write_text("100\n")
    handles = tmp_path / "proc/7/fd"
    handles.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/8").mkdir()
    limits, processes = str(tmp_path), str(tmp_path / "proc")
    (few,) = watches.limit_checks(limits=limits, processes=processes)
    for number in range(2):
        (handles / str(number)).symlink_to("anon_inode:inotify")
    (handles / "plain").write_text("")
    (many,) = watches.limit_checks(limits=limits, processes=processes)
    (unknown,) = watches.limit_checks(limits=str(tmp_path / "no"), processes=processes)

    assert [few.verdict, many.verdict, unknown.verdict] == ["ok", "warning", "ok"]
    assert "at least 2 instances" in many.why


# --- disk


def hourly(*sizes: int, unread_from: int = 0) -> list[Generation]:
    """Return one file an hour, unread from one of them on."""
    return [
        Generation(size, size if at >= unread_from else 0, 3600.0 * at)
        for at, size in enumerate(sizes)
    ]


def test_nothing_unread_can_be_lost() -> None:
    """Rotation takes what was sent."""
    check = disk.rotation_check(
        "log", hourly(GIB, GIB, unread_from=9), is_foreign=False, free_bytes=0
    )

    assert (check.verdict, "nothing unread" in check.why) == ("ok", True)


def test_the_budget_is_reached_at_the_speed_that_files_show() -> None:
    """2 GiB are held and 1 GiB an hour comes: 4 GiB are reached in two hours."""
    check = disk.rotation_check(
        "log",
        hourly(GIB, GIB, GIB, unread_from=1),
        is_foreign=False,
        free_bytes=100 * GIB,
    )

    assert check.verdict is Verdict.WARNING
    assert "2.0 GiB unread; it grows by 1.0 GiB/h, seen over 2.0 hours" in check.why
    assert "lost in 2.0 hours by the writer's default max_total_bytes" in check.why


def test_a_full_disk_comes_before_the_budget() -> None:
    """What is free above the writer's floor is used up in half an hour."""
    check = disk.rotation_check(
        "log", hourly(GIB, GIB), is_foreign=False, free_bytes=GIB
    )

    assert "lost in 30.0 minutes by the writer's default min_free_bytes" in check.why


def test_a_slow_log_has_time() -> None:
    """No warning while there is more than a day."""
    check = disk.rotation_check(
        "log", hourly(1000, 1000), is_foreign=False, free_bytes=100 * GIB
    )

    assert check.verdict is Verdict.OK


def test_what_another_program_keeps_is_not_known() -> None:
    """Only the disk can be foreseen."""
    check = disk.rotation_check(
        "log", hourly(GIB, GIB), is_foreign=True, free_bytes=10 * GIB
    )

    assert "the disk is full in 10.0 hours" in check.why
    assert "cannot be known" in check.why


@pytest.mark.parametrize(
    "generations",
    [hourly(GIB), [Generation(5, 5, 1.0), Generation(5, 5, 2.0)], hourly(5, 0)],
    ids=["one file", "too short a span", "nothing grew"],
)
def test_a_growth_that_does_not_show_is_not_guessed(
    generations: list[Generation],
) -> None:
    """It says that it cannot be known."""
    check = disk.rotation_check("log", generations, is_foreign=False, free_bytes=0)

    assert (check.verdict, "cannot be known" in check.why) == ("ok", True)


def test_a_disk_below_the_writers_floor_is_told(tmp_path: Path) -> None:
    """Where our writer writes; anywhere else it is only a number."""
    checks = disk.space_checks(
        {"logs": True, "state": False, "gone": True},
        free_bytes_of={"logs": 5, "state": 5}.get,
    )

    assert [check.verdict for check in checks] == ["warning", "ok"]
    assert disk.free_bytes(str(tmp_path / "no")) is None


def test_logs_gather_their_rotated_files(tmp_path: Path) -> None:
    """Each file belongs to the log it was turned away from."""
    for name in ("a.jsonl", "a.jsonl.20261123T120000000000Z", "access.log.1"):
        (tmp_path / name).write_bytes(encoded(an_exchange(id=str(uuid4()))))
    sources = (
        SourceSettings(paths=(str(tmp_path / "a.jsonl"),)),
        SourceSettings(paths=(str(tmp_path / "access.log"),), format="combined"),
    )
    logs = found(tmp_path, sources=sources).logs()

    assert sorted(
        (log.where, log.is_foreign, len(log.generations)) for log in logs
    ) == [
        (str(tmp_path / "a.jsonl"), False, 2),
        (str(tmp_path / "access.log"), True, 1),
    ]


# --- state


def verdicts(state_dir: Path) -> dict[str, str]:
    """Return what is said of a state, by code."""
    holder = state.holder_of(str(state_dir))
    checks = state.state_checks(str(state_dir), holder)
    return {check.code: check.verdict for check in checks}


def test_a_state_that_is_not_there_yet(tmp_path: Path) -> None:
    """The first run makes it, where it may."""
    assert verdicts(tmp_path / "a/b") == {
        "SHP020": "ok",
        "SHP021": "ok",
        "SHP022": "ok",
    }
    (tmp_path / "file").write_text("")
    assert verdicts(tmp_path / "file")["SHP020"] == "failure"
    assert verdicts(tmp_path / "file/below")["SHP020"] == "failure"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_of_somebody_else(tmp_path: Path) -> None:
    """Neither to be written nor to be made."""
    tmp_path.chmod(0o500)
    mine = verdicts(tmp_path)["SHP020"]
    new = verdicts(tmp_path / "state")["SHP020"]
    tmp_path.chmod(0o700)

    assert (mine, new) == ("failure", "failure")


def test_a_state_open_to_others_is_warned_of(tmp_path: Path) -> None:
    """Dead letters hold records."""
    tmp_path.chmod(0o755)

    assert verdicts(tmp_path)["SHP020"] == "warning"


def test_a_damaged_database_is_a_failure(tmp_path: Path) -> None:
    """SQLite goes over all of it."""
    tmp_path.chmod(0o700)
    database = tmp_path / "state.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.execute("INSERT INTO t VALUES (hex(zeroblob(20000)))")
    connection.close()
    content = bytearray(database.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    database.write_bytes(content)

    assert verdicts(tmp_path)["SHP021"] == "failure"


@contextmanager
def locked(path: Path, pid: str) -> Iterator[None]:
    """Hold a state's lock."""
    with (path / "lock").open("w") as file:
        file.write(pid)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_the_holder_of_the_lock_is_named(tmp_path: Path) -> None:
    """By the system's table, whatever an old file says; the lock is not tried."""
    (tmp_path / "lock").write_text("1\n")
    nobody = lock_holder(str(tmp_path))
    with locked(tmp_path, f"{os.getpid()}\n"):
        somebody = lock_holder(str(tmp_path))

    assert (nobody.pid, somebody.pid) == (None, os.getpid())


def test_a_shipper_that_is_running_is_told_with_its_pid(tmp_path: Path) -> None:
    """Doctor and shipper do not get into each other's way."""
    with locked(tmp_path, "1\n"):
        holder = state.holder_of(str(tmp_path))
        checks = {c.code: c for c in state.state_checks(str(tmp_path), holder)}

    assert f"held by pid {os.getpid()}" in checks["SHP022"].why


def test_what_the_system_does_not_tell_is_unknown(tmp_path: Path) -> None:
    """Neither held nor free."""
    (tmp_path / "lock").write_text("1\n")
    unknown = lock_holder(str(tmp_path), lock_table=str(tmp_path / "none"))
    inside_a_file = lock_holder(str(tmp_path / "lock"))
    checks = {each.code: each for each in state.state_checks(str(tmp_path), unknown)}

    assert unknown == inside_a_file == Holder(is_known=False)
    assert "cannot be seen" in checks["SHP022"].why


def test_locks_of_other_files_are_not_taken_for_ours(tmp_path: Path) -> None:
    """Another device has the same inode number; the holder's own word decides."""
    lock = tmp_path / "lock"
    lock.write_text("77\n")
    inode = lock.stat().st_ino
    table = tmp_path / "locks"
    rows = f"1: POSIX  ADVISORY  WRITE 77 ff:ff:{inode} 0 EOF\n2: FLOCK ADVISORY\n"
    table.write_text(f"{rows}3: FLOCK  ADVISORY  WRITE 8 ff:ff:{inode} 0 EOF\n")
    other = lock_holder(str(tmp_path), lock_table=str(table))
    table.write_text(f"{rows}3: FLOCK  ADVISORY  WRITE 77 ff:ff:{inode} 0 EOF\n")
    ours = lock_holder(str(tmp_path), lock_table=str(table))

    assert (other.pid, ours.pid) == (None, 77)


# --- the way and the key


def checks_of(server: LoopbackServer, now: datetime = NOW) -> dict[str, Check]:
    """Return what is said of the way to a server, by code."""
    checks = way.way_checks(
        route_to(server.url, NetworkSettings(environ={})),
        user_agent="x",
        connect_seconds=20.0,
        answer_seconds=20.0,
        now=now,
    )
    return {check.code: check for check in checks}


def test_every_layer_of_a_good_way_is_told() -> None:
    """Without a proxy and without TLS, that is what is said."""
    date = ("Date", "Mon, 23 Nov 2026 11:59:30 GMT")
    with LoopbackServer([Reply(404, headers=(date,))]) as server:
        checks = checks_of(server)

    assert set(checks) == set(way.WAY_CODES)
    assert {check.verdict for check in checks.values()} == {"ok"}
    assert "without a proxy" in checks["SHP032"].why
    assert "http://" in checks["SHP033"].why


@pytest.mark.parametrize(
    ("hours", "words"), [(2, "2.0 hours ahead of"), (-2, "2.0 hours behind")]
)
def test_a_clock_that_is_wrong_says_which_way(hours: int, words: str) -> None:
    """By the answer's Date."""
    date = ("Date", "Mon, 23 Nov 2026 12:00:00 GMT")
    with LoopbackServer([Reply(headers=(date,))]) as server:
        check = checks_of(server, NOW + timedelta(hours=hours))["SHP035"]

    assert (check.verdict, words in check.why) == ("warning", True)


def test_an_answer_without_a_date_proves_nothing() -> None:
    """It is no fault of this machine."""
    with LoopbackServer() as server:
        check = checks_of(server)["SHP035"]

    assert (check.verdict, "no time" in check.why) == ("ok", True)


def test_a_monitor_is_not_called_to_see_whether_it_is_there() -> None:
    """A call would say that all is well."""
    with LoopbackServer() as server:
        route = route_to(server.url, NetworkSettings(environ={}))
        there = way.heartbeat_check(route, connect_seconds=20.0)
    gone = way.heartbeat_check(route, connect_seconds=20.0)
    with LoopbackServer(tls=server_tls()) as server:
        route = route_to(server.url, NetworkSettings(environ={}))
        unknown = way.heartbeat_check(route, connect_seconds=20.0)
        heard = server.heard

    assert [there.verdict, gone.verdict, unknown.verdict] == ["ok", *["warning"] * 2]
    assert gone.why.startswith("tcp: ")
    assert "something re-signs with CN=Private Test Authority" in unknown.mend
    assert heard == []


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (Delivered(202), ["skipped", "skipped"]),
        (Refused(400, "400: empty"), ["skipped", "skipped"]),
        (Deferred(Cause.HOLD, "401: no", status=401), ["failure", "skipped"]),
        (Deferred(Cause.FORBIDDEN, "403: no", status=403), ["failure", "skipped"]),
        (Deferred(Cause.HOLD, "404: what?", status=404), ["warning", "skipped"]),
        (Deferred(Cause.NETWORK, "tcp: x: reset"), ["failure", "skipped"]),
    ],
)
def test_what_the_answer_to_nothing_says_of_the_key(
    receipt: Receipt, expected: list[str]
) -> None:
    """A refusal shows; an acceptance is not claimed."""
    checks = list(key.empty_checks(receipt, "host:443"))

    assert expected == [check.verdict for check in checks]
    assert [check.code for check in checks] == [key.ACCEPTED, key.TEST]


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (Delivered(202), ["ok", "ok"]),
        (Refused(400, "400: bad"), ["ok", "failure"]),
        (Deferred(Cause.HOLD, "401: no", status=401), ["failure", "skipped"]),
        (Deferred(Cause.BUSY, "429: no", status=429), ["skipped", "failure"]),
    ],
)
def test_what_the_answer_to_a_record_says(
    receipt: Receipt, expected: list[str]
) -> None:
    """Key and record are told apart."""
    checks = list(key.record_checks(receipt, "host:443"))

    assert expected == [check.verdict for check in checks]


def test_the_test_record_is_one_that_readme_takes() -> None:
    """It has every required field, and is marked as development data."""
    identifier = "7f1e0b46-5f3a-4b4a-9d3e-0d5a6a3c1d11"
    record = key.a_test_record(identifier, now=NOW, version="1.0")

    assert isinstance(contract_check(b"[" + record + b"]"), Accepted)
    assert json.loads(record)["development"] is True


@pytest.mark.parametrize(
    ("text", "verdict"), [("rdme_abcdefghij0123", "ok"), ("sk-abc", "warning")]
)
def test_a_key_is_judged_by_its_shape_and_never_shown(text: str, verdict: str) -> None:
    """One of another service is warned of."""
    check = key.shape_check(text, "README_API_KEY")

    assert check.verdict == verdict
    assert text not in str(check)


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(0o600, "ok"), (0o640, "ok"), (0o644, "warning"), (0o620, "warning")],
)
def test_a_file_with_a_key_is_closed_to_others(
    tmp_path: Path, mode: int, verdict: str
) -> None:
    """Others may not read it, and a group may not replace it."""
    path = tmp_path / "key"
    path.write_text("rdme_x")
    path.chmod(mode)
    (check,) = key.file_checks((str(path), str(tmp_path / "none")))

    assert check.verdict == verdict


# --- systemd and firewall


def test_behind_a_proxy_its_name_is_the_one_to_resolve() -> None:
    """The endpoint's is the proxy's business."""
    with ConnectProxy(1) as proxy:
        url = f"https://127.0.0.1:{proxy.port}/"
    route = route_to("https://a.example/", NetworkSettings(environ={}, proxy=url))
    checks = {
        check.code: check
        for check in way.way_checks(
            route, user_agent="x", connect_seconds=5.0, answer_seconds=5.0, now=NOW
        )
    }

    assert checks["SHP030"].verdict is Verdict.OK
    assert "a.example:443 is resolved by the proxy" in checks["SHP030"].why


def test_units_and_credentials_are_found(tmp_path: Path) -> None:
    """By control groups and by what systemd hands over."""
    for process, group in (("self", "a.service"), ("7", "shipper@prod.service")):
        (tmp_path / process).mkdir()
        text = f"0::/system.slice/{group}\n"
        (tmp_path / process / "cgroup").write_text(text)
    environ = {"INVOCATION_ID": "x", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    without = list(systemd.systemd_checks(environ, 7, processes=str(tmp_path)))
    (tmp_path / systemd.CREDENTIAL_NAME).write_text("rdme_x")
    with_key = list(systemd.systemd_checks(environ, None, processes=str(tmp_path)))

    assert [check.where for check in without[:2]] == [
        "a.service",
        "shipper@prod.service",
    ]
    assert [without[-1].verdict, with_key[-1].verdict] == ["warning", "ok"]


def test_without_systemd_nothing_is_said_of_it(tmp_path: Path) -> None:
    """Nor where its groups cannot be seen."""
    (check,) = systemd.systemd_checks({}, 7, processes=str(tmp_path))

    assert check.verdict is Verdict.SKIPPED


def test_the_request_for_the_firewall_names_all_that_is_asked() -> None:
    """Host, port, protocol, direction, proxy and purpose."""
    far = NetworkSettings(environ={}, proxy="http://owl:s3cret@proxy.example:3128")
    route = route_to("https://metrics.readme.io/v1/request", far)
    near = route_to("http://127.0.0.1:8000/", NetworkSettings(environ={}))
    openings = [
        firewall.opening_for(each, min_tls="1.2", purpose="logs")
        for each in (route, near)
    ]
    text = firewall.request_text(openings, source="owl")

    assert "s3cret" not in text
    for words in (
        "metrics.readme.io",
        "443",
        "SNI metrics.readme.io",
        "outbound",
        "proxy.example:3128",
        "logs",
        "8000",
        "HTTP without TLS",
    ):
        assert words in text
