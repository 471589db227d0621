r"""Wrappers that container engines put around every line, taken off again.

Docker's json-file log has one object a line (``{"log":"…\n","stream":"stdout",…}``),
Kubernetes' CRI a prefix (``2016-10-06T00:17:09.669794202Z stdout F ``). Both cut long
lines into parts: Docker's are those without a newline at their end, CRI's are tagged
``P``. Parts are joined for each stream apart, and the joined line stands where its
first part does. Which wrapper a file has is found in its first lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.model import Reject

DOCKER: Final = "docker"
CRI: Final = "cri"
SHARE: Final = 0.95  # of the first lines that must have the wrapper

_CRI: Final = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}(?:Z|[+\-][0-9]{2}:[0-9]{2}) "
    rb"(stdout|stderr) ([FP](?::[^ ]{0,64})?) ?"
)


class _Docker(Struct, frozen=True, gc=False):
    log: str
    stream: Literal["stdout", "stderr"]
    time: str


_DECODER: Final = msgspec.json.Decoder(_Docker)


class Part(Struct, frozen=True, gc=False):
    """What stands inside one wrapped line."""

    stream: bytes
    data: bytes
    is_last: bool


class Whole(Struct, frozen=True, gc=False):
    """A line without its wrapper, and where its first part begins in the file."""

    data: bytes
    start_bytes: int


class Pending(Struct, frozen=True, gc=False):
    """The line is a part of one that goes on."""


class Unwrapper:
    """Takes one wrapper off the lines of one file, in their order.

    A reader's position must not move past `pending_from` while that is known: after
    a restart the parts before it would be missing. `joining` sees to that.
    """

    def __init__(self, wrapper: str) -> None:
        # Mutable state: the parts of unfinished lines by stream, used by one reader.
        self._part = PARTS[wrapper]
        self._parts: dict[bytes, _Unfinished] = {}

    @property
    def pending_from(self) -> int | None:
        """Where the first line begins of which more is to come."""
        return min((parts.start_bytes for parts in self._parts.values()), default=None)

    def take(self, line: bytes, start_bytes: int) -> Whole | Pending | Reject:
        """Unwrap one line that begins at `start_bytes` of the unpacked stream.

        A blank line is whole. A line without the wrapper is a reject, and so is the
        last part of a line that is longer than 1 MiB.
        """
        if not line.strip():
            return Whole(b"", start_bytes)
        part = self._part(line)
        if part is None:
            return refuse("wrapper")
        unfinished = self._parts.get(part.stream)
        if part.is_last and unfinished is None:
            return Whole(part.data, start_bytes)
        if unfinished is None:
            unfinished = self._parts[part.stream] = _Unfinished(start_bytes)
        unfinished.add(part.data)
        if not part.is_last:
            return Pending()
        del self._parts[part.stream]
        if unfinished.size_bytes > MAX_LINE_BYTES:
            return refuse("too-long")
        return Whole(b"".join(unfinished.pieces), unfinished.start_bytes)

    def finish(self) -> int | None:
        """Forget the lines of which no more will come; where the first one begins."""
        first = self.pending_from
        self._parts.clear()
        return first


class _Unfinished:
    """The parts of one line; what is too long is counted and not kept."""

    def __init__(self, start_bytes: int) -> None:
        self.start_bytes = start_bytes
        self.size_bytes = 0
        self.pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        if self.size_bytes <= MAX_LINE_BYTES:
            self.pieces.append(piece)
        else:
            self.pieces.clear()


def find_wrapper(lines: Iterable[bytes]) -> str | None:
    """Return which wrapper the first lines of a file have, if any.

    Blank lines do not count; at least 95 % of the others must have the wrapper.
    """
    given = [line for line in lines if line.strip()]
    for wrapper, part in PARTS.items():
        wrapped = sum(part(line) is not None for line in given)
        if wrapped and wrapped >= SHARE * len(given):
            return wrapper
    return None


def unwrapped(lines: Iterable[bytes], wrapper: str | None) -> list[bytes]:
    """Return the whole lines inside the first lines of a file, for `detect`."""
    if wrapper is None:
        return list(lines)
    unwrapper = Unwrapper(wrapper)
    taken = (unwrapper.take(line, 0) for line in lines)
    return [line.data for line in taken if isinstance(line, Whole)]


def _docker_part(line: bytes) -> Part | None:
    try:
        found = _DECODER.decode(line.strip())
        data = found.log.encode("utf-8", "surrogatepass")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    is_last = data.endswith(b"\n")
    return Part(
        found.stream.encode(), data.rstrip(b"\r\n") if is_last else data, is_last
    )


def _cri_part(line: bytes) -> Part | None:
    found = _CRI.match(line)
    if found is None:
        return None
    return Part(found[1], line[found.end() :], found[2][:1] == b"F")


# How one line is taken apart, by wrapper; None for a line without it.
PARTS: Final[Mapping[str, Callable[[bytes], Part | None]]] = MappingProxyType(
    {DOCKER: _docker_part, CRI: _cri_part}
)
