"""What the doctor says of a state, and of who is using it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shipper.reports.doctor import state
from shipper.store.examined import Holder, lock_holder
from shipper.store.schema import VERSION


def verdicts(state_dir: Path) -> dict[str, str]:
    """Return what is said of a state, by code."""
    holder = state.holder_of(str(state_dir))
    checks = state.state_checks(str(state_dir), holder)
    return {check.code: check.verdict for check in checks}


def test_a_state_that_is_not_there_yet(tmp_path: Path) -> None:
    """The first run makes it, where it may."""
    assert verdicts(tmp_path / "a/b") == {
        "SHP020": "ok",
        "SHP021": "ok",
        "SHP022": "ok",
    }
    (tmp_path / "file").write_text("")
    assert verdicts(tmp_path / "file")["SHP020"] == "failure"
    assert verdicts(tmp_path / "file/below")["SHP020"] == "failure"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_of_somebody_else(tmp_path: Path) -> None:
    """Neither to be written nor to be made."""
    tmp_path.chmod(0o500)
    mine = verdicts(tmp_path)["SHP020"]
    new = verdicts(tmp_path / "state")["SHP020"]
    tmp_path.chmod(0o700)

    assert (mine, new) == ("failure", "failure")


def test_a_state_open_to_others_is_warned_of(tmp_path: Path) -> None:
    """Dead letters hold records."""
    tmp_path.chmod(0o755)

    assert verdicts(tmp_path)["SHP020"] == "warning"


def test_a_damaged_database_is_a_failure(tmp_path: Path) -> None:
    """SQLite goes over all of it."""
    tmp_path.chmod(0o700)
    database = tmp_path / "state.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.execute("INSERT INTO t VALUES (hex(zeroblob(20000)))")
    connection.close()
    content = bytearray(database.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    database.write_bytes(content)

    assert verdicts(tmp_path)["SHP021"] == "failure"


@contextmanager
def locked(path: Path, pid: str) -> Iterator[None]:
    """Hold a state's lock."""
    with (path / "lock").open("w") as file:
        file.write(pid)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_the_holder_of_the_lock_is_named(tmp_path: Path) -> None:
    """By the system's table, whatever an old file says; the lock is not tried."""
    (tmp_path / "lock").write_text("1\n")
    nobody = lock_holder(str(tmp_path))
    with locked(tmp_path, f"{os.getpid()}\n"):
        somebody = lock_holder(str(tmp_path))

    assert (nobody.pid, somebody.pid) == (None, os.getpid())


def test_a_shipper_that_is_running_is_told_with_its_pid(tmp_path: Path) -> None:
    """Doctor and shipper do not get into each other's way."""
    with locked(tmp_path, "1\n"):
        holder = state.holder_of(str(tmp_path))
        checks = {c.code: c for c in state.state_checks(str(tmp_path), holder)}

    assert f"held by pid {os.getpid()}" in checks["SHP022"].why


def test_what_the_system_does_not_tell_is_unknown(tmp_path: Path) -> None:
    """Neither held nor free."""
    (tmp_path / "lock").write_text("1\n")
    unknown = lock_holder(str(tmp_path), lock_table=str(tmp_path / "none"))
    inside_a_file = lock_holder(str(tmp_path / "lock"))
    checks = {each.code: each for each in state.state_checks(str(tmp_path), unknown)}

    assert unknown == inside_a_file == Holder(is_known=False)
    assert "cannot be seen" in checks["SHP022"].why


def test_locks_of_other_files_are_not_taken_for_ours(tmp_path: Path) -> None:
    """Another device has the same inode number; the holder's own word decides."""
    lock = tmp_path / "lock"
    lock.write_text("77\n")
    inode = lock.stat().st_ino
    table = tmp_path / "locks"
    rows = f"1: POSIX  ADVISORY  WRITE 77 ff:ff:{inode} 0 EOF\n2: FLOCK ADVISORY\n"
    table.write_text(f"{rows}3: FLOCK  ADVISORY  WRITE 8 ff:ff:{inode} 0 EOF\n")
    other = lock_holder(str(tmp_path), lock_table=str(table))
    table.write_text(f"{rows}3: FLOCK  ADVISORY  WRITE 77 ff:ff:{inode} 0 EOF\n")
    ours = lock_holder(str(tmp_path), lock_table=str(table))

    assert (other.pid, ours.pid) == (None, 77)
