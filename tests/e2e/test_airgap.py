"""Records cross an air gap: exported, carried, sent, and acknowledged; sums add up."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shipper.airgap.checking import open_bundle
from shipper.airgap.receipt import BundleReceipt, encode_receipt
from shipper.receiver.faults import Faults
from shipper.store import open_reader
from tests.support.commands import KEY, Shop, line_with, running, shipper, stop
from tests.support.exchanges import an_exchange, encoded
from tests.support.traces import secret, traces

pytestmark = pytest.mark.e2e

SECONDS = 60.0
NOWHERE = "http://127.0.0.1:9/v1/request"  # the discard port: nobody answers
NO_KEY = {"README_API_KEY": ""}
DENIED = "ssn"
NOT_A_DAY = "2026-02-30T12:00:00.123Z"  # the schema lets it pass, the receiver not
SHARED_KEY = "0123456789abcdef0123456789abcdef"
FAST = "[batch]\nmax_records = 10\nmax_in_flight = 2\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The host that has logs and no network."""
    return _host(tmp_path / "inside")


@pytest.fixture
def outside(tmp_path: Path) -> Shop:
    """The host that has a network and no logs."""
    return _host(tmp_path / "outside")


def _host(directory: Path) -> Shop:
    directory.mkdir()
    host = Shop(directory)
    host.configure(NOWHERE)
    host.configure_more(f'[filter]\ndenylist = ["{DENIED}"]\n')
    return host


@dataclass
class Written:
    """What stands in the log, by what has to become of it."""

    good: list[str] = field(default_factory=list)
    poison: str = ""

    @property
    def exported(self) -> set[str]:
        """What belongs into the bundle."""
        return {*self.good, self.poison}


def _write(shop: Shop) -> Written:
    """Write records of every kind, one of them with a secret on the denylist."""
    written = Written(shop.record(240))
    marked, written.poison = (digit * 8 + written.good[0][8:] for digit in "01")
    written.good.append(marked)
    body = json.dumps({DENIED: secret("denied-answer"), "beside": "harmless"})
    exchange = an_exchange(
        id=marked, response_body=body.encode(), response_type="application/json"
    )
    refused = json.loads(encoded(an_exchange(id=written.poison)))
    refused["entry"]["startedDateTime"] = NOT_A_DAY
    with shop.log.open("ab") as file:
        file.write(b"no record\n")
        file.write(encoded(exchange))
        file.write(json.dumps(refused).encode() + b"\n")
        file.write(encoded(an_exchange(method="OPTIONS")))
    return written


def _export(shop: Shop, *words: str) -> Path:
    bundle = shop.directory / "bundle"
    done = shop.shipper("export", "--out", str(bundle), *words, environ=NO_KEY)
    assert done.returncode == 0, done.stderr
    return bundle


def _audited(shop: Shop) -> dict[str, int]:
    lines: dict[str, int] = _result(shop.shipper("audit", "--json"))["lines"]
    return lines


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        os.sched_yield()


def _result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _checked(bundle: Path) -> int:
    """Let sha256sum(1) judge a bundle."""
    words = ["sha256sum", "-c", "--quiet", "--strict", "SHA256SUMS"]
    return subprocess.run(words, cwd=bundle, check=False).returncode


def _unpacked(bundle: Path) -> dict[str, bytes]:
    """Return every file of a bundle, packed ones unpacked."""
    files = [path for path in bundle.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(bundle)): (
            gzip.decompress(path.read_bytes())
            if path.suffix == ".gz"
            else path.read_bytes()
        )
        for path in files
    }


def _letter_reasons(shop: Shop) -> dict[str | None, str]:
    reader = open_reader(str(shop.directory / "state"))
    assert reader is not None
    letters = [kept.letter for kept in reader.dead_letters()]
    reader.close()
    return {letter.id: letter.detail for letter in letters}


