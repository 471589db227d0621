"""What processes did to their files and said on their sockets, call by call.

strace(1) writes down every call with all of its bytes. `deeds_of` reads that back as
values, in the order in which the calls came to their end. A call on one of the files
that could change it in a way not told here is an error, so that nothing goes by unseen.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.programs import require_program

# A question mark: not every processor has a call of this name (strace(1)).
_CALLS = (
    "open openat creat lseek write pwrite64 writev pwritev pwritev2 sendfile splice "
    "copy_file_range ftruncate truncate fallocate fsync fdatasync rename renameat "
    "renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir mmap "
    "sendto recvfrom"
)
# Those that are understood, and name a file by its descriptor alone.
_BY_HANDLE = frozenset(
    ["lseek", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "mmap"]
)
# Those that name one.
_BY_NAME = frozenset(
    ["open", "openat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir"]
)
_LONGEST = 1 << 24  # of a text; whatever is cut off there is refused


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written at a place of a file."""

    path: str
    at_bytes: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """Bytes were written at the end of a file."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file got another length."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Make:
    """A file or a directory was made, empty."""

    path: str
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class Remove:
    """A name was taken away, of a file or of an empty directory."""

    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    """What had one name got another, and took it from what had it before."""

    path: str
    new_path: str


@dataclass(frozen=True, slots=True)
class Share:
    """A file was mapped, so that it may change without a call."""

    path: str


@dataclass(frozen=True, slots=True)
class Sync:
    """What had been done to a file, or to the names in a directory, is on the disk."""

    path: str


@dataclass(frozen=True, slots=True)
class Say:
    """Bytes went out on a socket."""

    socket: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Hear:
    """Bytes came in on a socket."""

    socket: str
    content: bytes


Deed = Write | Append | Resize | Make | Remove | Rename | Share | Sync | Say | Hear


@dataclass(frozen=True, slots=True)
class Moment:
    """One deed, and its call's begin and end, as numbers that only grow."""

    began: int
    ended: int
    deed: Deed


def tracing(record: Path) -> list[str]:
    """Return what to put before a command, so that what it does is written down.

    Without strace the test is skipped, or fails where `require_program` has it so;
    where nobody may look on at another process it is skipped.
    """
    calls = ",".join(f"?{name}" for name in _CALLS.split())
    words = [require_program("strace"), "-f", "-y", "-xx", "-s", str(_LONGEST)]
    words += ["--seccomp-bpf", "-e", f"trace={calls}", "-o"]
    probe = [*words, os.devnull, "true"]
    done = subprocess.run(probe, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"nothing can be traced here: {done.stderr}")
    return [*words, str(record)]


def deeds_of(record: Path, root: Path) -> list[Moment]:
    """Return what was done to `root` and below, and what was said, in order of ends.

    Args:
        record: What strace wrote.
        root: A real path, without links.
    """
    return list(_Reader(str(root)).read(record))


@dataclass(frozen=True, slots=True)
class _Call:
    """One call that has come to its end, in the words of strace."""

    name: str
    words: list[str]
    result: str

    def text(self, place: int) -> bytes:
        """Return an argument that is a text."""
        word = self.words[place]
        assert word.startswith('"') and word.endswith('"'), f"{self.name}: cut off"
        return _decoded(word[1:-1])

    def name_in(self, place: int) -> str:
        """Return an argument that is the name of a file, made absolute."""
        name = self.text(place).decode()
        if not os.path.isabs(name) and self.name.endswith(("at", "at2")):
            name = os.path.join(_opened(self.words[place - 1]), name)
        assert os.path.isabs(name), f"{self.name}: of a name that is not absolute"
        return os.path.normpath(name)


_ENDED = re.compile(r"(\w+)\((.*)\)\s+= (.*)")
_OPENED = re.compile(r"<([^<>]+)>$")
_CUT = "<unfinished ...>"


def _opened(word: str) -> str:
    """Return what a descriptor leads to, or nothing."""
    found = _OPENED.search(word)
    if found is None:
        return ""
    # Older ones write the texts of calls alone in hexadecimal.
    is_plain = not found[1].startswith("\\x")
    return found[1] if is_plain else _decoded(found[1]).decode()


def _decoded(digits: str) -> bytes:
    return bytes.fromhex(digits.replace("\\x", ""))


