"""One configured source: keeps what is known of its files true to the disk.

A look is a `stat` of each file that was written to lately; at intervals, or when
something moved, it goes over everything. Files with unread bytes get their
turn (`turns`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest
from typing import Literal

from shipper.clock import Clock
from shipper.errors import StateError
from shipper.events import Events
from shipper.fileid import HEADER_BYTES
from shipper.model import Line
from shipper.source.awaited import Awaited
from shipper.source.census import Census, Lost
from shipper.source.examine import Examiner
from shipper.source.handles import Handles
from shipper.source.index import Claims, Index
from shipper.source.journal import Catalog
from shipper.source.ours import Ours
from shipper.source.places import Places
from shipper.source.roster import Roster
from shipper.source.sharing import Share
from shipper.source.siblings import Name, Pattern, name_at
from shipper.source.tracked import Facts, Tracked
from shipper.source.turns import Turns

# So many files are looked at each time, those that changed last; the others at
# intervals.
MOST_HOT = 256
# How long a rotated file that may still be written to is among them.
HOT_SECONDS = 10.0
# How long a file whose name is gone is kept open after its last byte.
DRAIN_SECONDS = 60.0
# A directory in which names change whenever we look is taken as it is.
MOST_COUNTS = 3
# Looking at everything may take this share of the time.
SCAN_SHARE = 0.02


class Feed:
    """The files of one `[[source]]`. Pipeline thread only.

    Args:
        patterns: Paths and globs of active files.
        earlier: Those of the tables before this one: a new file is theirs if they name
            it too.
        read_from: Where files begin that are there at the very first run.
        catalog: The remembered files.
        handles: Opens files; shared by all feeds.
        claims: Shared by all feeds, so that no file has two readers.
        events: Where finds and losses are told.
        clock: Paces the looking.
        scan_interval_seconds: How often everything is looked at.
        share: Which logs are ours, where several processes share them.
        own_files: What the shipper itself writes.
        seek: Has every other feed `adopt` what the one given has lost.
    """

    def __init__(
        self,
        *,
        patterns: Sequence[str],
        earlier: Sequence[str],
        read_from: Literal["beginning", "end"],
        catalog: Catalog,
        handles: Handles,
        claims: Claims,
        events: Events,
        clock: Clock,
        scan_interval_seconds: float,
        share: Share,
        own_files: Sequence[str],
        seek: Callable[[Feed, Lost], None],
    ) -> None:
        # Mutable state: the roster, whose turn it is, who is looked at each time.
        self._patterns = [Pattern(text) for text in patterns]
        others = [Pattern(text) for text in earlier]
        self._handles = handles
        self._events = events
        self._clock = clock
        self._scan_interval = scan_interval_seconds
        self._index = Index(claims=claims, share=share, let_go=self._let_go)
        self._roster = Roster(
            index=self._index, catalog=catalog, handles=handles, clock=clock
        )
        # Those with a fingerprint last: of several rows with one inode it leads to the
        # last, and one of which nothing is known would be taken for any file.
        for row in sorted(catalog.known_files(), key=lambda row: row.head.is_known):
            name = self._name_of(row.path)
            # Of several tables that name it the first has it: a file that two feeds
            # took up would be read twice.
            if name is not None and not self._index.is_claimed(row.file_id):
                self._roster.restore(row, name)
        # All that were there at the very first run may be gone by now.
        if read_from == "end" and any(map(self._name_of, catalog.gone_paths())):
            read_from = "beginning"
        examiner = Examiner(open_file=handles.open, events=events)
        self._census = Census(
            roster=self._roster,
            index=self._index,
            examiner=examiner,
            events=events,
            seek=lambda lost: seek(self, lost),
            is_anothers=lambda path: name_at(others, path) is not None,
            read_from=read_from,
        )
        self._places = Places(
            self._patterns,
            clock=clock,
            trouble=examiner.trouble,
            share=share,
            ours=Ours(own_files),
        )
        self._turns = Turns(
            roster=self._roster, handles=handles, examiner=examiner, clock=clock
        )
        self._hot: list[Tracked] = []
        self._awaited: set[str] = set()
        self._empty = Awaited(self._patterns, events)
        self._next_scan = 0.0
        self._must_scan = True
        self._is_failing = False

    @property
    def files(self) -> Sequence[Tracked]:
        """The followed files, in no order."""
        return list(self._index.by_id.values())

    def directories(self) -> tuple[str, ...]:
        """Return the directories a watch should be set on."""
        found = dict.fromkeys(self._places.directories())
        for tracked in self._hot:
            # A file behind a symbolic link makes its events where it lies.
            if os.path.islink(tracked.name.path):
                found[os.path.dirname(os.path.realpath(tracked.name.path))] = None
        return tuple(found)

    def rescan(self) -> None:
        """Let the next look go over everything."""
        self._must_scan = True

    def find(self, file_id: str) -> Tracked | None:
        """Return a followed file."""
        return self._index.by_id.get(file_id)

    def is_at_rest(self, file_id: str) -> bool:
        """Return True if a file is not ours, or is read and nobody adds to it."""
        tracked = self.find(file_id)
        return tracked is None or self._turns.is_at_rest(tracked)

    def look(self) -> None:
        """Bring what is known up to date with the disk; cheap when nothing changed.

        Raises:
            StateError: The state database cannot be written, and waiting cannot
                help. Otherwise new files wait, and an event tells why.
        """
        now = self._clock.monotonic()
        if (
            self._must_scan
            or self._turns.has_doubt
            or now >= self._next_scan
            or self._has_moved()
        ):
            self._scan(now)
        self._turns.add_torn()
        self._turns.tell_unfinished()
        self._save()

    def adopt(self, lost: Lost) -> None:
        """Take over the files that another feed has lost, and that are ours by now.

        Raises:
            StateError: See `look`.
        """
        adopted = self._census.adopt(self._places.candidates(), lost)
        if not adopted:
            return
        self._must_scan = True
        self._save()
        for tracked in adopted:
            self._turns.add(tracked)

    def next_block(self) -> Iterator[Line] | None:
        """Return lines of the file whose turn it is; None when all is read.

        Raises:
            StateError: See `look`.
        """
        lines = self._turns.next_block()
        if self._roster.has_new_head:
            # Before a line of it can be committed: a crash after that would leave a
            # position in a file that is not known again once it is renamed and packed.
            self._save()
        return lines

    def stop(self, tracked: Tracked, offset_bytes: int) -> None:
        """Read no further in a file in this run; its line at the offset is open."""
        tracked.stopped_at = offset_bytes
        self._turns.remove(tracked)
        self._handles.close(tracked)

    def _let_go(self, tracked: Tracked, path: str) -> bool:
        """Leave a file to the feed that found it at a path; see `Index`."""
        if self._name_of(path) is not None:
            return False  # our next look finds it there
        if not self._roster.has_saved(tracked):
            self._save()
        if not self._roster.has_saved(tracked):
            return False  # what they save of it must come after what we do
        self._turns.withdraw(tracked)
        self._hot = [each for each in self._hot if each is not tracked]
        self._index.remove(tracked)
        self._must_scan = True  # its place may hold something else, for us to read
        return True

    def _name_of(self, path: str) -> Name | None:
        return name_at(self._patterns, path)

    def _scan(self, now: float) -> None:
        self._turns.has_doubt = False
        self._count()
        self._must_scan = self._census.is_undecided
        self._roster.save_sizes()
        active: set[str] = set()
        warm: list[Tracked] = []
        for tracked in list(self._index.by_id.values()):
            age = now - tracked.changed_at
            if tracked.is_orphan:
                self._see_orphan(tracked, now)
                if not self._is_drained(tracked, now):
                    warm.append(tracked)
            elif not tracked.name.is_rotated:
                active.add(tracked.name.path)
                warm.append(tracked)
            elif tracked.settled == tracked.facts and (
                tracked.name.is_sealed or age >= DRAIN_SECONDS
            ):
                self._handles.close(tracked)
            elif age < HOT_SECONDS:
                warm.append(tracked)
            self._turns.add(tracked)
        self._hot = nlargest(MOST_HOT, warm, key=lambda each: each.changed_at)
        bases = {tracked.name.base for tracked in self._index.by_id.values()}
        self._awaited = bases - active if len(bases) <= MOST_HOT else set()
        self._empty.look(active | bases | self._places.elsewhere)
        elapsed = self._clock.monotonic() - now
        self._next_scan = now + max(self._scan_interval, elapsed / SCAN_SHARE)

    def _count(self) -> None:
        """Match what stands on disk with what is known, until no name moves."""
        census, places = self._census, self._places
        for _ in range(MOST_COUNTS - 1):
            census.count(places.candidates(), is_absent=places.is_surely_absent)
            if not places.is_moving:
                break
            # What was let go of may stand under another name by now: the database
            # has to know of it before that one is looked for there.
            self._save()
        else:
            census.count(places.candidates(), is_absent=places.is_absent)
        census.conclude()

    def _has_moved(self) -> bool:
        """Look at the files written to lately; True if one is not where it was."""
        for tracked in self._hot:
            try:
                if tracked.is_orphan:
                    if tracked.handle is None:
                        return True
                    facts = os.fstat(tracked.handle)
                else:
                    facts = os.stat(tracked.name.path)
            except OSError:
                return True
            row, known = tracked.row, tracked.facts
            if facts.st_ino != row.ino or facts.st_dev != row.dev:
                return True
            if facts.st_size != known.size_bytes or facts.st_mtime_ns != known.mtime_ns:
                if known.size_bytes < HEADER_BYTES and not row.head.is_known:
                    # Its first line may be whole by now: read before it is known by
                    # it, the file would not be known again in a copy of itself.
                    return True
                if not row.packing and facts.st_size < tracked.offset_bytes:
                    # It was cut. Where, nobody can tell any more once it has grown.
                    return True
                tracked.see(Facts(facts.st_size, facts.st_mtime_ns))
                tracked.changed_at = self._clock.monotonic()
                self._turns.add(tracked)
        return any(map(os.path.exists, self._awaited))

    def _see_orphan(self, tracked: Tracked, now: float) -> None:
        """Ask the handle for the `stat` of a file that no name leads to."""
        if tracked.handle is None:
            return
        # What was added between our last look and the loss of the name would
        # otherwise never be read.
        facts = os.fstat(tracked.handle)
        seen = Facts(facts.st_size, facts.st_mtime_ns)
        if seen != tracked.facts:
            tracked.see(seen)
            tracked.changed_at = now

    def _is_drained(self, tracked: Tracked, now: float) -> bool:
        """Let go of a nameless file once nothing more can come; True if so."""
        patience = 0.0 if tracked.name.is_sealed else DRAIN_SECONDS
        is_read = tracked.settled == tracked.facts
        if tracked.handle is not None and not (
            is_read and now - tracked.changed_at >= patience
        ):
            return False
        self._census.retire(tracked)
        return True

    def _save(self) -> None:
        try:
            saved = self._roster.save()
        except StateError as error:
            if not error.is_temporary:
                raise
            if not self._is_failing:
                self._is_failing = True
                self._events.emit(
                    "state_write_failed", why=str(error), hint=error.hint or ""
                )
            return
        if self._is_failing:
            self._is_failing = False
            self._events.emit("state_write_resumed")
        for tracked in saved:
            self._turns.add(tracked)
