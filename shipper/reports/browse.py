"""Lines for those who only look: of files that are named, or of what waits.

The commands that show what would happen to records share this. No position moves,
no lock is taken, and a shipper may run beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from shipper.clock import Clock
from shipper.events import Events
from shipper.live import LiveSource
from shipper.logfile import BadInputError, LogFile
from shipper.model import Line, Reject, Skip
from shipper.parse import parse
from shipper.readings import Readings, Way
from shipper.record import Record, UnknownVersion
from shipper.reports.beside import source_beside
from shipper.source import Followed
from shipper.store.snapshot import open_snapshot


class Seen(Struct, frozen=True, gc=False):
    """A line, and where a person would look for it.

    Attributes:
        path: The file's present name; ``-`` for standard input.
        line: What stands there; of a foreign log the record that it becomes, or what
            stands there if it becomes none.
        source: Number of the `[[source]]` that names the file; None for a file that
            was named otherwise.
        fate: What a foreign line became that is no record.
    """

    path: str
    line: Line
    source: int | None = None
    fate: Reject | Skip | None = None


def parsed(seen: Seen) -> Record | Reject | Skip | UnknownVersion:
    """Return the record in a line, or what the line is instead."""
    if seen.fate is not None:
        return seen.fate
    fault = seen.line.fault
    if fault is not None:
        return Reject(fault.reason, "the line has no usable bytes")
    return parse(seen.line.data)


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
    state_dir: str,
    sources: Sequence[Followed],
    *,
    ways: Sequence[Way | None],
    events: Events,
    clock: Clock,
) -> Iterator[Seen]:
    """Hand out the lines that a shipper would read next, in its own order.

    Args:
        state_dir: Where its state is.
        sources: What it follows.
        ways: How the lines of each are read; None for our own format.
        events: Told of what cannot be read.
        clock: Says how long a file has been quiet.

    Raises:
        StateError: The state cannot be read.
    """
    with open_snapshot(state_dir) as snapshot:
        source = source_beside(
            state_dir, sources, catalog=snapshot, events=events, clock=clock
        )
        source.look()
    readings = Readings(files=source, ways=ways)
    live = LiveSource(source, readings)
    try:
        paths = {view.file_id: view.path for view in source.files()}
        while (line := live.next_line()) is not None:
            path = paths.get(line.file_id, line.file_id)
            yield seen_of(path, line, readings, source.source_of(line.file_id))
    finally:
        source.close()


def seen_of(path: str, line: Line, readings: Readings, number: int | None) -> Seen:
    """Return a followed line, as one of our own if it is a foreign one."""
    reading = readings.of(line)
    if reading is None:
        return Seen(path, line, number)
    own = reading.as_own(line)
    if isinstance(own, Line):
        return Seen(path, own, number)
    return Seen(path, line, number, own)
