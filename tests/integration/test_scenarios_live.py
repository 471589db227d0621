"""What may happen to files under a running shipper: nothing lost, nothing twice.

Source, watch, state, window and pipeline are real; each scenario of
docs/guarantees.md runs on file events and on polling alone.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.delivering import (
    MAX_IN_FLIGHT,
    MAX_RECORDS,
    Delivery,
    WatchMode,
    delivering,
)
from tests.support.followed import append, gzip_member, some_lines
from tests.support.programs import require_program


@pytest.fixture(params=["events", "poll"])
def watch(request: pytest.FixtureRequest) -> WatchMode:
    """How the shipper learns that it is time to look."""
    mode: WatchMode = request.param
    return mode


@pytest.fixture
def shipper(tmp_path: Path, watch: WatchMode) -> Iterator[Delivery]:
    """A running shipper that has delivered the ten lines of its log."""
    logs = tmp_path / "logs"
    logs.mkdir()
    append(logs / "app.log", some_lines(0, 10))
    with delivering(tmp_path, watch=watch) as shipper:
        shipper.await_received(10)
        shipper.await_quiet()
        yield shipper
        assert "watch_degraded" not in shipper.names()


def assert_exactly(shipper: Delivery, expected: list[bytes]) -> None:
    """Wait for the lines, look again for more, and compare."""
    shipper.await_received(len(expected))
    shipper.await_rest()
    assert sorted(shipper.received) == sorted(expected)


def test_steady_appends_arrive_in_order(shipper: Delivery) -> None:
    """Scenario 1: a growing file arrives line by line, in order, once."""
    for first in range(10, 1010, 10):
        append(shipper.log, some_lines(first, 10))

    shipper.await_received(1010)
    shipper.await_rest()
    assert some_lines(0, 1010) == shipper.received


def test_both_files_of_a_rotation_may_grow(shipper: Delivery) -> None:
    """Scenario 2: after rename and create, appends to either file arrive once."""
    rotated = Path(f"{shipper.log}.1")
    os.rename(shipper.log, rotated)
    for turn in range(20):
        append(rotated, some_lines(100 + turn, 1))
        append(shipper.log, some_lines(200 + turn, 1))
        shipper.await_received(10 + 2 * turn + 1)

    expected = some_lines(0, 10) + some_lines(100, 20) + some_lines(200, 20)
    assert_exactly(shipper, expected)


def test_five_generations_while_the_receiver_is_slow(shipper: Delivery) -> None:
    """Scenario 3: five renames while reading is held back are read oldest first."""
    shipper.receiver.be_silent()
    for generation in range(5):
        append(shipper.log, some_lines(100 * generation + 100, 60))
        stamp = f"20261123T12000000000{generation}Z"
        os.rename(shipper.log, f"{shipper.log}.{stamp}")
    append(shipper.log, some_lines(900, 10))
    shipper.await_fact(lambda: shipper.receiver.requests_waiting == 4, "a full window")
    shipper.receiver.answer_again()

    expected = some_lines(0, 10)
    for generation in range(5):
        expected += some_lines(100 * generation + 100, 60)
    assert_exactly(shipper, expected + some_lines(900, 10))
    assert sorted(shipper.received) == shipper.received


def test_a_file_deleted_while_unread_is_drained(shipper: Delivery) -> None:
    """Scenario 4: the open handle keeps what no name leads to any more."""
    shipper.receiver.be_silent()
    append(shipper.log, some_lines(10, 200))
    shipper.await_fact(lambda: shipper.receiver.requests_waiting == 4, "a full window")
    os.rename(shipper.log, f"{shipper.log}.1")
    append(shipper.log, some_lines(500, 10))
    Path(f"{shipper.log}.1").unlink()
    shipper.receiver.answer_again()

    assert_exactly(shipper, some_lines(0, 210) + some_lines(500, 10))
    assert "file_lost" not in shipper.names()


@pytest.mark.parametrize("regrown", [3, 60])
def test_copytruncate_with_the_copy_beside_it(shipper: Delivery, regrown: int) -> None:
    """Scenario 5: the copy takes over what was unread, the emptied file starts anew."""
    shipper.receiver.be_silent()
    append(shipper.log, some_lines(10, 60))
    shipper.await_fact(lambda: shipper.receiver.requests_waiting == 4, "a full window")
    Path(f"{shipper.log}.1").write_bytes(shipper.log.read_bytes())
    os.truncate(shipper.log, 0)
    append(shipper.log, some_lines(100, regrown))
    shipper.receiver.answer_again()

    assert_exactly(shipper, some_lines(0, 70) + some_lines(100, regrown))


def test_copytruncate_with_the_copy_elsewhere(
    shipper: Delivery, tmp_path: Path
) -> None:
    """Scenario 6: when all was read before, a copy out of sight costs nothing."""
    (tmp_path / "archive").write_bytes(shipper.log.read_bytes())
    os.truncate(shipper.log, 0)
    append(shipper.log, some_lines(100, 5))

    assert_exactly(shipper, some_lines(0, 10) + some_lines(100, 5))
    assert "file_lost" not in shipper.names()


@pytest.mark.parametrize("regrown", [3, 40])
def test_truncated_and_written_anew(shipper: Delivery, regrown: int) -> None:
    """Scenarios 7 and 8: emptied and refilled, below or past the old position.

    Scenario 7: fewer lines than before. Scenario 8: more lines than before.
    """
    shipper.log.write_bytes(b"")
    append(shipper.log, some_lines(100, regrown))

    assert_exactly(shipper, some_lines(0, 10) + some_lines(100, regrown))
    assert shipper.names().count("file_truncated") == 1


def test_a_stale_descriptor_leaves_a_hole(shipper: Delivery) -> None:
    """Scenario 10: who writes on at the old offset leaves NULs, which cost no line."""
    with shipper.log.open("r+b", buffering=0) as stale:
        stale.seek(0, os.SEEK_END)
        os.truncate(shipper.log, 0)
        stale.write(some_lines(100, 1)[0] + b"\n")
        stale.write(some_lines(101, 1)[0] + b"\n")

    assert_exactly(shipper, some_lines(0, 10) + some_lines(100, 2))
    shipper.stop()
    sums = shipper.sums().lines
    assert (sums.delivered, sums.dead) == (12, 0)


def test_deleted_and_made_again(shipper: Delivery) -> None:
    """Scenario 11: a new, longer file under the old name is read whole."""
    shipper.log.unlink()
    append(shipper.log, some_lines(100, 40))

    assert_exactly(shipper, some_lines(0, 10) + some_lines(100, 40))


def test_rotated_and_packed(shipper: Delivery) -> None:
    """Scenario 13: gzip replaces the rotated file while it is read; once is enough."""
    shipper.receiver.be_silent()
    append(shipper.log, some_lines(10, 60))
    shipper.await_fact(lambda: shipper.receiver.requests_waiting == 4, "a full window")
    rotated = Path(f"{shipper.log}.1")
    os.rename(shipper.log, rotated)
    append(shipper.log, some_lines(100, 3))
    Path(f"{rotated}.gz").write_bytes(gzip.compress(rotated.read_bytes()))
    rotated.unlink()
    shipper.receiver.answer_again()

    assert_exactly(shipper, some_lines(0, 70) + some_lines(100, 3))


def test_an_archive_in_the_making_is_waited_for(shipper: Delivery) -> None:
    """Scenario 15: half of an archive gives whole lines, its rest the others."""
    text = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(5000))
    packed = gzip_member(text)
    archive = Path(f"{shipper.log}.2.gz")
    with archive.open("wb", buffering=0) as file:
        file.write(packed[: len(packed) // 2])
        shipper.await_received(100)
        shipper.await_rest()
        early = len(shipper.received)
        file.write(packed[len(packed) // 2 :])
        assert_exactly(shipper, some_lines(0, 10) + text.split(b"\n")[:-1])

    assert early < 5010


def test_half_a_line_waits_for_its_rest(shipper: Delivery) -> None:
    """Scenario 24: a line that pauses in the middle is one record."""
    (line,) = some_lines(10, 1)
    with shipper.log.open("ab", buffering=0) as file:
        file.write(line[:30])
        shipper.await_rest()
        early = len(shipper.received)
        file.write(line[30:] + b"\n")

    assert_exactly(shipper, some_lines(0, 11))
    assert early == 10


def test_a_batch_in_the_middle_of_a_rotation_is_not_read_again(
    shipper: Delivery,
) -> None:
    """Scenario 12: stopped with the window full, renamed, started: one window twice."""
    shipper.receiver.be_silent()
    append(shipper.log, some_lines(10, 100))
    shipper.await_fact(lambda: shipper.receiver.requests_waiting == 4, "a full window")
    shipper.stop()
    os.rename(shipper.log, f"{shipper.log}.1")
    append(shipper.log, some_lines(200, 5))
    shipper.receiver.answer_again()
    shipper.start()

    assert_exactly(shipper, some_lines(0, 110) + some_lines(200, 5))


def test_three_rotations_two_of_them_packed(shipper: Delivery) -> None:
    """Scenario 14: after a pause, three generations come oldest first, once."""
    shipper.stop()
    for number, first in ((3, 10), (2, 20), (1, 30)):
        append(shipper.log, some_lines(first, 10))
        rotated = Path(f"{shipper.log}.{number}")
        os.rename(shipper.log, rotated)
        if number > 1:
            packed = Path(f"{rotated}.gz")
            packed.write_bytes(gzip.compress(rotated.read_bytes()))
            rotated.unlink()
            rotated = packed
        os.utime(rotated, (1000 - number, 1000 - number))
    append(shipper.log, some_lines(40, 5))
    shipper.start()

    assert_exactly(shipper, some_lines(0, 45))
    assert some_lines(0, 45) == shipper.received


@pytest.mark.parametrize("damage", ["checksum", "middle"])
def test_a_damaged_archive_is_told_once(shipper: Delivery, damage: str) -> None:
    """Scenario 16: what can be unpacked arrives once, the damage is told once."""
    text = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(5000))
    packed = bytearray(gzip_member(text))
    packed[-8 if damage == "checksum" else len(packed) // 2] ^= 0xFF
    Path(f"{shipper.log}.2.gz").write_bytes(packed)
    shipper.await_event("file_unreadable")
    shipper.await_rest()
    shipper.stop()
    shipper.start()
    shipper.await_rest()

    unpacked, received = text.split(b"\n")[:-1], shipper.received[10:]
    # Behind a damaged byte all is garbled, and deflate may not notice for long.
    sure = unpacked[: 5000 if damage == "checksum" else 2400]
    assert sure == received[: len(sure)]
    assert not set(sure) & set(received[len(sure) :])
    # Once in each run.
    assert shipper.names().count("file_unreadable") == 2


def test_an_archive_that_ends_early_is_told(shipper: Delivery) -> None:
    """Scenario 16: an archive cut short arrives as far as it goes, and is told."""
    text = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(5000))
    packed = gzip_member(text)
    archive = Path(f"{shipper.log}.2.gz")
    archive.write_bytes(packed[: len(packed) // 2])
    shipper.await_event("file_unreadable")
    early = len(shipper.received)
    archive.write_bytes(packed)

    assert_exactly(shipper, some_lines(0, 10) + text.split(b"\n")[:-1])
    assert 1000 < early < 5010
    assert shipper.names().count("file_unreadable") == 1


def test_stopped_in_the_middle_of_an_archive(shipper: Delivery) -> None:
    """Scenario 17: it goes on at its unpacked position; one window comes twice."""
    shipper.receiver.be_silent()
    Path(f"{shipper.log}.2.gz").write_bytes(
        gzip_member(b"".join(line + b"\n" for line in some_lines(100, 500)))
    )
    shipper.await_fact(lambda: shipper.receiver.requests_waiting == 4, "a full window")
    # Taken, and the answers lost: the shipper ends without having heard them.
    shipper.receiver.take_without_answer()
    shipper.stop()
    shipper.receiver.answer_again()
    shipper.start()
    shipper.await_received(510 + MAX_IN_FLIGHT * MAX_RECORDS)
    shipper.await_rest()

    assert some_lines(0, 10) + some_lines(100, 500) == sorted(set(shipper.received))
    assert len(shipper.twice()) <= MAX_IN_FLIGHT * MAX_RECORDS


def test_an_archive_of_several_members(shipper: Delivery) -> None:
    """Scenario 18: members in a row are one stream of lines."""
    text = b"".join(line + b"\n" for line in some_lines(100, 500))
    members = [gzip_member(text[at : at + 7777]) for at in range(0, len(text), 7777)]
    Path(f"{shipper.log}.2.gz").write_bytes(b"".join(members))

    assert_exactly(shipper, some_lines(0, 10) + some_lines(100, 500))


def test_half_a_line_across_a_restart(shipper: Delivery) -> None:
    """Scenario 25: a line begun before a restart and finished after is one record."""
    (line,) = some_lines(10, 1)
    with shipper.log.open("ab", buffering=0) as file:
        file.write(line[:30])
        shipper.await_rest()
        shipper.stop()
        shipper.start()
        shipper.await_rest()
        file.write(line[30:] + b"\n")

    assert_exactly(shipper, some_lines(0, 11))


def test_a_switched_link(tmp_path: Path, watch: WatchMode) -> None:
    """Scenario 46: the link's old target is read to its end, then its new one."""
    logs = tmp_path / "logs"
    logs.mkdir()
    append(tmp_path / "old", some_lines(0, 3))
    append(tmp_path / "new", some_lines(10, 3))
    link = logs / "app.log"
    link.symlink_to(tmp_path / "old")
    with delivering(tmp_path, watch=watch) as shipper:
        shipper.await_received(3)
        shipper.await_quiet()
        append(tmp_path / "old", some_lines(3, 2))
        link.unlink()
        link.symlink_to(tmp_path / "nowhere")
        shipper.await_received(5)
        link.unlink()
        link.symlink_to(tmp_path / "new")
        assert_exactly(shipper, some_lines(0, 5) + some_lines(10, 3))


