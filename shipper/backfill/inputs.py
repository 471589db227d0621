"""Which files a backfill is about: files, whole directories, standard input.

Names come in as they were typed, paths go out, each once, directories replaced by
what lies in them, oldest first. Nothing is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from shipper.logfile import STANDARD_INPUT, NoInputError, spooled_input
from shipper.source.ours import Ours

# What editors, shells and unfinished copies leave beside logs.
_NEVER: Final = ("~", ".swp", ".swx", ".tmp", ".bak", ".orig", ".lock", ".part")


def find_logs(names: Iterable[str], *, own_files: Sequence[str] = ()) -> list[str]:
    """Return the paths of the logs that are meant.

    Args:
        names: Of files and directories; what lies in a directory is meant.
        own_files: What we write ourselves: not meant, though it lies there.

    Raises:
        NoInputError: A name leads nowhere, or to a directory without files.
    """
    found: dict[str, None] = {}
    ours = Ours(own_files)
    ours.look()
    for name in names:
        if name != STANDARD_INPUT and os.path.isdir(name):
            inside = [path for _, path in sorted(_files_below(name, ours))]
            if not inside:
                hint = "name the directory that holds the logs, or the logs"
                raise NoInputError(name, "the directory holds no files", hint=hint)
            found.update(dict.fromkeys(inside))
        else:
            found[name] = None
    return list(found)


@contextmanager
def spooled(paths: Iterable[str]) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Let standard input be read more than once, for the length of the block.

    Gives the paths to open, and what is to be shown in place of some of them.

    Raises:
        NoInputError: Standard input cannot be read, or there is no room to keep it.
    """
    given = list(paths)
    if STANDARD_INPUT not in given:
        yield given, {}
        return
    handle = spooled_input()
    # The kernel's name for it, by which workers can open it too (proc_pid_fd(5)): had
    # it one of its own, a kill would leave what was piped in, with all its secrets.
    name = f"/proc/{os.getpid()}/fd/{handle}"
    try:
        yield (
            [name if path == STANDARD_INPUT else path for path in given],
            {name: STANDARD_INPUT},
        )
    finally:
        os.close(handle)


def _files_below(directory: str, ours: Ours) -> Iterator[tuple[int, str]]:
    """Yield files, each behind the time of its last line."""

    def complain(error: OSError) -> None:
        why = error.strerror or str(error)
        raise NoInputError(error.filename or directory, why) from error

    for place, directories, names in os.walk(directory, onerror=complain):
        directories[:] = sorted(one for one in directories if not one.startswith("."))
        for name in names:
            path = os.path.join(place, name)
            is_meant = not name.startswith(".") and not name.endswith(_NEVER)
            facts = _stat(path) if is_meant else None
            if facts is None or not stat.S_ISREG(facts.st_mode):
                continue
            if not ours.have((facts.st_dev, facts.st_ino)):
                yield facts.st_mtime_ns, path


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None  # rotated or packed since it was listed, or a link to nothing
