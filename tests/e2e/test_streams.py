"""Stdout and stderr of the installed command: full, closed, or no longer read."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from shipper.errors import EXIT_CONFIG, EXIT_IO_ERROR, EXIT_OK, EXIT_USAGE
from tests.support.commands import SECONDS, Shop, environment

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here"),
]

BROKEN_PIPE = 141
RESULTS = (
    "status",
    "status --json",
    "status --help",
    "validate",
    "preview --json",
    "metrics",
    "tail --no-follow",
    "dead-letter list",
    "run --once --json",
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory with a log that is all skipped: nothing is sent."""
    shop = Shop(tmp_path)
    shop.configure("http://127.0.0.1:9/v1/request")
    shop.configure_more('[filter]\nskip_methods = ["GET", "POST"]\n')
    shop.record(3)
    return shop


def typed(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which ``shipper`` is the command."""
    command = f"{shlex.quote(sys.executable)} -m shipper"
    return subprocess.run(
        ["bash", "-c", f'shipper() {{ {command} "$@"; }}; {line}'],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment(),
        check=False,
    )


def words(shop: Shop, verb: str) -> str:
    """Return a command of this shop as it is typed."""
    return f"shipper {verb} --config {shlex.quote(str(shop.config))}"


@pytest.mark.parametrize("verb", RESULTS)
@pytest.mark.parametrize(
    ("stdout", "why"),
    [(">/dev/full", "No space left on device"), (">&-", "it is closed")],
)
def test_a_result_that_cannot_be_written_is_an_error(
    shop: Shop, verb: str, stdout: str, why: str
) -> None:
    """Whoever asked hears in one line that the answer is lost, and by the code."""
    done = typed(f"{words(shop, verb)} {stdout}")
    told = [line for line in done.stderr.splitlines() if "cannot write" in line]

    assert done.returncode == EXIT_IO_ERROR, done.stderr
    assert told == [f"shipper: cannot write the result: stdout: {why}"]
    assert "bug" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("words", ["shipper --help", "shipper --version"])
def test_help_that_cannot_be_written_is_the_same_error(words: str) -> None:
    """What no command prints is told of in the same way."""
    done = typed(f"{words} >/dev/full")

    assert done.returncode == EXIT_IO_ERROR, done.stderr
    assert "cannot write the result: stdout: No space left" in done.stderr


def test_nothing_is_missed_where_no_result_was_asked_for(shop: Shop) -> None:
    """A run says nothing on stdout; a closed one does not matter."""
    done = typed(f"{words(shop, 'run --once')} >&-")

    assert done.returncode == EXIT_OK, done.stderr
    assert shop.sums()["skipped"] == 3


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-", "2>&- >&- <&-"])
def test_what_is_told_beside_a_result_may_be_lost(shop: Shop, stderr: str) -> None:
    """A run goes on without anybody to tell; its code says how it went."""
    done = typed(f"{words(shop, 'run --once')} {stderr}")

    assert (done.returncode, done.stderr) == (EXIT_OK, "")
    assert shop.sums()["skipped"] == 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("shipper run --no-such-option", EXIT_USAGE),
        ("shipper status --config /no/such/file", EXIT_CONFIG),
    ],
)
@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&1 | true"])
def test_an_error_nobody_can_be_told_of_keeps_its_code(
    words: str, code: int, stderr: str
) -> None:
    """Ours, and what click says of a wrong command line."""
    done = typed(f"{words} {stderr}; exit ${{PIPESTATUS[0]}}")

    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("unbuffered", ["", "PYTHONUNBUFFERED=1"])
def test_a_reader_that_has_gone_ends_it_quietly(shop: Shop, unbuffered: str) -> None:
    """``| head`` has seen enough; there is nothing to complain of."""
    line = (
        f"export {unbuffered}; {words(shop, 'status')} | true; exit ${{PIPESTATUS[0]}}"
    )
    done = typed(line)

    assert (done.returncode, done.stderr) == (BROKEN_PIPE, "")


def test_a_name_that_is_no_text_is_told_as_an_escape(shop: Shop) -> None:
    """Under a UTF-8 locale stdout is strict, and a name may be any bytes."""
    odd = shop.directory / os.fsdecode(b"odd\xff")
    odd.mkdir()
    shop.config.rename(odd / shop.config.name)
    command = f"--no-environment {shlex.quote(str(odd / shop.config.name))}"

    done = typed(f"PYTHONIOENCODING=utf-8:strict shipper validate {command}")

    assert done.returncode == EXIT_OK, done.stderr
    assert rf"{shop.directory}/odd\udcff/config.toml" in done.stdout


def test_a_file_of_ours_never_takes_the_place_of_a_stream(shop: Shop) -> None:
    """The log of events must not end up in the state database."""
    done = typed(f"{words(shop, 'run --once --verbose')} >&- 2>&- <&-")
    state = (shop.directory / "state/state.sqlite3").read_bytes()

    assert done.returncode == EXIT_OK
    assert b"drained: " not in state
    assert shop.sums()["skipped"] == 3
