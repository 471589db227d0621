"""The commands of an air gap, in this process: what they do, say and refuse."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipper.airgap.sealing import workshop_of
from shipper.cli.root import main
from shipper.clock import SystemClock
from shipper.errors import StateError
from shipper.receiver.faults import Faults
from shipper.store import StateLock, Store
from tests.support.bundles import BUNDLE_ID, a_bundle
from tests.support.commands import KEY, Shop
from tests.support.exchanges import an_exchange, encoded
from tests.support.full_disk import files_no_larger_than
from tests.support.log_objects import a_log_object

NOWHERE = "http://127.0.0.1:9/v1/request"  # the discard port: nobody answers
SHARED_KEY = "0123456789abcdef"


@dataclass(frozen=True)
class Done:
    """What a command has said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """What it printed as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Host(Shop):
    """A shop whose commands run in this process."""

    told: pytest.CaptureFixture[str]

    def call(self, verb: str, *words: object, config: bool = True) -> Done:
        """Run a command to its end."""
        own = ["--config", str(self.config)] if config else []
        code = main([*verb.split(), *own, *map(str, words)])
        told = self.told.readouterr()
        return Done(code, told.out, told.err)

    def export(self, name: str = "bundle", *words: object) -> Path:
        """Export, and return the bundle."""
        bundle = self.directory / name
        done = self.call("export", "--out", bundle, *words)
        assert done.code == 0, done.err
        return bundle

    def endpoint(self) -> str:
        """Where the configuration sends to."""
        table = tomllib.loads(self.config.read_text())
        url: str = table["readme"]["endpoint"]
        return url

    def follow_access_log(self, log: Path) -> None:
        """Follow the access log of another program, instead."""
        endpoint = self.endpoint()
        self.config.write_text(
            'state_dir = "state"\n'
            f'[[source]]\npaths = ["{log.name}"]\nformat = "combined"\n'
            'base_url = "https://api.example.com"\nidentity = "client-ip"\n'
            f'[readme]\nendpoint = "{endpoint}"\n'
        )

    @property
    def lines(self) -> dict[str, int]:
        """What an audit counts; it must be exact."""
        done = self.call("audit", "--json")
        assert done.code == 0, done.err
        lines: dict[str, int] = done.result["lines"]
        return lines


@pytest.fixture
def host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Host:
    """A host with a log, without a network and without a key."""
    for name in list(os.environ):
        if name.startswith(("SHIPPER_", "README_", "CREDENTIALS_", "INVOCATION_")):
            monkeypatch.delenv(name)
    host = Host(tmp_path, capsys)
    host.configure(NOWHERE)
    return host


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project key, for those who send."""
    monkeypatch.setenv("README_API_KEY", KEY)


@pytest.fixture
def shared(tmp_path: Path) -> Sequence[object]:
    """The option that names a key both hosts share."""
    file = tmp_path / "shared.key"
    file.write_text(SHARED_KEY + "\n")
    return "--hmac-key-file", file


def _ids(bundle: Path) -> list[str]:
    lines = []
    for part in sorted((bundle / "parts").iterdir()):
        with gzip.open(part) as file:
            lines += file.read().splitlines()
    return [json.loads(line)["_id"] for line in lines]


def test_an_export_says_what_is_in_it(host: Host) -> None:
    """Label, counts, times, ranges: for people, and for programs."""
    ids = host.record(3)
    with host.log.open("ab") as file:
        file.write(b"no record\n\n")
    size = host.log.stat().st_size
    done = host.call(
        "export", "--out", host.directory / "b", "--label", "plant 7", "--json"
    )
    listed = host.call("bundle list", host.directory / "b", config=False)
    machine = host.call("bundle list", host.directory, "--json", config=False)

    (bundle,) = machine.result["bundles"]
    manifest = bundle["manifest"]
    (file_range,) = manifest["files"]
    assert (done.code, done.result["records"], done.result["dead"]) == (0, 3, 1)
    assert "bundle_sealed" in done.err
    assert _ids(host.directory / "b") == ids
    assert (manifest["label"], manifest["records"]) == ("plant 7", 3)
    assert manifest["first"] == manifest["last"] == "2026-11-23T12:00:00.123Z"
    assert (file_range["path"], file_range["end_bytes"]) == (str(host.log), size)
    assert (file_range["exported"], file_range["dead"], file_range["blank"]) == (
        (3, 1, 1)
    )
    assert machine.result["schema_version"] == 1
    for text in ("plant 7", "3 records in 1 part", "parts/000001.jsonl.gz", "HMAC"):
        assert text in listed.out


