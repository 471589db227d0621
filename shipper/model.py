"""The values that cross doors between rooms; nothing here does anything.

A `Line` read from disk becomes one `Item`; items travel in a `Batch`; a batch
is answered by a `Receipt`, which has a room of its own; settled batches become one
`Commit`. All are frozen. Structs are used where one is made per line: they cost a
fraction of a dataclass.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0)]
BOM = b"\xef\xbb\xbf"  # some programs put this byte order mark before the first line
BLANK = "blank"  # the one skip that no rule asked for; counted on its own
PART = "part"  # the skip of a line that holds a part of a text, but not its last one


class LineFault(Struct, frozen=True):
    """Why a line has no usable bytes.

    Attributes:
        reason: ``too-long`` or ``torn`` (a sealed file that ends without newline).
        sha256: Hex digest of the whole line, newline left out.
    """

    reason: str
    sha256: str


class Line(Struct, frozen=True, gc=False):
    r"""Bytes between two newlines, with where they stand.

    Attributes:
        file_id: What we call the file, whatever its name is today.
        start_bytes: Offset of the first byte in the unpacked stream.
        end_bytes: Offset after the newline; where the position moves to.
        crc_before: CRC-32 chain of the file up to this line.
        crc_after: ``zlib.crc32(line + b"\n", crc_before)``.
        data: The bytes without the newline; a prefix when `fault` is set.
        fault: Set when the line cannot be handed on whole.
        parts: How many lines of the file hold its text; lines of another text may
            stand among them (`joining`).
        is_open: No position may rest after it, because a later line begins before
            its end.
        block: The bytes it was read among, for whoever looks at many lines at once;
            empty if nobody says so.
        block_start: Where in `block` it begins.
        is_torn: The file ended here, and there was no newline.
    """

    file_id: str
    start_bytes: int
    end_bytes: int
    crc_before: int
    crc_after: int
    data: bytes
    fault: LineFault | None = None
    parts: int = 1
    is_open: bool = False
    block: bytes = b""
    block_start: int = 0
    is_torn: bool = False


class Caller(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who made the request, as ReadMe's dashboard will group it.

    Laid out as JSON, what is empty is left out.

    Attributes:
        id: Masked already (docs/record-format.md), never a raw credential.
        label: A name for people, or empty.
        email: For user and company association, or empty.
    """

    id: Annotated[str, Meta(min_length=1)]
    label: str = ""
    email: str = ""


class Serial(
    Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True
):
    """Which writer wrote the record, and its how-manieth attempt that was.

    A gap between two numbers of one writer proves a loss.
    """

    pid: Count
    opened_ns: Count
    number: Count


class Suspicion(Struct, frozen=True):
    """A value that looks like a secret, by what may be told of it.

    Attributes:
        kind: What it looks like, such as ``jwt``.
        operation: Method and route of its exchange, without ids.
        field: Its place in the record, such as ``response.body.user.card``.
        is_hidden: It does not leave this machine.
    """

    kind: str
    operation: str
    field: str
    is_hidden: bool


class Entry(Struct, frozen=True, gc=False):
    """A line that will be sent.

    Attributes:
        id: The record's identity for ever, the same in every retry.
        payload: One ReadMe log object, ready for the wire (UTF-8 JSON).
        withheld: Why a body of this record stays here, one reason a body.
        w: Who wrote the line, and its number, if it says so.
        dropped: Records that the writer lost just before it.
        suspicions: What looks like a secret in it.
        is_taken: The receiver has it already; it is counted, and not sent again.
    """

    id: str
    payload: bytes
    withheld: tuple[str, ...] = ()
    w: Serial | None = None
    dropped: int = 0
    suspicions: tuple[Suspicion, ...] = ()
    is_taken: bool = False


class Skip(Struct, frozen=True, gc=False):
    """A line left out on purpose: `reason` is the rule's name, or `BLANK`."""

    reason: str
    w: Serial | None = None
    dropped: int = 0


class Reject(Struct, frozen=True, gc=False):
    """A line that cannot be read.

    Attributes:
        reason: A stable word such as ``not-json`` or ``schema``.
        detail: One sentence for people; never holds a value from the line.
        w: Who wrote the line, as far as that can be read.
        shown: What may be kept of the line where its bytes may not: nobody has
            masked what another program wrote.
    """

    reason: str
    detail: str
    w: Serial | None = None
    dropped: int = 0
    shown: bytes | None = None


class Unsettled(Struct, frozen=True, gc=False):
    """A line of which nothing is decided yet: no position moves, it is met again.

    Attributes:
        reject: What it would be if it stayed as it is.
    """

    reject: Reject


Item = Entry | Skip | Reject


