"""The programs that are measured beside ours, from Debian.

syslog-ng and rsyslog cannot be installed together, so that rsyslog is only unpacked,
under `build/`. Without root nothing is installed; what is missing is told, and whoever
needs it is left out of the tables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSTALLED = {
    "nginx": "nginx-light",
    "syslog-ng": "syslog-ng-core syslog-ng-mod-http",
    "wrk": "wrk",
}
UNPACKED = (
    "rsyslog",
    "rsyslog-elasticsearch",
    "libestr0",
    "libfastjson4",
    "liblognorm5",
)


def find(program: str) -> str | None:
    """Return where a program lies, also in directories that only root searches."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def provide(build: Path) -> Path | None:
    """Install what is missing, if we may; return where rsyslog lies unpacked.

    Raises:
        SystemExit: nginx is missing, without which there is no sink.
    """
    missing = [INSTALLED[name] for name in INSTALLED if find(name) is None]
    unpacked = build / "rsyslog"
    has_rsyslog = (unpacked / "usr/sbin/rsyslogd").exists()
    if os.geteuid() == 0 and shutil.which("apt-get") and (missing or not has_rsyslog):
        subprocess.run(["apt-get", "-qq", "update"], check=False)
        _install(" ".join(missing).split())
        has_rsyslog = has_rsyslog or _unpack(unpacked, build / "packages")
    still = [INSTALLED[name] for name in INSTALLED if find(name) is None]
    if still:
        print(f"left out: install {' '.join(still)} (Debian)", file=sys.stderr)
    if not has_rsyslog:
        print("left out: rsyslog, which is unpacked by root alone", file=sys.stderr)
    if find("nginx") is None:
        raise SystemExit("no sink: nginx is missing: install nginx-light")
    return unpacked if has_rsyslog else None


def _install(names: list[str]) -> None:
    if names:
        # No service is to start: what is measured is started by us alone.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        policy = Path("/usr/sbin/policy-rc.d")
        is_ours = not policy.exists()
        if is_ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        try:
            command = ["apt-get", "-qq", "-y", "--no-install-recommends", "install"]
            subprocess.run([*command, *names], env=environment, check=False)
        finally:
            if is_ours:
                policy.unlink()


def _unpack(unpacked: Path, packages: Path) -> bool:
    packages.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "-qq", "download", *UNPACKED]
    if subprocess.run(command, cwd=packages, check=False).returncode:
        return False
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(unpacked)], check=True)
    return True
