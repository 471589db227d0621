"""The count of attempts and losses that every record carries.

In come records and word of losses; out come lines that hold `w` and `dropped`, so
that whoever reads the file can prove a loss. It must never touch the disk, and a
number it gave is never given again.
"""

from __future__ import annotations

import itertools


class Tally:
    """Numbers the attempts of one writer: one object in one process.

    `untold` counts the losses gathered so far that no line on the disk speaks of yet.
    """

    def __init__(self, pid: int, opened_ns: int) -> None:
        # Mutable: the tickets, drawn by any thread; the rest belongs to whoever holds
        # the thread lock of RotatingFile.
        self._signature = b',"w":[%d,%d,' % (pid, opened_ns)
        # A loss is counted by drawing a ticket: one step, without a lock that a fork
        # or a signal could leave held. Whoever gathers the losses draws one as well.
        self._tickets = itertools.count()
        self._next_ticket = 0
        self._attempts = 0
        self.untold = 0

    def count_lost(self) -> None:
        """Count a record that was lost before it got a number; any thread may."""
        next(self._tickets)

    def gather(self) -> None:
        """Number the losses counted since the last call, in one block."""
        ticket = next(self._tickets)
        lost = ticket - self._next_ticket
        self._next_ticket = ticket + 1
        self._attempts += lost
        self.untold += lost

    def numbered(self, head: bytes, tail: bytes) -> bytes:
        r"""Lay out the line of the next attempt.

        Args:
            head: `{"v":1,"id":"<uuid4>","crc":<checksum>`.
            tail: The rest of the record, from a comma to its only newline.

        Raises:
            ValueError: If `tail` is not one line; the attempt is numbered all the same.
            TypeError: If either is no bytes; likewise.
        """
        ticket = next(self._tickets)
        if ticket != self._next_ticket:
            lost = ticket - self._next_ticket
            self._attempts += lost
            self.untold += lost
        self._next_ticket = ticket + 1
        self._attempts += 1
        if not tail or tail.find(b"\n") != len(tail) - 1:
            raise ValueError("a record ends in its only newline")
        number = b"%d]" % self._attempts
        if self.untold:
            number += b',"dropped":%d' % self.untold
        return b"".join((head, self._signature, number, tail))

    def lose(self) -> None:
        """The record numbered last did not reach the file."""
        self.untold += 1

    def tell(self) -> int:
        """The record numbered last is in the file; returns the losses it told of."""
        told = self.untold
        self.untold = 0
        return told
