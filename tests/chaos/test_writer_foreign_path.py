"""What stands under the writer's name and is no file of its own."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.spool import (
    a_record,
    a_writer,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


def test_symbolic_link_is_refused(path: Path) -> None:
    """A link under our name is not followed: its victim stays as it was."""
    victim = path.with_name("victim")
    victim.write_bytes(b"precious")
    path.symlink_to(victim)

    assert not a_writer(path).write(*a_record())
    assert victim.read_bytes() == b"precious"


def test_dangling_link_creates_nothing(path: Path) -> None:
    """A link to nowhere does not make us create a file elsewhere."""
    path.symlink_to(path.with_name("elsewhere"))

    assert not a_writer(path).write(*a_record())
    assert not path.with_name("elsewhere").exists()


def test_hard_link_is_refused(path: Path) -> None:
    """A file with a second name may be anybody's: it is not written."""
    victim = path.with_name("victim")
    victim.write_bytes(b"precious")
    path.hardlink_to(victim)

    assert not a_writer(path).write(*a_record())
    assert victim.read_bytes() == b"precious"


def make_fifo(path: Path) -> None:
    """Put a FIFO that nobody reads at `path`."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """Put a socket that nobody serves at `path`."""
    old = os.getcwd()
    os.chdir(path.parent)  # the name of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(old)


def make_directory(path: Path) -> None:
    """Put a directory at `path`."""
    path.mkdir()


def make_device(path: Path) -> None:
    """Put a null device at `path`, where we may."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("may not make devices here")


@pytest.mark.parametrize("make", [make_fifo, make_socket, make_directory, make_device])
def test_what_is_no_file_is_refused_at_once(
    path: Path, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A FIFO, socket, directory or device neither hangs nor hears from us."""
    make(path)

    assert not a_writer(path).write(*a_record())
    assert "dropping records" in caplog.text


def test_file_of_another_user_is_refused(path: Path) -> None:
    """A file that somebody else owns is not written, even where we could."""
    path.write_bytes(b"theirs\n")
    try:
        os.chown(path, 65534, 65534)
    except PermissionError:
        pytest.skip("may not give files away here")

    assert not a_writer(path).write(*a_record())
    assert path.read_bytes() == b"theirs\n"


def test_active_file_replaced_by_a_link_is_refused(path: Path) -> None:
    """A link put in the open file's place is noticed at the next write."""
    writer = a_writer(path)
    writer.write(*a_record())
    moved = path.with_name("moved")
    path.rename(moved)
    before = moved.read_bytes()
    path.symlink_to(moved)

    assert not writer.write(*a_record())
    assert before == moved.read_bytes()
