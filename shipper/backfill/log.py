"""A log opened for a backfill: what it is, and how its lines become records.

A path and the operator's choices come in; a `Log` goes out, its format known and its
first lines looked at, or an error that says what has to be given for it to be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Final, Self

from shipper.adopt import Adopter
from shipper.backfill.choices import AUTO, Choices
from shipper.backfill.document import document_head, entries, first_entries
from shipper.backfill.needs import NeedsMoreError, needs_of
from shipper.errors import ShipperError
from shipper.fileid import HEADER_BYTES, head_of
from shipper.follow import TORN, Position
from shipper.formats import FORMATS, Format
from shipper.formats.detect import FIRST_LINES, Undetected, detect
from shipper.formats.looks import NO_EXCHANGE
from shipper.formats.unwrap import find_wrapper, unwrapped
from shipper.logfile import BadInputError, LogFile
from shipper.model import BOM, Line
from shipper.source.opening import header_lines
from shipper.translate import Translator
from wsgi_writer.mask import Masks

_READ_BYTES: Final = 1_048_576
_END_BYTES: Final = 4096  # of a log, by which a longer one is known to go on from it
# Some collectors leave the newlines out of what they have from Docker.
_NEVER_ENDS: Final = "no text in it has its end, which is a newline with Docker"
# What to do about a file that looks like something else, by a word of what it is.
_MENDS: Final = (
    ("UTF-16", "make UTF-8 of it: iconv -f UTF-16 -t UTF-8"),
    ("archive", "unpack it first, and name the logs that are in it"),
    ("other fields", "leave out what Combined lacks, or log all of it as JSON"),
    ("several lines", "make one line of each object: jq -c . FILE"),
    ("array", "make one line of each object: jq -c '.[]' FILE"),
    (NO_EXCHANGE, "name the access logs"),
)


class NoLinesError(BadInputError):
    """There is nothing in the log, or nothing that is whole."""

    def __init__(self, path: str, wrapper: str | None) -> None:
        self.why = "there is no line in it" if wrapper is None else _NEVER_ENDS
        super().__init__(path, self.why)


class NoExchangesError(BadInputError):
    """The log is another kind of log, as servers keep beside the one of exchanges."""

    def __init__(self, path: str, found: Undetected) -> None:
        self.why = f"it looks like {found.looks_like}"
        super().__init__(path, found.why, hint=_how_to_go_on(found))


class Log:
    """One open log.

    Args:
        path: Where it is; ``-`` for standard input.
        choices: The operator's.

    Attributes:
        format: How its lines are read.
        wrapper: What a container engine put around them, or None.
        head: Its fingerprint; for a document, that of the whole of it.

    Raises:
        NoInputError: It is not there or cannot be read.
        BadInputError: Its format cannot be told, or is not the one that was named.
        NoExchangesError: It is a log of something else.
        NoLinesError: It holds nothing by which its format could be told.
        NeedsMoreError: It lacks something that only the operator can say.
    """

    def __init__(self, path: str, choices: Choices) -> None:
        # Mutable state: the open file, until `close`.
        self.path = path
        self._choices = choices
        self._file = LogFile(path)
        try:
            first = self._first_lines()
            self.wrapper = find_wrapper(first)
            first = unwrapped(first, self.wrapper)
            self.format = self._format(first)
            begin = self._file.read_at(0, HEADER_BYTES)
            self._line_head = head_of(begin if b"\n" in begin else begin + b"\n")
            self.head = self._line_head
            if self.format.is_document:
                self.head = document_head(self._file)
                first = first_entries(self._file)
            self._check(first)
        except BaseException:
            self.close()
            raise

    @property
    def packing(self) -> str:
        """How the file is packed, or empty."""
        return self._file.packing

    @property
    def facts(self) -> os.stat_result:
        """What the system says of the open file, whatever its name leads to by now."""
        return self._file.facts

    @property
    def size_bytes(self) -> int:
        """Its length on disk."""
        return self._file.size_bytes

    @property
    def read_bytes(self) -> int:
        """How much of it has been read, on disk."""
        return self._file.read_bytes_so_far()

    @property
    def damage(self) -> str | None:
        """Why the end of an archive cannot be read; None while nothing is wrong."""
        return self._file.damage

    def translator(self, masks: Masks, position: Position) -> Translator:
        """Return what makes records of its lines from a position on."""
        translator = Translator(
            format_=self.format,
            hints=self._choices.hints,
            adopter=Adopter(masks=masks, base_url=self._choices.base_url),
            label=self._choices.label,
            head_digest=self._line_head.digest,
            wrapper=self.wrapper,
        )
        if self.format.has_headers:
            for line in header_lines(self._file, position.offset_bytes):
                translator.read_header(line)
        return translator

    def lines(self, position: Position, file_id: str) -> Iterator[Line]:
        """Hand out its lines, or its entries, from a position on.

        The place of an entry is its number in the document. The line in which a
        damaged archive ends is not handed out: whole, the archive has the rest of it.

        Raises:
            BadInputError: It is not the file it was; `NoInputError`: it has gone.
        """
        if self.format.is_document:
            return entries(self._file, position, file_id)
        lines = self._file.lines(position, file_id=file_id)
        return takewhile(lambda line: not self._is_cut(line), lines)

    def holds(self, position: Position) -> bool:
        """Tell whether a position of some file is one of this one."""
        if self.format.is_document:
            return True  # its fingerprint is that of everything in it
        length = position.mark.length_bytes
        start = max(0, position.offset_bytes - length)
        before = self._file.read_at(start, position.offset_bytes - start)
        missing = position.offset_bytes - start - len(before)
        # A last line without newline was marked as if it had one.
        return missing <= 1 and position.mark.is_at_end_of(before)

    def unpacked_bytes(self) -> int:
        """Return its length as it is read; an archive is unpacked for it."""
        if not self.packing:
            return self.size_bytes
        length = 0
        while piece := self._file.read_at(length, _READ_BYTES):
            length += len(piece)
        return length

    def begins(self, path: str) -> bool:
        """Tell whether another log begins with all that is in this one.

        Its fingerprint is known to be ours.
        """
        if self.format.is_document:
            return True  # its fingerprint is that of everything in it
        length = self.unpacked_bytes()
        start = max(0, length - _END_BYTES)
        count = length - start
        try:
            with LogFile(path) as other:
                return other.read_at(start, count) == self._file.read_at(start, count)
        except ShipperError:
            return False  # it is gone, or closed to us

    def line_number(self, position: Position) -> int:
        """Return how many lines end before a position."""
        if self.format.is_document:
            return position.offset_bytes
        return sum(piece.count(b"\n") for piece in self._before(position))

    def lines_before(self, position: Position) -> int:
        """Return how many lines stand before a position, one without newline too."""
        if self.format.is_document:
            return position.offset_bytes
        count, last = 0, b"\n"
        for piece in self._before(position):
            count += piece.count(b"\n")
            last = piece[-1:]
        return count + (last != b"\n")

    def damaged(self) -> BadInputError:
        """Return what to say of a damaged archive, once its lines have been read."""
        hint = "its lines before that were read; unpack what can be saved"
        return BadInputError(self.path, self.damage or "damaged", hint=hint)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def _before(self, position: Position) -> Iterator[bytes]:
        at = 0
        while at < position.offset_bytes:
            piece = self._file.read_at(at, min(_READ_BYTES, position.offset_bytes - at))
            if not piece:
                return
            yield piece
            at += len(piece)

    def _first_lines(self) -> list[bytes]:
        lines = takewhile(lambda line: not self._is_cut(line), self._file.lines())
        return [line.data for line in islice(lines, FIRST_LINES)]

    def _format(self, first: list[bytes]) -> Format:
        name = self._choices.format
        if name != AUTO:
            return FORMATS[name]
        if len(first) < FIRST_LINES and not any(map(_has_content, first)):
            # It was read to its end, so that damage is known.
            if self.damage is not None:
                raise self.damaged()
            raise NoLinesError(self.path, self.wrapper)
        found = detect(first, self._choices.hints)
        if isinstance(found, Undetected):
            if found.tells_of_none:
                raise NoExchangesError(self.path, found)
            raise BadInputError(self.path, found.why, hint=_how_to_go_on(found))
        return FORMATS[found.name]

    def _check(self, first: list[bytes]) -> None:
        """Ask for everything that the first lines, or entries, show to be missing."""
        if needs := needs_of(self.format, first, self._choices):
            raise NeedsMoreError(self.path, needs)

    def _is_cut(self, line: Line) -> bool:
        is_torn = line.fault is not None and line.fault.reason == TORN
        return is_torn and self.damage is not None


def _how_to_go_on(found: Undetected) -> str:
    for word, hint in _MENDS:
        if found.looks_like is not None and word in found.looks_like:
            return hint
    if found.candidates and found.looks_like is None:
        return f"if it is that, name it: --format {found.candidates[0].name}"
    return "name it with --format, if it is one of docs/formats.md"


def _has_content(line: bytes) -> bool:
    """Tell whether a line is neither blank nor a header."""
    text = line.removeprefix(BOM).strip()
    return bool(text) and not text.startswith(b"#")
