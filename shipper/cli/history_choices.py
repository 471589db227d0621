"""How logs of history are read, and what of them is sent: nine options, one value.

Each word has the meaning that `history` gives it. They are handed over as `Choices`,
and what does not fit together is a usage error.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from shipper.cli import history, options

if TYPE_CHECKING:
    from shipper.backfill.choices import Choices

P = ParamSpec("P")


def choices(
    function: Callable[Concatenate[Choices, P], int],
) -> Callable[P, int]:
    """Add the options that say what is read and sent, handed over as one `Choices`.

    Its `has_rule` says whether ``--identity`` was given; rules of the configuration
    are not known here.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> int:
        from shipper.backfill.choices import Choices  # noqa: PLC0415 - late

        # The options of this decorator are no parameters of the function.
        taken: dict[str, Any] = kwargs
        identity = taken.pop("identity")
        given = Choices(
            format=taken.pop("format_"),
            base_url=taken.pop("base_url"),
            identity=identity,
            timezone=taken.pop("timezone"),
            label=taken.pop("label"),
            since=taken.pop("since"),
            until=taken.pop("until"),
            exclude=taken.pop("exclude"),
            fields=taken.pop("fields"),
            has_rule=bool(identity),
        )
        return function(given, *args, **kwargs)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def check(given: Choices) -> None:
    """Find what does not fit together.

    Raises:
        click.UsageError: Something does not.
    """
    from shipper.formats import FORMATS  # noqa: PLC0415 - late: --help needs none

    if given.since and given.until and given.since >= given.until:
        raise click.UsageError("--since is not before --until: nothing would be sent.")
    if given.fields is not None:
        takers = [name for name, row in FORMATS.items() if row.takes_fields]
        if given.format not in takers:
            raise click.UsageError(
                f"--map goes with --format {' or '.join(takers)}, not with "
                f"{given.format}."
            )


_OPTIONS = (
    click.option(
        "--format",
        "format_",
        default="auto",
        show_default=True,
        metavar="NAME",
        callback=history.format_name,
        help="How lines are read; auto looks at the first 200 and refuses when in "
        "doubt.",
    ),
    click.option(
        "--base-url",
        metavar="URL",
        callback=history.base_url,
        help="Scheme and host of logs that name none, such as https://api.example.com.",
    ),
    click.option(
        "--identity",
        metavar="RULE",
        callback=history.rule,
        help="Who the caller is: a rule of [identify], such as client-ip or "
        "basic-user.",
    ),
    click.option(
        "--timezone",
        metavar="ZONE",
        callback=history.zone,
        help="Of stamps that name none, such as Europe/Berlin.",
    ),
    click.option(
        "--label",
        default="",
        metavar="TEXT",
        callback=options.utf_8,
        help="Goes into the ids; for hosts whose logs may begin alike.",
    ),
    click.option(
        "--since",
        metavar="T",
        callback=history.moment,
        help="Leave out what began before: 2026-11-01 or 2026-11-01T12:00:00Z; UTC.",
    ),
    click.option(
        "--until",
        metavar="T",
        callback=history.moment,
        help="Leave out what began then or later.",
    ),
    click.option(
        "--exclude",
        metavar="GLOB",
        multiple=True,
        callback=history.globs,
        help="Leave out these paths, such as '/static/**'. May be given several times.",
    ),
    click.option(
        "--map",
        "fields",
        metavar="FILE",
        callback=history.field_map,
        help="TOML or JSON file that says which member of a JSON log holds what.",
    ),
)
