"""Known files for a process that follows none: where each belongs, and how it begins.

Other processes read them; the state says where they were seen last. Answers what a
`Source` would about dead letters of foreign logs, and which worker a log that nobody
has seen before is akin to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from msgspec import Struct

from shipper.fileid import FileRow, FileState, Head
from shipper.follow import MAX_LINE_BYTES, READ_BYTES
from shipper.source.handles import Handles
from shipper.source.opening import Opening, opening_of
from shipper.source.siblings import Name, Pattern, name_at
from shipper.source.sighting import NotAFileError, Sighting
from shipper.source.tracked import Facts, Tracked
from shipper.unpack import UnpackError

FindFile = Callable[[str], FileRow | None]


class Shelf:
    """The files of the state, by the tables that name them.

    Args:
        patterns: Paths and globs of active files, for each `[[source]]` in order.
        find_file: What the state remembers of a file.
    """

    def __init__(
        self, *, patterns: Sequence[Sequence[str]], find_file: FindFile
    ) -> None:
        # Mutable state: what the handles keep; nothing stays open here. One thread.
        self._patterns = [[Pattern(text) for text in texts] for texts in patterns]
        self._find_file = find_file
        self._handles = Handles(
            max_line_bytes=MAX_LINE_BYTES, read_bytes=READ_BYTES, open_file=os.open
        )

    def source_of(self, file_id: str) -> int | None:
        """Return the number of the table that a file belongs to."""
        row = self._find_file(file_id)
        if row is None or row.state in {FileState.GONE, FileState.HISTORY}:
            return None
        return self.number_of(row.path)

    def number_of(self, path: str) -> int | None:
        """Return the number of the table that names a path, or None."""
        found = self._place_of(path)
        return None if found is None else found.number

    def opening(
        self, file_id: str, *, headers_before: int | None = None
    ) -> Opening | None:
        """Return how a file begins, or None if it is not followed."""
        row = self._find_file(file_id)
        found = None if row is None else self._place_of(row.path)
        if row is None or found is None:
            return None
        tracked = Tracked(row, found.name, Facts(0, 0), 0.0)
        return opening_of(tracked, self._handles, headers_before=headers_before)

    def base_of(self, path: str) -> str | None:
        """Return the active file that a path belongs to, or None if it is not ours."""
        found = self._place_of(path)
        return None if found is None else found.name.base

    def kin_of(self, path: str) -> Kin | None:
        """Return what a file could be known by, or None if it cannot be looked at."""
        try:
            sighting = Sighting(path, open_file=self._handles.open)
        except (OSError, NotAFileError, UnpackError):
            return None
        kin = Kin(sighting.inode, sighting.head)
        sighting.close()
        return kin

    def _place_of(self, path: str) -> _Place | None:
        for number, patterns in enumerate(self._patterns):
            name = name_at(patterns, path)
            if name is not None:
                return _Place(number, name)
        return None


class _Place(Struct, frozen=True):
    """The table of a path, and what its name tells there."""

    number: int
    name: Name


class Kin(Struct, frozen=True):
    """What a file on disk could be known by."""

    inode: tuple[int, int]
    head: Head
