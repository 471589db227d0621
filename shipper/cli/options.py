"""Options that several commands share, and the kinds of value they take.

They stand after the command's name: ``shipper run --config FILE``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec

import click

if TYPE_CHECKING:
    from shipper.events import Level

LONGEST_DAYS = 3650  # a duration; dates and timers end some centuries later
VERBOSE = "shipper.verbose"  # in the context, for the last resort's traceback
COLOUR = "shipper.colour"  # in the context, for whoever prints

P = ParamSpec("P")

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class Common(NamedTuple):
    """What the shared options say.

    Attributes:
        config: The configuration file, or None to look in the usual places.
        is_quiet: Only warnings and errors on stderr.
        is_verbose: Every event, and tracebacks.
        as_json: The result on stdout as one JSON object.
        log_format: ``text`` or ``json``, for events on stderr.
    """

    config: str | None
    is_quiet: bool
    is_verbose: bool
    as_json: bool
    log_format: str

    @property
    def least(self) -> Level:
        """The least level of event that is told."""
        if self.is_verbose:
            return "debug"
        return "warning" if self.is_quiet else "info"


def duration(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> float | None:
    """Return the seconds of ``90s``, ``5m``, ``1h30m`` or ``250ms``; 30 is 30 s."""
    if text is None:
        return None
    word = text.strip().lower()
    if _NUMBER.fullmatch(word):
        word += "s"
    parts = _DURATION.findall(word)
    if not parts or "".join(number + unit for number, unit in parts) != word:
        raise click.BadParameter(f"{text!r} is not a duration such as 90s, 5m or 1h30m")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > LONGEST_DAYS * _SECONDS["d"]:
        raise click.BadParameter(f"{text!r} is longer than {LONGEST_DAYS} days")
    return seconds


def utf_8(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> str | None:
    """Return a text that is written down, or made an id of; that is done in UTF-8."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is not UTF-8") from None
    return text


def common(
    function: Callable[Concatenate[Common, P], int],
) -> Callable[P, int]:
    """Add ``--config`` and what `output` adds, handed over as one `Common`."""
    option = click.option(
        "--config",
        metavar="FILE",
        help="The configuration file. Default: SHIPPER_CONFIG, then "
        "$XDG_CONFIG_HOME/shipper/config.toml, then /etc/shipper/config.toml.",
    )
    return option(output(function))


def output(
    function: Callable[Concatenate[Common, P], int],
) -> Callable[P, int]:
    """Add the options that rule what is printed, handed over as one `Common`."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> int:
        # The options of this decorator are no parameters of the function.
        taken: dict[str, Any] = kwargs
        chosen = Common(
            config=taken.pop("config", None),
            is_quiet=taken.pop("quiet"),
            is_verbose=taken.pop("verbose"),
            as_json=taken.pop("json"),
            log_format=taken.pop("log_format"),
        )
        colour = taken.pop("color")
        if chosen.is_quiet and chosen.is_verbose:
            raise click.UsageError("--quiet and --verbose cannot both be given.")
        meta = click.get_current_context().meta
        meta[VERBOSE] = chosen.is_verbose
        meta[COLOUR] = colour
        return function(chosen, *args, **kwargs)

    for option in reversed(_OUTPUT_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OUTPUT_OPTIONS = (
    click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors."),
    click.option("-v", "--verbose", is_flag=True, help="Every event; tracebacks too."),
    click.option("--json", is_flag=True, help="Print the result as one JSON object."),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How events are written to stderr.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour; auto is on terminals, unless NO_COLOR or FORCE_COLOR is set.",
    ),
)
