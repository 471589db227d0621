"""What a shipper follows, for those who look at it from beside and change nothing."""

from __future__ import annotations

from collections.abc import Sequence

from shipper.clock import Clock
from shipper.events import Events
from shipper.follow import READ_BYTES
from shipper.source import Catalog, Followed, Source
from shipper.store.names import state_files


def source_beside(
    state_dir: str,
    sources: Sequence[Followed],
    *,
    catalog: Catalog,
    events: Events,
    clock: Clock,
    read_bytes: int = READ_BYTES,
) -> Source:
    """Return the followed files as the shipper of a state sees them.

    Args:
        state_dir: Of that shipper; its own files are none of them.
        sources: What it follows.
        catalog: The files that its state knows.
        events: Told of what cannot be followed.
        clock: Paces the looking.
        read_bytes: Size of a block.
    """
    return Source(
        sources=sources,
        catalog=catalog,
        events=events,
        clock=clock,
        read_bytes=read_bytes,
        own_files=state_files(state_dir),
    )
