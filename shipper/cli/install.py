"""``shipper install``: text for systemd, cron and logrotate, with real paths."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Literal

import click

from shipper.cli import console, options
from shipper.errors import EXIT_OK, ConfigError
from shipper.install import cron, logrotate, systemd
from shipper.install.place import Place, place_of


@click.command("install")
@options.common
@click.option(
    "--print", "prints", is_flag=True, help="Print the text; write no file. Needed."
)
@click.option(
    "--unit",
    type=click.Choice(list(systemd.TEMPLATES)),
    help="Of systemd: the daemon's service, or that of one pass, or its timer.  "
    "[default: daemon]",
)
@click.argument("what", type=click.Choice(["systemd", "cron", "logrotate"]))
def command(
    chosen: options.Common,
    prints: bool,
    unit: systemd.Unit | None,
    what: Literal["systemd", "cron", "logrotate"],
) -> int:
    """Print what makes the shipper run on this machine.

    The text holds the path of this command and of the configuration; its comments
    say where it goes, and what to type next.
    """
    if not prints:
        raise click.UsageError(
            "The shipper writes no file of the system: add --print, and send the text "
            "where its first line says."
        )
    if unit is not None and what != "systemd":
        raise click.UsageError("--unit belongs to systemd.")
    place = place_of(chosen.config or os.environ.get("SHIPPER_CONFIG"))
    match what:
        case "systemd":
            place = _with_files(place)
            file = systemd.file_of(unit or "daemon", place)
            text = systemd.unit_text(unit or "daemon", place)
        case "cron":
            file, text = cron.file_of(place), cron.cron_text(place)
        case "logrotate":
            file, text = logrotate.file_of(place), _logrotate_text(place)
    if chosen.as_json:
        console.say_json({"file": file, "text": text})
    else:
        console.say(text.removesuffix("\n"))
    return EXIT_OK


def _with_files(place: Place) -> Place:
    """Add what the configuration names; it need not be there yet."""
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415

    try:
        settings = load(place.config, os.environ, checks="file")
    except ConfigError:
        return place
    logs = tuple(path for source in settings.sources for path in source.paths)
    return replace(place, logs=logs, egress_log=settings.egress_log.file)


def _logrotate_text(place: Place) -> str:
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415

    settings = load(place.config, os.environ, checks="file")
    return logrotate.logrotate_text(
        place, settings.sources, egress_log=settings.egress_log.file
    )