def test_one_huge_file_beside_many_small_ones(tmp_path: Path, watch: WatchMode) -> None:
    """Scenario 44: small files do not wait until the large one has been read."""
    logs = tmp_path / "logs"
    logs.mkdir()
    append(logs / "huge.log", some_lines(0, 20_000))
    small = [some_lines(100_000 + number, 1)[0] for number in range(100)]
    for number, line in enumerate(small):
        append(logs / f"{number}.log", [line])
    options = {"pattern": "*.log", "read_bytes": 4096}
    with delivering(tmp_path, watch=watch, **options) as shipper:
        shipper.await_received(20_100)
        shipper.await_rest()

        places = [shipper.received.index(line) for line in small]
        assert len(shipper.received) == 20_100
        assert shipper.twice() == []
        # In two rounds at most, of a block of the huge file and 100 small ones.
        assert max(places) < 100 + 2 * 4096 // 100


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_jumps(shipper: Delivery, days: int) -> None:
    """Scenario 48: a day back or forth neither stalls nor loses nor repeats."""
    append(shipper.log, some_lines(10, 5))
    shipper.clock.step_wall(days=days)
    append(shipper.log, some_lines(15, 5))
    now = shipper.clock.now().timestamp()
    sealed = f"{shipper.log}.20261123T120000000000Z"
    os.rename(shipper.log, sealed)
    os.utime(sealed, (now, now))
    append(shipper.log, some_lines(20, 5))
    shipper.await_received(25)
    shipper.stop()
    shipper.clock.step_wall(days=-2 * days)
    shipper.start()
    append(shipper.log, some_lines(25, 5))

    assert_exactly(shipper, some_lines(0, 30))


