"""The units of `systemd/`, filled with the paths of this machine.

The templates are files of the repository; a wheel carries them as data of the package.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import shipper
from shipper.install.place import CannotInstallError, Place

Unit = Literal["daemon", "once", "timer"]

TEMPLATES: Final[Mapping[Unit, str]] = {
    "daemon": "shipper@.service",
    "once": "shipper-once@.service",
    "timer": "shipper-once@.timer",
}
DIRECTORY: Final = "/etc/systemd/system"
_SUFFIXES: Final[Mapping[Unit, str]] = {
    "daemon": ".service",
    "once": "-once.service",
    "timer": "-once.timer",
}


def file_of(unit: Unit, place: Place) -> str:
    """Return the absolute path where a unit goes."""
    return f"{DIRECTORY}/{place.name}{_SUFFIXES[unit]}"


def unit_text(unit: Unit, place: Place) -> str:
    """Return a unit with real paths, commented line by line."""
    text = template(TEMPLATES[unit])
    # What is said at the top is about templates; the rest holds here too.
    body = text[text.index("[Unit]") :]
    # The remark on /usr/bin/env stands in paragraphs of comments that begin with it.
    lines = [line for line in body.split("\n") if not _is_about_env(line)]
    command = " ".join(map(_word, place.command))
    body = "\n".join(lines)
    for before, after in (
        ("/usr/bin/env shipper", command),
        ("/etc/shipper/%i.toml", _word(place.config)),
        ("/etc/shipper/%i.key", place.key_file.replace("%", "%%")),
        ("%i", place.instance),
    ):
        body = body.replace(before, after)
    return "".join(f"# {line}".rstrip() + "\n" for line in _head(unit, place)) + (
        "\n" + body
    )


def template(name: str) -> str:
    """Return a unit as it stands in the repository.

    Raises:
        CannotInstallError: The package was installed without it.
    """
    in_package = files(shipper) / "units" / name
    if in_package.is_file():
        return in_package.read_text(encoding="utf-8")
    beside = Path(shipper.__file__).parents[1] / "systemd" / name  # in a checkout
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    raise CannotInstallError(
        f"the unit cannot be found: {name}: it is no file of this installation",
        hint="install hartail again, from a wheel or a checkout",
    )


def _head(unit: Unit, place: Place) -> list[str]:
    """Return what to do with the text, line by line."""
    file = file_of(unit, place)
    command = shlex.join(place.command)
    config = f"--config {shlex.quote(place.config)}"
    name = file.rpartition("/")[2]
    lines = [f"Goes into {file}", ""]
    if unit == "timer":
        service = file_of("once", place)
        return [
            *lines,
            f"It starts {service.rpartition('/')[2]}, which has to be there:",
            "",
            f"    {command} install systemd --print --unit once {config} > {service}",
            f"    {command} install systemd --print --unit timer {config} > {file}",
            "    systemctl daemon-reload",
            f"    systemctl enable --now {name}",
            "    systemctl list-timers",
        ]
    option = "" if unit == "daemon" else " --unit once"
    start: Sequence[str] = (
        [f"    systemctl enable --now {name}", f"    systemctl status {name}"]
        if unit == "daemon"
        else ["And then its timer: --unit timer"]
    )
    return [
        *lines,
        "As root; the project key is read from standard input:",
        "",
        f"    install -m 0600 /dev/stdin {shlex.quote(place.key_file)}",
        f"    {command} install systemd --print{option} {config} > {file}",
        "    systemctl daemon-reload",
        *start,
        *(
            f"{path} is hidden from the service by ProtectHome= and PrivateTmp=: put "
            "it elsewhere, such as /opt or /etc."
            for path in place.hidden
        ),
        *(
            f"{path} is hidden from the service in the same way: have it written to "
            "/var/log, or add a drop-in with ProtectHome=read-only, PrivateTmp=no."
            for path in place.hidden_logs
        ),
        *(
            [
                f"{place.egress_log} cannot be written by the service: put the egress "
                f"log into {place.logs_directory}, which it makes."
            ]
            if place.is_egress_log_closed
            else []
        ),
    ]


def _is_about_env(line: str) -> bool:
    return line in _ABOUT_ENV


_ABOUT_ENV: Final = frozenset(
    (
        "# /usr/bin/env finds the command in /usr/local/bin and /usr/bin alike, and "
        "the unit",
        "# can be verified where it is not installed. "
        '"shipper install systemd --print"',
        "# writes the real path.",
        "# can be verified where it is not installed.",
    )
)


def _word(text: str) -> str:
    """Return one word of a command line, as systemd.service(5) quotes it."""
    for before, after in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(before, after)
    is_plain = all(letter.isalnum() or letter in "/._-+:@,=%" for letter in text)
    return text if is_plain else f'"{text}"'
