"""Debian's Chromium, without a window: pictures, prints, and the tree of a page."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import require_program

SECONDS = 60.0
KEEP_IN = "HARTAIL_ARTEFACTS"  # a directory that pictures are copied to
_FLAGS = (
    "--headless",
    "--no-sandbox",  # it refuses to run as root with one, as in containers
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--run-all-compositor-stages-before-draw",
    "--virtual-time-budget=2000",
)


@dataclass(frozen=True)
class Browser:
    """A browser with a profile of its own for each page it opens."""

    program: str
    directory: Path

    @classmethod
    def installed(cls, directory: Path) -> Browser:
        """Return the one of this machine; without one the test is skipped."""
        return cls(require_program("chromium"), directory)

    def picture(
        self, page: Path, name: str, *, width: int, height: int, is_dark: bool = False
    ) -> Path:
        """Draw a page into a PNG and return where it is."""
        picture = self.directory / name
        dark = ["--blink-settings=preferredColorScheme=0"] if is_dark else []
        size = f"--window-size={width},{height}"
        self._run(page, f"--screenshot={picture}", size, *dark)
        return self._kept(picture)

    def print(self, page: Path, name: str) -> Path:
        """Print a page into a PDF and return where it is."""
        paper = self.directory / name
        self._run(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
        return self._kept(paper)

    def tree(self, page: Path, *, width: int = 1200) -> str:
        """Return the page as it is after everything in it has had its chance."""
        return self._run(page, "--dump-dom", f"--window-size={width},900")

    def _run(self, page: Path, *flags: str) -> str:
        profile = self.directory / f"profile-{len(list(self.directory.iterdir()))}"
        done = subprocess.run(
            [
                self.program,
                *_FLAGS,
                f"--user-data-dir={profile}",
                *flags,
                page.as_uri(),
            ],
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        shutil.rmtree(profile, ignore_errors=True)
        return done.stdout.decode()

    def _kept(self, made: Path) -> Path:
        assert made.stat().st_size > 0
        if keep_in := os.environ.get(KEEP_IN):
            Path(keep_in).mkdir(parents=True, exist_ok=True)
            shutil.copy(made, keep_in)
        return made
