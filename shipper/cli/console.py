"""How commands speak: results on stdout, everything else on stderr.

The one place that knows about colour and about the shape of an error message.
A result as JSON is one object that carries `SCHEMA_VERSION`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

import click

from shipper.cli.options import COLOUR, Common
from shipper.errors import EXIT_BUG, ConfigError, ShipperError

if TYPE_CHECKING:
    from shipper.clock import Clock
    from shipper.events import EventLog, Level

SCHEMA_VERSION = 1  # raised when a key of a JSON result changes its meaning
_OURS = click.style("shipper: ", fg="red", bold=True)  # at the head of an error


def say(text: str = "") -> None:
    """Print one line of a result on stdout."""
    click.echo(text, color=_has_colour(sys.stdout))


def say_bytes(content: bytes) -> None:
    """Print bytes of a result on stdout exactly as they are."""
    click.echo(content, nl=False)


def say_json(result: Mapping[str, Any]) -> None:
    """Print a result as one JSON object, one line on stdout."""
    import json  # noqa: PLC0415 - late: --help needs none

    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **result}))


def say_json_list(key: str, values: Iterable[Mapping[str, Any]]) -> None:
    """Print a result as such an object with one list, which may exceed memory."""
    import json  # noqa: PLC0415 - late, as above

    click.echo(f'{{"schema_version": {SCHEMA_VERSION}, "{key}": [', nl=False)
    for number, value in enumerate(values):
        click.echo((", " if number else "") + json.dumps(value), nl=False)
    click.echo("]}")


def notice(text: str) -> None:
    """Print one line on stderr that is neither a result nor an error."""
    from shipper.events import one_line  # noqa: PLC0415 - late: --help needs none

    _tell(f"shipper: {one_line(text)}", "warning")


def remark(text: str) -> None:
    """Print one line on stderr that belongs to the lines of a result."""
    _tell(text, "info")


def complain(error: ShipperError) -> None:
    """Print what an operator needs to know of an error, on stderr."""
    if isinstance(error, ConfigError):
        count = len(error.faults)
        noun = "fault" if count == 1 else "faults"
        _tell(f"{_OURS}{count} {noun} in the configuration", "error")
        for fault in error.faults:
            _tell(_in_letters(str(fault)), "error")
    else:
        _tell(f"{_OURS}{_in_letters(str(error))}", "error")
    if error.hint:
        _tell(f"hint: {_in_letters(error.hint)}", "error")


def _in_letters(text: str) -> str:
    """Return lines without terminal escapes: names of files may hold some."""
    from shipper.events import one_line  # noqa: PLC0415 - late: --help needs none

    return "\n".join(map(one_line, text.split("\n")))


def complain_of_bug(error: Exception, *, with_traceback: bool) -> int:
    """Print an error that nobody expected, and return the exit code for it."""
    if with_traceback:
        import traceback  # noqa: PLC0415 - late: --help needs none

        _tell("".join(traceback.format_exception(error)).rstrip("\n"), "error")
    _tell(f"{_OURS}unexpected error: {type(error).__name__}: {error}", "error")
    how = "report it with" if with_traceback else "run it again with --verbose and send"
    _tell(f"hint: this is a bug; please {how} the traceback", "error")
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
    from shipper.events import EventLog  # noqa: PLC0415 - late: --help needs none

    least = chosen.least
    if unless_verbose is not None and not chosen.is_verbose:
        least = unless_verbose
    return EventLog(
        sys.stderr,
        clock=clock,
        least=least,
        as_json=chosen.log_format == "json",
        for_journal=_is_journal(sys.stderr),
    )


def emphasise(text: str) -> str:
    """Return `text` in bold where the stream has it; `say` takes it off elsewhere."""
    return click.style(text, bold=True)


def _tell(text: str, level: Level) -> None:
    """Print on stderr; each line has a priority if it goes to the journal."""
    if _is_journal(sys.stderr):
        from shipper.events import PREFIXES  # noqa: PLC0415 - late: --help needs none

        prefix = PREFIXES[level]
        text = "\n".join(prefix + click.unstyle(line) for line in text.split("\n"))
    click.echo(text, err=True, color=_has_colour(sys.stderr))


def _is_journal(stream: TextIO) -> bool:
    """Return whether the stream is the one that systemd has tied to the journal.

    Source: JOURNAL_STREAM in systemd.exec(5). The variable alone proves nothing: it
    is inherited by whatever has its output sent elsewhere.
    """
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    if not (device.isdecimal() and inode.isdecimal()):
        return False
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # a stream of a test has no descriptor
        return False
    return (found.st_dev, found.st_ino) == (int(device), int(inode))


def _has_colour(stream: TextIO) -> bool:
    """Return whether colour is wanted: on a terminal, unless the user says otherwise.

    The option wins over the variables, and "no" over "yes".
    Source: no-color.org, force-color.org.
    """
    context = click.get_current_context(silent=True)
    chosen = "auto" if context is None else context.meta.get(COLOUR, "auto")
    if chosen != "auto":
        return bool(chosen == "always")
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()
