"""Whatever happens to a log, each of its lines is read once, in order.

A state machine writes, rotates, packs, truncates, deletes, crashes and restarts,
against a model that knows which lines still had a chance.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from shipper.store import open_store
from tests.support.followed import Following, Table, append, following


class Rotations(RuleBasedStateMachine):
    """A writer, a rotator and a shipper that may be killed at any time.

    Positions never go back because every commit must join the last one: the
    store refuses anything else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="rotations"))
        self.logs = self.root / "logs"
        self.logs.mkdir()
        self.log = self.logs / "app.log"
        self.store = open_store(str(self.root / "state"))
        self.shipper: Following = following(
            self.logs, catalog=self.store, read_bytes=512, max_open_files=2
        )
        self.written = 0
        self.rotated = 0
        self.may_be_lost: set[bytes] = set()
        self.committed: list[bytes] = []

    @initialize()
    def begin(self) -> None:
        """Start with a file that has a known first line."""
        self._write(1)

    def _write(self, count: int) -> None:
        lines = [
            b"line %08d " % number + b"." * (70 + number % 40)
            for number in range(self.written, self.written + count)
        ]
        self.written += count
        append(self.log, lines)

    @rule(count=st.integers(1, 12))
    def write(self, count: int) -> None:
        """Append whole lines."""
        self._write(count)

    @rule()
    def write_in_pieces(self) -> None:
        """Append a line with a look between its halves."""
        text = b"line %08d " % self.written + b"-" * 80 + b"\n"
        self.written += 1
        with self.log.open("ab", buffering=0) as file:
            file.write(text[:33])
            self.shipper.drain(scan=False)
            file.write(text[33:])

    @precondition(lambda self: self.log.exists() and self.log.stat().st_size > 0)
    @rule()
    def rotate(self) -> None:
        """Rename the active file to a stamp of its own."""
        self.rotated += 1
        os.rename(self.log, f"{self.log}.20261123T{self.rotated:012d}Z")

    @precondition(lambda self: self._rotated_plain())
    @rule()
    def pack(self) -> None:
        """Pack the oldest rotated file, as gzip(1) does."""
        path = self._rotated_plain()[0]
        archive = path.with_name(path.name + ".gz")
        archive.write_bytes(gzip.compress(path.read_bytes()))
        facts = path.stat()
        os.utime(archive, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        path.unlink()

    @precondition(lambda self: self._rotated_plain())
    @rule()
    def delete(self) -> None:
        """Evict the oldest rotated file, read or not."""
        path = self._rotated_plain()[0]
        self.may_be_lost |= set(path.read_bytes().split(b"\n")[:-1])
        path.unlink()

    @precondition(lambda self: self.log.exists())
    @rule()
    def copy_and_truncate(self) -> None:
        """Copy the active file to a rotated name, then empty it."""
        self.rotated += 1
        if self.log.stat().st_size:
            shutil.copy(self.log, f"{self.log}.20261123T{self.rotated:012d}Z")
        os.truncate(self.log, 0)

    @rule()
    def read(self) -> None:
        """Let the shipper read what is there."""
        self.shipper.drain()

    @rule(lines=st.integers(0, 9))
    def read_a_little(self, lines: int) -> None:
        """Let the shipper look and read a few lines."""
        self.shipper.clock.advance(1)
        self.shipper.source.look()
        for _ in range(lines):
            line = self.shipper.source.next_line()
            if line is not None:
                self.shipper.lines.append(line)

    @precondition(lambda self: self.shipper.lines)
    @rule(share=st.floats(0, 1))
    def commit(self, share: float) -> None:
        """Commit some of what was read, from the front."""
        count = round(len(self.shipper.lines) * share)
        self.committed += [line.data for line in self.shipper.lines[:count]]
        self.shipper.commit(count)

    @rule()
    def crash(self) -> None:
        """Kill the shipper: what was not committed is forgotten."""
        self.shipper.restart()

    @invariant()
    def nothing_is_committed_twice(self) -> None:
        """No line is committed a second time."""
        assert len(set(self.committed)) == len(self.committed)

    def teardown(self) -> None:
        """Read to the end: every line is there that still had a chance."""
        try:
            for _ in range(3):
                self.shipper.drain()
                self.committed += [line.data for line in self.shipper.lines]
                self.shipper.commit()
                self.shipper.restart()
            expected = {b"line %08d" % number for number in range(self.written)}
            lost = {line[:13] for line in self.may_be_lost}
            seen = [line[:13] for line in self.committed]
            assert len(set(seen)) == len(seen)
            assert expected - lost <= set(seen)
            assert set(seen) <= expected
            sums = self.store.sums()
            assert sums.lines.delivered == len(seen)
            for file in sums.files:
                assert file.start_bytes <= file.offset_bytes
        finally:
            self.shipper.source.close()
            self.store.close()
            shutil.rmtree(self.root)

    def _rotated_plain(self) -> list[Path]:
        return sorted(
            path for path in self.logs.glob("app.log.*") if path.suffix != ".gz"
        )


class Archiving(Rotations):
    """The same, with somebody who moves what was rotated to where another table is.

    Between two file systems that makes a copy, and the inode is another.
    """

    def __init__(self) -> None:
        super().__init__()
        self.archive = self.root / "archive"
        self.archive.mkdir()
        self.shipper.source.close()
        # An earlier table is looked at first, a later one after the log's own.
        paths = (self.archive / "*.log", self.log, self.root / "*/app.log")
        self.shipper = Following(
            self.store,
            [Table((str(path),)) for path in paths],
            {"read_bytes": 512, "max_open_files": 2},
        )

    @precondition(lambda self: self._rotated_plain())
    @rule(is_copied=st.booleans())
    def move(self, *, is_copied: bool) -> None:
        """Move the oldest rotated file, or put a copy in its place."""
        path = self._rotated_plain()[0]
        there = self.archive / path.name
        if is_copied:
            shutil.copy2(path, there)
            path.unlink()
        else:
            path.rename(there)

    @precondition(lambda self: self.log.exists() and self.log.stat().st_size > 0)
    @rule()
    def copy_there_and_truncate(self) -> None:
        """Copy the active file to another table, then empty it."""
        self.rotated += 1
        name = f"{self.log.name}.20261123T{self.rotated:012d}Z"
        shutil.copy(self.log, self.archive / name)
        os.truncate(self.log, 0)


TestRotations = Rotations.TestCase
TestRotations.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None
)

TestArchiving = Archiving.TestCase
TestArchiving.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None
)
