"""How commands speak: results on stdout, everything else on stderr.

The one place that knows about colour and about the shape of an error message.
A result as JSON is one object that carries `SCHEMA_VERSION`.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

import click

from shipper.cli.options import Common
from shipper.clock import Clock
from shipper.errors import EXIT_BUG, ConfigError, ShipperError
from shipper.events import EventLog, Level

SCHEMA_VERSION = 1  # raised when a key of a JSON result changes its meaning


def say(text: str = "") -> None:
    """Print one line of a result on stdout."""
    click.echo(text, color=_has_colour(sys.stdout))


def say_bytes(content: bytes) -> None:
    """Print bytes of a result on stdout exactly as they are."""
    click.echo(content, nl=False)


def say_json(result: Mapping[str, Any]) -> None:
    """Print a result as one JSON object, one line on stdout."""
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **result}))


def notice(text: str) -> None:
    """Print one line on stderr that is neither a result nor an error."""
    click.echo(f"shipper: {text}", err=True)


def remark(text: str) -> None:
    """Print one line on stderr that belongs to the lines of a result."""
    click.echo(text, err=True, color=_has_colour(sys.stderr))


def complain(error: ShipperError) -> None:
    """Print what an operator needs to know of an error, on stderr."""
    if isinstance(error, ConfigError):
        count = len(error.faults)
        noun = "fault" if count == 1 else "faults"
        _tell("shipper: ", f"{count} {noun} in the configuration")
        for fault in error.faults:
            click.echo(str(fault), err=True)
    else:
        _tell("shipper: ", str(error))
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def complain_of_bug(error: Exception, *, with_traceback: bool) -> int:
    """Print an error that nobody expected, and return the exit code for it."""
    if with_traceback:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    _tell("shipper: ", f"unexpected error: {type(error).__name__}: {error}")
    how = "report it with" if with_traceback else "run it again with --verbose and send"
    click.echo(f"hint: this is a bug; please {how} the traceback", err=True)
    return EXIT_BUG


def event_log(
    chosen: Common, clock: Clock, *, unless_verbose: Level | None = None
) -> EventLog:
    """Return the log of a command, on stderr.

    Args:
        chosen: What the shared options say.
        clock: For the stamps.
        unless_verbose: The least level told in place of the usual one.
    """
    least = chosen.least
    if unless_verbose is not None and not chosen.is_verbose:
        least = unless_verbose
    return EventLog(
        sys.stderr,
        clock=clock,
        least=least,
        as_json=chosen.log_format == "json",
    )


def emphasise(text: str) -> str:
    """Return `text` in bold where the stream has it; `say` takes it off elsewhere."""
    return click.style(text, bold=True)


def _tell(prefix: str, text: str) -> None:
    styled = click.style(prefix, fg="red", bold=True) + text
    click.echo(styled, err=True, color=_has_colour(sys.stderr))


def _has_colour(stream: TextIO) -> bool:
    """Return whether colour is wanted: on a terminal, unless the user says no.

    Source: no-color.org.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
