"""Lines for those who only look: of files that are named, or of what waits.

The commands that show what would happen to records share this. No position moves,
no lock is taken, and a shipper may run beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct

from shipper.clock import Clock
from shipper.events import Events
from shipper.joining import Joiner
from shipper.live import LiveSource
from shipper.logfile import STANDARD_INPUT, BadInputError, LogFile
from shipper.model import Line, Reject, Skip
from shipper.parse import parse
from shipper.readings import Reading, Readings, Way
from shipper.record import Record, UnknownVersion
from shipper.reports.beside import source_beside
from shipper.source import Followed
from shipper.source.opening import opening_in
from shipper.source.siblings import Pattern, name_at
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


def source_naming(path: str, sources: Sequence[Followed]) -> int | None:
    """Return the number of the first source that names a file, or None."""
    path = os.path.abspath(path)
    for number, source in enumerate(sources):
        if name_at([Pattern(each) for each in source.paths], path):
            return number
    return None


def lines_of_files(
    paths: Sequence[str],
    sources: Sequence[Followed],
    *,
    ways: Sequence[Way | None],
) -> Iterator[Seen]:
    """Hand out all lines of the files, in the order named.

    Args:
        paths: Where they are; ``-`` is standard input.
        sources: Say whose a file is; one that none of them names is our own.
        ways: How the lines of each are read; None for our own format.

    Raises:
        NoInputError: A file is not there or cannot be read.
        BadInputError: An archive is damaged; its readable lines came first.
    """
    for path in paths:
        number = None if path == STANDARD_INPUT else source_naming(path, sources)
        with LogFile(path) as log:
            yield from _lines_of(log, number, None if number is None else ways[number])
            if log.damage is not None:
                hint = "its lines before that were read; unpack what can be saved"
                raise BadInputError(path, log.damage, hint=hint)


def _lines_of(log: LogFile, number: int | None, way: Way | None) -> Iterator[Seen]:
    lines = log.lines()
    first = next(lines, None)
    if first is None:
        return
    lines = chain((first,), lines)
    if number is None or way is None:
        for line in lines:
            yield Seen(log.path, line, number)
        return
    reading = Reading(number, way, opening_in(log), first)
    for line in _joined(lines, reading.joiner):
        yield _seen(log.path, line, reading, number)


def _joined(lines: Iterable[Line], joiner: Joiner | None) -> Iterator[Line]:
    if joiner is None:
        yield from lines
        return
    for line in lines:
        yield from joiner.take(line)
    yield from joiner.finish()


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
    return _seen(path, line, readings.of(line), number)


def _seen(path: str, line: Line, reading: Reading | None, number: int | None) -> Seen:
    if reading is None:
        return Seen(path, line, number)
    own = reading.as_own(line)
    if isinstance(own, Line):
        return Seen(path, own, number)
    return Seen(path, line, number, own)
