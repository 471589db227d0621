"""A copy of this checkout in which things can be made without leaving traces here."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[2]
SECONDS = 900.0
_MADE = {".git", ".venv", "build", "dist", "demo"}  # at the top alone


@dataclass(frozen=True)
class Checkout:
    """A directory with the sources."""

    root: Path

    @property
    def dist(self) -> Path:
        """Where the targets put what they make."""
        return self.root / "dist"

    def make(self, *words: str) -> str:
        """Run make, which has to succeed, and return what it prints."""
        done = subprocess.run(
            ["make", *words],
            cwd=self.root,
            env=without_make(os.environ),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def without_make(environ: os._Environ[str]) -> dict[str, str]:
    """Return an environment without what an outer make tells an inner one."""
    return {name: environ[name] for name in environ if not name.startswith("MAKE")}


def copied(root: Path) -> Checkout:
    """Copy the sources as they are now."""
    shutil.copytree(HERE, root, ignore=_not_sources, symlinks=True)
    return Checkout(root)


def _not_sources(directory: str, names: list[str]) -> set[str]:
    made = _MADE if Path(directory) == HERE else set()
    return {
        name
        for name in names
        if name in made or name.startswith(".coverage") or name.endswith("cache__")
    }
