"""Whose log is whose: each followed log belongs to one worker, with all its files.

A log is shared out when it is first seen, to the worker that has fewest; one that is
akin to a known file (the same inode, or the same first line) goes to the worker that
knows it, which can tell a renamed file or a copy from a new one. No file has two
readers. Nothing is remembered beyond the life of the workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from shipper.fileid import FileRow, FileState, Head
from shipper.source import Kin

Inode = tuple[int, int]


class Places(Protocol):
    """Where files belong, and what they are like."""

    def base_of(self, path: str) -> str | None:
        """Return the active file that a path belongs to, or None if it is not ours."""
        ...

    def kin_of(self, path: str) -> Kin | None:
        """Return what a file could be known by, or None if it cannot be looked at."""
        ...


class _Held(Struct, frozen=True):
    """A file as it is followed."""

    file_id: str
    worker: int


class Shares:
    """Shares logs out among workers.

    Args:
        workers: Their numbers.
        known: The files of the state.
        places: Says where a file belongs.
        find_files: Returns every remembered file with a fingerprint.
    """

    def __init__(
        self,
        *,
        workers: Iterable[int],
        known: Sequence[FileRow],
        places: Places,
        find_files: Callable[[Head], Sequence[FileRow]],
    ) -> None:
        # Mutable state: workers that take logs, the worker of each log and how many
        # each has, who follows which inode, the inode of each file, and inodes that
        # were asked about in a look that is not over. One thread.
        self._workers = list(workers)
        self._places = places
        self._find_files = find_files
        self._by_base: dict[str, int] = {}
        self._logs: Counter[int] = Counter()
        self._by_inode: dict[Inode, _Held] = {}
        self._inodes: dict[str, Inode] = {}
        self._asked: dict[Inode, int] = {}
        self._share_out(known)

    def worker_of(self, row: FileRow) -> int | None:
        """Return whose a remembered file is, or None if no worker reads its log."""
        base = self._places.base_of(row.path)
        return None if base is None else self._by_base.get(base)

    def is_open_to(self, worker: int, row: FileRow) -> bool:
        """Return True unless another worker follows a remembered file."""
        if row.state in {FileState.GONE, FileState.HISTORY}:
            return True
        return self.worker_of(row) in {None, worker}

    def whose(self, base: str, path: str) -> int:
        """Return who reads a log, one of whose files is at `path`."""
        worker = self._by_base.get(base)
        if worker is None:
            worker = self._relative(path) or self._idlest()
            self._give(base, worker)
        return worker

    def may_follow(self, worker: int, inode: Inode) -> bool:
        """Return True if a worker may follow a file; until its look is over it may."""
        held = self._by_inode.get(inode)
        if held is not None:
            return held.worker == worker
        return self._asked.setdefault(inode, worker) == worker

    def recorded(self, worker: int, rows: Iterable[FileRow]) -> None:
        """Take note of files as they were recorded by a worker."""
        for row in rows:
            self._let_go(row.file_id)
            if row.state is not FileState.GONE:
                self._hold(row, worker)
        self.looked(worker)

    def looked(self, worker: int) -> None:
        """Take note that a worker's look is over, or the worker gone."""
        self._asked = {
            inode: asked for inode, asked in self._asked.items() if asked != worker
        }

    def retire(self, worker: int) -> None:
        """Give a worker no more logs: it has come to its end."""
        if worker in self._workers and len(self._workers) > 1:
            self._workers.remove(worker)

    def _share_out(self, known: Sequence[FileRow]) -> None:
        """Deal the known logs, those with the most to send first."""
        waiting: Counter[str] = Counter()
        placed: list[tuple[FileRow, str]] = []
        for row in known:
            base = self._places.base_of(row.path)
            if base is not None:
                waiting[base] += max(0, (row.size_bytes or 0) - row.offset_bytes)
                placed.append((row, base))
        for base, _ in sorted(waiting.items(), key=lambda item: (-item[1], item[0])):
            self._give(base, self._idlest())
        for row, base in placed:
            self._hold(row, self._by_base[base])

    def _give(self, base: str, worker: int) -> None:
        self._by_base[base] = worker
        self._logs[worker] += 1

    def _idlest(self) -> int:
        return min(self._workers, key=lambda worker: self._logs[worker])

    def _relative(self, path: str) -> int | None:
        """Return the worker that knows the file under another name, if one does."""
        kin = self._places.kin_of(path)
        if kin is None:
            return None
        held = self._by_inode.get(kin.inode)
        if held is not None:
            return held.worker
        if not kin.head.is_known:
            return None
        rows = self._find_files(kin.head)
        if not kin.head.tells_among(len(rows)):
            return None
        owners = map(self.worker_of, rows)
        return next((owner for owner in owners if owner is not None), None)

    def _hold(self, row: FileRow, worker: int) -> None:
        inode = row.dev, row.ino
        self._inodes[row.file_id] = inode
        self._by_inode[inode] = _Held(row.file_id, worker)

    def _let_go(self, file_id: str) -> None:
        inode = self._inodes.pop(file_id, None)
        # Another file may have been given this inode since.
        if inode is not None and self._by_inode[inode].file_id == file_id:
            del self._by_inode[inode]
