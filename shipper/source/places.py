"""The directories of one source: what stands in them, by name and `stat`.

A directory is listed again only when its own `stat` changed (and now and then
regardless); the files in it are looked at each time. What could not be seen is
remembered as unseen, so that an unmounted or closed directory is never taken
for an empty one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence

from shipper.clock import Clock
from shipper.source.examine import Candidate
from shipper.source.ours import WHY, Ours
from shipper.source.sharing import Share
from shipper.source.siblings import Name, Pattern, name_of
from shipper.source.sighting import kind_of
from shipper.source.tracked import Facts, Tracked

# Coarsest time stamp of the file systems in use (FAT); a directory that changed
# within it may have changed again without showing.
STAMP_SECONDS = 2.0
# Attribute caches of network file systems can hide a change for about a minute.
RELIST_SECONDS = 60.0
# Coarsest step of the clock that a kernel stamps its own files by.
TICK_SECONDS = 0.02
Trouble = Callable[[str, str, str], None]
_Version = tuple[int, int, int]  # device, inode, time of the last change


class _Listing:
    """One directory as last listed."""

    __slots__ = ("first_seen_at", "listed_at", "names", "version")

    def __init__(self, version: _Version, now: float, names: list[Name]) -> None:
        self.version = version
        self.first_seen_at = now
        self.listed_at = now
        self.names = names

    def is_current(self, version: _Version, now: float) -> bool:
        return (
            self.version == version
            and self.listed_at - self.first_seen_at >= STAMP_SECONDS
            and now - self.listed_at < RELIST_SECONDS
        )


class Places:
    """Looks into the directories of some patterns.

    Args:
        patterns: Configured paths and globs, absolute.
        clock: Paces the listing.
        trouble: Told path, event and reason when something cannot be followed.
        share: Says which logs are looked at; the others are only known by name.
        ours: What must not be followed.
    """

    def __init__(
        self,
        patterns: Sequence[Pattern],
        *,
        clock: Clock,
        trouble: Trouble,
        share: Share,
        ours: Ours,
    ) -> None:
        # Mutable state: listings by directory, the device of each directory that was
        # seen whole the last time, those that changed under our eyes, and active
        # files that others read. Pipeline thread.
        self._patterns = patterns
        self._clock = clock
        self._trouble = trouble
        self._share = share
        self._ours = ours
        self.elsewhere: set[str] = set()
        self._listings: dict[str, _Listing] = {}
        self._seen: dict[str, int] = {}
        self._moving: set[str] = set()

    def directories(self) -> tuple[str, ...]:
        """Return the directories that are worth watching, existing or not."""
        found: dict[str, None] = {}
        for pattern in self._patterns:
            found.update(dict.fromkeys(pattern.directories()))
        return tuple(found)

    def candidates(self) -> Iterator[Candidate]:
        """Yield every file that belongs to the patterns, with its `stat`.

        Take them all before `is_absent` is asked; most need not be kept.
        """
        now = self._clock.monotonic()
        self._seen = {}
        self._ours.look()
        directories = self.directories()
        # A pattern of directories that come and go, such as one a day, names no more
        # those that are gone.
        for directory in self._listings.keys() - directories:
            del self._listings[directory]
        for directory in directories:
            for name in self._names_in(directory, now):
                candidate = self._candidate(directory, name)
                if candidate is not None:
                    yield candidate
        self._moving = {path for path in self._seen if self._has_changed(path)}

    @property
    def is_moving(self) -> bool:
        """True if names changed while they were looked at.

        A file that is renamed meanwhile may stand under neither of its names.
        """
        return bool(self._moving)

    def is_absent(self, tracked: Tracked) -> bool:
        """Return True if the file's directory was seen, and the file was not in it.

        A directory on another device than the file was: its mount is gone.
        """
        device = self._seen.get(os.path.dirname(tracked.name.path))
        return device is not None and device == tracked.row.dev

    def is_surely_absent(self, tracked: Tracked) -> bool:
        """Return True if it is absent, and no name changed in its directory."""
        directory = os.path.dirname(tracked.name.path)
        return directory not in self._moving and self.is_absent(tracked)

    def _has_changed(self, directory: str) -> bool:
        """Tell whether a directory may not be as it was before its names were read.

        Within one step of the clock two changes have one stamp.
        """
        try:
            facts = os.stat(directory)
        except OSError:
            return True
        age = self._clock.now().timestamp() - facts.st_mtime
        return (
            abs(age) < TICK_SECONDS
            or _version(facts) != self._listings[directory].version
        )

    def _names_in(self, directory: str, now: float) -> list[Name]:
        try:
            facts = os.stat(directory)
            version = _version(facts)
            listing = self._listings.get(directory)
            if listing is None or listing.version != version:
                names = [] if listing is None else listing.names
                listing = _Listing(version, now, names)
            if not listing.names or not listing.is_current(version, now):
                listing.names = self._list(directory, listing.names)
                listing.listed_at = now
        except FileNotFoundError:
            self._listings.pop(directory, None)
            return []
        except OSError as error:
            self._trouble(directory, "file_unreadable", error.strerror or str(error))
            self._listings.pop(directory, None)
            # A directory may be closed to listing and open to passing through.
            return [
                name
                for pattern in self._patterns
                if (name := pattern.literal_in(directory)) is not None
                if self._is_ours(name)
            ]
        self._listings[directory] = listing
        self._seen[directory] = facts.st_dev
        return listing.names

    def _list(self, directory: str, before: list[Name]) -> list[Name]:
        # The names that were there already are what the roster holds, too.
        start = len(os.path.join(directory, ""))
        known = {name.path[start:]: name for name in before}
        patterns = [each for each in self._patterns if each.is_in(directory)]
        names = [
            found
            for name in os.listdir(directory)
            if (found := known.get(name) or name_of(patterns, directory, name))
            if self._is_ours(found)
        ]
        # Of several copies of one log the first is followed: rather the active
        # one, rather plain.
        names.sort(key=lambda name: (name.is_rotated, not name.is_plain, name.path))
        return names

    def _is_ours(self, name: Name) -> bool:
        if self._share.has(name):
            return True
        self.elsewhere.add(name.base)
        return False

    def _candidate(self, directory: str, name: Name) -> Candidate | None:
        try:
            facts = os.stat(name.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._trouble(name.path, "file_unreadable", error.strerror or str(error))
            self._seen.pop(directory, None)
            return None
        if not stat.S_ISREG(facts.st_mode):
            self._trouble(name.path, "file_refused", kind_of(facts.st_mode))
            return None
        inode = facts.st_dev, facts.st_ino
        if self._ours.have(inode):
            self._trouble(name.path, "file_refused", WHY)
            return None
        return Candidate(name, inode, Facts(facts.st_size, facts.st_mtime_ns))


def _version(facts: os.stat_result) -> _Version:
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns
