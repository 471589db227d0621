"""systemd and logrotate themselves find nothing to say about what is printed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shipper.cli.root import main
from shipper.install import systemd
from shipper.install.place import place_of
from tests.support.programs import require_program

Streams = pytest.CaptureFixture[str]

CONFIG = """
[egress_log]
file = "egress.jsonl"
[[source]]
paths = ["access.log", "a b.log", "*.access"]
format = "combined"
identity = "client-ip"
base_url = "https://api.example.com"
[[source]]
paths = ["exchanges.jsonl"]
"""


def printed(capsys: Streams, *words: str) -> str:
    """Return what the command prints; it must have nothing else to say."""
    code = main(["install", *words, "--print"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize("name", ["myapi.toml", "50% of $my api.toml"])
def test_systemd_verifies_the_units(name: str, tmp_path: Path, capsys: Streams) -> None:
    """All three, joined by name, with whatever stands in a path."""
    config = str(tmp_path / name)
    paths = []
    for unit in systemd.TEMPLATES:
        file = Path(systemd.file_of(unit, place_of(config))).name
        path = tmp_path / file
        path.write_text(printed(capsys, "systemd", "--unit", unit, "--config", config))
        paths.append(str(path))

    verified = subprocess.run(
        [require_program("systemd-analyze"), "verify", "--man=no", *paths],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_logrotate_understands_its_file(tmp_path: Path, capsys: Streams) -> None:
    """Every log of others is considered, and ours of requests."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    for name in ("access.log", "a b.log", "egress.jsonl", "x.access"):
        (tmp_path / name).write_text("line\n")
    text = printed(capsys, "logrotate", "--config", str(config))
    file = tmp_path / "rotate"
    file.write_text(text)
    file.chmod(0o644)

    done = subprocess.run(
        [
            require_program("logrotate"),
            "-d",
            "--state",
            str(tmp_path / "state"),
            str(file),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    for name in ("access.log", "a b.log", "egress.jsonl", "x.access"):
        assert f"considering log {tmp_path}/{name}" in done.stderr
