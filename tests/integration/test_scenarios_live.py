"""What may happen to files under a running shipper: nothing lost, nothing twice.

Source, watch, state, window and pipeline are real; each scenario of
docs/guarantees.md runs on file events and on polling alone.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.delivering import Delivery, WatchMode, delivering
from tests.support.followed import append, gzip_member, some_lines


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
