"""Whether paths are named once, and this machine can give what they name.

A document comes in, faults go out. Files and room are asked for by `validate` only: a
running shipper waits for files that are not there yet and for permissions that come
back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.settings import DEFAULT_STATE_DIR
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault
from shipper.mounts import is_read_only

GLOB_MARKS = frozenset("*?[")


def twin_faults(document: Document) -> Iterator[Fault]:
    """Find a path or pattern that an earlier `[[source]]` names too.

    Patterns that overlap are none: which files they share, nobody knows beforehand.
    """
    owners: dict[str, int] = {}
    for at in range(document.length("source")):
        for which in range(document.length("source", at, "paths")):
            key: KeyPath = ("source", at, "paths", which)
            if name := document.text(*key):
                owner = owners.setdefault(document.absolute(name, key=key), at)
                if owner != at:
                    yield Fault(
                        document.where(key),
                        dotted(key),
                        f"source[{owner}] has this path already",
                        "name a log in one [[source]] only: it is read in one way",
                    )


def path_faults(document: Document) -> Iterator[Fault]:
    """Find a state directory that cannot be written and logs that cannot be read."""
    yield from _state_faults(document)
    yield from _egress_faults(document)
    for at in range(document.length("source")):
        for which in range(document.length("source", at, "paths")):
            key: KeyPath = ("source", at, "paths", which)
            if path := document.text(*key):
                yield from _file_faults(document, key, path)


def _state_faults(document: Document) -> Iterator[Fault]:
    key: KeyPath = ("state_dir",)
    written = document.value(*key)
    if written is not None and not (isinstance(written, str) and written):
        return  # the schema has said so
    path = document.absolute(written or DEFAULT_STATE_DIR, key=key)
    problem = _write_problem(path)
    if problem is not None:
        yield Fault(
            where=document.where(key),
            key=dotted(key),
            problem=f"{path} cannot be used: {problem}",
            hint="create it for this user, or name another directory with state_dir",
        )


def _egress_faults(document: Document) -> Iterator[Fault]:
    key: KeyPath = ("egress_log", "file")
    name = document.text(*key)
    if not name:
        return
    path = document.absolute(name, key=key)
    problem = None
    if os.path.exists(path):
        if not os.path.isfile(path):
            problem = "is no plain file"
        elif not os.access(path, os.R_OK | os.W_OK):
            problem = _why_closed(path)
    elif not os.path.isdir(os.path.dirname(path)):
        problem = "has no directory to stand in"
    else:
        problem = _write_problem(os.path.dirname(path))
    if problem is not None:
        told = f"{path} cannot be written: {problem}"
        yield Fault(
            document.where(key),
            dotted(key),
            told,
            hint="create its directory for this user, or name another file",
        )


def _write_problem(path: str) -> str | None:
    """Return why files cannot be created in `path`, or in what must hold it."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    if not os.path.isdir(path):
        return f"{path} is not a directory"
    if not os.access(path, os.W_OK | os.X_OK):
        return f"{path} {_why_closed(path)}"
    return None


def _why_closed(path: str) -> str:
    """Return why this user may not write, in words that go on from the path."""
    if is_read_only(path):
        return "lies on a file system that is read-only"
    return "is not writable for this user"


def _file_faults(document: Document, key: KeyPath, name: str) -> Iterator[Fault]:
    path = document.absolute(name, key=key)
    problem = hint = None
    if (closed := _closed_directory(path)) is not None:
        problem = f"{closed} is closed to this user"
        hint = "add the user to the directory's group, often adm"
    elif GLOB_MARKS & set(path):
        return
    elif os.path.isdir(path):
        problem = f"{path} is a directory, expected a file"
        hint = f"name the file, or a pattern such as {path}/*.jsonl"
    elif os.path.exists(path) and not os.path.isfile(path):
        # Images of nginx and Apache have /dev/stdout under the name of the log.
        problem = f"{path} is no plain file, and nothing else can be followed"
        hint = "have the program write its log to a file of that name"
    elif os.path.exists(path) and not os.access(path, os.R_OK):
        problem = f"{path} is not readable for this user"
        hint = "add the user to the file's group, often adm"
    if problem is not None:
        yield Fault(document.where(key), dotted(key), problem, hint)


def _closed_directory(path: str) -> str | None:
    """Return the directory that hides whether `path`, or what it matches, is there."""
    steps = path.split(os.sep)[:-1]
    is_pattern = [bool(GLOB_MARKS & set(step)) for step in [*steps, "*"]]
    wanted = directory = os.sep.join(steps[: is_pattern.index(True)]) or os.sep
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    # Rotated files are found by listing; of what is above, to pass through is enough.
    needed = os.R_OK | os.X_OK if directory == wanted else os.X_OK
    return None if os.access(directory, needed) else directory
