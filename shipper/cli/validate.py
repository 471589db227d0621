"""``shipper validate``: every fault of the configuration at once, or none."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

import click

from shipper.cli import console, options
from shipper.config.settings import IdentifySettings, Settings
from shipper.errors import EXIT_CONFIG, EXIT_OK, ConfigError


@click.command("validate")
@options.common
@click.option(
    "--no-environment",
    is_flag=True,
    help="Leave out what depends on this machine: key, files, directories.",
)
@click.argument("file", metavar="[CONFIG]", required=False)
def command(chosen: options.Common, no_environment: bool, file: str | None) -> int:
    """Check the configuration and report every fault.

    Prints what holds, or every fault with its line, and then exits 78.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import Checks, load  # noqa: PLC0415

    if file and chosen.config:
        raise click.UsageError("The file is given twice: as CONFIG and with --config.")
    checks: Checks = "file" if no_environment else "machine"
    try:
        settings = load(file or chosen.config, os.environ, checks=checks)
    except ConfigError as error:
        if not chosen.as_json:
            raise
        console.say_json(
            {"ok": False, "faults": [each._asdict() for each in error.faults]}
        )
        return EXIT_CONFIG
    facts = list(_facts(settings, with_machine=not no_environment))
    warnings = [] if no_environment else list(_warnings(settings))
    if chosen.as_json:
        console.say_json(
            {
                "ok": True,
                "config": settings.origin,
                "faults": [],
                "facts": facts,
                "warnings": warnings,
            }
        )
        return EXIT_OK
    if not chosen.is_quiet:
        for fact in facts:
            console.say(f"ok: {fact}")
    for warning in warnings:
        console.notice(warning)
    return EXIT_OK


def _facts(settings: Settings, *, with_machine: bool) -> Iterator[str]:
    yield f"configuration: {settings.origin or 'from the environment'}"
    for source in settings.sources:
        for pattern in source.paths:
            yield f"source: {pattern}{_matches(pattern) if with_machine else ''}"
    yield f"endpoint: {settings.readme.endpoint}"
    if with_machine:
        yield f"project key: from {settings.readme.api_key_origin}"
    yield f"state: {settings.state_dir}"
    yield from _caller_facts(settings.identify)
    if settings.filter.denylist and settings.filter.allowlist:
        yield "filter: the denylist holds, the allowlist is not used beside it"


def _caller_facts(identify: IdentifySettings) -> Iterator[str]:
    rules = ", then ".join(("the record's own", *identify.rules))
    yield f"callers: {rules}, then {identify.unidentified}"
    if identify.lookup:
        yield f"callers' names: {identify.lookup}"


def _warnings(settings: Settings) -> Iterator[str]:
    # Late, because only a key file needs it.
    from shipper.lookup.keyfile import is_open_to_all  # noqa: PLC0415

    path = settings.identify.mask_key_file
    if path and is_open_to_all(path):
        yield (
            f"{path} is open to every user of this machine, who can then find keys by "
            "trying; mend it with: chmod 0600, or 0640 and a group of the app's and "
            "the shipper's user"
        )
    # Where the key is in a variable, this is the variable's name.
    path = settings.readme.api_key_origin
    if os.path.isabs(path) and is_open_to_all(path):
        yield (
            f"{path} is open to every user of this machine, who can then send as this "
            "project; mend it with: chmod 0600, or 0640 and a group of the shipper's "
            "user"
        )


def _matches(pattern: str) -> str:
    # Late, because none of it is asked for without this machine.
    from shipper.source.siblings import Pattern  # noqa: PLC0415

    named = Pattern(pattern)
    found = set(filter(os.path.isfile, glob.glob(pattern, recursive=True)))
    count = sum(named.name_of(*os.path.split(path)) is not None for path in found)
    if count == 0:
        return " (no file yet; it is followed as soon as it is there)"
    return f" ({count} {'file' if count == 1 else 'files'})"
