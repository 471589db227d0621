"""The systemd units are correct, least privilege, and agree with the command."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from shipper.cli import root
from tests.support.programs import require_program

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = ["shipper@.service", "shipper-once@.service"]
WORST_EXPOSURE = 2.0  # of 10; an ordinary short unit scores 8.4


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze in the directory of the units."""
    return subprocess.run(
        [require_program("systemd-analyze"), *words],
        cwd=UNITS,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_units_verify_without_a_word() -> None:
    """Systemd finds nothing to say; it exits 0 even on misspelt keys."""
    names = sorted(f"./{path.name}" for path in UNITS.iterdir())

    verified = analyze("verify", "--man=no", *names)

    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@pytest.mark.parametrize("name", SERVICES)
def test_units_expose_little(name: str) -> None:
    """Systemd's own assessment is 2.0 or better."""
    assessed = analyze(
        "security", "--offline=true", "--json=short", "--no-pager", f"./{name}"
    )

    summary = analyze("security", "--offline=true", "--no-pager", f"./{name}")
    level = re.search(r"exposure level for \S+: ([0-9.]+)", summary.stdout)
    assert json.loads(assessed.stdout)
    assert level is not None
    assert float(level[1]) <= WORST_EXPOSURE


def test_the_daemon_tells_the_manager_how_it_is() -> None:
    """A start counts when it is told, a hang is noticed, and a reload is checked."""
    lines = (UNITS / "shipper@.service").read_text().splitlines()

    assert {
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=60s",
        "TimeoutStopSec=30s",
        "RestartPreventExitStatus=2 77 78",
    } <= set(lines)
    reloads = [line for line in lines if line.startswith("ExecReload=")]
    assert [line.split()[1:3] for line in reloads] == [
        ["shipper", "validate"],
        ["-HUP", "$MAINPID"],
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_units_call_options_that_exist(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option in an ExecStart line is one the command knows."""
    lines = (UNITS / name).read_text().splitlines()
    calls = [
        line.partition("env shipper ")[2] for line in lines if "env shipper" in line
    ]

    for call in calls:
        verb, *words = call.split()
        root.main([verb, "--help"])
        known = capsys.readouterr().out
        assert [
            word for word in words if word.startswith("--") and word not in known
        ] == []
    assert len(calls) == (3 if "ExecReload" in "".join(lines) else 2)


@pytest.mark.parametrize("name", [path.name for path in sorted(UNITS.iterdir())])
def test_units_are_explained(name: str) -> None:
    """Every unit opens with what it is for."""
    assert (UNITS / name).read_text().startswith("# ")
