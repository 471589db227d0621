"""``--hmac-key-file``: the key that exporting and sending hosts share, if they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

import click

from shipper.errors import EXIT_CONFIG, OPEN_TO_USER, ShipperError

P = ParamSpec("P")


class KeyFileError(ShipperError):
    """The key cannot be used."""

    exit_code = EXIT_CONFIG


def option(what: str) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """Return the option; `what` says what the key does there."""
    return click.option("--hmac-key-file", metavar="FILE", help=what)


def read(path: str | None) -> bytes | None:
    """Return the key in a file, line ends after it left out; None without a file.

    Raises:
        KeyFileError: It cannot be read, or is no key.
    """
    if path is None:
        return None
    from shipper.lookup import UnusableError  # noqa: PLC0415 - late: --help needs none
    from shipper.lookup.keyfile import read_mask_key  # noqa: PLC0415 - late, as above

    try:
        return read_mask_key(path)
    except UnusableError as error:
        hint = "make one with: head -c 32 /dev/urandom | base64"
        if isinstance(error.__cause__, PermissionError):
            # With another key on each side, nothing would be authentic.
            hint = OPEN_TO_USER
        problem = f"cannot use the key: {path}: {error.problem}"
        raise KeyFileError(problem, hint=hint) from error
