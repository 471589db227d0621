"""Texts for systemd, cron and logrotate: whole paths, quoted as each program reads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shipper.cli.root import main
from shipper.config.settings import SourceSettings
from shipper.errors import ShipperError
from shipper.install import cron, logrotate, systemd
from shipper.install.place import Place, running_command

Streams = pytest.CaptureFixture[str]

PLACE = Place(("/opt/hartail/bin/shipper",), "/etc/shipper/myapi.toml")
ODD = Place(("/opt/a b/shipper",), '/etc/50% "$off"/my api.toml')


@dataclass(frozen=True)
class Line:
    """A line of a unit."""

    key: str
    value: str


def lines_of(text: str) -> list[Line]:
    """Return the settings of a unit."""
    return [Line(*found) for found in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)]


@pytest.mark.parametrize(
    ("config", "name", "instance"),
    [
        ("/etc/shipper/config.toml", "shipper", "config"),
        ("/etc/shipper/shipper.toml", "shipper", "shipper"),
        ("/etc/shipper/myapi.toml", "shipper-myapi", "myapi"),
        ("/etc/shipper/my api.v2.toml", "shipper-my-api-v2", "my-api-v2"),
        ("/etc/shipper/é.toml", "shipper", "config"),
    ],
)
def test_the_name_is_fit_for_units_and_files_of_cron(
    config: str, name: str, instance: str
) -> None:
    """It tells shippers apart, and holds no letter that would be passed over."""
    place = Place(("/usr/bin/shipper",), config)

    assert (place.name, place.instance) == (name, instance)


def test_a_path_that_would_break_its_line_is_refused() -> None:
    """No path can add a line of its own to a file of the system, which is no bug."""
    with pytest.raises(ShipperError, match="cannot be printed") as refused:
        Place(("/usr/bin/shipper",), "/etc/x\nUser=root")

    assert refused.value.exit_code == 78


def test_the_running_command_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the path it was called with, or beside the interpreter, or as a module."""
    called = tmp_path / "bin" / "shipper"
    called.parent.mkdir()
    called.touch(0o755)
    monkeypatch.setattr("sys.argv", [str(called)])
    by_path = running_command()
    monkeypatch.setattr("sys.argv", ["/lib/shipper/__main__.py"])
    monkeypatch.setattr("sys.executable", str(called.with_name("python")))
    beside = running_command()
    called.unlink()
    as_module = running_command()

    assert by_path == beside == (str(called),)
    assert as_module == (str(called.with_name("python")), "-m", "shipper")


def test_a_unit_holds_the_paths_of_this_machine() -> None:
    """Nothing of the template's names is left in it, and the rest is untouched."""
    text = systemd.unit_text("daemon", PLACE)

    assert Line("ExecStart", f"{PLACE.command[0]} run --config {PLACE.config}") in (
        lines_of(text)
    )
    assert Line("LoadCredential", "readme-api-key:/etc/shipper/myapi.key") in (
        lines_of(text)
    )
    assert Line("StateDirectory", "shipper/myapi") in lines_of(text)
    assert [line.key for line in lines_of(text)] == [
        line.key for line in lines_of(systemd.template("shipper@.service"))
    ]


@pytest.mark.parametrize("unit", list(systemd.TEMPLATES))
def test_a_unit_says_where_it_goes_and_what_to_type(unit: systemd.Unit) -> None:
    """The first line names the file; the command that made the text stands below."""
    text = systemd.unit_text(unit, PLACE)
    file = systemd.file_of(unit, PLACE)

    assert text.startswith(f"# Goes into {file}\n#\n")
    option = "" if unit == "daemon" else f" --unit {unit}"
    assert f"install systemd --print{option} " in text
    assert "/usr/bin/env" not in text
    assert "%i" not in text
    assert f"--config {PLACE.config} > {file}\n" in text
    assert "systemctl daemon-reload" in text


def test_the_pass_and_its_timer_belong_together() -> None:
    """By their names systemd knows which service a timer starts."""
    names = {unit: systemd.file_of(unit, PLACE) for unit in systemd.TEMPLATES}

    assert names["timer"].removesuffix(".timer") == (
        names["once"].removesuffix(".service")
    )
    assert len(set(names.values())) == 3


def test_odd_paths_are_quoted_for_systemd() -> None:
    """Blanks, percent signs, dollars and quotes mean themselves."""
    text = systemd.unit_text("daemon", ODD)

    assert (
        'ExecStart="/opt/a b/shipper" run --config '
        '"/etc/50%% \\"$$off\\"/my api.toml"\n'
    ) in text


def test_a_service_is_told_what_it_will_not_see() -> None:
    """A command in a home directory cannot be started by a service without homes."""
    hidden = Place(("/home/ann/venv/bin/shipper",), "/etc/shipper/myapi.toml")

    assert "/home/ann/venv/bin/shipper is hidden from the service" in (
        systemd.unit_text("daemon", hidden)
    )
    assert "hidden" not in systemd.unit_text("daemon", PLACE)