def test_records_cross_the_gap_and_word_comes_back(shop: Shop, outside: Shop) -> None:
    """Scenario 53: checked, and sent though the sender is killed; sums are exact."""
    written = _write(shop)
    key = shop.directory / "shared.key"
    key.write_text(f"{SHARED_KEY}\n")
    signed = ("--hmac-key-file", str(key))

    bundle = _export(shop, *signed)
    exported = _audited(shop)
    carried = Path(shutil.copytree(bundle, outside.directory / "bundle"))
    verified = shipper("bundle", "verify", str(carried), *signed)
    with outside.receiving(faults=Faults(delay_seconds=0.05)) as receiver:
        outside.configure_more(FAST)
        words = ("bundle", "send", str(carried), "--config", str(outside.config))
        with running(*words, *signed) as process:
            _until(lambda: receiver.counts.records >= 60)
            process.kill()
            process.communicate(timeout=SECONDS)
        half = len(set(outside.received()))
        receiver.faults = Faults()
        sent = _result(outside.shipper("bundle send", str(carried), "--json", *signed))
    receipt = str(shutil.copy(carried / "receipt.json", shop.directory))
    acked = shop.shipper("bundle ack", receipt, "--json", *signed, environ=NO_KEY)

    texts = _unpacked(carried)
    lines = texts["parts/000001.jsonl.gz"].splitlines()
    arrived = outside.received()
    assert verified.returncode == _checked(carried) == 0, verified.stderr
    assert {json.loads(line)["_id"] for line in lines} == written.exported
    assert (exported["exported"], exported["delivered"]) == (242, 0)
    assert (exported["skipped"], exported["dead"]) == (1, 1)
    assert 60 <= half < 241
    assert set(arrived) == set(written.good)
    assert len(arrived) - 241 <= 2 * 10, "what was in flight, and nothing else"
    assert (sent["delivered"], sent["dead"]) == (241, 1)
    assert _result(acked)["error"] == ""
    after = {"delivered": 241, "exported": 0, "skipped": 1, "dead": 2, "blank": 0}
    assert _audited(shop) == after
    assert "400" in _letter_reasons(shop)[written.poison]
    assert _holding(texts, KEY, SHARED_KEY, secret("denied-answer")) == []
    assert b"harmless" in texts["parts/000001.jsonl.gz"]


def _holding(texts: dict[str, bytes], *wanted: str) -> list[str]:
    """Return the files that hold a key, or the planted secret in any form."""
    forms = [trace for _, trace in traces("denied-answer")]
    forms += [each.encode() for each in wanted]
    return [name for name, text in texts.items() if any(f in text for f in forms)]


def test_a_running_shipper_counts_the_receipt(shop: Shop) -> None:
    """It says what waits and sends none of it, and `bundle ack` asks it to count."""
    shop.record(4)
    bundle = _export(shop)
    later = shop.record(3)
    with (
        shop.receiving() as receiver,
        running("run", "--config", str(shop.config)) as daemon,
    ):
        line_with(daemon, "bundles_waiting: 4 records left in 1 bundle")
        _until(lambda: receiver.counts.records == 3)
        before = shop.received()
        acked = shop.shipper("bundle ack", _receipt_of(bundle), environ=NO_KEY)
        code, _, err = stop(daemon, signal.SIGTERM)

    assert sorted(before) == sorted(later)
    assert acked.returncode == 0, acked.stderr
    assert "4 delivered, 0 dead" in acked.stdout
    assert code == 143
    assert "bundle_acknowledged" in err


def _receipt_of(bundle: Path) -> str:
    """Write the receipt that a host would write which has sent everything."""
    opened = open_bundle(str(bundle))
    records = opened.manifest.records
    receipt = BundleReceipt(
        format=1,
        bundle=opened.manifest.id,
        manifest_sha256=opened.manifest_sha256,
        records=records,
        delivered=records,
        dead=0,
        dead_records=(),
        sent_at="2026-11-23T12:00:00.000+00:00",
        tool="hartail test",
    )
    path = bundle / "receipt.json"
    path.write_bytes(encode_receipt(receipt, None))
    return str(path)
