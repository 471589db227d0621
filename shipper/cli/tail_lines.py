"""How ``shipper tail`` tells of an exchange: one line for people, one for programs.

Nothing that a client or a log has put into a text reaches the terminal as anything but
letters.
"""

from __future__ import annotations

import glob
import os
import stat
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from shipper.config.settings import SourceSettings
from shipper.events import one_line
from shipper.logfile import NoInputError

if TYPE_CHECKING:
    from shipper.model import Reject
    from shipper.reports.browse import Seen
    from shipper.reports.exchanges import Exchange

TARGET_CHARACTERS: Final = 200  # --json has all of it
CALLER_CHARACTERS: Final = 60
_COLOURS: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


def line_of(exchange: Exchange) -> str:
    """Return the line for people: when, what, how it ended, who, and how much."""
    entry = exchange.entry
    status = entry.response.status
    begun = datetime.fromisoformat(entry.started_date_time)
    # The year 1, Go's time that is none, has no local time west of Greenwich.
    with suppress(OverflowError):
        begun = begun.astimezone()
    caller = _short(exchange.caller, CALLER_CHARACTERS)
    parts = (
        click.style(f"{begun:%H:%M:%S}.{begun.microsecond // 1000:03}", dim=True),
        click.style(f"{_short(entry.request.method, 20):<6}", bold=True),
        _short(exchange.target, TARGET_CHARACTERS),
        click.style(
            f"{status:03}", fg=_COLOURS.get(status // 100), bold=status >= 500 or None
        ),
        f"{entry.time:,} ms",
        caller or click.style("-", dim=True),
        click.style(
            f"in {_size(exchange.request_bytes)}, out {_size(exchange.response_bytes)}",
            dim=True,
        ),
    )
    return "  ".join(parts)


def as_json(seen: Seen, exchange: Exchange) -> dict[str, object]:
    """Return the same for programs."""
    entry = exchange.entry
    return {
        "kind": "exchange",
        "id": exchange.id,
        "time": entry.started_date_time,
        "method": entry.request.method,
        "url": entry.request.url,
        "path": exchange.target,
        "status": entry.response.status,
        "duration_ms": entry.time,
        "caller": exchange.caller or None,
        "request_bytes": exchange.request_bytes,
        "response_bytes": exchange.response_bytes,
        "file": seen.path,
    }


def refused(seen: Seen, reject: Reject) -> str:
    """Return what is told of a line that is no exchange."""
    return one_line(
        f"{seen.path}: line at byte {seen.line.start_bytes:,} is not shown: "
        f"{reject.reason}: {reject.detail}"
    )


def refused_as_json(seen: Seen, reject: Reject) -> dict[str, object]:
    """Return the same for programs."""
    return {
        "kind": "refused",
        "file": seen.path,
        "offset_bytes": seen.line.start_bytes,
        "reason": reject.reason,
        "detail": reject.detail,
    }


def from_the_end(source: SourceSettings) -> SourceSettings:
    """Return a source of which only what comes from now on is read."""
    return replace(source, read_from="end")


def just(file: str, source: SourceSettings | None) -> SourceSettings:
    """Return a source that is one file, read as `source` says, or as our own.

    Raises:
        NoInputError: It is not there, or cannot be looked at, or is no file.
    """
    path = os.path.abspath(file)
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise NoInputError(file, error.strerror or str(error)) from error
    if not stat.S_ISREG(mode):
        raise NoInputError(file, "it is not a regular file")
    known = source or SourceSettings(paths=())
    return from_the_end(replace(known, paths=(glob.escape(path),)))


def _short(text: str, most: int) -> str:
    # Escapes, line ends and marks that turn the direction of text are shown as codes.
    text = one_line(text[: most + 1])
    return text if len(text) <= most else f"{text[:most]}\u2026"


def _size(size: int | None) -> str:
    return "?" if size is None else f"{size:,} B"
