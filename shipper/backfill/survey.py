"""A log opened for a backfill: what it is, and how its lines become records.

A path and the operator's choices come in; a `Log` goes out, its format known and its
first lines looked at, or an error that says what has to be given for it to be read.
All logs are surveyed before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from hashlib import sha256
from itertools import islice, takewhile
from typing import Final, Self
from zlib import crc32

from msgspec.structs import replace

from shipper.adopt import Adopter
from shipper.backfill.choices import AUTO, Choices
from shipper.backfill.outcome import FileOutcome
from shipper.errors import EXIT_USAGE
from shipper.fileid import HEADER_BYTES, Head, head_of
from shipper.follow import TORN, Position
from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS, Format
from shipper.formats.detect import FIRST_LINES, Undetected, detect
from shipper.formats.har import split_har
from shipper.formats.unwrap import find_wrapper, unwrapped
from shipper.logfile import BadInputError, LogFile
from shipper.model import Line, Reject, Skip
from shipper.translate import Translator
from wsgi_writer.mask import Masks

_READ_BYTES: Final = 1_048_576
_BOM: Final = b"\xef\xbb\xbf"


class NeedsMoreError(BadInputError):
    """The log does not say something that records must have."""

    exit_code = EXIT_USAGE


class NoLinesError(BadInputError):
    """There is nothing in the log."""

    def __init__(self, path: str) -> None:
        self.why = "there is no line in it"
        super().__init__(path, self.why)


def survey(
    paths: Sequence[str], choices: Choices, names: Mapping[str, str] | None = None
) -> list[FileOutcome]:
    """Look at all logs before anything is sent; one without lines is left alone.

    Args:
        paths: Where they are.
        choices: How they are read.
        names: What is shown in place of some paths.

    Raises:
        NoInputError: One is not there; `BadInputError`: its format cannot be told;
            `NeedsMoreError`: it lacks what only the operator can say.
    """
    found = []
    for path in paths:
        file = FileOutcome(path, (names or {}).get(path, path))
        found.append(file)
        try:
            with Log(path, choices) as log:
                file.format = log.format.name
                file.wrapper = log.wrapper
                file.packing = log.packing
                file.size_bytes = log.size_bytes
        except NoLinesError as error:
            file.leave_alone(error.why)
    return found


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
            self.format = self._format(unwrapped(first, self.wrapper))
            begin = self._file.read_at(0, HEADER_BYTES)
            self._line_head = head_of(begin if b"\n" in begin else begin + b"\n")
            self.head = self._line_head
            if self.format.is_document:
                self.head = self._document_head()
                self._check([])
            else:
                self._check(unwrapped(first, self.wrapper))
        except BaseException:
            self.close()
            raise

    @property
    def packing(self) -> str:
        """How the file is packed, or empty."""
        return self._file.packing

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

    def translator(self, masks: Masks) -> Translator:
        """Return what makes records of its lines."""
        translator = Translator(
            format_=self.format,
            hints=self._choices.hints,
            adopter=Adopter(masks=masks, base_url=self._choices.base_url),
            label=self._choices.label,
            head_digest=self._line_head.digest,
            wrapper=self.wrapper,
        )
        for line in self._header_lines():
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
            return self._entries(position, file_id)
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

    def line_number(self, position: Position) -> int:
        """Return how many lines stand before a position."""
        if self.format.is_document:
            return position.offset_bytes
        count, at = 0, 0
        while at < position.offset_bytes:
            piece = self._file.read_at(at, min(_READ_BYTES, position.offset_bytes - at))
            if not piece:
                break
            count += piece.count(b"\n")
            at += len(piece)
        return count

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

    def _first_lines(self) -> list[bytes]:
        lines = takewhile(lambda line: not self._is_cut(line), self._file.lines())
        return [line.data for line in islice(lines, FIRST_LINES)]

    def _header_lines(self) -> Iterator[bytes]:
        """Hand out the comments that the log begins with."""
        if self.format.is_document or self.format.is_record:
            return
        for line in self._file.lines():
            if not line.data.startswith(b"#"):
                return
            yield line.data

    def _format(self, first: list[bytes]) -> Format:
        name = self._choices.format
        if name != AUTO:
            return FORMATS[name]
        if len(first) < FIRST_LINES and not any(map(_has_content, first)):
            # It was read to its end, so that damage is known.
            raise NoLinesError(self.path) if self.damage is None else self.damaged()
        found = detect(first, self._choices.hints)
        if isinstance(found, Undetected):
            hint = "name it with --format, if it is one of docs/formats.md"
            raise BadInputError(self.path, found.why, hint=hint)
        return FORMATS[found.name]

    def _check(self, first: list[bytes]) -> None:
        """Ask for everything that the first lines show to be missing."""
        if self.format.is_record:
            return
        choices, missing = self._choices, []
        hints = choices.hints
        found = self._read_all(first, hints)
        lacks_zone = (self.format.needs_zone and hints.zone is None) or any(
            isinstance(one, Reject) and one.reason == "time-zone" for one in found
        )
        if lacks_zone:
            missing.append(("time zone", "--timezone ZONE, such as Europe/Berlin"))
            # With any, the lines show what else is missing.
            found = self._read_all(first, replace(hints, zone=UTC))
        lacks_host = choices.base_url is None and any(
            isinstance(one, Foreign) and not one.host and "://" not in one.target
            for one in found
        )
        if lacks_host:
            missing.append(("host", "--base-url URL, such as https://api.example.com"))
        if not choices.has_rule:
            missing.append(("caller", "--identity RULE, such as client-ip"))
        if missing:
            raise NeedsMoreError(
                self.path,
                f"its lines name no {', no '.join(what for what, _ in missing)}",
                hint="say it with " + " and ".join(how for _, how in missing),
            )

    def _read_all(
        self, lines: list[bytes], hints: Hints
    ) -> list[Foreign | Reject | Skip]:
        reader = self.format.open(hints)
        return [reader.read(line) for line in lines]

    def _is_cut(self, line: Line) -> bool:
        is_torn = line.fault is not None and line.fault.reason == TORN
        return is_torn and self.damage is not None

    def _document_head(self) -> Head:
        digest, length = sha256(), 0
        while piece := self._file.read_at(length, _READ_BYTES):
            digest.update(piece)
            length += len(piece)
        if isinstance(pieces := split_har(self._content()), Reject):
            raise BadInputError(self.path, pieces.detail)
        return Head(length, digest.digest())

    def _content(self) -> bytes:
        pieces, at = [], 0
        while piece := self._file.read_at(at, _READ_BYTES):
            pieces.append(piece)
            at += len(piece)
        return b"".join(pieces)

    def _entries(self, position: Position, file_id: str) -> Iterator[Line]:
        pieces = split_har(self._content())
        if isinstance(pieces, Reject):
            raise BadInputError(self.path, pieces.detail)
        crc = position.crc
        for index, data in enumerate(pieces):
            if index < position.offset_bytes:
                continue
            after = crc32(data + b"\n", crc)
            yield Line(file_id, index, index + 1, crc, after, data)
            crc = after


def _has_content(line: bytes) -> bool:
    """Tell whether a line is neither blank nor a header."""
    text = line.removeprefix(_BOM).strip()
    return bool(text) and not text.startswith(b"#")
