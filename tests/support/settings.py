"""Configuration files for tests, written with one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipper.config import Checks, load
from shipper.config.settings import Settings
from shipper.errors import ConfigError

KEY = {"README_API_KEY": "rdme_test"}
SMALLEST = '[[source]]\npaths = ["/var/log/myapi/exchanges.jsonl"]\n'


@dataclass(frozen=True)
class Desk:
    """A directory that stands for a machine: `/etc/shipper` and what lies there."""

    directory: Path

    def write(self, text: str, name: str = "config.toml") -> Path:
        """Write a file into the directory."""
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def load(
        self,
        path: Path | None = None,
        environ: Mapping[str, str] = KEY,
        *,
        checks: Checks = "key",
        is_root: bool = True,
    ) -> Settings:
        """Load as the commands do, seeing nothing of the real machine's /etc."""
        return load(
            str(path) if path else None,
            environ,
            checks=checks,
            system_directory=str(self.directory),
            is_root=is_root,
        )

    def settings(self, text: str, environ: Mapping[str, str] = KEY) -> Settings:
        """Return what a configuration of this text says."""
        return self.load(self.write(text), environ)

    def faults(self, text: str, environ: Mapping[str, str] = KEY) -> list[str]:
        """Return the faults of a configuration as an operator sees them."""
        path = self.write(text)
        try:
            self.load(path, environ)
        except ConfigError as error:
            return [str(fault).replace(str(path), "FILE") for fault in error.faults]
        return []
