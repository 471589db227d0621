"""``shipper preview`` as a reviewer meets it: the bytes, the reasons, no traces."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import SECONDS, Shop, environment
from tests.support.exchanges import an_exchange, encoded
from tests.support.planted import SECRET
from tests.support.random_lines import random_lines

pytestmark = pytest.mark.e2e

LISTS = '[filter]\ndenylist = ["password", "card_number", "kiss", "card.ssn", "ssn"]\n'
COMMAND = (sys.executable, "-m", "shipper", "preview")
NOWHERE = "http://127.0.0.1:9/v1/request"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory with a configuration that sends to a closed port."""
    shop = Shop(tmp_path)
    shop.configure(NOWHERE)
    return shop


def preview(shop: Shop, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command without a key and return bytes as they come."""
    environ = environment()
    del environ["README_API_KEY"]
    return subprocess.run(
        [*COMMAND, "--config", str(shop.config), *words],
        capture_output=True,
        timeout=SECONDS,
        env=environ,
        check=False,
    )


def previewed(shop: Shop, *words: str) -> dict[str, Any]:
    """Return the result as JSON."""
    done = preview(shop, "--json", *words)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_bytes_are_those_that_the_receiver_gets(shop: Shop) -> None:
    """For a thousand random records: the same payloads, in the same order."""
    shop.log.write_bytes(b"".join(random_lines(1000)) + b"no record\n\n")
    with shop.receiving():
        shop.configure_more(LISTS + "[batch]\nmax_in_flight = 1\n")
        before = preview(shop)
        run = shop.shipper("run", "--once")
        after = preview(shop)
        again = preview(shop, str(shop.log))
    received = (shop.directory / "received/logs.jsonl").read_bytes()

    assert run.returncode == 0, run.stderr
    assert received.count(b"\n") == 1000
    assert before.stdout == received
    assert after.stdout == b""
    assert again.stdout == received


def test_every_rule_is_applied_as_the_shipper_does(shop: Shop) -> None:
    """Sampling, removal and detectors change the preview as they change the sending."""
    shop.log.write_bytes(b"".join(random_lines(300, seed=8)))
    with shop.receiving():
        shop.configure_more(
            f'{LISTS}redaction = "remove"\nsample_rate = 0.5\n'
            'detectors = "redact"\n[batch]\nmax_in_flight = 1\n'
        )
        shown = preview(shop)
        shop.shipper("run", "--once")
    received = (shop.directory / "received/logs.jsonl").read_bytes()

    assert 100 < received.count(b"\n") < 300
    assert shown.stdout == received
    assert b"comment: sampled: 1 of 2 (sampled: it stands for" in shown.stderr
    assert b"(changed by a rule)" not in shown.stderr


def test_nothing_is_touched(shop: Shop) -> None:
    """No state appears, no position moves, and no key is asked for."""
    shop.record(3)
    before = shop.log.stat()

    done = preview(shop)

    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(shop.directory)) == ["config.toml", "exchanges.jsonl"]
    assert shop.log.stat().st_mtime_ns == before.st_mtime_ns


def test_every_line_is_told_of_with_its_reason(shop: Shop) -> None:
    """Skipped, unidentified and unreadable lines are shown and counted."""
    shop.configure_more(
        '[filter]\nallowed_http_hosts = ["api.example.com"]\n'
        '[identify]\nunidentified = "drop"\n'
    )
    known = {"id": "sha512-x?abcd", "label": "Owl"}
    line = json.loads(encoded(an_exchange()))
    elsewhere = json.loads(encoded(an_exchange(host="other.example.com")))
    lines = [{**line, "caller": known}, line, elsewhere]
    shop.log.write_text("".join(json.dumps(each) + "\n" for each in lines) + "junk\n")

    result = previewed(shop)
    words = preview(shop).stderr.decode()

    assert [(each["outcome"], each["reason"]) for each in result["records"]] == [
        ("sent", None),
        ("skipped", "unidentified"),
        ("skipped", "host"),
        ("rejected", "not-json"),
    ]
    assert result["totals"]["skipped"] == {"host": 1, "unidentified": 1}
    assert result["totals"]["rejected"] == {"not-json": 1}
    assert "rejected: not-json: the line is no JSON" in words
    assert "skipped: unidentified" in words
    assert "4 lines: 1 would be sent" in words


def _spill(shop: Shop) -> None:
    """Record an exchange with secrets that only the shipper's lists know of."""
    body = json.dumps({"card": {"ssn": SECRET}, "name": "Ada"}).encode()
    shop.log.write_bytes(
        encoded(
            an_exchange(
                target=f"/pay?ssn={SECRET.replace('#', '%23')}&page=2",
                request_body=body,
                request_type="application/json",
                response_headers=[("X-Ssn", SECRET)],
            )
        )
    )
    shop.configure_more('[filter]\ndenylist = ["ssn", "x-ssn"]\n')


def test_each_change_stands_with_its_reason(shop: Shop) -> None:
    """Place, what takes the value's place, and the entry of the list."""
    _spill(shop)

    words = preview(shop).stderr.decode()

    assert "request.headers[" not in words
    assert 'request.url ?ssn: [REDACTED 11] (denylist "ssn")' in words
    assert 'request.postData card.ssn: [REDACTED 11] (denylist "ssn")' in words
    assert 'response.headers[X-Ssn]: [REDACTED 11] (denylist "x-ssn")' in words


def test_a_name_that_is_no_utf_8_stands_in_the_json(shop: Shop) -> None:
    """Names of files are bytes, and one that is odd hides no record."""
    shop.record(1)
    odd = shop.log.with_name(os.fsdecode(b"owls\xff.jsonl"))
    shop.log.rename(odd)

    (record,) = previewed(shop, str(odd))["records"]

    assert record["path"] == str(odd)


def test_what_is_hidden_is_shown_on_request_alone(shop: Shop) -> None:
    """Only --diff prints a value from before; everything else can be pasted."""
    _spill(shop)

    plain, as_json, diff = (
        preview(shop),
        preview(shop, "--json"),
        preview(shop, "--diff"),
    )
    as_json_diff = previewed(shop, "--diff")

    for done in (plain, as_json):
        assert SECRET.encode() not in done.stdout + done.stderr
    assert f"- {SECRET}" in diff.stdout.decode()
    assert "+ [REDACTED 11]" in diff.stdout.decode()
    changes = as_json_diff["records"][0]["changes"]
    assert SECRET in {change["before"] for change in changes}


def test_each_stage_shows_what_it_has(shop: Shop) -> None:
    """From the record on disk to the payload; only the last is redacted."""
    _spill(shop)

    stages = {
        stage: json.loads(preview(shop, "--stage", stage).stdout)
        for stage in ("parsed", "filtered", "identified", "payload")
    }

    assert stages["parsed"] == stages["filtered"]
    assert "caller" not in stages["filtered"]
    assert stages["identified"]["caller"] == {"id": "anonymous", "label": "anonymous"}
    assert SECRET in json.dumps(stages["identified"]["entry"])
    assert SECRET not in json.dumps(stages["payload"])
    assert stages["payload"]["group"] == {"id": "anonymous", "label": "anonymous"}


def test_count_ends_it_early(shop: Shop) -> None:
    """The first N lines, as they would be read."""
    ids = shop.record(5)

    result = previewed(shop, "--count", "2")

    assert ids[:2] == [each["id"] for each in result["records"]]


def test_a_file_of_another_version_is_read_no_further(shop: Shop) -> None:
    """As the shipper would do, and said."""
    shop.record(1)
    with shop.log.open("ab") as file:
        file.write(b'{"v":2}\n')
    shop.record(1)

    result = previewed(shop)

    assert [each["outcome"] for each in result["records"]] == ["sent", "stopped"]
    assert "version 2" in result["records"][1]["detail"]


def test_the_report_is_one_private_file(shop: Shop) -> None:
    """Mode 0600, no second file, and none is replaced unasked."""
    _spill(shop)
    report = shop.directory / "report.html"

    first = preview(shop, "--html", str(report))
    second = preview(shop, "--html", str(report))
    third = preview(shop, "--html", str(report), "--force")

    assert (first.returncode, second.returncode, third.returncode) == (0, 73, 0)
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert len(os.listdir(shop.directory)) == 3
    assert SECRET not in report.read_text()
    assert "[REDACTED 11]" in report.read_text()


def test_a_report_is_told_of(shop: Shop) -> None:
    """One line for people, one object for programs, silence on request."""
    shop.record(2)
    report = str(shop.directory / "report.html")

    words, quiet = (
        preview(shop, "--html", report, "--force", *more).stdout
        for more in ((), ("--quiet",))
    )
    result = previewed(shop, "--html", report, "--force", "--count", "1")

    assert words.decode().startswith("2 lines: 2 would be sent")
    assert words.decode().endswith(f"written to {report}\n")
    assert quiet == b""
    assert result["report"] == report
    assert result["totals"]["sent"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--html", "a.html", "--diff"),
        ("--html", "a.html", "--stage", "parsed"),
        ("--count", "0"),
    ],
)
def test_what_cannot_be_together_is_refused(words: tuple[str, ...], shop: Shop) -> None:
    """With code 2, before anything is read."""
    assert preview(shop, *words).returncode == 2


def test_a_file_that_is_not_there_is_told_of(shop: Shop) -> None:
    """And leaves no report behind."""
    shop.record(1)
    report = shop.directory / "report.html"
    done = preview(shop, "--html", str(report), str(shop.log), "nowhere.log")

    assert done.returncode == 66
    assert "nowhere.log" in done.stderr.decode()
    assert len(os.listdir(shop.directory)) == 2


def test_a_terminal_sees_no_invisible_character(shop: Shop) -> None:
    """What could turn text around is shown as the JSON escape that means the same."""
    body = '{"name":"\u202egnp.exe \u009b2J \U000e0041"}'.encode()
    shop.log.write_bytes(encoded(an_exchange(response_body=body)))
    ours, theirs = os.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(
            [*COMMAND, "--config", str(shop.config), "--quiet"],
            stdout=theirs,
            timeout=SECONDS,
            env=environment(),
            check=True,
        )
        os.close(theirs)
        shown = terminal.read(65536).strip()

    assert done.returncode == 0
    assert json.loads(shown) == json.loads(preview(shop, "--quiet").stdout)
    assert shown.isascii()
    assert rb"\u202e" in shown
