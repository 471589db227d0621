"""The real logrotate over a log that another program writes and a shipper follows."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.delivering import Delivery, WatchMode, delivering
from tests.support.followed import some_lines
from tests.support.programs import require_program

pytestmark = pytest.mark.chaos

ROTATIONS = 6
LINES = 50  # between two rotations


@pytest.fixture(params=["events", "poll"])
def shipper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Delivery]:
    """A running shipper over a directory without a log."""
    watch: WatchMode = request.param
    with delivering(tmp_path, watch=watch) as shipper:
        yield shipper


def logrotate_of(shipper: Delivery, directives: str) -> Callable[[], None]:
    """Return what rotates the followed log once, with these directives."""
    program = require_program("logrotate")
    shipper.logs.chmod(0o750)
    place = shipper.logs.parent
    config = place / "logrotate.conf"
    config.write_text(
        f'"{shipper.log}" {{\n rotate 100\n missingok\n {directives}\n}}\n'
    )
    config.chmod(0o600)
    command = [program, "--force", "--state", str(place / "rotated"), str(config)]

    def rotate() -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    return rotate


@pytest.mark.parametrize(
    "directives",
    [
        "create 0640",
        "nocreate",
        "create 0640\n compress",
        "create 0640\n compress\n delaycompress",
        "nocreate\n dateext\n dateformat -%Y%m%d-%s",
    ],
)
def test_rotation_by_rename(shipper: Delivery, directives: str) -> None:
    """Scenarios 2 and 13: logrotate renames, creates and packs; no line is lost.

    The writer keeps its handle over the rotation, as nginx does until it is told to
    reopen, and the shipper reads at its own pace.
    """
    rotate = logrotate_of(shipper, directives)
    writer = shipper.log.open("ab", buffering=0)
    for turn in range(ROTATIONS):
        write(writer.write, turn, range(LINES // 2))
        if "dateext" not in directives or turn == 0:
            rotate()
        if "compress" not in directives or "delay" in directives:
            write(writer.write, turn, range(LINES // 2, LINES))
            writer.close()
            writer = shipper.log.open("ab", buffering=0)
        else:
            # What is written into a file that is being packed is lost to anybody.
            writer.close()
            writer = shipper.log.open("ab", buffering=0)
            write(writer.write, turn, range(LINES // 2, LINES))
    writer.close()

    shipper.await_received(ROTATIONS * LINES)
    shipper.await_rest()
    assert some_lines(0, ROTATIONS * LINES) == sorted(shipper.received)


def test_copytruncate_beside_a_quiet_writer(shipper: Delivery) -> None:
    """Scenario 5: with the copy in sight, nothing written before the copy is lost."""
    rotate = logrotate_of(shipper, "copytruncate")
    with shipper.log.open("ab", buffering=0) as writer:
        for turn in range(ROTATIONS):
            write(writer.write, turn, range(LINES))
            rotate()

        shipper.await_received(ROTATIONS * LINES)
        shipper.await_rest()
    assert some_lines(0, ROTATIONS * LINES) == sorted(shipper.received)


def test_copytruncate_with_the_copies_packed(shipper: Delivery) -> None:
    """Scenario 5: the same with copies that are packed at once."""
    rotate = logrotate_of(shipper, "copytruncate\n compress")
    with shipper.log.open("ab", buffering=0) as writer:
        for turn in range(ROTATIONS):
            write(writer.write, turn, range(LINES))
            rotate()

        shipper.await_received(ROTATIONS * LINES)
        shipper.await_rest()
    assert some_lines(0, ROTATIONS * LINES) == sorted(shipper.received)


def test_copytruncate_with_a_stale_descriptor(shipper: Delivery) -> None:
    """Scenario 10: a writer without O_APPEND leaves holes; they cost no line.

    A copy that begins with a hole cannot be told from a new file, so that its lines
    may come twice.
    """
    rotate = logrotate_of(shipper, "copytruncate")
    with shipper.log.open("wb", buffering=0) as writer:
        for turn in range(ROTATIONS):
            write(writer.write, turn, range(LINES))
            rotate()

        expected = set(some_lines(0, ROTATIONS * LINES))
        shipper.await_fact(lambda: expected <= set(shipper.received), "all lines")
        shipper.await_rest()
    assert expected == set(shipper.received)


def write(put: Callable[[bytes], object], turn: int, numbers: range) -> None:
    """Write some of the lines of one turn."""
    for number in numbers:
        put(some_lines(turn * LINES + number, 1)[0] + b"\n")
