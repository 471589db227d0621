"""Files that the shipper itself writes, under whatever name they are met.

Whoever reads what it writes never comes to an end. They are known by their inodes and
never opened: opening and closing a database lets go of SQLite's locks on it
(sqlite.org/howtocorrupt.html, "POSIX advisory locks").
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

WHY = "the shipper itself writes it, and would read what it wrote for ever"
_STANDARD = (1, 2)  # stdout and stderr, which may be files


class Ours:
    """The shipper's own files as they stand at each look. Pipeline thread only.

    Args:
        paths: Where they are, those that are there.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        # Mutable state: their inodes at the last look.
        self._paths = paths
        self._inodes: set[tuple[int, int]] = set()

    def look(self) -> None:
        """See which files they are now: some are rotated, some made anew."""
        self._inodes = {(facts.st_dev, facts.st_ino) for facts in self._found()}

    def have(self, inode: tuple[int, int]) -> bool:
        """Return True if the file at an inode is one of them."""
        return inode in self._inodes

    def _found(self) -> Iterator[os.stat_result]:
        places: tuple[str | int, ...] = (*self._paths, *_STANDARD)
        for place in places:
            try:
                facts = os.stat(place)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode):
                yield facts
