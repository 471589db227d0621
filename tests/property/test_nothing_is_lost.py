"""Whatever happens to log, shipper and receiver: nothing is lost, the sums add up.

A state machine writes, rotates, packs, truncates, deletes, crashes, restarts, and
changes the receiver's mood, over the real source, store, window and pipeline.
The model is a list of the lines written, and which of them somebody destroyed.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.world import MAX_IN_FLIGHT, MAX_RECORDS, POISON, Moment, Mood, World

KINDS = ("line", "line", "line", "line", "skip", "junk", "blank", "poison")
MOST_POISON = 12  # from 20 refusals in a row on, the receiver is the suspect
MOMENTS: tuple[Moment, ...] = (
    "before post",
    "after post",
    "before commit",
    "after commit",
)


class Storm(RuleBasedStateMachine):
    """A writer, a rotator, a receiver and a shipper, none of them reliable."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="storm"))
        self.world = World(self.root)
        self.log = self.world.log
        self.written: list[bytes] = []
        self.destroyed: set[bytes] = set()
        self.blanks = self.blanks_destroyed = 0
        self.rotations = 0

    @initialize()
    def begin(self) -> None:
        """Start with one line, by which the file is known."""
        self._append(["line"])

    def _text(self, kind: str) -> bytes:
        number = len(self.written)
        text = b"%-7s%06d " % (kind.encode(), number) + b"." * (70 + number % 40)
        self.written.append(text)
        return text

    def _append(self, kinds: list[str]) -> None:
        texts = []
        for kind in kinds:
            if kind == "blank":
                self.blanks += 1
                texts.append(b"")
            elif kind == "poison" and self._count(POISON) >= MOST_POISON:
                texts.append(self._text("line"))
            else:
                texts.append(self._text(kind))
        with self.log.open("ab", buffering=0) as file:
            file.write(b"".join(text + b"\n" for text in texts))

    def _count(self, kind: bytes) -> int:
        return sum(text.startswith(kind) for text in self.written)

    def _destroy(self, content: bytes) -> None:
        """Note that somebody took these whole lines away, read or not."""
        texts = content.split(b"\n")[:-1]
        self.destroyed.update(text for text in texts if text)
        self.blanks_destroyed += texts.count(b"")

    def _begin_with_a_line(self) -> None:
        # An empty first line is no fingerprint; two such files are one.
        if not self.log.exists() or not self.log.stat().st_size:
            self._append(["line"])

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
    def write(self, kinds: list[str]) -> None:
        """Append lines of all kinds."""
        self._begin_with_a_line()
        self._append(kinds)

    @rule(rests=st.integers(0, 2))
    def write_in_pieces(self, rests: int) -> None:
        """Append a line, and let the shipper work between its halves."""
        text = self._text("line") + b"\n"
        with self.log.open("ab", buffering=0) as file:
            file.write(text[:33])
            if rests:
                self.world.breathe(rests)
            file.write(text[33:])

    @precondition(lambda self: self.log.exists() and self.log.stat().st_size)
    @rule()
    def rotate(self) -> None:
        """Rename the active file to a name never used before."""
        os.rename(self.log, self._next_name())

    @precondition(lambda self: self._rotated())
    @rule(rests=st.integers(0, 2))
    def pack(self, rests: int) -> None:
        """Pack the oldest rotated file; the shipper may look at half an archive."""
        path = self._rotated()[0]
        archive = path.with_name(path.name + ".gz")
        packed = gzip.compress(path.read_bytes(), mtime=0)
        with archive.open("wb", buffering=0) as file:
            file.write(packed[: len(packed) // 2])
            if rests:
                self.world.breathe(rests)
            file.write(packed[len(packed) // 2 :])
        facts = path.stat()
        os.utime(archive, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        path.unlink()

    @precondition(lambda self: self._rotated())
    @rule()
    def delete(self) -> None:
        """Evict the oldest rotated file, read or not."""
        path = self._rotated()[0]
        self._destroy(path.read_bytes())
        path.unlink()

    @precondition(lambda self: self.log.exists())
    @rule()
    def empty(self) -> None:
        """Truncate the active file to nothing."""
        self._destroy(self.log.read_bytes())
        os.truncate(self.log, 0)

    @precondition(lambda self: self.log.exists() and self.log.stat().st_size)
    @rule(share=st.floats(0.1, 0.9))
    def cut(self, share: float) -> None:
        """Truncate the active file after some of its lines; the shipper sees it.

        Unseen, and grown past its old end, it would be read as a new file.
        """
        lines = self.log.read_bytes().splitlines(keepends=True)
        kept = max(1, round(len(lines) * share))
        self._destroy(b"".join(lines[kept:]))
        os.truncate(self.log, sum(map(len, lines[:kept])))
        self.world.look()

    @rule(
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12),
        share=st.floats(0.1, 0.9),
        added=st.lists(st.sampled_from(KINDS), max_size=12),
    )
    def cut_under_way(self, kinds: list[str], share: float, added: list[str]) -> None:
        """Truncate the active file while nobody answers, and write on."""
        self.world.receiver.mood = Mood.SILENT
        self.write(kinds)
        self.world.breathe(2)
        self.cut(share)
        self._append(added)

    @precondition(lambda self: self.log.exists() and self.log.stat().st_size)
    @rule()
    def copy_and_truncate(self) -> None:
        """Copy the active file to a rotated name, then empty it."""
        shutil.copy(self.log, self._next_name())
        os.truncate(self.log, 0)

    @rule(rests=st.integers(1, 20))
    def work(self, rests: int) -> None:
        """Let the shipper work."""
        self.world.breathe(rests)

    @rule(mood=st.sampled_from(Mood), rests=st.integers(0, 12))
    def change_mood(self, mood: Mood, rests: int) -> None:
        """Let the receiver answer in another way from now on."""
        self.world.receiver.mood = mood
        if rests:
            self.world.breathe(rests)

    @rule()
    def crash(self) -> None:
        """Kill the shipper between two steps."""
        self.world.crash()

    @rule(moment=st.sampled_from(MOMENTS), rests=st.integers(1, 8))
    def die(self, moment: Moment, rests: int) -> None:
        """Kill the shipper around an effect."""
        self.world.die(moment, rests)

    @rule()
    def restart(self) -> None:
        """Stop the shipper as systemd does, and start it."""
        self.world.restart()

    # A receiver that never answers is waited for, until time-outs that are not here.
    @precondition(lambda self: self.world.receiver.mood is not Mood.SILENT)
    @rule()
    def reload(self) -> None:
        """Change the configuration under way; this repeats nothing at all."""
        self.world.reload()

    def teardown(self) -> None:
        """Deliver all there is, then compare."""
        try:
            self.world.drain()
            self._compare()
        finally:
            self.world.close()
            shutil.rmtree(self.root)

    def _compare(self) -> None:
        world = self.world
        sums = world.store.sums().lines
        letters = [kept.letter for kept in world.store.dead_letters()]
        dead = {letter.id.encode() for letter in letters if letter.id is not None}
        arrived = world.receiver.arrived
        entries = {text for text in self.written if text.startswith((b"line", POISON))}
        suspects = sum(letter.reason == "suspect" for letter in letters)

        assert set(arrived) <= entries
        assert dead <= entries
        assert entries - self.destroyed <= set(arrived) | dead
        assert not any(text.startswith(POISON) for text in arrived)
        repeats = arrived.total() - len(arrived)
        broken_off = world.crashes * MAX_IN_FLIGHT + world.receiver.lost_answers
        assert repeats <= broken_off * MAX_RECORDS

        # Each line has one outcome; one that was destroyed has one or none.
        poisoned, junk = self._count(POISON), self._count(b"junk")
        self._adds_up(sums.skipped, b"skip")
        self._adds_up(len([one for one in letters if one.id is None]), b"junk")
        assert sums.dead == len(letters) <= poisoned + junk + suspects
        assert self.blanks - self.blanks_destroyed <= sums.blank <= self.blanks
        settled = sums.delivered + len(dead)
        destroyed = len(entries & self.destroyed)
        assert len(entries) - destroyed <= settled <= len(entries)

    def _adds_up(self, count: int, kind: bytes) -> None:
        most = self._count(kind)
        destroyed = sum(text.startswith(kind) for text in self.destroyed)
        assert most - destroyed <= count <= most

    def _next_name(self) -> Path:
        self.rotations += 1
        return Path(f"{self.log}.20261123T{self.rotations:012d}Z")

    def _rotated(self) -> list[Path]:
        files = self.log.parent.glob(f"{self.log.name}.*")
        return sorted(path for path in files if path.suffix != ".gz")


def test_nothing_is_lost_in_a_storm() -> None:
    """Scenario 56: delivered ⊇ written minus what was destroyed; order, sums."""
    run_state_machine_as_test(
        Storm, settings=settings(max_examples=20, stateful_step_count=25, deadline=None)
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_is_lost_in_a_long_storm() -> None:
    """Scenario 56: The same over 400 longer stories."""
    run_state_machine_as_test(
        Storm,
        settings=settings(max_examples=400, stateful_step_count=60, deadline=None),
    )


def test_a_log_emptied_and_filled_before_it_was_read_is_read_by_a_run_with_an_end() -> (
    None
):
    """Its row tells of another first line, and of nothing else that is not so."""
    storm = Storm()
    storm.begin()
    storm.copy_and_truncate()
    storm.cut_under_way(["line", "line", "line"], 0.5, [])
    storm.copy_and_truncate()
    storm.change_mood(Mood.LOSES_ANSWERS, 7)
    storm.cut_under_way(["line"], 0.5, [])
    storm.empty()
    storm.cut_under_way(["line"], 0.5, [])
    storm.teardown()
