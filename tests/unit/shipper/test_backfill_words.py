"""The words of ``shipper backfill``, and what a plan tells of real logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shipper.cli.root import main
from tests.support.combined import a_log
from tests.support.records import a_record_line

DATA = Path(__file__).parents[2] / "data"
HOW = ("--base-url", "https://www.example.com", "--identity", "client-ip")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that leads nowhere."""
    path = tmp_path / "config.toml"
    path.write_text(
        'state_dir = "state"\n[readme]\nendpoint = "http://127.0.0.1:9/v1/request"\n'
    )
    monkeypatch.setenv("SHIPPER_CONFIG", str(path))
    monkeypatch.setenv("README_API_KEY", "rdme_x")
    return path


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return the plan of a backfill."""
    code = main(["backfill", "--dry-run", "--json", *words])
    told = capsys.readouterr()
    assert code == 0, told.err
    plan: dict[str, Any] = json.loads(told.out)
    return plan


def test_a_plan_counts_the_requests_of_a_narrow_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No request is larger than what the limit allows in a second."""
    log = tmp_path / "access.log"
    log.write_bytes(a_log(100))
    (wide,) = planned(capsys, str(log), *HOW)["files"]
    (narrow,) = planned(capsys, str(log), *HOW, "--bwlimit", "4k")["files"]

    assert wide["requests"] == 1
    assert narrow["requests"] >= narrow["body_bytes"] / 4096


def test_a_plan_sends_nothing_and_tells_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Format, counts, time span, gaps, and how long it takes, without key or state."""
    log = tmp_path / "access.log"
    late = a_log(3).replace(b"23/Nov/2026:12", b"24/Nov/2026:03")
    log.write_bytes(a_log(100) + b"\nbroken\n" + late)
    plan = planned(capsys, str(log), *HOW, "--rate", "10/s")

    (file,) = plan["files"]
    assert file["format"] == "combined"
    assert (file["lines"], file["exchanges"], file["blank"]) == (105, 103, 1)
    assert file["rejects"] == {"shape": 1}
    assert (file["first"], file["last"][:13]) == (
        "2026-11-23T12:00:00Z",
        "2026-11-24T03",
    )
    assert (file["gap_count"], file["gaps"][0]["hours"]) == (1, 14)
    assert (file["requests"], plan["totals"]["seconds"]) == (11, 10.3)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        (a_log(3), (), "--identity"),
        (a_log(3), ("--identity", "client-ip"), "--base-url"),
        (b"[Mon Nov 23] [error] no\n" * 3, HOW, "--format"),
        (a_log(3), (*HOW, "--identity", "client"), "client-ip"),
        (a_log(3), (*HOW, "--format", "combine"), "combined"),
        (a_log(3), (*HOW, "--timezone", "Mars"), "Europe/Berlin"),
        (a_log(3), (*HOW, "--since", "yesterday"), "2026-11-01"),
        (a_log(3), (*HOW, "--rate", "fast"), "50/s"),
        (a_log(3), (*HOW, "--bwlimit", "much"), "512k"),
        (a_log(3), (*HOW, "--max-rejects", "some"), "1%"),
        (a_log(3), (*HOW, "--since", "2026-02-01", "--until", "2026-01-01"), "--until"),
        (a_log(3), ("--identity", "client-ip", "--base-url", "api"), "https://"),
    ],
)
def test_what_is_missing_or_wrong_is_asked_for(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: bytes,
    words: tuple[str, ...],
    told: str,
) -> None:
    """The error names what to type next, and nothing is sent."""
    log = tmp_path / "access.log"
    log.write_bytes(text)
    code = main(["backfill", str(log), *words])
    told_at = capsys.readouterr().err

    assert code in {2, 65}
    assert told in told_at
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("har/chrome-mitmproxy.har", (2, 1)),
        ("har/insomnia-mitmproxy.har", (1, 0)),
        ("har/with-bom-mitmproxy.har", (1, 0)),
        ("har/redirect-loop-perfcascade.har", (11, 0)),
        ("har/chrome-bbc-perfcascade.har", (120, 0)),
        ("logs/apache-combined-mtail.log", (5, 0)),
        ("logs/lighttpd-mtail.log", (0, 19)),
        ("logs/nginx-combined-malformed-crowdsec.log", (0, 12)),
        ("logs/traefik-clf-crowdsec.log", (6, 1)),
        ("logs/aws-alb-crowdsec.log", (14, 0)),
        ("logs/caddy-json-lnav.log", (4, 0)),
        ("logs/apache-combined-elastic-10k.log.xz", (9999, 1)),
    ],
)
def test_every_sample_gives_what_its_description_says(
    capsys: pytest.CaptureFixture[str], name: str, counts: tuple[int, int]
) -> None:
    """Exchanges and rejects of files that nobody here wrote."""
    words: tuple[str, ...] = HOW
    if "lighttpd" in name:
        words = (*HOW, "--format", "combined")
    (file,) = planned(capsys, str(DATA / name), *words)["files"]

    assert (file["exchanges"], sum(file["rejects"].values())) == counts


def test_samples_that_need_more_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A time zone, a named format: with them, the counts are exact as well."""
    needs = {
        "haproxy-httplog-lnav.log": ("--timezone", "Europe/Paris"),
        "traefik-json-crowdsec.log": ("--format", "traefik-json"),
        "apache-mixed-plaso.log": ("--format", "combined"),
    }
    found = {}
    for name, words in needs.items():
        plan = planned(capsys, str(DATA / "logs" / name), *HOW, *words)
        totals = plan["totals"]
        found[name.partition("-")[0]] = totals["exchanges"], totals["rejects"]

    assert found == {"haproxy": (13, 4), "traefik": (6, 1), "apache": (12, 3)}


def test_a_table_of_callers_is_no_rule(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It gives names to callers that a rule has found, and finds none."""
    (tmp_path / "callers.csv").write_text("key,label\n203.0.113.0,Owl\n")
    with config.open("a") as file:
        file.write('[identify]\nlookup = "callers.csv"\n')
    log = tmp_path / "access.log"
    log.write_bytes(a_log(3))
    code = main(["backfill", str(log), "--base-url", "https://www.example.com"])

    assert code == 2
    assert "--identity" in capsys.readouterr().err


def test_a_plan_has_a_row_for_a_log_without_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be left alone, and the others sent."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_bytes(a_log(3))
    (tmp_path / "logs" / "b.log").touch()
    totals = planned(capsys, str(tmp_path / "logs"), *HOW)["totals"]

    assert (totals["files"], totals["exchanges"]) == (2, 3)


def test_numbers_of_our_writers_prove_no_loss_in_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records of our own need no host, no rule, and no order."""
    log = tmp_path / "exchanges.jsonl"
    envelopes = [{"w": [1, 2, number], "dropped": 7} for number in (900, 3)]
    log.write_bytes(b"\n".join(a_record_line(envelope=one) for one in envelopes))
    (file,) = planned(capsys, str(log))["files"]

    assert (file["format"], file["exchanges"]) == ("own", 2)
