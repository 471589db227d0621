"""What the figures were taken on: versions and sizes, no names and no paths."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def facts(rsyslogd: Path | None = None) -> dict[str, object]:
    """Return the facts of this machine and of what is measured on it."""
    programs = {
        "nginx": ["nginx", "-v"],
        "syslog-ng": ["syslog-ng", "--version"],
        "wrk": ["wrk", "-v"],
    }
    versions = {name: _version(command) for name, command in programs.items()}
    if rsyslogd is not None:
        libraries = next(rsyslogd.parents[2].glob("usr/lib/*-linux-gnu"))
        versions["rsyslog"] = _version([str(rsyslogd), "-v"], libraries)
    for package in ("requests", "msgspec", "watchdog"):
        versions[package] = importlib.metadata.version(package)
    # The last change of what is measured: later ones are of tests and documents.
    log = ["git", "-C", str(ROOT), "log", "-1", "--abbrev=7", "--format=%h", "--"]
    return {
        "commit": _output([*log, "shipper", "wsgi_writer"]),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 1),
        "versions": versions,
    }


def _version(command: list[str], libraries: Path | None = None) -> str | None:
    program = shutil.which(command[0]) or f"/usr/sbin/{command[0]}"
    if not os.path.exists(program):
        return None
    found = _VERSION.search(_output([program, *command[1:]], libraries))
    return found[0] if found else None


def _output(command: list[str], libraries: Path | None = None) -> str:
    environment = dict(os.environ)
    if libraries is not None:
        environment["LD_LIBRARY_PATH"] = str(libraries)
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()