def test_only_a_send_touches_the_network(
    host: Host, key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Export, verify, list, ack and both reports work without a socket."""
    host.record(2)
    bundle = host.export("sent")
    with host.receiving():
        host.call("bundle send", bundle)

    touched = []

    def refuse(_: object, address: object) -> None:
        touched.append(address)
        os.kill(os.getpid(), signal.SIGTERM)  # it would try again for ever
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    host.record(1)
    other = host.export()
    codes = [
        host.call("bundle verify", other, config=False).code,
        host.call("bundle list", other, config=False).code,
        host.call("bundle ack", bundle / "receipt.json").code,
        host.call("status").code,
        host.call("audit").code,
    ]

    assert (codes, touched) == ([0] * 5, [])
    assert host.call("bundle send", other).code == 143
    assert touched


def test_the_settings_have_a_fingerprint(host: Host) -> None:
    """Bundles made under the same rules can be told from others."""
    prints = []
    for name in ("one", "two", "three"):
        if name == "three":
            host.configure_more('[filter]\ndenylist = ["ssn"]\n')
        host.record(1)
        listed = host.call("bundle list", host.export(name), "--json", config=False)
        prints.append(listed.result["bundles"][0]["manifest"]["config_sha256"])

    assert prints[0] == prints[1] != prints[2]


def test_settings_with_a_path_that_is_not_utf_8_have_one_too(host: Host) -> None:
    """Names are bytes, and what is exported has them in its settings."""
    host.record(1)
    odd = host.log.parent / os.fsdecode(b"odd\xff")
    odd.mkdir()
    host.log.rename(odd / host.log.name)
    host.config.rename(odd / host.config.name)

    words = ("--out", host.directory / "bundle", "--config", odd / "config.toml")
    done = host.call("export", *words, config=False)

    assert done.code == 0, done.err


def test_with_nothing_to_export_no_bundle_is_made(host: Host) -> None:
    """Lines that are no records are settled all the same."""
    host.log.write_bytes(b"no record\n")
    done = host.call("export", "--out", host.directory / "b")

    assert done.code == 0
    assert not list(host.directory.glob("b*"))
    assert "no record to export" in done.out
    assert host.lines["dead"] == 1


@pytest.mark.parametrize(
    ("out", "why"), [("state", "there already"), ("no/where", "no directory")]
)
def test_a_name_that_cannot_be_had_is_refused_first(
    out: str, why: str, host: Host
) -> None:
    """Nothing is exported, and nothing is left lying around."""
    host.record(2)
    host.export("other")
    host.record(2)
    before = sorted(os.listdir(host.directory))
    done = host.call("export", "--out", host.directory / out)

    assert done.code == 73
    assert why in done.err
    assert sorted(os.listdir(host.directory)) == before
    assert host.lines["exported"] == 2


def test_a_medium_that_is_full_leaves_everything_as_it_was(host: Host) -> None:
    """No half a bundle, no moved position, and the next export has all of it."""
    ids = host.record(1)
    for number in range(40):
        # What is random takes up its space, packed or not.
        body = os.urandom(8_000).hex().encode()
        ids.append(f"{number:08d}" + ids[0][8:])
        exchange = an_exchange(
            id=ids[-1], response_body=body, response_type="text/plain"
        )
        with host.log.open("ab") as file:
            file.write(encoded(exchange))
    with files_no_larger_than(300_000):
        done = host.call("export", "--out", host.directory / "b")
    left = [name for name in os.listdir(host.directory) if name.startswith("b")]

    assert (done.code, left) == (73, [])
    assert "parts/000001.jsonl.gz: File too large" in done.err
    assert _ids(host.export()) == ids


def test_an_export_that_runs_out_of_time_says_so(host: Host) -> None:
    """It exits 75, and the next one goes on."""
    ids = host.record(2)
    done = host.call("export", "--out", host.directory / "b", "--max-duration", "0")

    assert done.code == 75
    assert "out_of_time" in done.err
    assert _ids(host.export("c")) == ids


def test_an_export_does_not_call_a_stopped_file_done(host: Host) -> None:
    """What was read is sealed; the code and the last word say what was left."""
    host.record(2)
    with host.log.open("ab") as file:
        file.write(b'{"v":9,"id":"of another time"}\n')
    done = host.call("export", "--out", host.directory / "bundle", "--json")

    assert (done.code, done.result["records"]) == (75, 2)
    assert f"1 file(s) are stopped: {host.log}" in done.err


def test_what_a_killed_export_left_is_removed_unless_it_is_at_work(host: Host) -> None:
    """Remains of the same name go; those of another shipper stay."""
    bundle = host.directory / "bundle"
    remains = Path(workshop_of(str(bundle), BUNDLE_ID))
    at_work = Path(workshop_of(str(bundle), BUNDLE_ID.replace("5", "6")))
    other = Path(workshop_of(str(host.directory / "other"), BUNDLE_ID))
    for path in (remains, at_work, other):
        path.mkdir()
    handle = os.open(at_work, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    host.record(1)
    host.export()
    os.close(handle)

    assert [path.exists() for path in (remains, at_work, other)] == [False, True, True]


def test_beside_a_running_shipper_nothing_is_exported(host: Host) -> None:
    """The state has one owner at a time."""
    lock = StateLock(str(host.directory / "state"))
    lock.acquire()
    done = host.call("export", "--out", host.directory / "b")
    lock.release()

    assert done.code == 75
    assert not (host.directory / "b").exists()


def test_a_receipt_that_was_asked_for_waits_for_the_next_export(
    host: Host, key: None
) -> None:
    """Asked beside a process that has ended since, it is counted all the same."""
    host.record(2)
    bundle = host.export()
    with host.receiving():
        host.call("bundle send", bundle)
    lock = StateLock(str(host.directory / "state"))
    lock.acquire()
    asked = host.call("bundle ack", bundle / "receipt.json", "--wait", "0s")
    lock.release()
    host.record(1)
    host.export("another")

    assert asked.code == 75
    assert "the request stays" in asked.err
    assert (host.lines["delivered"], host.lines["exported"]) == (2, 1)


def test_signed_all_the_way(host: Host, key: None, shared: Sequence[object]) -> None:
    """Verify, send and ack take what was made with the key, and nothing else."""
    host.record(2)
    bundle = host.export("signed", *shared)
    plain = _bundle_without_proof(host, bundle)
    verified = host.call("bundle verify", bundle, *shared, "--json", config=False)
    unasked = host.call("bundle verify", bundle, config=False)
    refused = host.call("bundle verify", plain, *shared, config=False)
    with host.receiving() as receiver:
        not_sent = host.call("bundle send", plain, *shared)
        before = receiver.counts.requests
        unsigned = host.call("bundle send", bundle)
        no_ack = host.call("bundle ack", bundle / "receipt.json", *shared)
        signed = host.call("bundle send", bundle, *shared)
        acked = host.call("bundle ack", bundle / "receipt.json", *shared)

    assert (verified.code, verified.result["is_authentic"]) == (0, True)
    assert "was not checked: no --hmac-key-file" in unasked.out
    assert (refused.code, not_sent.code, before) == (65, 65, 0)
    assert (unsigned.code, no_ack.code) == (0, 65)
    assert "sent without --hmac-key-file" in no_ack.err
    assert (signed.code, acked.code) == (0, 0)
    assert host.lines["delivered"] == 2


def _bundle_without_proof(host: Host, bundle: Path) -> Path:
    plain = Path(shutil.copytree(bundle, host.directory / "plain"))
    (plain / "bundle.hmac").unlink()
    return plain


@pytest.mark.parametrize("content", [b"short", None])
def test_a_key_that_is_none_is_refused(content: bytes | None, host: Host) -> None:
    """Nothing is exported that would look authentic."""
    file = host.directory / "key"
    if content is not None:
        file.write_bytes(content)
    host.record(1)
    done = host.call("export", "--out", host.directory / "b", "--hmac-key-file", file)

    assert done.code == 78
    assert str(file) in done.err
    assert not (host.directory / "b").exists()


@pytest.mark.parametrize("damage", ["flipped", "missing", "foreign"])
def test_a_damaged_part_is_refused_before_it_is_sent(
    damage: str, host: Host, key: None
) -> None:
    """Scenario 53: exit 65 names the part; what stood before a changed one is sent."""
    bundle = host.directory / "bundle"
    ids = [f"{n}0000000-0000-4000-8000-000000000000" for n in range(1, 7)]
    payloads = [json.dumps(a_log_object(_id=name)).encode() for name in ids]
    a_bundle(bundle, payloads, records_a_part=2)
    whole = Path(shutil.copytree(bundle, host.directory / "whole"))
    part = bundle / "parts/000002.jsonl.gz"
    if damage == "flipped":
        content = bytearray(part.read_bytes())
        content[30] ^= 1
        part.write_bytes(content)
    elif damage == "missing":
        part.unlink()
    else:
        part = bundle / "parts/000004.jsonl.gz"
        part.write_bytes(b"")
    with host.receiving():
        verified = host.call("bundle verify", bundle, config=False)
        sent = host.call("bundle send", bundle)
        before = host.received()
        mended = host.call("bundle send", whole, "--json")

    assert (verified.code, sent.code, mended.code) == (65, 65, 0), mended.err
    assert str(part) in verified.err
    assert str(part) in sent.err
    assert before == (ids[:2] if damage == "flipped" else [])
    assert not (bundle / "receipt.json").exists()
    assert sorted(host.received()) == ids
    assert mended.result["settled_now"] == 6 - len(before)


def test_what_is_refused_comes_back_as_a_dead_letter(host: Host, key: None) -> None:
    """Its line stays counted, with the receiver's words and the payload."""
    host.record(4)
    host.export("first")
    with host.receiving(faults=Faults(status=400)):
        sent = host.call("bundle send", host.directory / "first", "--json")
    acked = host.call("bundle ack", host.directory / "first/receipt.json", "--json")
    again = host.call("bundle ack", host.directory / "first/receipt.json")
    letters = host.call("dead-letter list", "--json").result["letters"]

    assert (sent.code, sent.result["dead"]) == (0, 4)
    assert (acked.result["delivered"], acked.result["dead"]) == (0, 4)
    assert (again.code, "acknowledged before" in again.err) == (0, True)
    assert len(letters) == 4
    assert {letter["path"] for letter in letters} == {str(host.log)}
    assert all("400" in letter["detail"] for letter in letters)
    assert all(letter["has_payload"] for letter in letters)
    assert host.lines["dead"] == 4


def test_a_line_that_is_no_object_is_dead(host: Host, key: None) -> None:
    """A bundle of another maker does not end the sending."""
    bundle = host.directory / "bundle"
    name = "10000000-0000-4000-8000-000000000000"
    good = json.dumps(a_log_object(_id=name)).encode()
    a_bundle(bundle, [b"[]", good])
    with host.receiving():
        sent = host.call("bundle send", bundle, "--receipt", host.directory / "r.json")

    receipt = json.loads((host.directory / "r.json").read_text())
    assert sent.code == 0, sent.err
    assert (receipt["delivered"], receipt["dead"]) == (1, 1)
    assert receipt["dead_records"][0]["reason"] == "not-json"
    assert host.received() == [name]


def test_a_bundle_is_sent_once(host: Host, key: None) -> None:
    """Sent again, the receipt is written again and nothing else happens."""
    host.record(3)
    bundle = host.export()
    with host.receiving() as receiver:
        host.call("bundle send", bundle)
        # As a crash leaves it that comes while the receipt is written.
        (bundle / "receipt.json").rename(bundle / "receipt.json.new")
        again = host.call("bundle send", bundle)
        records = receiver.counts.records

    assert (again.code, records) == (0, 3)
    assert "3 delivered, 0 dead (0 of them now)" in again.out
    assert (bundle / "receipt.json").exists()


def test_a_send_that_runs_out_of_time_says_how_much_is_left(
    host: Host, key: None
) -> None:
    """Exit 75, no receipt, and why it does not flow."""
    host.record(3)
    bundle = host.export()
    done = host.call("bundle send", bundle, "--max-duration", "300ms")

    assert done.code == 75
    assert "0 delivered, 0 dead (0 of them now); 3 left" in done.out
    assert "out_of_time" in done.err
    assert not (bundle / "receipt.json").exists()


def test_quiet_hours_hold_for_bundles_too(host: Host, key: None) -> None:
    """Nothing is sent in them, and the command is to be given again."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    host.record(3)
    bundle = host.export()
    with host.receiving() as receiver:
        span = f"{now - hour:%H:%M}-{now + 2 * hour:%H:%M}"
        limits = f'[limits]\nquiet_hours = ["{span}"]\ntimezone = "UTC"\n'
        host.configure_more(limits)
        done = host.call("bundle send", bundle)
        requests = receiver.counts.requests

    assert (done.code, requests) == (75, 0), done.err


def test_a_signal_ends_a_send_cleanly(
    host: Host, key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first wait is met by SIGTERM; the code says so."""
    host.record(3)
    bundle = host.export()
    wait = SystemClock.wait

    def interrupted(clock: SystemClock, seconds: float) -> None:
        monkeypatch.setattr(SystemClock, "wait", wait)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(SystemClock, "wait", interrupted)
    done = host.call("bundle send", bundle)

    assert done.code == 143
    assert "stopping" in done.err


def test_what_is_not_sealed_is_neither_listed_nor_sent(host: Host, key: None) -> None:
    """It is told of, and its neighbours are listed."""
    host.record(1)
    sealed = host.export("sealed")
    unsealed = Path(shutil.copytree(sealed, host.directory / "unsealed"))
    (unsealed / "SHA256SUMS").unlink()
    listed = host.call("bundle list", host.directory, config=False)
    sent = host.call("bundle send", unsealed)
    empty = host.call("bundle list", host.directory / "state", config=False)

    assert listed.out.count("1 record in 1 part") == 1
    assert "not sealed" in listed.err
    assert (sent.code, "not sealed" in sent.err) == (65, True)
    assert "no bundle in" in empty.out


def test_what_is_closed_to_us_is_no_bug_of_ours(host: Host) -> None:
    """A directory of bundles is told of, and for a key no new one is proposed."""
    host.record(1)
    bundle = host.export()
    key = host.directory / "shared.key"
    key.write_text(SHARED_KEY)
    closed = host.directory / "closed"
    closed.mkdir()
    for path in (key, closed):
        path.chmod(0)
    if os.access(key, os.R_OK):
        pytest.skip("this user may read everything")
    listed = host.call("bundle list", closed, config=False)
    checked = host.call("bundle verify", bundle, "--hmac-key-file", key, config=False)
    closed.chmod(0o700)

    assert (listed.code, "Permission denied" in listed.err) == (66, True)
    assert (checked.code, "let this user read it" in checked.err) == (78, True)


def test_a_receipt_that_cannot_be_read_is_told(host: Host) -> None:
    """Missing, or damaged on its way."""
    missing = host.call("bundle ack", host.directory / "nothing.json")
    (host.directory / "receipt.json").write_text("{}")
    damaged = host.call("bundle ack", host.directory / "receipt.json")

    assert (missing.code, damaged.code) == (66, 65)


@pytest.mark.parametrize("name", ["no/where", "taken"])
def test_a_receipt_that_cannot_be_written_says_where(
    host: Host, key: None, name: str
) -> None:
    """Everything is sent, nothing is left there, and the next call writes it."""
    host.record(1)
    bundle = host.export()
    (host.directory / "taken").mkdir()
    with host.receiving():
        done = host.call("bundle send", bundle, "--receipt", host.directory / name)
        again = host.call("bundle send", bundle)

    assert (done.code, again.code) == (73, 0)
    assert name in done.err
    assert not list(host.directory.glob("*.new"))


def test_a_run_goes_on_where_the_export_stopped(host: Host, key: None) -> None:
    """What was exported is not sent from here; status and run say that it waits."""
    host.record(7)
    bundle = host.export()
    later = host.record(3)
    with host.receiving():
        run = host.call("run", "--once")
        status = host.call("status")

    assert run.code == 0, run.err
    assert "bundles_waiting: 7 records left in 1 bundle" in run.err
    assert host.received() == later
    assert len(_ids(bundle)) == 7
    assert "7 records exported at 20" in status.out
    assert "10 records: 3 delivered, 7 exported, 0 skipped" in status.out
    assert any(
        line.split()[:5] == ["state", "size", "position", "delivered", "exported"]
        for line in status.out.splitlines()
    )
    assert host.lines["exported"] == 7


def test_a_bundle_whose_name_is_taken_waits_for_it(host: Host) -> None:
    """Committed and not sealed, it is sealed as soon as it can have its name."""
    host.record(2)
    bundle = host.export()
    connection = sqlite3.connect(host.directory / "state/state.sqlite3")
    connection.execute("UPDATE bundles SET sealed_at = NULL")
    ((bundle_id,),) = connection.execute("SELECT id FROM bundles").fetchall()
    connection.commit()
    connection.close()
    bundle.rename(workshop_of(str(bundle), bundle_id))
    bundle.write_text("something else")
    refused = host.call("export", "--out", host.directory / "other")
    bundle.unlink()
    sealed = host.call("export", "--out", bundle, "--json")

    assert refused.code == 73
    assert "something else has its name" in refused.err
    assert (sealed.code, sealed.result["was_cut_off"]) == (0, True)
    assert sealed.result["records"] == len(_ids(bundle)) == 2


def test_a_bundle_that_is_gone_before_it_is_sealed_is_told_of(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its medium was unplugged: nothing is called sealed that is nowhere."""
    host.record(2)
    bundle = host.directory / "bundle"
    away = host.directory / "away"
    commit = Store.commit

    def committed(*words: Any, **names: Any) -> None:
        commit(*words, **names)
        (made,) = host.directory.glob("bundle.unsealed-*")
        made.rename(away)

    monkeypatch.setattr(Store, "commit", committed)
    lost = host.call("export", "--out", bundle)
    monkeypatch.undo()
    (made,) = re.findall(r"bundle\.unsealed-[0-9a-f-]+", lost.err)
    away.rename(host.directory / made)
    sealed = host.call("export", "--out", bundle, "--json")

    assert lost.code == 73
    assert "bundle_sealed" not in lost.err
    assert "run shipper export again" in lost.err
    assert (sealed.code, sealed.result["records"], len(_ids(bundle))) == (0, 2, 2)


@pytest.mark.parametrize("verb", ["export --out bundle", "run --once"])
def test_what_the_state_has_no_room_for_is_left_and_no_success(
    host: Host, key: None, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """A new log is not read before it is written down; there may be room next time."""
    monkeypatch.chdir(host.directory)
    host.record(2)

    def full(*_: object, **__: object) -> None:
        raise StateError("the disk is full", path="state", is_temporary=True)

    with host.receiving():
        with monkeypatch.context() as disk:
            disk.setattr(Store, "record", full)
            early = host.call(verb)
        late = host.call(verb)

    assert (early.code, late.code) == (75, 0), late.err
    assert "state_write_failed" in early.err


COMBINED = (
    '203.0.113.9 - - [23/Nov/2026:12:00:0{} +0000] "GET /owls/{} HTTP/1.1" 200 11 '
    '"-" "owl/1.0"\n'
)


def test_logs_of_other_programs_cross_the_gap_too(host: Host, key: None) -> None:
    """Their records have the ids that a run would give them, and their own places."""
    access = host.directory / "access.log"
    access.write_text("".join(COMBINED.format(n, n) for n in range(4)))
    host.follow_access_log(access)
    bundle = host.export()
    with host.receiving():
        host.follow_access_log(access)
        sent = host.call("bundle send", bundle)
        acked = host.call("bundle ack", bundle / "receipt.json")
        crossed = host.received()
        shutil.rmtree(host.directory / "state")
        host.call("run", "--once")
        ran = host.received()[len(crossed) :]

    assert (sent.code, acked.code) == (0, 0), acked.err
    assert len(crossed) == 4
    assert crossed == ran
