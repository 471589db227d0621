"""Where shipping stands, from a real state and real files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shipper.cli.private_file import write_lines
from shipper.cli.root import main
from shipper.config.settings import SourceSettings
from shipper.reports.standing import Standing, take_standing
from tests.support.clock import START, FakeClock
from tests.support.commands import KEY, Shop
from tests.support.events import RecordingEvents
from tests.support.exchanges import an_exchange, encoded


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A log, and a receiver for it."""
    for name in [name for name in os.environ if name.startswith(("SHIPPER_", "READ"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("README_API_KEY", KEY)
    shop = Shop(tmp_path)
    with shop.receiving():
        yield shop


def standing_of(shop: Shop, *sources: SourceSettings) -> Standing:
    """Look at the log of a shop, and at others."""
    return take_standing(
        str(shop.directory / "state"),
        [SourceSettings(paths=(str(shop.log),)), *sources],
        events=RecordingEvents(),
        clock=FakeClock(),
    )


def test_before_the_first_run_everything_waits(shop: Shop) -> None:
    """And nothing was ever delivered."""
    shop.record(3)
    standing = standing_of(shop)

    assert (standing.has_run, standing.last_delivery) == (False, None)
    assert (standing.waiting_bytes, standing.waiting_files) == (
        shop.log.stat().st_size,
        1,
    )


def test_the_oldest_record_is_found_in_whichever_log_it_is(shop: Shop) -> None:
    """Of other programs' logs the time of their last byte stands for it."""
    for name, hours in (("a.jsonl", 0), ("b.jsonl", 1)):
        began = int((START - timedelta(hours=hours)).timestamp())
        exchange = an_exchange(id=str(uuid4()), started_ns=began * 10**9)
        (shop.directory / name).write_bytes(encoded(exchange))
    foreign = shop.directory / "access.log"
    foreign.write_text("no record of ours\n")
    os.utime(foreign, (1_700_000_000, 1_700_000_000))
    own = SourceSettings(paths=(str(shop.directory / "?.jsonl"),))
    other = SourceSettings(paths=(str(foreign),), format="combined")

    assert standing_of(shop, own).oldest == (START - timedelta(hours=1)).timestamp()
    assert standing_of(shop, own, other).oldest == 1_700_000_000
    assert standing_of(shop).oldest is None


def test_totals_go_on_after_a_restart(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs, one sum; and the textfile is whole and readable for everybody."""
    target = shop.directory / "shipper.prom"
    target.write_text("of yesterday\n")
    for _ in range(2):
        shop.record(2)
        assert main(["run", "--once", "-q", "--config", str(shop.config)]) == 0
    shop.record(1)
    words = ["metrics", "--config", str(shop.config)]
    told = main([*words, "--textfile", str(target)])
    silent = capsys.readouterr().out
    printed = main(words)
    families = {
        family.name: family
        for family in text_string_to_metric_families(target.read_text())
    }
    values = {
        sample.labels.get("outcome", ""): sample.value
        for sample in families["shipper_records"].samples
    }

    assert (told, silent, printed) == (0, "", 0)
    assert "shipper_backlog_bytes" in capsys.readouterr().out
    assert values == {"delivered": 4, "skipped": 0, "dead": 0}
    assert families["shipper_backlog_bytes"].samples[0].value > 0
    assert families["shipper_last_delivery_timestamp_seconds"].samples
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [path.name for path in shop.directory.glob(".shipper-*")] == []


def test_a_textfile_that_cannot_be_written_ends_with_73(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what was there before stays."""
    words = ["metrics", "--config", str(shop.config), "--textfile"]

    assert main([*words, str(shop.directory / "no/shipper.prom")]) == 73
    assert "cannot write the file" in capsys.readouterr().err


def test_metrics_as_json_are_one_object(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the text inside, like every result."""
    main(["metrics", "--json", "--config", str(shop.config)])

    assert '"metrics": "# HELP shipper_build_info' in capsys.readouterr().out


def test_a_file_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    """Whatever the umask; private unless told otherwise."""
    before = os.umask(0o077)
    try:
        write_lines(str(tmp_path / "a"), ["x"], may_replace=False)
        write_lines(str(tmp_path / "b"), ["x"], may_replace=False, mode=0o644)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o644
