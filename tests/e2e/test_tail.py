"""`shipper tail` beside a running writer: live, through rotation, up to Ctrl-C."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path

import pytest

from tests.support.commands import Shop, running, stop

pytestmark = pytest.mark.e2e


def test_a_developer_watches_exchanges_and_keeps_them(tmp_path: Path) -> None:
    """A line for each at once; Ctrl-C leaves a HAR with all of them, and no state."""
    shop = Shop(tmp_path)
    shop.configure("http://127.0.0.1:9/v1/request")
    out = tmp_path / "out.har"
    words = ("--config", str(shop.config), "-n", "1", "--har", str(out), "--json")
    ids = shop.record(1)
    with running("tail", str(shop.log), *words) as process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())["id"]]
        for stamp in ("120000", "130000"):
            ids += shop.record(2)
            seen += [json.loads(process.stdout.readline())["id"] for _ in range(2)]
            shop.log.rename(f"{shop.log}.20261123T{stamp}000000Z")
        ids += shop.record(1)
        seen += [json.loads(process.stdout.readline())["id"]]
        code, rest, told = stop(process, signal.SIGINT)

    entries = json.loads(out.read_text())["log"]["entries"]
    assert (code, rest, told) == (0, "", "")
    assert seen == ids
    assert len(entries) == len(ids)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert not (tmp_path / "state").exists()
