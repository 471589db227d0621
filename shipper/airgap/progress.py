r"""How far a bundle was sent: a journal that a crash can cut, but not damage.

One line of JSON for the bundle, then one for each commit, forced to the disk before
the next batch leaves the window. Half a line at the end is taken for none: what it
spoke of is sent again, with the same ids. Whoever sends holds the journal's lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from shipper.airgap.layout import BundleError
from shipper.airgap.writing import told, write_all
from shipper.errors import StateLockedError
from shipper.store import DeadRecord
from shipper.store.directory import anchor

DIRECTORY = "bundles"  # in the state directory


class Step(Struct, frozen=True):
    """One part, as far as it is settled now.

    Attributes:
        end_bytes: Everything before it in the unpacked part is settled.
        delivered: Since the step before; `dead` likewise.
    """

    part: int
    end_bytes: int
    delivered: int
    dead: int


class _Head(Struct, frozen=True):
    bundle: str
    manifest_sha256: str


class _Entry(Struct, frozen=True):
    steps: tuple[Step, ...]
    dead: tuple[DeadRecord, ...] = ()


class Progress:
    """The journal of one bundle on the sending host.

    Args:
        state_dir: There, and ours.
        bundle_id: Checked before: it becomes a name.
        manifest_sha256: Of the bundle's manifest, hex.

    Raises:
        StateLockedError: Another process sends this bundle.
        BundleError: The journal is of another bundle with this id.
        CannotWriteError: It cannot be written.
        StateError: Its directory cannot.

    Attributes:
        part: The part that is sent next, from 1; `offset_bytes` is where in it.
        delivered: Records that the receiver has taken; `dead` the others.
    """

    def __init__(self, state_dir: str, bundle_id: str, manifest_sha256: str) -> None:
        # Mutable state: the open journal and the sums of what is in it.
        directory = os.path.join(state_dir, DIRECTORY)
        self.path = os.path.join(directory, f"{bundle_id}.jsonl")
        self.part = 1
        self.offset_bytes = 0
        self.delivered = 0
        self.dead = 0
        with told(self.path):
            os.makedirs(directory, mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, 0o600)
        try:
            self._lock()
            self._resume(_Head(bundle_id, manifest_sha256))
        except BaseException:
            self.close()
            raise

    def add(self, steps: Sequence[Step], dead: Sequence[DeadRecord]) -> None:
        """Write down what has been settled.

        Raises:
            CannotWriteError: It cannot be written; nothing of it counts.
        """
        entry = _Entry(tuple(steps), tuple(dead))
        # A crash before the end of this leaves half a line, which counts for nothing;
        # after it, these records are never sent again.
        self._append(msgspec.json.encode(entry))
        self._count(entry)

    def dead_records(self) -> Iterator[DeadRecord]:
        """Yield the records that the receiver would not take, in order."""
        for line in list(self._lines())[1:]:
            yield from msgspec.json.decode(line, type=_Entry).dead

    def close(self) -> None:
        """Let go of the journal; it stays."""
        os.close(self._handle)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                with told(self.path):
                    raise
            raise StateLockedError(
                f"another shipper sends this bundle: {self.path}", path=self.path
            ) from error

    def _resume(self, head: _Head) -> None:
        first, *others = [*self._lines(), b""]
        if not first:
            with told(self.path):
                os.ftruncate(self._handle, 0)
            # A crash before the first line leaves this to the next try.
            anchor(self.path)
            self._append(msgspec.json.encode(head))
            return
        try:
            found = msgspec.json.decode(first, type=_Head)
            for line in filter(None, others):
                self._count(msgspec.json.decode(line, type=_Entry))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BundleError(
                f"cannot go on: {self.path}: it is no journal of ours",
                path=self.path,
                hint="remove it to send the whole bundle again, with the same ids",
            ) from error
        if found != head:
            raise BundleError(
                f"cannot send the bundle: {self.path}: another bundle with the id "
                f"{head.bundle} was sent before",
                path=self.path,
            )

    def _count(self, entry: _Entry) -> None:
        for step in entry.steps:
            self.part, self.offset_bytes = step.part, step.end_bytes
            self.delivered += step.delivered
            self.dead += step.dead

    def _lines(self) -> Iterator[bytes]:
        """Yield the whole lines; cut off half of one at the end.

        After a power failure its last half may be there, and NULs before that.
        """
        with told(self.path), open(self._handle, "rb", closefd=False) as file:
            size_bytes = file.seek(0, os.SEEK_END)
            file.seek(0)
            whole = 0
            for line in file:
                is_last = whole + len(line) == size_bytes
                if not line.endswith(b"\n") or (is_last and b"\0" in line):
                    os.ftruncate(self._handle, whole)
                    return
                whole += len(line)
                yield line

    def _append(self, line: bytes) -> None:
        with told(self.path):
            before = os.fstat(self._handle).st_size
            try:
                write_all(self._handle, line + b"\n")
                os.fsync(self._handle)
            except OSError:
                os.ftruncate(self._handle, before)
                raise
