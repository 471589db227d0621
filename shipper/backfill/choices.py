"""What an operator chose for a backfill: how logs are read, what of them is sent.

Checked values, as the command gives them; they travel to worker processes, so every
one of them can be pickled. Here too: the rule that leaves records out by their time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from shipper.filters import Filters
from shipper.foreign import Hints
from shipper.record import Record

AUTO: Final = "auto"
SINCE: Final = "since"
UNTIL: Final = "until"


@dataclass(frozen=True, slots=True)
class Choices:
    """How logs are read, and what of them is sent.

    Attributes:
        format: A name of the table of formats, or ``auto``.
        base_url: Scheme and host of logs that name none.
        identity: The rule that names the caller, before those of the configuration.
        timezone: Of stamps that name none, such as ``Europe/Berlin``.
        label: Goes into the ids.
        since: Records that began before are left out; `until` those from then on.
        exclude: Paths that are left out, as globs.
        fields: A field map, our name to the log's.
        replay: Send again what was sent, with the same ids.
        has_rule: Some rule names callers: `identity`, or the configuration's.
    """

    format: str = AUTO
    base_url: str | None = None
    identity: str | None = None
    timezone: str | None = None
    label: str = ""
    since: datetime | None = None
    until: datetime | None = None
    exclude: tuple[str, ...] = ()
    fields: Mapping[str, str] | None = field(default=None)
    replay: bool = False
    has_rule: bool = True

    @property
    def hints(self) -> Hints:
        """What readers of foreign lines are told."""
        zone = None if self.timezone is None else ZoneInfo(self.timezone)
        return Hints(zone=zone, fields=self.fields)

    @property
    def selection(self) -> str:
        """Which part of a log is sent, in words; empty for all of it.

        Two runs that differ in it have sent different things, and the position of
        one says nothing about the other.
        """
        parts = [
            f"--since {_stamp(self.since)}" if self.since else "",
            f"--until {_stamp(self.until)}" if self.until else "",
            *(f"--exclude {glob}" for glob in sorted(self.exclude)),
        ]
        return " ".join(filter(None, parts))


class Selection(Filters):
    """The rules of a backfill: its own, not those of `[filter]`.

    Args:
        since: Records that began before are left out; `until` those from then on.
        exclude_paths: Paths that are left out.
    """

    def __init__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        exclude_paths: tuple[str, ...] = (),
    ) -> None:
        super().__init__(exclude_paths=exclude_paths)
        self._since = since and _stamp(since)
        self._until = until and _stamp(until)

    def reason_to_skip(self, record: Record) -> str | None:
        """Return the rule that leaves a record out, or None to keep it."""
        # Stamps are UTC with Z, so that they compare as texts; fractions do too.
        started = record.har.started_date_time[:-1]
        if self._since and started < self._since:
            return SINCE
        if self._until and started >= self._until:
            return UNTIL
        return super().reason_to_skip(record)


def _stamp(moment: datetime) -> str:
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    )
