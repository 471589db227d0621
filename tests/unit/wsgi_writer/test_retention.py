"""Rotated names and what is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.spool import (
    NOON_NS,
    NOON_STAMP,
    WriterClock,
    a_record,
    a_writer,
    numbers_in,
    rotated_files,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in a directory that does not exist yet."""
    return tmp_path / "spool" / "exchanges.jsonl"


def test_rotated_name_is_the_time_of_rotation(path: Path) -> None:
    """A rotated file is BASE, a dot and the UTC time to the microsecond."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=300)
    writer.write(*a_record(200))
    clock.nanoseconds = NOON_NS + 1_234_567_899

    writer.write(*a_record(200))

    names = [file.name for file in rotated_files(path)]
    assert names == ["exchanges.jsonl.20261123T120001234567Z"]


def test_names_stay_sorted_when_the_clock_steps_back(path: Path) -> None:
    """Clock jumps of -400 days, +10 years and -30 days leave names in write order."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=300)

    for days in (0, -400, 0, 3652, -30, 0):
        clock.step_wall(days)
        writer.write(*a_record(200))

    assert numbers_in(path) == [1, 2, 3, 4, 5, 6]
    assert len(rotated_files(path)) == 5


def test_a_new_writer_names_above_every_sibling(path: Path) -> None:
    """A restart with the clock set back, beside a packed file, reuses no name."""
    path.parent.mkdir()
    packed = path.with_name(path.name + ".20300101T000000000000Z.gz")
    packed.write_bytes(b"packed")
    writer = a_writer(path, max_bytes=300)

    for _ in range(2):
        writer.write(*a_record(200))

    expected = [packed.name, path.name + ".20300101T000000000001Z"]
    assert expected == [file.name for file in rotated_files(path)]


@pytest.mark.parametrize(
    "suffix", [".1", ".bak", "-" + NOON_STAMP, ".99999999T999999999999Z"]
)
def test_strangers_names_order_nothing(path: Path, suffix: str) -> None:
    """A name that carries no date of ours does not move the names to come."""
    path.parent.mkdir()
    path.with_name(path.name + suffix).write_bytes(b"")
    writer = a_writer(path, max_bytes=300)

    for _ in range(2):
        writer.write(*a_record(200))

    assert path.with_name(f"{path.name}.{NOON_STAMP}").exists()


@pytest.mark.parametrize("suffix", [".1", ".bak", "-" + NOON_STAMP])
def test_strangers_files_are_never_evicted(path: Path, suffix: str) -> None:
    """What does not carry one of our names neither counts nor goes."""
    path.parent.mkdir()
    stranger = path.with_name(path.name + suffix)
    stranger.write_bytes(b"x" * 5000)
    writer = a_writer(path, max_bytes=300, max_total_bytes=900)

    for _ in range(20):
        assert writer.write(*a_record(200))

    assert stranger.stat().st_size == 5000
    assert len([f for f in path.parent.iterdir() if f != stranger]) == 4


def test_a_directory_or_link_with_our_name_is_left_alone(path: Path) -> None:
    """Only regular files count and are evicted, but every stamp is taken."""
    path.parent.mkdir()
    path.with_name(f"{path.name}.{NOON_STAMP}").mkdir()
    path.with_name(f"{path.name}.20261123T120000000001Z").symlink_to("/etc/passwd")
    writer = a_writer(path, max_bytes=300, max_total_bytes=500)

    for _ in range(5):
        assert writer.write(*a_record(200))

    kept = [file.name[-7:] for file in rotated_files(path)]
    assert kept == ["000000Z", "000001Z", "000005Z"]
