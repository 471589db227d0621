"""What lines become under a configuration, made ready before the first one comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.model import Entry
from shipper.shapers import Shapers, shapers_of
from tests.support.lines import lines_of
from tests.support.records import a_record_line
from tests.support.settings import SMALLEST, Desk

LISTS = {
    "a denylist": 'denylist = ["ssn"]',
    "an allowlist": 'allowlist = ["ssn"]',
    "no list": "",
    "no detectors": 'detectors = "off"',
}


def shapers(directory: Path, text: str) -> Shapers:
    """Return the shapers of a configuration."""
    return shapers_of(Desk(directory).settings(f"{SMALLEST}[filter]\n{text}\n"))


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_all_that_takes_long_is_made_before_the_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A daemon makes its automata at the start, not when a record waits."""
    loaded = shapers(tmp_path, text)
    loaded.load()
    monkeypatch.delattr("hyperscan.Database")

    item = loaded.own.shape(lines_of([a_record_line()])[0])

    assert isinstance(item, Entry)


def test_a_run_that_finds_nothing_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is told to: cron may start it every minute."""
    monkeypatch.delattr("hyperscan.Database")

    fresh = shapers(tmp_path, LISTS["a denylist"])

    with pytest.raises(ImportError):
        fresh.own.shape(lines_of([a_record_line()])[0])
