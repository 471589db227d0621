"""Small file systems, where this user may mount one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_file_system(path: Path, *, megabytes: int) -> Iterator[Path]:
    """Mount a file system for the block; without the right to, skip the test."""
    path.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"]
    if mount is None or _is_refused([*command, str(path)]):
        pytest.skip("cannot mount a file system here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def close_to_writing(path: Path) -> None:
    """Mount a small file system anew, for reading alone."""
    subprocess.run(["mount", "-o", "remount,ro", str(path)], check=True)


def _is_refused(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode != 0
