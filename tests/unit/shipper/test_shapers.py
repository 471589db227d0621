"""What lines become under a configuration, made ready before the first one comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from shipper.glance import LEAST_BYTES
from shipper.model import Entry
from shipper.parse import parse
from shipper.record import Record
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


@pytest.mark.parametrize(
    ("text", "is_clear"),
    [(LISTS["a denylist"], True), (LISTS["an allowlist"], False)],
)
def test_a_block_is_looked_at_for_all_that_may_change_an_entry(
    tmp_path: Path, text: str, *, is_clear: bool
) -> None:
    """Unless an allowlist does, which no word gives away."""
    data = a_record_line()
    (line,) = lines_of([data])
    record = parse(data)
    assert isinstance(record, Record)
    for listed in (b"", b"ssn", b"4111111111111111,"):
        block = data.replace(record.entry, record.entry[:-1] + listed + b"}")
        entry = block[block.index(record.entry[:-1]) : -1]
        among = replace(line, data=block, block=block + b"\n" + b"." * LEAST_BYTES)
        glance = shapers(tmp_path, text).own.glance

        assert glance.is_clear(among, entry) is (is_clear and not listed)


def test_a_run_that_finds_nothing_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is told to: cron may start it every minute."""
    monkeypatch.delattr("hyperscan.Database")

    fresh = shapers(tmp_path, LISTS["a denylist"])

    with pytest.raises(ImportError):
        fresh.own.shape(lines_of([a_record_line()])[0])
