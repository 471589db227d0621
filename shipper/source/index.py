"""Where a followed file is found: by its id, by its inode, by its fingerprint.

Each source has an index; those of one process share their claims, and by these no
file has two readers. A file that was moved from one source to another is handed over,
wherever reading is. Only `roster` changes it otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from shipper.fileid import Head
from shipper.follow import Position
from shipper.source.sharing import Share
from shipper.source.tracked import Tracked

LetGo = Callable[[Tracked, str], bool]
# Far more than can have lines in flight.
_MOST_LEFT = 1024


class Claims:
    """What the sources of one process follow. Pipeline thread only."""

    def __init__(self) -> None:
        # Mutable state: who has a file id or an inode, the followed files by
        # fingerprint, and how far those were read that were dropped last.
        self.owners: dict[object, Index] = {}
        self.by_head: dict[bytes, list[Tracked]] = {}
        self.left: dict[str, Position] = {}


class Index:
    """The followed files of one source. Pipeline thread only.

    Args:
        claims: Shared by the sources of one process, so that no file has two
            readers.
        share: Shared by several processes, to the same end.
        let_go: Asked for a file that another source finds at a path; stops reading
            it, as far as it was read, and returns True, unless it cannot yet.
    """

    def __init__(self, *, claims: Claims, share: Share, let_go: LetGo) -> None:
        # Mutable state: two ways to a file, and what we claim among others.
        self._claims = claims
        self._share = share
        self.let_go = let_go
        self.by_id: dict[str, Tracked] = {}
        self._by_inode: dict[tuple[int, int], Tracked] = {}

    def at(self, inode: tuple[int, int]) -> Tracked | None:
        """Return the file followed at an inode."""
        return self._by_inode.get(inode)

    def has(self, tracked: Tracked) -> bool:
        """Return True if a file is followed here, and not by another source."""
        return self.by_id.get(tracked.row.file_id) is tracked

    def find(self, file_id: str) -> Tracked | None:
        """Return a file that a source of this process follows, ours or not."""
        owner = self._claims.owners.get(file_id)
        return None if owner is None else owner.by_id.get(file_id)

    def is_telling(self, head: Head) -> bool:
        """Return True unless there is no fingerprint, or too many share a short one."""
        return head.tells_among(len(self._claims.by_head.get(head.digest, [])))

    def with_head(self, head: Head) -> list[Tracked]:
        """Return the files with a fingerprint that any source of this process follows.

        None if it tells nothing.
        """
        if not self.is_telling(head):
            return []
        return self._claims.by_head.get(head.digest, [])

    def is_free(self, inode: tuple[int, int]) -> bool:
        """Return True unless another source reads the file at this inode."""
        if self._claims.owners.get(inode, self) is not self:
            return False
        return self._share.may_follow(inode)

    def left_at(self, inode: tuple[int, int]) -> Tracked | None:
        """Return the file that another source had at this inode, if it has left it.

        Its name leads elsewhere by now: the file was moved, or deleted and its inode
        given to another one.
        """
        owner = self._claims.owners.get(inode, self)
        tracked = None if owner is self else owner.at(inode)
        return tracked if tracked is not None and has_left(tracked) else None

    def obtain(self, tracked: Tracked, path: str) -> bool:
        """Have the source that follows a file let go of it, as far as it was read.

        Args:
            tracked: To be inserted here if it does.
            path: Where the file is now.

        Returns:
            False if that source keeps it, for now at least.
        """
        return self._claims.owners[tracked.row.file_id].let_go(tracked, path)

    def is_claimed(self, file_id: str) -> bool:
        """Return True if a source of this process follows the file, ours or not."""
        return file_id in self._claims.owners

    def leave(self, tracked: Tracked) -> None:
        """Remember how far a file was read that nobody follows any more."""
        left = self._claims.left
        left[tracked.row.file_id] = tracked.position
        if len(left) > _MOST_LEFT:
            del left[next(iter(left))]

    def place_left(self, file_id: str) -> Position | None:
        """Return how far a file was read before it was left; None if unknown."""
        return self._claims.left.pop(file_id, None)

    def insert(self, tracked: Tracked) -> None:
        """Take in a file, as its row has it now."""
        inode = tracked.inode  # one tuple for both: there may be 500,000
        self.by_id[tracked.row.file_id] = tracked
        self._by_inode[inode] = tracked
        self._claims.owners[inode] = self
        self._claims.owners[tracked.row.file_id] = self
        self._insert_head(tracked)

    def remove(self, tracked: Tracked) -> None:
        """Let go of a file, before its row gets another inode."""
        self.by_id.pop(tracked.row.file_id, None)
        # Another file may have been given this inode since.
        if self._by_inode.get(tracked.inode) is tracked:
            del self._by_inode[tracked.inode]
            self._claims.owners.pop(tracked.inode, None)
        self._claims.owners.pop(tracked.row.file_id, None)
        self._remove_head(tracked, tracked.row.head)

    def change_head(self, tracked: Tracked, before: Head) -> None:
        """Find a file by the fingerprint in its row, and no more by the one before."""
        self._remove_head(tracked, before)
        self._insert_head(tracked)

    def _insert_head(self, tracked: Tracked) -> None:
        head = tracked.row.head
        if not head.is_known:
            return
        peers = self._claims.by_head.setdefault(head.digest, [])
        # Nobody asks for more, and to look through thousands at each insertion is slow.
        if head.tells_among(len(peers)) and tracked not in peers:
            peers.append(tracked)

    def _remove_head(self, tracked: Tracked, head: Head) -> None:
        peers = self._claims.by_head.get(head.digest, [])
        if tracked in peers:
            peers.remove(tracked)
        if not peers:
            self._claims.by_head.pop(head.digest, None)


def has_left(tracked: Tracked) -> bool:
    """Return True if the name of a file leads elsewhere by now, or nowhere."""
    try:
        facts = os.stat(tracked.name.path)
    except OSError:
        return True
    return (facts.st_dev, facts.st_ino) != tracked.inode