def test_an_overflowing_queue_of_events(tmp_path: Path) -> None:
    """Scenario 41: with room for 16 events, a burst over many files is all read."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with (
        event_queue_of(16),
        delivering(tmp_path, watch="events", pattern="*.log") as shipper,
    ):
        shipper.await_quiet()
        expected = []
        for number in range(300):
            lines = some_lines(number * 10, 3)
            append(logs / f"{number % 100}.log", lines)
            expected += lines

        assert_exactly(shipper, expected)
        assert "watch_degraded" not in shipper.names()


def test_a_limit_on_watches(tmp_path: Path) -> None:
    """Scenario 42: where no watch can be set, polling finds the lines, and it is told.

    The limit is the real one, of a user name space of its own.
    """
    script = """
        import sys
        from pathlib import Path
        from tests.support.delivering import delivering
        from tests.support.followed import append, some_lines
        logs = Path(sys.argv[1], "logs")
        for number in range(3):
            (logs / str(number)).mkdir(parents=True)
        with delivering(Path(sys.argv[1]), watch="events", pattern="*/app.log") as one:
            one.await_event("watch_degraded")
            for number in range(3):
                append(logs / str(number) / "app.log", some_lines(10 * number, 5))
            one.await_received(15)
            one.await_rest()
            print(len(one.received), len(one.twice()), *set(one.names()))
        """
    limit = 'echo 1 > /proc/sys/user/max_inotify_watches && exec "$@"'
    done = subprocess.run(
        [
            *in_user_namespace(),
            "sh",
            "-c",
            limit,
            "sh",
            sys.executable,
            "-c",
            textwrap.dedent(script),
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert done.stdout.split()[:2] == ["15", "0"], done.stderr
    assert "watch_degraded" in done.stdout


EVENT_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@contextmanager
def event_queue_of(count: int) -> Iterator[None]:
    """Let inotify queues that are made in the block hold so many events."""
    before = EVENT_QUEUE.read_text() if EVENT_QUEUE.exists() else ""
    try:
        EVENT_QUEUE.write_text(str(count))
    except OSError:
        pytest.skip("cannot set the length of inotify queues here")
    try:
        yield
    finally:
        EVENT_QUEUE.write_text(before)


def in_user_namespace() -> list[str]:
    """Return what to put before a command to give it limits of its own."""
    unshare = [require_program("unshare"), "--user", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("cannot make a user name space here")
    return unshare
