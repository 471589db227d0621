"""Which of the logs that are found here are read here, where processes share them.

A log is everything with one base: the active file and its rotated siblings, packed or
not. Whoever runs alone reads all of them.
"""

from __future__ import annotations

from typing import Protocol

from shipper.source.siblings import Name


class Share(Protocol):
    """The logs of one process among several."""

    def has(self, name: Name) -> bool:
        """Return True if the log that a name belongs to is read here."""
        ...

    def may_follow(self, inode: tuple[int, int]) -> bool:
        """Return True unless another process follows the file at this inode."""
        ...


class Everything:
    """Implements `Share` for a process that shares with nobody."""

    def has(self, name: Name) -> bool:
        """Return True."""
        return True

    def may_follow(self, inode: tuple[int, int]) -> bool:
        """Return True."""
        return True
