"""Candidates on disk, opened when a `stat` leaves a doubt, and compared with rows.

What cannot be opened is told once for each reason, and told again only when the
reason changes or it could be opened in between.
"""

from __future__ import annotations

from enum import Enum, auto

from shipper.events import Events
from shipper.fileid import FileRow, Head, at_cut
from shipper.follow import Position
from shipper.source.siblings import Name
from shipper.source.sighting import NotAFileError, OpenFile, Sighting
from shipper.source.tracked import Facts, Tracked
from shipper.unpack import UnpackError

Inode = tuple[int, int]
MOST_PROBLEMS = 1024  # paths whose trouble is remembered, not to be told again


class Candidate:
    """A name on disk with its `stat`; the rest once it has been opened."""

    __slots__ = ("facts", "head", "inode", "is_begun", "name", "packing")

    def __init__(self, name: Name, inode: Inode, facts: Facts) -> None:
        self.name = name
        self.inode = inode
        self.facts = facts
        self.head = Head()
        self.packing = ""
        self.is_begun = False

    @property
    def is_in_the_making(self) -> bool:
        """True for what may become a copy or an archive, and holds no line yet.

        Followed now, it would be read as a new file the moment its first bytes
        are there, without being compared with what has been read already.
        """
        return not self.is_begun and self.name.is_rotated and not self.name.is_sealed


def is_unchanged(tracked: Tracked, candidate: Candidate) -> bool:
    """Return True if a file is where it was, and nothing of its `stat` is new."""
    return (
        tracked.name is candidate.name
        and tracked.facts == candidate.facts
        and not tracked.is_orphan
        and not tracked.is_doubtful
    )


def is_plausible(tracked: Tracked, facts: Facts) -> bool:
    """Return True if the content need not be read to know the file again."""
    row = tracked.row
    if tracked.is_doubtful:
        return False
    if not row.head.is_known:
        # Its first line may be whole by now, in an archive that is being written too.
        return facts == tracked.facts
    if row.packing:
        return tracked.handle is not None or facts.mtime_ns == tracked.facts.mtime_ns
    if facts.size_bytes < tracked.offset_bytes:
        return facts == tracked.facts
    # An open handle keeps its inode from being given to another file; bytes that
    # were overwritten in place show at the next read.
    return tracked.handle is not None or facts == tracked.facts


class Likeness(Enum):
    """How a candidate compares with a known file."""

    SAME = auto()
    SHRUNK = auto()  # or as long as it was, with NULs at its end
    OTHER = auto()


def compare(sighting: Sighting, row: FileRow) -> Likeness:
    """Say whether `sighting` is the file of `row`, going by content."""
    row = at_cut(row)
    if row.head.is_known and sighting.head != row.head:
        return Likeness.OTHER
    if not sighting.packing and sighting.size_bytes < row.offset_bytes:
        return Likeness.SHRUNK if row.head.is_known else Likeness.OTHER
    if sighting.holds(row):
        return Likeness.SAME
    if row.head.is_known and not sighting.packing and sighting.nul_before(row):
        return Likeness.SHRUNK
    return Likeness.OTHER


def place_left(sighting: Sighting, row: FileRow) -> Position:
    """Return the position behind what is left of a file that shrank."""
    return sighting.last_place(sighting.nul_before(at_cut(row)))


class Examiner:
    """Opens files to be judged, and keeps the list of those that cannot be.

    Args:
        open_file: Opens within the bound on descriptors.
        events: Where trouble is told.
    """

    def __init__(self, *, open_file: OpenFile, events: Events) -> None:
        # Mutable state: the trouble told of each path. Pipeline thread.
        self._open_file = open_file
        self._events = events
        self._problems: dict[str, str] = {}

    def open(self, candidate: Candidate) -> Sighting | None:
        """Open a candidate; None if it cannot be, which is told.

        None as well if its name leads to another file since the `stat`: a rotation
        is going on, and the next count will see its end.
        """
        sighting = self.open_path(candidate.name.path)
        if sighting is not None and sighting.inode != candidate.inode:
            sighting.close()
            return None
        return sighting

    def open_path(self, path: str) -> Sighting | None:
        """Open a file; None if it is gone, or cannot be opened, which is told."""
        try:
            sighting = Sighting(path, open_file=self._open_file)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.trouble(path, "file_unreadable", error.strerror or str(error))
        except (NotAFileError, UnpackError) as error:
            self.trouble(path, "file_refused", str(error))
        else:
            self.relief(path)
            return sighting
        return None

    def trouble(self, path: str, event: str, why: str) -> None:
        """Report that a path cannot be followed, once for each reason."""
        if self._problems.get(path) != why:
            self._problems[path] = why
            if len(self._problems) > MOST_PROBLEMS:
                # The oldest: most likely nothing has that name any more.
                del self._problems[next(iter(self._problems))]
            self._events.emit(event, path=path, why=why)

    def relief(self, path: str) -> None:
        """Note that a path can be followed again."""
        self._problems.pop(path, None)
