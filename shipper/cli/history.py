"""What the words of ``shipper backfill`` mean: checked one by one, told by name.

Each function is the callback of one option; a word that cannot be used is a usage
error that says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click

from shipper.errors import ConfigError

_ALLOWANCE: Final = re.compile(r"(\d+(?:\.\d+)?)(%?)")


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many refused lines are put up with: a number, or a share in percent."""

    amount: float
    is_share: bool

    def permits(self, refused: int, lines: int) -> bool:
        """Tell whether so many of so many lines are few enough."""
        limit = self.amount / 100 * lines if self.is_share else self.amount
        return refused <= limit

    def __str__(self) -> str:
        """Format as it is written."""
        return f"{self.amount:g}{'%' if self.is_share else ''}"


def format_name(_: click.Context, option: click.Parameter, name: str) -> str:
    """Return the name of a format that there is."""
    from shipper.formats import FORMATS  # noqa: PLC0415 - late: --help needs none

    if name != "auto" and name not in FORMATS:
        known = ", ".join(["auto", *FORMATS])
        raise click.BadParameter(f"{name!r} is none of {known}")
    return name


def base_url(_: click.Context, option: click.Parameter, url: str | None) -> str | None:
    """Return a URL that is scheme and host alone."""
    from shipper.adopt import Adopter  # noqa: PLC0415 - late: --help needs none
    from wsgi_writer.mask import Masks  # noqa: PLC0415 - late, as above

    if url is not None:
        try:
            Adopter(masks=Masks(), base_url=url)
        except ValueError as error:
            raise click.BadParameter(f"{url!r}: {error}") from error
    return url


def rule(_: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Return a rule that names callers."""
    from shipper.rules import check_rule  # noqa: PLC0415 - late: --help needs none

    if text is not None and (problem := check_rule(text)) is not None:
        raise click.BadParameter(f"{text!r}: {problem}")
    return text


def zone(_: click.Context, option: click.Parameter, name: str | None) -> str | None:
    """Return the name of a time zone that this machine knows."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - late

    if name is not None:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise click.BadParameter(
                f"{name!r} is no time zone this machine knows; expected a name such "
                "as Europe/Berlin (Debian: apt install tzdata)"
            ) from error
    return name


def moment(
    _: click.Context, option: click.Parameter, text: str | None
) -> datetime | None:
    """Return a moment; without a zone it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is no time such as 2026-11-01 or 2026-11-01T12:00:00Z"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def globs(
    _: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Return path globs that can be used."""
    from shipper import patterns  # noqa: PLC0415 - late: --help needs none

    for glob in given:
        problem = patterns.path_problem(glob)
        if problem is not None:
            raise click.BadParameter(f"{glob!r}: {problem}")
    return given


def statuses(
    _: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Return patterns of statuses that can be used."""
    from shipper import patterns  # noqa: PLC0415 - late: --help needs none

    for text in given:
        problem = patterns.status_problem(text)
        if problem is not None:
            raise click.BadParameter(f"{text!r}: {problem}")
    return given


def field_map(
    _: click.Context, option: click.Parameter, path: str | None
) -> Mapping[str, str] | None:
    """Return the field map in a file."""
    # Late, as above.
    from shipper.config.field_map import read_field_map  # noqa: PLC0415

    if path is None:
        return None
    try:
        return read_field_map(path)
    except ConfigError as error:
        raise click.BadParameter(error.in_one_line) from error


def allowance(_: click.Context, option: click.Parameter, text: str) -> Allowance:
    """Return how many refused lines are put up with."""
    found = _ALLOWANCE.fullmatch(text.strip())
    if found is None or (found[2] and float(found[1]) > 100):
        raise click.BadParameter(f"{text!r} is no number such as 20, or share as 1%")
    return Allowance(float(found[1]), bool(found[2]))


def rate(_: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Return records a second."""
    from shipper.limits.words import rate_of  # noqa: PLC0415 - late: --help needs none

    if text is None:
        return None
    try:
        return rate_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def bandwidth(
    _: click.Context, option: click.Parameter, text: str | None
) -> float | None:
    """Return bytes a second; ``off`` is no limit."""
    from shipper.limits.words import bandwidth_of  # noqa: PLC0415 - late, as above

    if text is None:
        return None
    try:
        return bandwidth_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
