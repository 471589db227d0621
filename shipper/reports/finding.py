"""Where the files of the state are on disk, sound or damaged.

Files are found as the shipper finds them: by content, whatever their name or
packing is. An audit must also find those that the shipper would not know again,
because a byte of them was changed or cut: by inode and name, and by the first line
where a name may be used twice. Files move while we look; then we look again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shipper.clock import Clock
from shipper.events import Events
from shipper.fileid import FileRow, FileState
from shipper.reports.beside import source_beside
from shipper.source import FileView, Followed
from shipper.source.siblings import Name, Pattern, name_at, name_of
from shipper.source.sighting import NotAFileError, Sighting
from shipper.store.account import Account
from shipper.unpack import UnpackError

# A name can be rotated away between looking and opening; hardly twice.
TRIES = 3


class UnreadableError(Exception):
    """A file is there and cannot be read; the message says why."""


class Disk:
    """The followed files as they stand now; changes nothing.

    Args:
        sources: One for each `[[source]]` table.
        account: What is known of the files.
        events: Told of what cannot be read.
        clock: Paces nothing here; the source asks for it.
    """

    def __init__(
        self,
        sources: Sequence[Followed],
        account: Account,
        *,
        events: Events,
        clock: Clock,
    ) -> None:
        # Mutable state: the views of the last look, and names by inode in the
        # directories that were searched for a damaged file.
        self._patterns = [Pattern(path) for one in sources for path in one.paths]
        self._source = source_beside(
            account.state_dir, sources, catalog=account, events=events, clock=clock
        )
        self._views: dict[str, FileView] = {}
        self._inodes: dict[str, dict[tuple[int, int], str]] = {}
        self._look()

    def close(self) -> None:
        """Close every file."""
        self._source.close()

    def views(self) -> Sequence[FileView]:
        """Return every file that the shipper would follow."""
        return list(self._views.values())

    def has_view(self, file_id: str) -> bool:
        """Return True if the shipper would follow a file of the state."""
        return file_id in self._views

    def is_named(self, path: str) -> bool:
        """Return True if a `[[source]]` names a path, whether or not it is there."""
        return name_at(self._patterns, path) is not None

    @contextmanager
    def opened(self, row: FileRow) -> Iterator[Sighting | None]:
        """Open a file of the state; None when it is no longer there.

        Raises:
            UnreadableError: It is there and cannot be read.
        """
        sighting = None
        try:
            sighting = self._find(row)
            yield sighting
        except (NotAFileError, UnpackError) as error:
            raise UnreadableError(str(error)) from error
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from error
        finally:
            if sighting is not None:
                sighting.close()

    @contextmanager
    def opened_view(self, view: FileView) -> Iterator[Sighting | None]:
        """Open a file that the state does not know; None when it has moved on.

        Raises:
            UnreadableError: It is there and cannot be read.
        """
        sighting = None
        try:
            sighting = _sight(view.path)
            yield sighting
        except (NotAFileError, UnpackError) as error:
            raise UnreadableError(str(error)) from error
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from error
        finally:
            if sighting is not None:
                sighting.close()

    def _look(self) -> None:
        self._source.rescan()
        self._source.look()
        self._views = {view.file_id: view for view in self._source.files()}

    def _find(self, row: FileRow) -> Sighting | None:
        for _ in range(TRIES):
            view = self._views.get(row.file_id)
            if view is None:
                break
            sighting = _sight(view.path)
            if sighting is not None and not _is_other(sighting, row):
                return sighting
            if sighting is not None:
                sighting.close()
            self._look()
        return self._find_damaged(row)

    def _find_damaged(self, row: FileRow) -> Sighting | None:
        """Open what stands in the place of a file that nobody knows again."""
        is_gone = row.state is FileState.GONE
        places = [row.path]
        if not is_gone:
            elsewhere = self._names_in(os.path.dirname(row.path))
            places += filter(None, [elsewhere.get((row.dev, row.ino))])
        for path in places:
            name = name_at(self._patterns, path)
            sighting = None if name is None else _sight(path)
            if name is None or sighting is None:
                continue
            if _is_remains(sighting, row, name):
                return sighting
            sighting.close()
        return None

    def _names_in(self, directory: str) -> dict[tuple[int, int], str]:
        if directory not in self._inodes:
            found = {}
            try:
                with os.scandir(directory) as entries:
                    for entry in entries:
                        if name_of(self._patterns, directory, entry.name) is None:
                            continue
                        facts = entry.stat(follow_symlinks=False)
                        found[facts.st_dev, facts.st_ino] = entry.path
            except FileNotFoundError:
                pass
            self._inodes[directory] = found
        return self._inodes[directory]


def _sight(path: str) -> Sighting | None:
    try:
        return Sighting(path)
    except FileNotFoundError:
        return None


def _is_other(sighting: Sighting, row: FileRow) -> bool:
    """Return True if the name leads to another file by now."""
    return row.head.is_known and sighting.head != row.head


def _is_remains(sighting: Sighting, row: FileRow, name: Name) -> bool:
    """Return True if this is what was left of the row's file, however changed.

    A name of our writer's own is never used twice. Other names are, so the first
    line must be the same; and a file that was let go of under the name that is
    written to was replaced there, which the shipper has told and counted.
    """
    if name.is_sealed and name.path == row.path:
        return True
    if row.state is FileState.GONE and not name.is_rotated:
        return False
    return row.head.is_known and sighting.head == row.head
