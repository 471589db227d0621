"""What records must have and a log does not say, so that the operator has to.

A log's format, its first lines and the operator's choices come in; everything that is
missing goes out, each with the option that says it. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shipper.backfill.choices import Choices
from shipper.errors import EXIT_USAGE
from shipper.foreign import Foreign, Hints
from shipper.formats import Format
from shipper.logfile import BadInputError
from shipper.model import BOM, Reject, Skip


class Need(Struct, frozen=True):
    """Something that a log does not say, and the option that does."""

    what: str
    option: str


ZONE: Final = Need("time zone", "--timezone ZONE, such as Europe/Berlin")
HOST: Final = Need("host", "--base-url URL, such as https://api.example.com")
CALLER: Final = Need("caller", "--identity RULE, such as client-ip")


class NeedsMoreError(BadInputError):
    """The log does not say something that records must have.

    Attributes:
        needs: All of it.
    """

    exit_code = EXIT_USAGE

    def __init__(self, path: str, needs: Sequence[Need]) -> None:
        super().__init__(
            path,
            f"its lines name no {', no '.join(need.what for need in needs)}",
            hint="say it with " + " and ".join(need.option for need in needs),
        )
        self.needs = tuple(needs)


def needs_of(format_: Format, first: Sequence[bytes], choices: Choices) -> list[Need]:
    """Return everything that the first lines of a log show to be missing.

    Args:
        format_: How its lines are read.
        first: Without wrappers; of a document, the first entries.
        choices: What the operator has said.
    """
    if format_.is_record:
        return []
    needs = []
    hints = choices.hints
    found = _read_all(format_, first, hints)
    lacks_zone = (format_.needs_zone and hints.zone is None) or any(
        isinstance(one, Reject) and one.reason == "time-zone" for one in found
    )
    if lacks_zone:
        needs.append(ZONE)
        # With any, the lines show what else is missing.
        found = _read_all(format_, first, replace(hints, zone=UTC))
    lacks_host = choices.base_url is None and any(
        isinstance(one, Foreign) and not one.host and "://" not in one.target
        for one in found
    )
    if lacks_host:
        needs.append(HOST)
    if not choices.has_rule:
        needs.append(CALLER)
    return needs


def _read_all(
    format_: Format, lines: Sequence[bytes], hints: Hints
) -> list[Foreign | Reject | Skip]:
    reader = format_.open(hints)
    return [reader.read(line.removeprefix(BOM)) for line in lines]
