"""`shipper status` tells which limits hold now, and what they have made wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shipper.cli.root import main
from shipper.store import open_store

LIMITS = 'rate = "3000/m"\nbwlimit = "00:00,2k"\ntimezone = "UTC"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with limits and quiet hours that hold now."""
    now = datetime.now(UTC)
    begin, end = now - timedelta(hours=1), now + timedelta(hours=1)
    path = tmp_path / "config.toml"
    path.write_text(
        'state_dir = "state"\n[[source]]\npaths = ["log.jsonl"]\n[limits]\n'
        f'{LIMITS}quiet_hours = ["{begin:%H:%M}-{end:%H:%M}"]\n'
    )
    return path


def test_what_holds_now_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and for programs."""
    assert main(["status", "--config", str(config)]) == 0
    words = capsys.readouterr().out
    assert main(["status", "--config", str(config), "--json"]) == 0
    limits = json.loads(capsys.readouterr().out)["limits"]

    assert f"quiet hours until {limits.pop('quiet_until')}: nothing is sent" in words
    assert "limit: 50 records/s" in words
    assert "limit: 2,048 bytes/s" in words
    assert limits == {
        "records_per_second": 50.0,
        "bytes_per_second": 2048.0,
        "held_records": {},
    }


def test_what_had_to_wait_is_counted(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records by the limit that held them up, from the state."""
    store = open_store(str(config.parent / "state"))
    store.record(counters=[("limited:rate", 7), ("limited:quiet_hours", 3)])
    store.close()
    assert main(["status", "--config", str(config)]) == 0

    assert (
        "records that limits made wait: 10 (quiet_hours: 3, rate: 7)"
        in capsys.readouterr().out
    )