class Span(Struct, frozen=True, gc=False):
    """A stretch of one file that a batch covers, with what its lines became.

    Attributes:
        tail: The last at most 256 bytes before `end_bytes` that belong to the last
            line (newline included): the marker that finds the place again.
        entries: How many entries of the batch stand in this span.
        skipped: Lines left out by a rule.
        rejected: Lines that cannot be read.
        blank: Empty lines.
        torn: How many of all these had no newline when they were read.
    """

    file_id: str
    start_bytes: int
    end_bytes: int
    crc_before: int
    crc_after: int
    tail: bytes
    entries: int
    skipped: int
    rejected: int
    blank: int
    torn: int = 0


class Run(Struct, frozen=True, gc=False):
    """Consecutive numbers of one writer in one file, as they were read.

    Attributes:
        pid: Process id of the writer; with `opened_ns` its identity.
        opened_ns: When it was opened, nanoseconds since 1970.
        first: The first number, and `last` the last one.
        told: Losses just before `first` that the writer itself told of.
    """

    file_id: str
    pid: int
    opened_ns: int
    first: int
    last: int
    told: int = 0


class LinePlace(Struct, frozen=True, gc=False):
    """Where an entry's line stands: what a dead letter is keyed by."""

    file_id: str
    start_bytes: int
    end_bytes: int


class Taken(Struct, frozen=True):
    """A record that the receiver has, by where it stands and which one it is."""

    place: LinePlace
    id: str


class DeadLetter(Struct, frozen=True):
    """An item we will never send, kept with its reason.

    Attributes:
        place: File and byte range of the line; (file_id, start_bytes) is the key.
        id: The record's id, or None for an unreadable line.
        reason: ``refused``, ``suspect``, or the reject's reason; of one that could
            not be sent again ``skipped``, ``unread`` or ``version`` too.
        detail: The receiver's words or what is wrong with the line.
        payload: The redacted log object of a refused record, else None.
        sha256: Hex digest of the payload, or of the unreadable line.
        length_bytes: Length of what was hashed.
        retries: How often it was tried again, on request, and not taken.
        excerpt: The first bytes of an unreadable line as they are on disk (of a
            foreign one, masked), when the operator wants them kept; else None.
    """

    place: LinePlace
    id: str | None
    reason: str
    detail: str
    payload: bytes | None
    sha256: str
    length_bytes: int
    retries: int = 0
    excerpt: bytes | None = None


class Batch(Struct, frozen=True):
    """Entries sent in one request, with the positions it will commit.

    Attributes:
        entries: In the order read; may be empty (only skipped lines).
        places: One for each entry, in the same order.
        spans: Contiguous stretches, at most one a file, in order of first line.
        rejects: Dead letters of the unreadable lines in the spans.
        counters: Amounts for named totals, such as ``skipped:host``.
        size_bytes: Length of the request body.
        runs: Which numbers of which writers its lines carry.
        retries: Of dead letters that are sent again: how often each one was
            before, one for each entry. Such a batch has no spans. Empty for lines.
    """

    entries: tuple[Entry, ...]
    places: tuple[LinePlace, ...]
    spans: tuple[Span, ...]
    rejects: tuple[DeadLetter, ...]
    counters: tuple[tuple[str, int], ...]
    size_bytes: int
    retries: tuple[int, ...] = ()
    runs: tuple[Run, ...] = ()


class Advance(Struct, frozen=True):
    """One file's position moving from `start_bytes` to `end_bytes`.

    Attributes:
        crc_before: CRC-32 chain at `start_bytes`; `crc_after` at `end_bytes`.
        tail: The marker of the new position (see `Span.tail`).
        delivered: Lines the receiver has taken.
        skipped: Lines a rule left out.
        dead: Lines kept as dead letters.
        blank: Empty lines.
        exported: Lines in a bundle that nobody has acknowledged yet.
        torn: How many of all these had no newline when they were read.
    """

    file_id: str
    start_bytes: int
    end_bytes: int
    crc_before: int
    crc_after: int
    tail: bytes
    delivered: int
    skipped: int
    dead: int
    blank: int
    exported: int = 0
    torn: int = 0


class Commit(Struct, frozen=True):
    """What changes together, in one transaction, and nowhere else.

    Attributes:
        advances: At most one a file, contiguous with what was committed before.
        dead_letters: New ones, and old ones that were refused again, keyed by
            file and start.
        counters: Amounts to add to named totals, such as ``skipped:host``.
        runs: Which numbers of which writers were read, in order.
        recovered: Lines of dead letters that the receiver has taken after all.
    """

    advances: tuple[Advance, ...]
    dead_letters: tuple[DeadLetter, ...]
    counters: tuple[tuple[str, int], ...]
    recovered: tuple[LinePlace, ...] = ()
    runs: tuple[Run, ...] = ()
