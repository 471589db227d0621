"""How the lines of each followed file are read: what its translator has to know.

A `Way` says it of one `[[source]]`. Of each of its files a `Reading` is made when a
line of it is asked about: with the fingerprint that goes into the ids, the wrapper,
and the header lines before the place. A bounded number is kept; one made anew gives
the same records.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from msgspec.structs import replace

from shipper.adopt import Adopter
from shipper.foreign import Hints
from shipper.formats import Format
from shipper.formats.unwrap import find_wrapper
from shipper.joining import Joiner
from shipper.model import Line, Reject, Skip
from shipper.rejected import RejectedText
from shipper.source import Opening
from shipper.translate import Translator, as_own

Wrapper = Literal["auto", "none", "docker", "cri"]
MOST_READINGS: Final = 1024  # a few kilobytes each
LIVE_LABEL: Final = ""  # one host's log: what backfill has by default


@dataclass(frozen=True, slots=True)
class Way:
    """How the lines of one `[[source]]` become records.

    Attributes:
        format: How a line is read.
        hints: What the operator says of it.
        adopter: Masks, and lays records out.
        rejected: Masks the text of lines that become none.
        wrapper: What a container engine put around the lines; ``auto`` looks at the
            first ones of each file.
    """

    format: Format
    hints: Hints
    adopter: Adopter
    rejected: RejectedText
    wrapper: Wrapper = "auto"


class Files(Protocol):
    """Who follows the files."""

    def source_of(self, file_id: str) -> int | None:
        """Return the number of the table that a followed file belongs to."""
        ...

    def opening(
        self, file_id: str, *, headers_before: int | None = None
    ) -> Opening | None:
        """Return how a file begins, or None if it is not followed."""
        ...


class Reading:
    """One file of which lines are read.

    Attributes:
        number: Of its `[[source]]`.
        joiner: For a file whose lines are wrapped.
    """

    def __init__(self, number: int, way: Way, opening: Opening, line: Line) -> None:
        # Mutable state: where the next line begins; what the translator and the
        # joiner remember.
        wrapper = _wrapper_of(way, opening, line)
        self.number = number
        self.joiner = None if wrapper is None else Joiner(wrapper)
        self._rejected = way.rejected
        self._needs_order = way.format.has_headers
        self._at_bytes = line.start_bytes
        self._translator = Translator(
            format_=way.format,
            hints=way.hints,
            adopter=way.adopter,
            label=LIVE_LABEL,
            head_digest=opening.digest,
            wrapper=wrapper,
        )
        for header in opening.headers:
            self._translator.read_header(header)

    @property
    def is_holding(self) -> bool:
        """True while lines are held back until more of their text comes."""
        return self.joiner is not None and self.joiner.held_from is not None

    def fits(self, line: Line) -> bool:
        """Return True if what is remembered is what stands before the line."""
        return not self._needs_order or line.start_bytes == self._at_bytes

    def as_own(self, line: Line) -> Line | Reject | Skip:
        """Return a line as one of our own."""
        self._at_bytes = line.end_bytes
        return as_own(line, self._translator)

    def refused(self, line: Line, reject: Reject) -> Reject:
        """Return a reject of this file's line with what may be kept of the line."""
        return replace(reject, shown=self._rejected.show(line.data).encode())


class Readings:
    """The readings of the files that lines come from. One thread.

    Args:
        files: Who follows them.
        ways: One for each `[[source]]` table, in order; None for our own format.
        most: So many are kept.
    """

    def __init__(
        self, *, files: Files, ways: Sequence[Way | None], most: int = MOST_READINGS
    ) -> None:
        # Mutable state: readings by file, the one used last at the end; None for a
        # file of our own. Asked with the first line of every block, so that the
        # answer is there still when the file is let go of in its middle.
        self._files = files
        self._ways = ways
        self._most = most
        self._by_id: OrderedDict[str, Reading | None] = OrderedDict()

    def of(self, line: Line) -> Reading | None:
        """Return what reads the line, None for a line of our own.

        Raises:
            UnfollowedError: No table names its file any more.
        """
        file_id = line.file_id
        if file_id in self._by_id:
            reading = self._by_id[file_id]
            is_of_use = reading is None or reading.fits(line)
            if is_of_use and not self._has_moved(file_id, reading):
                self._by_id.move_to_end(file_id)
                return reading
        reading = self._by_id[file_id] = self._made(line)
        self._by_id.move_to_end(file_id)
        self._shrink()
        return reading

    def holding(self) -> list[tuple[str, Joiner]]:
        """Return by file what holds lines back."""
        return [
            (file_id, reading.joiner)
            for file_id, reading in self._by_id.items()
            if reading is not None and reading.joiner is not None
            if reading.is_holding
        ]

    def _has_moved(self, file_id: str, reading: Reading | None) -> bool:
        """Tell whether a file belongs to another table by now.

        What a joiner holds would be lost with it: until the text is whole, the table
        before reads on.
        """
        if len(self._ways) < 2 or (reading is not None and reading.is_holding):
            return False
        number = self._files.source_of(file_id)
        if number is None:
            return False
        if reading is None:
            return self._ways[number] is not None
        return number != reading.number

    def _made(self, line: Line) -> Reading | None:
        number = self._files.source_of(line.file_id)
        if number is None:
            raise UnfollowedError
        way = self._ways[number]
        if way is None:
            return None
        before = line.start_bytes if way.format.has_headers else None
        opening = self._files.opening(line.file_id, headers_before=before)
        return Reading(number, way, opening or Opening(b""), line)

    def _shrink(self) -> None:
        surplus = len(self._by_id) - self._most
        if surplus <= 0:
            return
        for file_id, reading in list(self._by_id.items())[:-1]:
            if reading is None or not reading.is_holding:
                del self._by_id[file_id]
                surplus -= 1
                if surplus <= 0:
                    return


class UnfollowedError(Exception):
    """Nobody knows how the lines of a file are read: it is not followed."""


def _wrapper_of(way: Way, opening: Opening, line: Line) -> str | None:
    if way.wrapper == "none" or way.format.has_headers:
        return None
    if way.wrapper != "auto":
        return way.wrapper
    return find_wrapper(opening.lines or (line.data,))