class _Reader:
    """Reads one record.

    Args:
        root: See `deeds_of`.
    """

    def __init__(self, root: str) -> None:
        # Mutable state: calls that have begun, by thread, and where descriptors
        # stand; None: always at the end.
        self._root = root
        self._begun: dict[str, tuple[int, str]] = {}
        self._places: dict[str, int | None] = {}

    def read(self, record: Path) -> Iterator[Moment]:
        """Yield the moments of a record."""
        with record.open(encoding="ascii") as file:
            for number, line in enumerate(file):
                thread, _, rest = line.strip().partition(" ")
                rest = rest.lstrip()
                if rest.endswith(_CUT):
                    self._begun[thread] = number, rest.removesuffix(_CUT)
                    continue
                began = number
                if rest.startswith("<... "):
                    began, first = self._begun.pop(thread)
                    rest = first + rest.partition(" resumed>")[2]
                ended = _ENDED.fullmatch(rest)
                if ended is None or ended[3].startswith(("-1 ", "?")):
                    continue  # a signal, a death, or a call that did nothing
                words = [word.strip() for word in ended[2].split(", ")]
                call = _Call(ended[1], words, ended[3])
                for deed in self._deeds(call):
                    yield Moment(began, number, deed)

    def _deeds(self, call: _Call) -> Iterator[Deed]:
        match call.name:
            case "sendto":
                yield Say(call.words[0], call.text(1)[: int(call.result)])
            case "recvfrom":
                yield Hear(call.words[0], call.text(1))
            case "rename" | "renameat" | "renameat2":
                yield from self._renamed(call)
            case name if name in _BY_NAME:
                place = 1 if call.name.endswith("at") else 0
                path = call.name_in(place)
                if self._is_ours(path):
                    yield from self._deeds_by_name(call, place, path)
            case _:
                handle = call.words[4] if call.name == "mmap" else call.words[0]
                path = _opened(handle)
                if self._is_ours(path):
                    yield from self._deeds_by_handle(call, handle, path)
                elif call.name not in _BY_HANDLE:
                    self._refuse_if_ours(call)

    def _deeds_by_name(self, call: _Call, place: int, path: str) -> Iterator[Deed]:
        if call.name.startswith(("unlink", "rmdir")):
            yield Remove(path)
        elif call.name.startswith("mkdir"):
            yield Make(path, is_directory=True)
        else:
            flags = call.words[place + 1].split("|")
            self._places[call.result] = None if "O_APPEND" in flags else 0
            if "O_CREAT" in flags:
                yield Make(path)  # unless it is there
            if "O_TRUNC" in flags:
                yield Resize(path, 0)

    def _renamed(self, call: _Call) -> Iterator[Deed]:
        places = (0, 1) if call.name == "rename" else (1, 3)
        path, new_path = map(call.name_in, places)
        if self._is_ours(path) or self._is_ours(new_path):
            assert self._is_ours(path) and self._is_ours(new_path), "moved out or in"
            assert call.words[4:] in ([], ["0"]), f"{call.words[4:]} is not understood"
            yield Rename(path, new_path)

    def _deeds_by_handle(self, call: _Call, handle: str, path: str) -> Iterator[Deed]:
        match call.name:
            case "lseek":
                # Through a copy of a descriptor directories are listed, and no more:
                # a write fails here.
                if self._places.get(handle) is not None:
                    self._places[handle] = int(call.result)
            case "write":
                yield self._written(call, handle, path)
            case "pwrite64":
                content = call.text(1)[: int(call.result)]
                yield Write(path, int(call.words[3]), content)
            case "ftruncate":
                yield Resize(path, int(call.words[1]))
            case "fsync" | "fdatasync":
                yield Sync(path)
            case "mmap":
                if "MAP_SHARED" in call.words[3] and "PROT_WRITE" in call.words[2]:
                    yield Share(path)
            case name:
                raise AssertionError(f"{name} of {path} is not understood")

    def _written(self, call: _Call, handle: str, path: str) -> Deed:
        content = call.text(1)[: int(call.result)]
        place = self._places[handle]
        if place is None:
            return Append(path, content)
        self._places[handle] = place + len(content)
        return Write(path, place, content)

    def _refuse_if_ours(self, call: _Call) -> None:
        """Fail if a call that is not understood has to do with a file of ours."""
        digits = "".join(f"\\x{byte:02x}" for byte in self._root.encode())
        for word in call.words:
            assert digits not in word and self._root not in word, call.name

    def _is_ours(self, path: str) -> bool:
        return path == self._root or path.startswith(self._root + "/")
