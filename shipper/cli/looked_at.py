"""The lines that `preview`, `scan` and `identify` look at.

Files that are named, or what a shipper would read next; no position moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipper.clock import Clock
    from shipper.config.settings import Settings
    from shipper.events import Events
    from shipper.reports.browse import Seen


def lines_of(
    settings: Settings, files: tuple[str, ...], events: Events, clock: Clock
) -> Iterator[Seen]:
    """Hand out all lines of the files, or those that wait when none is named."""
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.reports.browse import lines_of_files, pending_lines  # noqa: PLC0415
    from shipper.ways import ways_of  # noqa: PLC0415

    ways = ways_of(settings)
    if files:
        return lines_of_files(files, settings.sources, ways=ways)
    return pending_lines(
        settings.state_dir,
        settings.sources,
        ways=ways,
        events=events,
        clock=clock,
    )
