"""Backfills in this process: real logs, a real state, and a receiver on loopback."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from shipper.cli.root import main
from tests.support.combined import a_log
from tests.support.commands import KEY, Shop

HOW = ("--base-url", "https://www.example.com", "--identity", "client-ip")
LINES = a_log(40)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A directory without anything in it, and the key of its project."""
    monkeypatch.setenv("README_API_KEY", KEY)
    return Shop(tmp_path)


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
