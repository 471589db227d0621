"""Reading in turns: a block of the oldest unread generation of each log.

Takes files that have something unread, gives blocks of lines, and notes when a
file is read to its present end. What a read reveals (other content than before,
another file under the name) it leaves to the next look.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterator

from shipper.clock import Clock
from shipper.fileid import FileState
from shipper.follow import ContentChangedError
from shipper.model import Line
from shipper.source.examine import Examiner
from shipper.source.handles import Handles, StaleNameError
from shipper.source.roster import Roster
from shipper.source.tracked import Tracked
from shipper.unpack import PackedStream, UnpackError

# A sealed file that ends without newline: the writer was killed in the middle.
# Wait a little all the same, for the one append the rotation may have overtaken.
TORN_SECONDS = 1.0
# What ends early (an archive, a text in parts) is being written, or was cut; so
# long it may rest.
UNFINISHED_SECONDS = 60.0


class Turns:
    """Unread files of one source, and whose turn it is. Pipeline thread only.

    Args:
        roster: Told of fingerprints and sizes learned by reading.
        handles: Opens and reads.
        examiner: Told of files that cannot be read.
        clock: Says how long a file has been quiet.
    """

    def __init__(
        self, *, roster: Roster, handles: Handles, examiner: Examiner, clock: Clock
    ) -> None:
        # Mutable state: unread files by active path, oldest first; the active
        # paths in turn; sealed files that end without newline, and archives that
        # end before their checksum.
        self._roster = roster
        self._handles = handles
        self._examiner = examiner
        self._clock = clock
        self._generations: dict[str, list[Tracked]] = {}
        self._order: deque[str] = deque()
        self._torn: dict[str, Tracked] = {}
        self._unfinished: dict[str, Tracked] = {}
        self._began_at = clock.monotonic()
        self.has_doubt = False

    def add(self, tracked: Tracked) -> None:
        """Give a file its turn, if there may be anything to read in it."""
        if tracked.settled == tracked.facts or tracked.is_queued:
            return
        if tracked.is_stopped or not tracked.is_saved:
            return
        if tracked.row.state is FileState.DONE:
            packing = tracked.row.packing
            if tracked.row.is_passed_over or (
                not packing and tracked.unread_beyond <= 0
            ):
                tracked.settled = tracked.facts
                return
            # The one late append that a rotation may overtake (sealed on sight); or
            # an archive that seemed whole while it had but the first of its members.
            self._roster.amend(tracked, state=FileState.ROTATED)
        tracked.is_queued = True
        base = tracked.name.base
        if base not in self._generations:
            self._generations[base] = []
            self._order.append(base)
        insort(self._generations[base], tracked, key=lambda each: each.order)

    def add_torn(self) -> None:
        """Give sealed files that have been quiet long enough their last turn."""
        now = self._clock.monotonic()
        for file_id, tracked in list(self._torn.items()):
            if self._is_final(tracked, now):
                del self._torn[file_id]
                tracked.settled = None
                self.add(tracked)

    def tell_unfinished(self) -> None:
        """Report archives that nobody seems to be writing to the end."""
        now = self._clock.monotonic()
        for file_id, tracked in list(self._unfinished.items()):
            if not self._is_quiet(tracked, now, UNFINISHED_SECONDS):
                continue
            del self._unfinished[file_id]
            if tracked.row.state is not FileState.GONE:
                path, why = tracked.name.path, "the archive ends early"
                self._examiner.trouble(path, "file_unreadable", why)

    def remove(self, tracked: Tracked) -> None:
        """Forget a file; its turn passes."""
        self._torn.pop(tracked.row.file_id, None)
        self._unfinished.pop(tracked.row.file_id, None)

    def withdraw(self, tracked: Tracked) -> None:
        """Forget a file that somebody else will read on in."""
        self.remove(tracked)
        tracked.is_queued = False
        for base, generations in self._generations.items():
            if tracked in generations:
                generations.remove(tracked)
                if not generations:
                    del self._generations[base]
                    self._order.remove(base)
                return

    def is_at_rest(self, tracked: Tracked) -> bool:
        """Return True if a file has been read and nobody seems to add to it.

        One whose last bytes were cut away is at rest at once.
        """
        if tracked.row.cut is not None or tracked.is_stopped:
            return True
        if tracked.settled != tracked.facts:
            return False
        # Of a file from an earlier run nobody knows when it was changed last.
        changed_at = max(tracked.changed_at, self._began_at)
        if self._clock.monotonic() - changed_at >= UNFINISHED_SECONDS:
            return True
        return self._is_old(tracked, UNFINISHED_SECONDS)

    def next_block(self) -> Iterator[Line] | None:
        """Return lines of the file whose turn it is; None when all is read."""
        while self._order:
            base = self._order[0]
            generations = self._generations[base]
            tracked = generations[0]
            lines = self._read(tracked)
            if lines is None or tracked.settled == tracked.facts:
                tracked.is_queued = False
                generations.pop(0)
            if not generations:
                del self._generations[base]
                self._order.popleft()
            elif lines is not None:
                self._order.rotate(-1)
            if lines is not None:
                return lines
        return None

    def _read(self, tracked: Tracked) -> Iterator[Line] | None:
        if tracked.is_stopped or tracked.row.state is FileState.GONE:
            return None
        if tracked.is_doubtful:
            self.has_doubt = True
            return None
        path = tracked.name.path
        try:
            is_final = self._is_final(tracked, self._clock.monotonic())
            is_first = tracked.offset_bytes == 0
            lines = self._handles.read(tracked, is_final=is_final)
            tracked.trust()
            # A fingerprint taken before the first line was read may be that of
            # lines that were cut away since.
            if is_first or not tracked.row.head.is_known:
                self._roster.learn_head(tracked)
        except ContentChangedError:
            tracked.doubt()
            self.has_doubt = True
            return None
        except (StaleNameError, FileNotFoundError):
            tracked.is_doubtful = self.has_doubt = True
            return None
        except UnpackError as error:
            self._examiner.trouble(path, "file_refused", str(error))
            tracked.settled = tracked.facts
            return None
        except OSError as error:
            # Closed now, tried again at the next scan: ESTALE wants a new handle.
            self._handles.close(tracked)
            why = error.strerror or str(error)
            self._examiner.trouble(path, "file_unreadable", why)
            return None
        self._settle(tracked, has_lines=lines is not None, is_final=is_final)
        return lines

    def _settle(self, tracked: Tracked, *, has_lines: bool, is_final: bool) -> None:
        """Note whether anything is left to read, going by the last `stat`."""
        follower, stream = tracked.follower, tracked.stream
        if isinstance(stream, PackedStream):
            if has_lines:
                return
            if stream.damage is not None:
                path = tracked.name.path
                self._examiner.trouble(path, "file_unreadable", stream.damage)
                tracked.settled = tracked.facts
                return
            if not stream.is_complete:
                self._unfinished[tracked.row.file_id] = tracked
                tracked.settled = tracked.facts
                return
            self._unfinished.pop(tracked.row.file_id, None)
            if follower is not None:
                self._roster.amend(tracked, size_bytes=follower.offset_bytes)
        elif follower is not None:
            is_read = follower.offset_bytes >= tracked.facts.size_bytes
            is_seen = follower.reach_bytes >= tracked.facts.size_bytes
            if has_lines and not (is_read or (is_seen and not is_final)):
                return
            if tracked.name.is_sealed and not is_read and not is_final:
                self._torn[tracked.row.file_id] = tracked
        tracked.settled = tracked.facts
        self._examiner.relief(tracked.name.path)

    def _is_final(self, tracked: Tracked, now: float) -> bool:
        """Return True if nobody will add to a plain file any more."""
        if not tracked.name.is_sealed:
            return False
        return tracked.is_orphan or self._is_quiet(tracked, now, TORN_SECONDS)

    def _is_quiet(self, tracked: Tracked, now: float, seconds: float) -> bool:
        """Return True if a file has not changed for so long, by either clock."""
        if now - tracked.changed_at >= seconds:
            return True
        return self._is_old(tracked, seconds)

    def _is_old(self, tracked: Tracked, seconds: float) -> bool:
        """Return True if a file has not changed for so long, by the wall clock."""
        age = self._clock.now().timestamp() - tracked.facts.mtime_ns / 1e9
        # The machine's clock may be off a little from the file server's.
        return age > 2 * seconds
