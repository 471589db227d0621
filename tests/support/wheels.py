"""Our own wheel, built once for all tests of a run, and the packages it needs."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distribution, requires
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parents[2]
LOCK = HERE / "requirements.lock"


def pip(*words: str | Path) -> str:
    """Run pip, which has to succeed, and return what it prints."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return our wheel; the first of the workers to ask builds it."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # the workers of one run share it
    place /= "wheel"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(place.glob("hartail-*.whl")):
            # With the build backend at hand nothing has to be downloaded.
            isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
            pip("wheel", "-q", "--no-deps", *isolation, "-w", place, HERE)
    (wheel,) = place.glob("hartail-*.whl")
    return wheel


def locked() -> dict[str, str]:
    """Return the version of each package in requirements.lock, by its name."""
    pins = re.findall(r"^([a-z0-9.-]+)==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE)
    return dict(pins)


def needed_packages(directory: Path, *extras: str) -> Path:
    """Fill a directory with what our wheel needs with these extras, as installed here.

    On PYTHONPATH they are to another environment as if an index had given them.
    """
    directory.mkdir()
    for name in _closure("hartail", extras) - {"hartail"}:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {
            "..",
            "__pycache__",
        }:
            if not (directory / top).exists():  # a namespace may have several owners
                (directory / top).symlink_to(str(found.locate_file(top)))
    return directory


def direct_needs(name: str, extras: Iterable[str] = ()) -> list[Requirement]:
    """Return what an installed package asks for here, with these extras."""
    return [
        need
        for need in map(Requirement, requires(name) or [])
        if need.marker is None
        or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def _closure(name: str, extras: Iterable[str]) -> set[str]:
    """Return a package and all that it needs here."""
    found: set[str] = set()
    left = [(name, tuple(extras))]
    while left:
        package, chosen = left.pop()
        if canonicalize_name(package) not in found:
            found.add(canonicalize_name(package))
            left += [
                (need.name, tuple(need.extras))
                for need in direct_needs(package, chosen)
            ]
    return found
