"""Forks, at the worst of moments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.spool import (
    records_in,
    run_script,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


FORK_AFTER_OPEN = """
    import os, sys
    from wsgi_writer.rotate import RotatingFile

    def held():
        count = 0
        for fd in range(64):
            try:
                count += os.path.samestat(os.fstat(fd), os.stat(sys.argv[1]))
            except OSError:
                pass
        return count

    writer = RotatingFile(sys.argv[1], min_free_bytes=0, lock_timeout=20, cooldown=0)
    tail = b',"entry":1}\\n'
    assert writer.write(b'{"v":1', tail)
    writer.count_dropped()
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            held_before = held()
            done = all(writer.write(b'{"v":1', tail) for _ in range(500))
            os._exit(0 if (done, held_before, held()) == (True, 0, 1) else 1)
        children.append(pid)
    assert all(writer.write(b'{"v":1', tail) for _ in range(500))
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    """


def test_children_forked_after_open_are_writers_of_their_own(path: Path) -> None:
    """Each child numbers from one, loses nothing, and keeps no inherited descriptor.

    What the parent lost before the fork is the parent's to tell.
    """
    run_script(FORK_AFTER_OPEN, path)

    found = records_in(path)
    assert len(found) == 2501
    by_writer: dict[tuple[int, int], list[int]] = {}
    for record in found:
        pid, opened_ns, number = record["w"]
        by_writer.setdefault((pid, opened_ns), []).append(number)
    parent = [1, *range(3, 503)]
    assert [parent] + [list(range(1, 501))] * 4 == sorted(
        by_writer.values(), key=lambda numbers: -numbers[-1]
    )
    assert sum("dropped" in record for record in found) == 1


FORK_WHILE_LOCKED = """
    import fcntl, os, sys, threading
    from wsgi_writer.rotate import RotatingFile

    path = sys.argv[1]
    entered, leave = threading.Event(), threading.Event()
    parent = os.getpid()

    def slow(fd, line):
        if os.getpid() == parent:
            entered.set()
            leave.wait(20)
        return os.write(fd, line)

    writer = RotatingFile(
        path, min_free_bytes=0, lock_timeout=0.01, cooldown=0, os_write=slow
    )
    tail = b',"entry":1}\\n'
    thread = threading.Thread(target=writer.write, args=(b'{"v":1', tail))
    thread.start()
    assert entered.wait(20)
    pid = os.fork()
    if pid == 0:
        done = all(writer.write(b'{"v":1', tail) for _ in range(100))
        writer.close()
        # The parent's write is still under way: its lock must have survived ours.
        other = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os._exit(0 if done else 1)
        os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    leave.set()
    thread.join()
    assert writer.write(b'{"v":1', tail)
    """


def test_fork_while_a_thread_holds_both_locks(path: Path) -> None:
    """The child neither deadlocks nor releases the lock its parent holds."""
    run_script(FORK_WHILE_LOCKED, path)

    assert len(records_in(path)) == 102


FORK_WITHOUT_HOOKS = """
    import ctypes, os, sys
    from wsgi_writer.rotate import RotatingFile

    writer = RotatingFile(sys.argv[1], min_free_bytes=0)
    tail = b',"entry":1}\\n'
    writer.write(b'{"v":1', tail)
    writer.count_dropped()
    fork = ctypes.PyDLL(None).fork
    pid = fork()
    if pid == 0:
        if sys.argv[2] == "lost":
            writer.count_dropped()
        os._exit(0 if writer.write(b'{"v":1', tail) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    """


@pytest.mark.parametrize(("first", "number"), [("written", 1), ("lost", 2)])
def test_fork_that_python_does_not_see_is_noticed_by_the_pid(
    path: Path, first: str, number: int
) -> None:
    """A server that forks in C gives its children writers of their own too."""
    run_script(FORK_WITHOUT_HOOKS, path, first)

    parents, childs = records_in(path)
    assert parents["w"][0] != childs["w"][0]
    assert (parents["w"][2], childs["w"][2]) == (1, number)
    assert childs.get("dropped", 0) == number - 1
