"""How far a log was sent already, known by what is in it.

The state's rows come in with an open log; the place to go on from goes out, or the
reason to leave the log alone. What is new is written down before it is read. A log is
known under any name, packed or not; a file that the shipper follows is left to it, but
for what it will never read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol
from uuid import uuid4

from msgspec import Struct

from shipper.backfill.choices import Choices
from shipper.backfill.log import Log
from shipper.backfill.outcome import LEFT_ALONE, FileOutcome
from shipper.fileid import FileRow, FileState, Head, at_cut
from shipper.follow import Position
from shipper.store.history import Reading

_FOLLOWED = frozenset({FileState.OPEN, FileState.ROTATED, FileState.DONE})


class Rows(Protocol):
    """What is remembered of files."""

    def find_files(self, head: Head) -> Sequence[FileRow]:
        """Return every file with a fingerprint."""
        ...

    def reading_of(self, file_id: str) -> Reading | None:
        """Return how a file was read as history; None if it was not."""
        ...


class Ledger(Rows, Protocol):
    """Where files are written down before they are read."""

    def enter(self, row: FileRow, reading: Reading) -> None:
        """Remember a file that is about to be read."""
        ...


class BlankLedger:
    """Knows the files of one plan and nothing from before; nothing is stored."""

    def __init__(self) -> None:
        # Mutable state: what was entered; one thread uses it.
        self._entered: dict[str, tuple[FileRow, Reading]] = {}

    def find_files(self, head: Head) -> Sequence[FileRow]:
        """Return every file with a fingerprint."""
        return [row for row, _ in self._entered.values() if row.head == head]

    def reading_of(self, file_id: str) -> Reading | None:
        """Return how a file was read as history; None if it was not."""
        _, reading = self._entered.get(file_id, (None, None))
        return reading

    def enter(self, row: FileRow, reading: Reading) -> None:
        """Remember a file that is about to be read."""
        self._entered[row.file_id] = row, reading


class Place(Struct, frozen=True):
    """Where a log is read from.

    Attributes:
        row: What is remembered of it, or is to be.
        is_new: Nothing is remembered yet.
        stop_bytes: Where to stop; the shipper has read what follows. None: the end.
    """

    row: FileRow
    is_new: bool
    stop_bytes: int | None = None

    @property
    def position(self) -> Position:
        """The place after the last line that is settled."""
        row = self.row
        return Position(row.offset_bytes, row.crc, row.mark)

    def at(self, row: FileRow) -> Place:
        """Return where the log is read on from, by what is remembered of it now."""
        return Place(row, is_new=False, stop_bytes=self.stop_bytes)


class LeftAlone(Struct, frozen=True):
    """Why a log is not read, in one sentence."""

    why: str


def place_of(
    log: Log, rows: Rows, reading: Reading, *, replay: bool
) -> Place | LeftAlone:
    """Return where to go on in a log."""
    found = [at_cut(row) for row in rows.find_files(log.head)]
    known = [row for row in found if log.holds(_position(row))]
    if not (known or replay) and any(
        _is_ahead(row, log, rows, reading) for row in found
    ):
        return LeftAlone("it is an older copy of a log that is followed, or was sent")
    followed = [
        row for row in known if row.state in _FOLLOWED and not row.is_passed_over
    ]
    if followed:
        start = min(row.start_bytes for row in followed)
        if not start:
            return LeftAlone("the shipper follows it, and sends what is in it")
        known = [row for row in known if row.offset_bytes <= start]
    else:
        start = None
    past = [row for row in known if row.state is FileState.GONE]
    earlier = [
        row
        for row in known
        if row.state is FileState.HISTORY and _is_labelled(row, rows, reading)
    ]
    if earlier and not replay:
        latest = max(earlier, key=lambda row: (row.first_seen, row.offset_bytes))
        before = rows.reading_of(latest.file_id)
        assert before is not None
        if before.choices != reading.choices:
            return LeftAlone(
                f"it was sent with other choices ({before.choices or 'all of it'}); "
                "--replay sends it anew, with the same ids"
            )
        return Place(latest, is_new=False, stop_bytes=start)
    begin = Position()
    if past and not replay:
        # It was followed once, and is no longer: what it delivered is delivered.
        begin = _position(max(past, key=lambda row: row.offset_bytes))
    return Place(_new_row(log, begin), is_new=True, stop_bytes=start)


def _is_labelled(row: FileRow, rows: Rows, reading: Reading) -> bool:
    """Tell whether a file of history was read under the label of a reading."""
    read = rows.reading_of(row.file_id)
    return read is not None and read.label == reading.label


def _is_ahead(row: FileRow, log: Log, rows: Rows, reading: Reading) -> bool:
    """Tell whether a file is settled beyond the end of a log that is its beginning."""
    if row.state is FileState.HISTORY:
        is_ours = _is_labelled(row, rows, reading)
    else:
        is_ours = row.state in _FOLLOWED
    may_be = is_ours and row.start_bytes == 0
    return may_be and row.offset_bytes >= log.unpacked_bytes() and log.begins(row.path)


def places_of(
    files: Sequence[FileOutcome], history: Ledger, choices: Choices
) -> list[tuple[FileOutcome, Place]]:
    """Find out where to go on in each log, and write down the new ones.

    Of copies of one log the longest is read, and the others are left alone.
    """
    reading = Reading(choices.label, choices.selection)
    places: list[tuple[FileOutcome, Place]] = []
    alike: dict[Head, list[tuple[FileOutcome, Place]]] = {}
    for file in files:
        if file.state == LEFT_ALONE:
            continue
        with Log(file.path, choices) as log:
            place = place_of(log, history, reading, replay=choices.replay)
            if isinstance(place, LeftAlone):
                file.leave_alone(place.why)
                continue
            file.sent_before = log.lines_before(place.position)
            # Logs that begin alike may be copies, whichever of them were sent before.
            rivals = alike.setdefault(place.row.head, [])
            for rival in rivals:
                shorter = _shorter(rival, (file, place), log, choices)
                if shorter is not None:
                    shorter.leave_alone("it is another copy of one of these")
        places.append((file, place))
        alike[place.row.head] = _left([*rivals, (file, place)])
    places = _left(places)
    for _, place in places:
        if place.is_new:
            history.enter(place.row, reading)
    return places


def _left(
    places: list[tuple[FileOutcome, Place]],
) -> list[tuple[FileOutcome, Place]]:
    """Return those that are to be read still."""
    return [one for one in places if one[0].state != LEFT_ALONE]


def _shorter(
    earlier: tuple[FileOutcome, Place],
    later: tuple[FileOutcome, Place],
    log: Log,
    choices: Choices,
) -> FileOutcome | None:
    """Return which of two logs the other one begins with; None if neither does.

    The later one is open.
    """
    (before, place), (file, other_place) = earlier, later
    if log.begins(before.path):
        return file
    with Log(before.path, choices) as other:
        if other.begins(file.path):
            return before
    # Those of one row have it up to its place in common, and can be read but once.
    return file if place.row.file_id == other_place.row.file_id else None


def _position(row: FileRow) -> Position:
    return Position(row.offset_bytes, row.crc, row.mark)


def _new_row(log: Log, begin: Position) -> FileRow:
    facts = log.facts
    return FileRow(
        file_id=str(uuid4()),
        path=os.path.abspath(log.path),
        dev=facts.st_dev,
        ino=facts.st_ino,
        head=log.head,
        start_bytes=begin.offset_bytes,
        offset_bytes=begin.offset_bytes,
        # The ledger's chain begins where this reading does.
        crc=0,
        mark=begin.mark,
        size_bytes=None,
        mtime_ns=facts.st_mtime_ns,
        state=FileState.HISTORY,
        packing=log.packing,
    )
