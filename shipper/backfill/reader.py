"""The logs of a backfill as one stream of lines, one log after the other.

It is the pipeline's source: lines go out in order, and when the last log has ended
there are no more. A log stands open from its first line to its last. Whoever shapes
a line may ask how the lines of its file are translated, and which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

from shipper.backfill.ledger import Place
from shipper.backfill.log import Log
from shipper.errors import ShipperError
from shipper.follow import Position
from shipper.joining import Joiner
from shipper.model import Line, Skip
from shipper.translate import Translator


class Opened:
    """A log that is being read.

    Args:
        name: What it is called.
        place: Where it is read from.
        open_log: Opens it.
        translator_of: Says how its lines are translated from a position on.
        limit_lines: Stop after so many, or None; not in the middle of a text.

    Attributes:
        number: Of the line handed out last, from 1.
        is_at_end: Its last line was handed out.
        end_bytes: Where the last line ended that was handed out, and not left.
        read_bytes: How much of the file on disk has been read.
        is_document: Its lines are the entries of one document.
        may_go_on: The line handed out last is the log's last, and somebody may yet
            write the rest of it; it may be left.
        trouble: Why it cannot be read any further, or None.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        *,
        open_log: Callable[[], Log],
        translator_of: Callable[[Log, Position], Translator],
        limit_lines: int | None = None,
    ) -> None:
        # Mutable state: the open log, from the first line to the last, and the
        # numbers of lines that were not handed out yet, by where they begin.
        self.name = name
        self.place = place
        self.file_id = place.row.file_id
        self.number = 0
        self.is_at_end = False
        self.is_document = False
        self.may_go_on = False
        self.trouble: ShipperError | None = None
        self.read_bytes = 0
        self.end_bytes = place.row.offset_bytes
        self._open_log = open_log
        self._translator_of = translator_of
        self._limit_lines = limit_lines
        self._numbers: dict[int, int] = {}
        self._left_from: int | None = None
        self._translator: Translator | None = None

    @property
    def translator(self) -> Translator | None:
        """How its lines are translated; None while it is not open."""
        return self._translator

    def leave(self, line: Line) -> None:
        """Note that the line handed out last is not settled in this run."""
        # Texts overlap: one that ends later may begin earlier.
        left_from = self._left_from
        if left_from is None or line.start_bytes < left_from:
            left_from = line.start_bytes
        self._left_from = self.end_bytes = left_from

    def lines(self) -> Iterator[Line]:
        """Hand out its lines; an error ends them, and is kept as `trouble`."""
        try:
            with self._open_log() as log:
                self._translator = self._translator_of(log, self.place.position)
                self.is_document = log.format.is_document
                yield from self._lines(log)
        except ShipperError as error:
            self.trouble = error

    def _lines(self, log: Log) -> Iterator[Line]:
        position = self.place.position
        count = log.line_number(position)
        joiner = None if log.wrapper is None else Joiner(log.wrapper)
        size_bytes = log.size_bytes
        left = self._limit_lines
        for line in log.lines(position, self.file_id):
            stop = self.place.stop_bytes
            if line.is_torn and log.size_bytes > size_bytes:
                break  # somebody is writing it just now
            if stop is not None and line.end_bytes > stop:
                break
            if joiner is None or joiner.held_from is None:
                if left is not None and left <= 0:
                    return
                self._numbers.clear()
            left = None if left is None else left - 1
            count += 1
            self._numbers[line.start_bytes] = count
            self.read_bytes = log.read_bytes
            handed = (line,) if joiner is None else joiner.take(line)
            yield from self._named(handed, is_last=line.is_torn and not log.packing)
        if joiner is not None:
            yield from self._named(joiner.finish(), is_last=not log.packing)
        self.is_at_end = True
        self.read_bytes = log.read_bytes
        if log.damage is not None:
            raise log.damaged()

    def _named(self, lines: Sequence[Line], *, is_last: bool) -> Iterator[Line]:
        """Hand out lines, each known by the number of its first part.

        Args:
            lines: One, or several that are settled together or not at all.
            is_last: The log may go on in the middle of them.
        """
        self.may_go_on = is_last and not self.is_document and self._may_leave(lines)
        for line in lines:
            self.number = self._numbers[line.start_bytes]
            self.end_bytes = line.end_bytes
            yield line

    def _may_leave(self, lines: Sequence[Line]) -> bool:
        """Tell whether nothing would be kept back but what cannot be read."""
        translator = self._translator
        return len(lines) == 1 or not any(
            translator is None or isinstance(translator.translate(line), bytes | Skip)
            for line in lines
        )


class Reader:
    """Implements the pipeline's source over logs.

    Args:
        logs: In the order they are read.
    """

    def __init__(self, logs: Iterable[Opened]) -> None:
        # Mutable state: the logs that are left, the one that is read, and its lines.
        # Pipeline thread.
        self._left = iter(logs)
        self._lines: Iterator[Line] = iter(())
        self._by_id: dict[str, Opened] = {}
        self._stopped: set[str] = set()
        self.current: Opened | None = None

    def look(self) -> None:
        """Look at nothing: a log of history is as it is."""

    def next_line(self) -> Line | None:
        """Return the next line, or None when there is none any more."""
        while True:
            line = next(self._lines, None)
            if line is not None:
                if line.file_id not in self._stopped:
                    return line
                self._lines = iter(())
                continue
            opened = next(self._left, None)
            if opened is None:
                return None
            self.current = opened
            self._by_id = {opened.file_id: opened}
            self._lines = opened.lines()

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in a log; its position stays."""
        self._stopped.add(file_id)
        opened = self._by_id.get(file_id)
        if opened is not None:
            opened.is_at_end = False
            opened.trouble = ShipperError(f"stopped: {opened.name}: {why}")

    def translator_of(self, file_id: str) -> Translator | None:
        """Return how the lines of the log that is being read are translated."""
        opened = self._by_id.get(file_id)
        return None if opened is None else opened.translator

    def close(self) -> None:
        """Read no further, and let go of the log that is open."""
        lines, self._lines = self._lines, iter(())
        self._left = iter(())
        if isinstance(lines, Generator):
            lines.close()
