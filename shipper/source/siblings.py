"""Which files on disk belong to a source, going by their names alone.

A pattern is a path or a glob of active files. Beside each stand its rotated
siblings, packed or not. Editor backups and temporary files are never among them.
A name counts in the directories of its own pattern alone: what stands in those of
another one is a file that nobody named.
What a file *is* is decided by its content (`census`); names only choose who is
looked at, and in which order generations are read.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

# The writer's own stamp: nobody appends to a file that carries it.
_SEALED = re.compile(r"\.\d{8}T\d{12}Z\Z")
_STAMP = re.compile(r"\.(\d{8}T\d{12}Z)(?:\.[a-z0-9]+)?\Z")
_PACKED = r"(?:\.(?:gz|bz2|xz|zst|zstd))"
_PACKED_NAME = re.compile(_PACKED + r"\Z")
# logrotate (numbers, dateext in its usual forms) and logging.handlers.
_TURNED = (
    r"(?:\.\d{8}T\d{12}Z"
    r"|\.\d{1,6}"
    r"|[-.]\d{8}(?:[-_T]?\d{1,10})?(?:\.\d{1,6})?"
    r"|[-.]\d{4}-\d{2}-\d{2}(?:[-_T.]\d{2}(?:[-:.]?\d{2}){0,2})?(?:\.\d{1,6})?)"
)
_ROTATED = re.compile(
    rf"\A(?P<base>.+?)(?P<turned>{_TURNED}{_PACKED}?|{_PACKED})\Z", re.DOTALL
)
# Verdicts on directories: at a start each of 500,000 paths is asked about.
_DIRECTORIES_KEPT: Final = 1024
_ANY_DEPTH = "**"
_NEVER = ("~", ".swp", ".swx", ".tmp", ".bak", ".orig", ".lock", ".part")


class Name(Struct, frozen=True, gc=False):
    """What a file's name tells.

    Attributes:
        path: Where it is.
        base: Path of the active file it belongs to; its own if it is active.
        is_rotated: It carries a rotated name.
        is_sealed: The name is one of our writer's: no byte will be added.
        is_plain: The name does not claim that the file is packed.
    """

    path: str
    base: str
    is_rotated: bool
    is_sealed: bool
    is_plain: bool = True


class Pattern:
    """One configured path or glob; a relative one begins where we run."""

    def __init__(self, pattern: str) -> None:
        # Mutable state: what was said of the directories asked about last.
        self.text = os.path.abspath(pattern)
        self._directory, name = os.path.split(self.text)
        self._leads_to: Callable[[str], bool] | None = None
        if glob.has_magic(self._directory):
            steps = _Steps(self._directory)
            self._leads_to = lru_cache(_DIRECTORIES_KEPT)(steps.lead_to)
        self._literal = None if glob.has_magic(name) else name
        self._matches = re.compile(fnmatch.translate(name)).match
        self._wants_hidden = name.startswith(".")

    def directories(self) -> list[str]:
        """Return the directories to look into, those that exist now."""
        if not glob.has_magic(self._directory):
            return [self._directory]
        found = filter(os.path.isdir, glob.glob(self._directory, recursive=True))
        # One that `**` leads to in no step ends in a slash, and paths in it do not.
        return sorted({directory.rstrip("/") or "/" for directory in found})

    def is_in(self, directory: str) -> bool:
        """Return True if files in `directory` can be ours, whether or not it exists."""
        if self._leads_to is None:
            return directory == self._directory
        return self._leads_to(directory)

    def has(self, path: str) -> bool:
        """Return True if `path` is an active file of this pattern."""
        directory, name = os.path.split(path)
        return self._is_base(name) and self.is_in(directory)

    def literal_in(self, directory: str) -> Name | None:
        """Return the one active file in `directory`, if this is a plain path."""
        if self._literal is None or not self.is_in(directory):
            return None
        path = os.path.join(directory, self._literal)
        return Name(path, path, is_rotated=False, is_sealed=False)

    def name_of(self, directory: str, name: str) -> Name | None:
        """Return what `name` tells in `directory`, or None if it is not ours there."""
        if not self.is_in(directory):
            return None
        path = os.path.join(directory, name)
        if self._literal is not None:
            if name == self._literal:
                return Name(path, path, is_rotated=False, is_sealed=False)
            if not name.startswith(self._literal):
                return None
        if name.endswith(_NEVER) or (name.startswith(".") and not self._wants_hidden):
            return None
        split = _ROTATED.match(name)
        if split is not None and self._is_base(split["base"]):
            base = os.path.join(directory, split["base"])
            sealed = _SEALED.search(name) is not None
            return Name(
                path,
                base,
                is_rotated=True,
                is_sealed=sealed,
                is_plain=_PACKED_NAME.search(name) is None,
            )
        if self._literal is None and self._matches(name):
            return Name(path, path, is_rotated=False, is_sealed=False)
        return None

    def _is_base(self, name: str) -> bool:
        if self._literal is not None:
            return name == self._literal
        return self._matches(name) is not None


class _Steps:
    """The steps of a glob of directories, as `glob` takes them.

    Nothing is looked up: a directory that is gone is still known by its path.
    """

    def __init__(self, pattern: str) -> None:
        self._steps = pattern.split("/")
        self._fits = [re.compile(fnmatch.translate(each)).match for each in self._steps]

    def lead_to(self, directory: str) -> bool:
        """Return True if the glob gives this path."""
        return self._lead(0, directory.rstrip("/").split("/"))

    def _lead(self, at: int, names: Sequence[str]) -> bool:
        steps = self._steps
        if at == len(steps):
            return not names
        if steps[at] == _ANY_DEPTH and self._lead(at + 1, names):
            return True
        if not names or not self._takes(at, names[0]):
            return False
        return self._lead(at if steps[at] == _ANY_DEPTH else at + 1, names[1:])

    def _takes(self, at: int, name: str) -> bool:
        step = self._steps[at]
        if not glob.has_magic(step):
            return name == step
        is_hidden = name.startswith(".") and not step.startswith(".")
        return not is_hidden and self._fits[at](name) is not None


def name_of(patterns: Sequence[Pattern], directory: str, name: str) -> Name | None:
    """Return what the first pattern that knows `name` in `directory` says of it."""
    for pattern in patterns:
        found = pattern.name_of(directory, name)
        if found is not None:
            return found
    return None


def name_at(patterns: Sequence[Pattern], path: str) -> Name | None:
    """Return what the first pattern that knows a path says of it."""
    return name_of(patterns, *os.path.split(path))


def reading_order(name: Name, mtime_ns: int) -> tuple[bool, str, int, str]:
    """Return a key that puts older generations of one base first.

    Our own stamps sort as they were written, whatever the clock did; the others
    by the time of their last byte. The active file comes last.
    """
    found = _STAMP.search(name.path)
    if found is not None:
        return (not name.is_rotated, found[1], 0, name.path)
    return (not name.is_rotated, "", mtime_ns, name.path)
