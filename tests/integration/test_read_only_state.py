"""A state directory on a disk that is mounted for reading alone: who says what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper.errors import ConfigError, StateUnusableError
from shipper.reports.doctor import state
from shipper.store.directory import prepare_directory
from tests.support.mounts import close_to_writing, small_file_system
from tests.support.settings import KEY, Desk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with a state directory and a log, and nobody may write to it."""
    with small_file_system(tmp_path / "disk", megabytes=2) as disk:
        (disk / "state").mkdir(mode=0o700)
        close_to_writing(disk)
        yield disk


@pytest.mark.parametrize("name", ["state", "new"])
def test_the_disk_is_blamed_and_not_the_user(name: str, disk: Path) -> None:
    """Whoever is told to give the directory to a user would look for long."""
    with pytest.raises(StateUnusableError, match="Read-only file system") as caught:
        prepare_directory(str(disk / name))
    holder = state.holder_of(str(disk / name))
    check = next(state.state_checks(str(disk / name), holder))

    assert "read-only" in str(caught.value.hint)
    assert (check.code, check.verdict) == ("SHP020", "failure")
    assert "read-only" in check.why


def test_a_check_of_the_configuration_says_so(disk: Path, tmp_path: Path) -> None:
    """Of the state and of the egress log, there already or not."""
    desk = Desk(tmp_path)
    text = (
        f'state_dir = "{disk}/state"\n[egress_log]\nfile = "{disk}/egress.log"\n'
        '[[source]]\npaths = ["/log.jsonl"]\n'
    )
    with pytest.raises(ConfigError) as caught:
        desk.load(desk.write(text), KEY, checks="machine")

    problems = [fault.problem for fault in caught.value.faults]
    assert len(problems) == 2
    assert all("lies on a file system that is read-only" in each for each in problems)
