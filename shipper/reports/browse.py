"""Lines for those who only look: of files that are named, or of what waits.

The commands that show what would happen to records share this. No position moves,
no lock is taken, and a shipper may run beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from shipper.clock import Clock
from shipper.events import Events
from shipper.logfile import BadInputError, LogFile
from shipper.model import Line
from shipper.source import Followed, Source
from shipper.store.snapshot import open_snapshot


class Seen(Struct, frozen=True, gc=False):
    """A line, and where a person would look for it.

    Attributes:
        path: The file's present name; ``-`` for standard input.
        line: What stands there.
    """

    path: str
    line: Line


def lines_of_files(paths: Sequence[str]) -> Iterator[Seen]:
    """Hand out all lines of the files, in the order named.

    Raises:
        NoInputError: A file is not there or cannot be read.
        BadInputError: An archive is damaged; its readable lines came first.
    """
    for path in paths:
        with LogFile(path) as log:
            for line in log.lines():
                yield Seen(path, line)
            if log.damage is not None:
                hint = "its lines before that were read; unpack what can be saved"
                raise BadInputError(path, log.damage, hint=hint)


def pending_lines(
    state_dir: str, sources: Sequence[Followed], *, events: Events, clock: Clock
) -> Iterator[Seen]:
    """Hand out the lines that a shipper would read next, in its own order.

    Raises:
        StateError: The state cannot be read.
    """
    with open_snapshot(state_dir) as snapshot:
        source = Source(sources=sources, catalog=snapshot, events=events, clock=clock)
        source.look()
    try:
        paths = {view.file_id: view.path for view in source.files()}
        while (line := source.next_line()) is not None:
            yield Seen(paths.get(line.file_id, line.file_id), line)
    finally:
        source.close()
