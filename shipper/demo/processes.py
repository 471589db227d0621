"""Child processes of the demo, each ended on every way out.

A child that serves says where on its first line of stdout, and stops when its
stdin is closed or it gets SIGTERM.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from shipper.errors import ShipperError

STOP_SECONDS = 10.0


class DemoError(ShipperError):
    """A part of the demo did not do what it is for."""


def environment() -> Mapping[str, str]:
    """Return the environment without what would change a child's configuration."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SHIPPER_", "README_"))
    }


@contextmanager
def serving(*words: str) -> Iterator[str]:
    """Run ``python -m WORDS`` and give the first line it prints.

    Raises:
        DemoError: When it ends without printing one.
    """
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        if not line:
            raise DemoError(f"{words[0]}: ended before it served")
        yield line
    finally:
        process.stdin.close()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def finished(*words: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m WORDS`` to its end and return its output."""
    return subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
        check=False,
    )
