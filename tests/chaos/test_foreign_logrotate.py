"""The real logrotate over an access log, and a shipper that is killed meanwhile."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.access_logs import AccessShop, combined, ids_of
from tests.support.commands import line_with, running
from tests.support.programs import require_program

pytestmark = pytest.mark.chaos

ROTATIONS = 4
LINES = 60  # between two rotations
WINDOW_RECORDS = 400  # max_in_flight batches of max_records


@pytest.fixture
def shop(tmp_path: Path) -> AccessShop:
    """A directory without anything in it, for a combined log."""
    return AccessShop(tmp_path)


def logrotate_of(shop: AccessShop, directives: str) -> Callable[[], None]:
    """Return what rotates the followed log once, with these directives."""
    program = require_program("logrotate")
    shop.log.parent.chmod(0o750)
    config = shop.directory / "logrotate.conf"
    config.write_text(f'"{shop.log}" {{\n rotate 100\n missingok\n {directives}\n}}\n')
    config.chmod(0o600)
    state = str(shop.directory / "rotated")
    command = [program, "--force", "--state", state, str(config)]

    def rotate() -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    return rotate


def generation(turn: int) -> bytes:
    """Return the lines between two rotations."""
    return b"".join(combined(turn * LINES + number) for number in range(LINES))


@pytest.mark.parametrize(
    "directives",
    [
        "create 0640",
        "nocreate",
        "create 0640\n compress",
        "create 0640\n compress\n delaycompress",
    ],
)
def test_no_id_depends_on_a_rotation(shop: AccessShop, directives: str) -> None:
    """Each generation is one log, whatever it is called and however it lies there.

    The shipper is killed with lines in flight, a rotation goes on without it, and
    the next one begins where it was.
    """
    expected: list[str] = []
    with shop.receiving():
        rotate = logrotate_of(shop, directives)
        for turn in range(ROTATIONS):
            stream = generation(turn)
            expected += ids_of(stream)
            with running("run", "--config", str(shop.config)) as process:
                line_with(process, "started")
                shop.append(stream[: len(stream) // 2])
                shop.await_received(turn * LINES + 1)
                shop.append(stream[len(stream) // 2 :])
                if turn % 2:
                    rotate()
                process.kill()
            if not turn % 2:
                rotate()
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    received = shop.received()
    assert set(expected) == set(received)
    assert len(received) <= len(expected) + ROTATIONS * WINDOW_RECORDS
    lines = {
        "delivered": len(expected),
        "skipped": 0,
        "dead": 0,
        "blank": 0,
        "exported": 0,
    }
    assert lines == shop.audited()


def test_an_archive_has_the_ids_of_the_log_it_was(shop: AccessShop) -> None:
    """Another shipper that meets it later sends the same records."""
    with shop.receiving():
        rotate = logrotate_of(shop, "create 0640\n compress")
        stream = generation(0)
        shop.append(stream)
        with running("run", "--config", str(shop.config)) as process:
            line_with(process, "started")
            shop.await_received(LINES)
            rotate()
    (packed,) = shop.log.parent.glob("*.gz")

    assert gzip.decompress(packed.read_bytes()) == stream
    assert ids_of(stream) == sorted(shop.received(), key=ids_of(stream).index)


@pytest.mark.parametrize("directives", ["copytruncate", "copytruncate\n compress"])
def test_copytruncate_beside_a_quiet_writer(shop: AccessShop, directives: str) -> None:
    """Nothing written before the copy is lost, nothing twice; the rest is a new log."""
    expected: list[str] = []
    with shop.receiving():
        rotate = logrotate_of(shop, directives)
        with running("run", "--config", str(shop.config)) as process:
            line_with(process, "started")
            for turn in range(ROTATIONS):
                stream = generation(turn)
                expected += ids_of(stream)
                shop.append(stream)
                rotate()
            shop.await_received(len(expected))
            shop.await_fact(lambda: shop.sums()["pending"] == 0)

    assert sorted(expected) == sorted(shop.received())
