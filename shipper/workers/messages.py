"""What a worker and its parent say to each other.

A question is answered before the worker goes on; its answer is named in the brackets.
A note is not answered. An order comes from the parent at any time. All are values that
can be pickled, and both ends are of one version, for the parent starts its workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from shipper.config.settings import Settings
from shipper.ending import Ending
from shipper.events import Value
from shipper.fileid import FileRow, Head
from shipper.limits.pace import Wait
from shipper.model import Commit, Taken

Answer = TypeVar("Answer")


class Assignment(Struct, frozen=True):
    """What a worker is to do; handed over in memory, for it holds the project key.

    Attributes:
        settings: Those of the parent.
        number: The worker's, from 1.
        once: End when everything readable has been settled.
        seconds_left: End after so long, or None.
        taken: Records that were delivered before, of which no commit was stored.
    """

    settings: Settings
    number: int
    once: bool
    seconds_left: float | None
    taken: frozenset[Taken]


class Question(Struct, Generic[Answer], frozen=True):
    """Asked by a worker, which waits for the answer."""


class KnownFiles(Question[list[FileRow]], frozen=True):
    """Which files of my logs are remembered?"""


class FindFiles(Question[list[FileRow]], frozen=True):
    """Which files have this fingerprint, those that other workers follow left out?"""

    head: Head


class ReadUpTo(Question[int | None], frozen=True):
    """Up to which number has this writer been read, if anybody knows?"""

    pid: int
    opened_ns: int


class Claim(Question[FileRow | None], frozen=True):
    """Take a file over from a backfill."""

    file_id: str


class Record(Question[None], frozen=True):
    """Remember new files, and changed ones without their positions."""

    new: tuple[FileRow, ...]
    changed: tuple[FileRow, ...]
    counters: tuple[tuple[str, int], ...]


class Save(Question[None], frozen=True):
    """Store a commit."""

    commit: Commit


class IsMine(Question[bool], frozen=True):
    """Do I read the log with this base? One of its files is at `path`."""

    base: str
    path: str


class MayFollow(Question[bool], frozen=True):
    """Does no other worker follow the file at this inode?"""

    inode: tuple[int, int]


class MaySend(Question[Wait | None], frozen=True):
    """How long does the next request have to wait?"""


class Spend(Question[Wait | None], frozen=True):
    """A request goes out, unless it has to wait."""

    records: int
    size_bytes: int


class Answered(Struct, frozen=True):
    """The answer to the question that is open."""

    value: object


class Refused(Struct, frozen=True):
    """The state could not be used: the parts of a `StateError`."""

    why: str
    path: str
    is_temporary: bool
    hint: str | None


class Told(Struct, frozen=True):
    """Note: an event."""

    name: str
    fields: Mapping[str, Value]


class Vital(Struct, frozen=True):
    """Note: how a worker stands; comes about once a second.

    Attributes:
        trouble: What keeps work from being finished, or empty.
        in_flight: Records that were read and have no answer yet.
        unread_bytes: On disk and not read yet.
    """

    trouble: str = ""
    in_flight: int = 0
    unread_bytes: int = 0


class Busy(Struct, frozen=True):
    """Note: the receiver wants no request for so many seconds."""

    seconds: float


class Over(Struct, frozen=True):
    """Note: the worker has come to its end.

    Attributes:
        trouble: What kept work from being finished, or empty.
        taken: Records that were delivered and not committed.
    """

    ending: Ending
    trouble: str = ""
    taken: frozenset[Taken] = frozenset()


class Failed(Struct, frozen=True):
    """Note: the worker cannot go on."""

    why: str


class Stop(Struct, frozen=True):
    """Order: finish what is in flight, and end."""

    signal_name: str


class Pause(Struct, frozen=True):
    """Order: end so that another can go on, and give nothing up."""


class Hold(Struct, frozen=True):
    """Order: let no request out for so many seconds; another one was told so."""

    seconds: float


Note = Told | Vital | Busy | Over | Failed
Order = Stop | Pause | Hold
