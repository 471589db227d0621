"""Which followed files are open: never more than a bound at once.

A closed file costs a `stat` now and then and nothing else. Those used longest
ago are closed first, and files that have no name any more last.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

from shipper.fileid import head_of
from shipper.follow import ContentChangedError, Follower, PlainStream
from shipper.model import Line
from shipper.source.sighting import OPEN_FLAGS, OpenFile, is_out_of_handles
from shipper.source.tracked import Tracked
from shipper.unpack import MAGIC_BYTES, PackedStream, packing_of

MOST_HANDLES = 64
LEAST_HANDLES = 4
# Descriptors for the database, sockets, the watch, standard streams.
SPARE_HANDLES = 40

_Stream = PlainStream | PackedStream


class Handles:
    """Opens and closes followed files, never more than a bound at once."""

    def __init__(
        self,
        *,
        max_line_bytes: int,
        read_bytes: int,
        open_file: OpenFile,
        most: int | None = None,
    ) -> None:
        # Mutable state: open files, the one used last at the end.
        self._open: dict[str, Tracked] = {}
        self._max_line_bytes = max_line_bytes
        self._read_bytes = read_bytes
        self._open_file = open_file
        self._most = handle_budget() if most is None else most

    def __len__(self) -> int:
        return len(self._open)

    def read(self, tracked: Tracked, *, is_final: bool) -> Iterator[Line] | None:
        """Read on in a file, opening it if need be; see `Follower.read`.

        Args:
            tracked: The file.
            is_final: Nobody will add to it any more.
        """
        follower = tracked.follower
        if follower is None:
            follower = self._start(tracked)
        else:
            self._open[tracked.row.file_id] = self._open.pop(tracked.row.file_id)
        is_first = tracked.offset_bytes == 0
        lines = follower.read(is_final=is_final)
        # Asked after reading: what was looked at may have gone in between.
        if is_first and _was_taken_for_plain(tracked):
            self._start_over(tracked)
            raise StaleNameError
        if is_first and _begins_otherwise(tracked):
            self._start_over(tracked)
            raise ContentChangedError
        if lines is None and not is_final:
            stream = tracked.stream
            if stream is not None and stream.is_complete:
                lines = follower.read(is_final=True)
        return lines

    def close(self, tracked: Tracked) -> None:
        """Close a file and remember its reading place."""
        if tracked.follower is not None:
            tracked.position = tracked.follower.position
        if tracked.handle is not None:
            os.close(tracked.handle)
        tracked.follower = tracked.handle = tracked.stream = None
        self._open.pop(tracked.row.file_id, None)

    def hand_over(self, tracked: Tracked, heir: Tracked) -> None:
        """Let another row of an open file read on with its handle.

        Its name may be gone: then nothing else leads to its bytes.
        """
        handle, stream = tracked.handle, tracked.stream
        if handle is None or stream is None:
            return
        tracked.handle = None
        self.close(tracked)
        self._follow(heir, handle, stream)

    def close_all(self) -> None:
        """Close every file."""
        for tracked in list(self._open.values()):
            self.close(tracked)

    def make_room(self) -> bool:
        """Close the file used longest ago; False if none could be closed.

        A file whose name is gone, or that has unread bytes, is closed last:
        our handle may be all that keeps its bytes.
        """
        for is_wanted in (_is_idle, _has_a_name, _is_anything):
            for tracked in self._open.values():
                if is_wanted(tracked):
                    self.close(tracked)
                    return True
        return False

    def open(self, path: str, flags: int) -> int:
        """Open a file; when descriptors run out, close one of ours and try again.

        Raises:
            OSError: It cannot be opened.
        """
        while True:
            try:
                return self._open_file(path, flags)
            except OSError as error:
                if not is_out_of_handles(error) or not self.make_room():
                    raise

    def _start(self, tracked: Tracked) -> Follower:
        while len(self._open) >= self._most and self.make_room():
            pass
        handle = self.open(tracked.name.path, OPEN_FLAGS)
        try:
            _check_inode(handle, tracked)
            stream = (
                PackedStream(handle, tracked.row.packing)
                if tracked.row.packing
                else PlainStream(handle)
            )
        except BaseException:
            os.close(handle)
            raise
        return self._follow(tracked, handle, stream)

    def _start_over(self, tracked: Tracked) -> None:
        tracked.follower = None  # and with it where it has read to
        self.close(tracked)

    def _follow(self, tracked: Tracked, handle: int, stream: _Stream) -> Follower:
        tracked.handle, tracked.stream = handle, stream
        tracked.follower = Follower(
            tracked.row.file_id,
            stream,
            position=tracked.position,
            max_line_bytes=self._max_line_bytes,
            read_bytes=self._read_bytes,
        )
        self._open[tracked.row.file_id] = tracked
        return tracked.follower


class StaleNameError(Exception):
    """The name leads to another file than when it was looked at."""


def _begins_otherwise(tracked: Tracked) -> bool:
    """Tell whether a file begins with another line than when it was looked at.

    Its inode was given to another file, or it was emptied and filled again; nothing
    before the place of the first read would tell. One without a name is read all the
    same: if we let go of it, its bytes are lost.
    """
    head, follower = tracked.row.head, tracked.follower
    if not head.is_known or follower is None or tracked.is_orphan:
        return False
    return follower.first is not None and head_of(follower.first) != head


def _check_inode(handle: int, tracked: Tracked) -> None:
    facts = os.fstat(handle)
    if (facts.st_dev, facts.st_ino) != tracked.inode:
        raise StaleNameError


def _was_taken_for_plain(tracked: Tracked) -> bool:
    """Return True for an archive that was empty when it was first seen."""
    if tracked.row.head.is_known or tracked.row.packing:
        return False
    stream = tracked.stream
    return stream is not None and packing_of(stream.read_at(0, MAGIC_BYTES)) != ""


def handle_budget() -> int:
    """Return how many log files may be open at once under this process's limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_HANDLES
    return min(MOST_HANDLES, max(LEAST_HANDLES, (soft - SPARE_HANDLES) // 2))


def _is_idle(tracked: Tracked) -> bool:
    return not tracked.is_orphan and tracked.settled == tracked.facts


def _has_a_name(tracked: Tracked) -> bool:
    return not tracked.is_orphan


def _is_anything(tracked: Tracked) -> bool:
    return tracked.handle is not None
