"""The log that all are measured with holds what the measurements rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.peers.contenders import ABSENT_NAMES, PRESENT_NAMES
from benchmarks.peers.data import write_log
from benchmarks.peers.exchanges import Exchange, exchanges
from benchmarks.peers.witness import ids_of

COUNT = 400


@pytest.fixture(scope="module")
def made() -> list[Exchange]:
    """Return the first exchanges of the fixed seed."""
    return list(exchanges(COUNT))


def test_a_seed_makes_the_same_exchanges_again(made: list[Exchange]) -> None:
    """Two runs on two machines measure the same bytes."""
    assert list(exchanges(COUNT)) == made
    assert list(exchanges(COUNT, seed=2)) != made


def test_every_exchange_has_values_to_hide(made: list[Exchange]) -> None:
    """The run with all redacted finds a name in header, query and JSON bodies."""
    header, parameter, member = PRESENT_NAMES

    assert all(header in dict(_lowered(one)) for one in made)
    assert all(f"{parameter}=" in one.query for one in made)
    bodies = [body for one in made for body in (one.request_body, one.response_body)]
    documents = [json.loads(body) for body in bodies if body[:1] == b"{"]
    assert len(documents) > COUNT
    assert all(member in document for document in documents)


def _lowered(exchange: Exchange) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in exchange.request_headers]


def test_the_writers_log_holds_no_absent_name(tmp_path: Path) -> None:
    """Every line is a record of ours, and the list of absent names finds nothing."""
    log = write_log(tmp_path / "logs" / "app.log", COUNT)
    text = log.path.read_text("utf-8").lower()

    assert log.lines == len(set(ids_of(log.path))) == COUNT
    assert log.bytes == log.path.stat().st_size
    assert not [name for name in ABSENT_NAMES if f'"{name}' in text]


def test_lines_are_as_long_as_real_ones(tmp_path: Path) -> None:
    """Median about 2 KB, mean about 3.5 KB, some of tens of KB."""
    sizes = write_log(tmp_path / "app.log", 2000).sizes

    assert 1800 <= sizes["median"] <= 2600
    assert 3000 <= sizes["mean"] <= 3900
    assert 20_000 <= sizes["p99"] <= 45_000
