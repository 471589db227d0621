"""The followed files: found and opened as the shipper finds and opens them.

What its source tells while it looks becomes checks: nothing here judges in its place.
Positions do not move.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shipper.clock import Clock
from shipper.errors import StateError
from shipper.events import EVENTS
from shipper.reports.amounts import counted
from shipper.reports.beside import source_beside
from shipper.reports.doctor.check import Check, failure, ok, warning
from shipper.reports.doctor.disk import Generation
from shipper.reports.doctor.told import Told
from shipper.source import FileView, Followed
from shipper.source.siblings import Pattern, name_of
from shipper.store.snapshot import Snapshot, open_snapshot

_GROUP_HINT = "let the shipper's user read it: often by the group adm"
_MENDS = {
    "file_refused": "make the pattern narrower",
    "source_empty": "check the path, unless the app has not started yet",
}
MOST_FILES = 20  # named one by one; those that cannot be read always are


@dataclass(slots=True)
class LogFiles:
    """One log.

    Attributes:
        where: Path of its active file, existing or not.
        is_foreign: Another program writes it.
        generations: The active file and the rotated ones.
    """

    where: str
    is_foreign: bool
    generations: list[Generation] = field(default_factory=list)


class Files:
    """What is there of the sources, from one look.

    Args:
        state_dir: Where positions are; without a readable state every file is new.
        sources: As the shipper follows them.
        clock: For the look.
    """

    def __init__(
        self, state_dir: str, sources: Sequence[Followed], *, clock: Clock
    ) -> None:
        self._state_dir = state_dir
        self._sources = sources
        told = Told()
        try:
            with open_snapshot(state_dir) as snapshot:
                self._look(sources, snapshot, told, clock)
        except StateError:
            # Told by the check of the state.
            told.events.clear()
            self._look(sources, Snapshot(None), told, clock)
        self._told = told.events

    def _look(
        self,
        sources: Sequence[Followed],
        snapshot: Snapshot,
        told: Told,
        clock: Clock,
    ) -> None:
        source = source_beside(
            self._state_dir, sources, catalog=snapshot, events=told, clock=clock
        )
        try:
            source.look()
            self.views: tuple[FileView, ...] = source.files()
            self.directories = source.directories()
        finally:
            source.close()

    def checks(self) -> Iterator[Check]:
        """Yield what can be read, and what cannot and why."""
        yield from self._trouble()
        yield from self._views()

    def _trouble(self) -> Iterator[Check]:
        closed = set()
        for name, fields in self._told:
            where = str(fields.get("path") or fields.get("pattern") or "")
            why = EVENTS[name].sentence.format(**fields).removeprefix(f"{where}: ")
            if name == "file_unreadable":
                closed.add(where)
                yield failure("SHP010", where, why, _GROUP_HINT)
            elif name == "source_empty" and {where, os.path.dirname(where)} & closed:
                continue  # what cannot be looked at is not missing
            elif name in _MENDS:
                yield warning("SHP010", where, why, _MENDS[name])

    def _views(self) -> Iterator[Check]:
        open_views = []
        for view in self.views:
            # What is known and has not changed was not opened for the look.
            if os.access(view.path, os.R_OK):
                open_views.append(view)
            elif os.path.exists(view.path):
                why = "cannot be read by this user any more"
                yield failure("SHP010", view.path, why, _GROUP_HINT)
        waiting = [view for view in open_views if view.unread_bytes]
        done = len(open_views) - len(waiting)
        for view in waiting[:MOST_FILES]:
            why = f"readable, {view.size_bytes:,} bytes, {view.unread_bytes:,} unread"
            yield ok("SHP010", view.path, why)
        if len(waiting) > MOST_FILES:
            more = len(waiting) - MOST_FILES
            yield ok(
                "SHP010",
                "",
                f"{counted(more, 'more file')} with unread bytes, readable",
            )
        if done:
            yield ok(
                "SHP010", "", f"{counted(done, 'file')} with nothing unread, readable"
            )

    def logs(self) -> list[LogFiles]:
        """Return the files of each log: an active one and what was turned away."""
        sources = [
            ([Pattern(path) for path in source.paths], source.is_foreign)
            for source in self._sources
        ]
        found: dict[str, LogFiles] = {}
        for view in self.views:
            directory, name = os.path.split(view.path)
            try:
                changed_at = os.stat(view.path).st_mtime
            except OSError:
                continue  # it went while we looked
            generation = Generation(view.size_bytes, view.unread_bytes, changed_at)
            for patterns, is_foreign in sources:
                known = name_of(patterns, directory, name)
                if known is not None:
                    log = LogFiles(known.base, is_foreign=is_foreign)
                    found.setdefault(known.base, log).generations.append(generation)
                    break
        return list(found.values())