@pytest.mark.parametrize(
    ("logs", "egress_log", "told"),
    [
        ("/var/log/a.jsonl", "", []),
        ("/var/log/a.jsonl", "/var/log/shipper/myapi/egress.jsonl", []),
        ("/var/log/a.jsonl", "/var/lib/shipper/myapi/egress.jsonl", []),
        (
            "/var/log/a.jsonl",
            "/etc/shipper/egress.jsonl",
            ["egress.jsonl cannot be written by the service", "/var/log/shipper/myapi"],
        ),
        ("/home/ann/*.log", "", ["/home/ann/*.log is hidden", "ProtectHome=read-only"]),
    ],
)
@pytest.mark.parametrize("unit", ["daemon", "once"])
def test_a_service_that_could_not_follow_or_write_is_told_of(
    unit: systemd.Unit, logs: str, egress_log: str, told: list[str]
) -> None:
    """It sees and writes what its unit lets it, whatever the configuration says."""
    place = replace(PLACE, logs=(logs,), egress_log=egress_log)
    head = systemd.unit_text(unit, place).partition("[Unit]")[0]

    assert all(words in head for words in told)
    assert ("hidden" in head or "cannot be written" in head) == bool(told)
    assert Line("LogsDirectory", "shipper/myapi") in lines_of(
        systemd.unit_text(unit, place)
    )


def test_the_configuration_of_a_unit_is_asked_if_it_is_there(
    tmp_path: Path, capsys: Streams
) -> None:
    """A unit may be printed before anything is configured."""
    config = tmp_path / "myapi.toml"
    words = ["install", "systemd", "--print", "--config", str(config)]
    before = main(words), capsys.readouterr().out
    config.write_text(
        '[egress_log]\nfile = "egress.jsonl"\n[[source]]\npaths = ["/a.jsonl"]\n'
    )
    after = main(words), capsys.readouterr().out

    assert (before[0], after[0]) == (0, 0)
    assert f"{tmp_path}/egress.jsonl cannot be written" not in before[1]
    assert f"{tmp_path}/egress.jsonl cannot be written" in after[1]


def test_a_unit_that_is_not_there_is_told() -> None:
    """A broken installation is named, with its mend."""
    with pytest.raises(ShipperError, match=r"cannot be found: none\.service"):
        systemd.template("none.service")


def test_cron_gets_one_silent_job() -> None:
    """Every option of it keeps it quiet, bounded and alone."""
    *comments, shell, job = cron.cron_text(PLACE).splitlines()

    assert all(line.startswith("#") for line in comments)
    assert comments[0] == "# Goes into /etc/cron.d/shipper-myapi"
    assert shell == "SHELL=/bin/sh"
    assert job == (
        "*/5 * * * * shipper /opt/hartail/bin/shipper run --once --quiet "
        "--max-duration 4m --if-locked skip --splay 30s "
        "--config /etc/shipper/myapi.toml"
    )


def test_odd_paths_are_quoted_for_cron() -> None:
    """To cron a percent sign is the end of the line; to the shell, a blank is one."""
    job = cron.cron_text(ODD).splitlines()[-1]

    assert "'/opt/a b/shipper' run" in job
    assert job.endswith("--config '/etc/50\\% \"$off\"/my api.toml'")


def test_logrotate_moves_the_logs_of_others_and_ours_of_requests() -> None:
    """Our own records rotate by themselves, and are only named; nothing is cut."""
    sources = [
        SourceSettings(("/var/log/myapi/exchanges.jsonl",)),
        SourceSettings(("/var/log/nginx/access.log", "/var/log/a b.log"), "combined"),
        SourceSettings(("/var/log/nginx/access.log",), "combined"),
    ]

    text = logrotate.logrotate_text(PLACE, sources, egress_log="/var/log/egress.jsonl")

    assert re.findall(r"^(\S.*) \{$", text, re.MULTILINE) == [
        "/var/log/nginx/access.log",
        '"/var/log/a b.log"',
        "/var/log/egress.jsonl",
    ]
    assert "# /var/log/myapi/exchanges.jsonl rotates by itself" in text
    assert not re.search(r"^\s+copytruncate", text, re.MULTILINE)


def test_without_print_nothing_is_done(capsys: Streams) -> None:
    """Nobody expects a file that was not written."""
    code = main(["install", "cron"])

    assert code == 2
    assert "add --print" in capsys.readouterr().err


def test_a_unit_of_cron_is_no_unit(capsys: Streams) -> None:
    """An option that means nothing is not passed over."""
    code = main(["install", "cron", "--print", "--unit", "once"])

    assert code == 2
    assert "--unit belongs to systemd" in capsys.readouterr().err


def test_the_text_for_machines(capsys: Streams) -> None:
    """A program gets the text and where it goes."""
    code = main(["install", "cron", "--print", "--json", "--config", PLACE.config])

    result = json.loads(capsys.readouterr().out)
    assert code == 0
    assert result["file"] == "/etc/cron.d/shipper-myapi"
    assert result["text"].endswith(f"--config {PLACE.config}\n")


@pytest.mark.parametrize("variable", [None, "/etc/shipper/other.toml"])
def test_without_a_name_the_usual_configuration_is_meant(
    variable: str | None, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable that names it counts as for every command."""
    monkeypatch.delenv("SHIPPER_CONFIG", raising=False)
    if variable is not None:
        monkeypatch.setenv("SHIPPER_CONFIG", variable)
    main(["install", "systemd", "--print"])

    config = variable or "/etc/shipper/config.toml"
    assert f"run --config {config}\n" in capsys.readouterr().out
