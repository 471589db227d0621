"""One followed file as it stands in memory: its row, its reading place, its handle.

Values only, and what follows from them; `census` decides, `handles` opens.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from shipper.fileid import FileRow, FileState, at_cut
from shipper.follow import Follower, PlainStream, Position
from shipper.source.siblings import Name, reading_order
from shipper.unpack import PackedStream


class Facts(Struct, frozen=True, gc=False):
    """What `stat` says of a file that matters here."""

    size_bytes: int
    mtime_ns: int


class Tracked:
    """A file we follow. Mutable; touched by the pipeline thread alone.

    Attributes:
        row: What the database holds, or will at the next save. Its position is
            where this run began, not where reading is: see `position`.
        facts: The last `stat`.
        had_bytes: The greatest length that it had at the looks before the last one,
            since a read has found its lines there; 0 if there was none.
        settled: The `stat` at which nothing was left to read, or None.
        changed_at: Monotonic second of the last change we saw.
        is_saved: The row is in the database: lines may be handed out.
        is_orphan: Its name is gone; it lives as long as our handle.
        is_doubtful: A read found other bytes than before, or the file was cut; the
            census must judge.
    """

    __slots__ = (
        "changed_at",
        "facts",
        "follower",
        "had_bytes",
        "handle",
        "is_doubtful",
        "is_orphan",
        "is_queued",
        "is_saved",
        "name",
        "position",
        "row",
        "settled",
        "stopped_at",
        "stream",
    )

    def __init__(
        self, row: FileRow, name: Name, facts: Facts, changed_at: float
    ) -> None:
        self.row = row
        self.name = name
        self.facts = facts
        self.had_bytes = 0
        self.settled: Facts | None = None
        self.changed_at = changed_at
        self.position = Position(row.offset_bytes, row.crc, row.mark)
        self.follower: Follower | None = None
        self.handle: int | None = None
        self.stream: PlainStream | PackedStream | None = None
        self.is_queued = False
        self.is_saved = False
        self.stopped_at: int | None = None
        self.is_orphan = False
        self.is_doubtful = row.cut is not None

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode number."""
        return self.row.dev, self.row.ino

    @property
    def order(self) -> tuple[bool, str, int, str]:
        """Where it stands among the generations of its base; oldest first."""
        return reading_order(self.name, self.facts.mtime_ns)

    @property
    def is_stopped(self) -> bool:
        """True if nothing more is read in this run (an unknown record version)."""
        return self.stopped_at is not None

    @property
    def offset_bytes(self) -> int:
        """Where the next line to be read begins, or where the file was stopped."""
        if self.stopped_at is not None:
            return self.stopped_at
        if self.follower is not None:
            return self.follower.offset_bytes
        return self.position.offset_bytes

    @property
    def unread_bytes(self) -> int:
        """Bytes not read yet; of a packed file packed ones, and at least one."""
        if self.row.state is FileState.DONE:
            return 0
        if not self.row.packing:
            return max(0, self.facts.size_bytes - self._unread_from)
        if self.settled == self.facts:
            return 0
        if isinstance(self.stream, PackedStream):
            return max(1, self.stream.packed_left_bytes)
        return max(1, self.facts.size_bytes)

    @property
    def was_empty(self) -> bool:
        """True if nothing tells it from another file that has got its inode."""
        is_closed = self.handle is None and not self.is_doubtful
        return is_closed and not (self.facts.size_bytes or self.offset_bytes)

    @property
    def unread_beyond(self) -> int:
        """Bytes of a plain file beyond the reading place, negative if it shrank."""
        return self.facts.size_bytes - self.offset_bytes

    @property
    def goes_on_at(self) -> Position:
        """The reading place, or where the file was cut before it."""
        row = at_cut(self.live_row())
        return Position(row.offset_bytes, row.crc, row.mark)

    @property
    def _unread_from(self) -> int:
        cut = self.row.cut
        return self.offset_bytes if cut is None else self.goes_on_at.offset_bytes

    def see(self, facts: Facts) -> None:
        """Take a new `stat`; whether it is of the same lines, the next read tells."""
        self.had_bytes = max(self.had_bytes, self.facts.size_bytes)
        self.facts = facts

    def trust(self) -> None:
        """Note that a read has found the lines before its place."""
        self.had_bytes = 0

    def doubt(self) -> None:
        """Note that a read found other bytes: the last `stat` is of those."""
        self.is_doubtful = True
        if self.had_bytes and not self.row.packing:
            self.facts = replace(self.facts, size_bytes=self.had_bytes)

    def live_row(self) -> FileRow:
        """Return the row with the reading place as its position, for comparing."""
        place = self.position if self.follower is None else self.follower.position
        return replace(
            self.row,
            offset_bytes=place.offset_bytes,
            crc=place.crc,
            mark=place.mark,
        )
