"""Foreign logs followed live: their lines in one piece, each shaped in its own way.

`LiveSource` stands around the source: it holds back the parts of a wrapped text until
the text is whole. `LiveShaper` stands around the shapers: it makes a record of a
foreign line before anything else is asked. Lines of our own pass both as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from shipper.model import Item, Line, Reject
from shipper.readings import Readings, UnfollowedError
from shipper.record import UnknownVersion


class Lines(Protocol):
    """The followed files as one stream, each line as it lies on disk."""

    def look(self) -> None:
        """Refresh what is known of the files from the disk."""
        ...

    def next_line(self) -> Line | None:
        """Return the next whole line, or None when there is none now."""
        ...

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in this file; its position stays."""
        ...

    def is_at_rest(self, file_id: str) -> bool:
        """Return True if nobody seems to be adding to a file that has been read."""
        ...


class LiveSource:
    """Hands out lines that hold one whole text each. Pipeline thread.

    A text whose last part does not come is held back while its file grows; when
    nobody adds to it any more, it is handed out as it is, and refused.

    Args:
        source: Reads the files.
        readings: Say which ones are wrapped.
    """

    def __init__(self, source: Lines, readings: Readings) -> None:
        # Mutable state: lines that came free together.
        self._source = source
        self._readings = readings
        self._free: deque[Line] = deque()

    def look(self) -> None:
        """Refresh what is known of the files from the disk."""
        self._source.look()

    def next_line(self) -> Line | None:
        """Return the next line, or None when there is none now."""
        while not self._free:
            line = self._source.next_line()
            if line is None:
                self._give_up()
                break
            reading = self._readings.of(line)
            if reading is None or reading.joiner is None:
                return line
            self._free.extend(reading.joiner.take(line))
        return self._free.popleft() if self._free else None

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in this file; its position stays."""
        self._source.stop_file(file_id, why)

    def _give_up(self) -> None:
        for file_id, joiner in self._readings.holding():
            if self._source.is_at_rest(file_id):
                self._free.extend(joiner.finish())


class Shape(Protocol):
    """What says what a line of our own becomes."""

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item."""
        ...


class LiveShaper:
    """Shapes the lines of every followed file.

    Args:
        shapers: One for each `[[source]]` table, in order.
        own: For lines of our own format.
        readings: Say how the others are read.
    """

    def __init__(
        self, *, shapers: Sequence[Shape], own: Shape, readings: Readings
    ) -> None:
        self._shapers = shapers
        self._own = own
        self._readings = readings

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item; never raises for what the line holds."""
        try:
            reading = self._readings.of(line)
        except UnfollowedError:
            # A dead letter of a file that no table names any more.
            return Reject("unfollowed", "no [[source]] names its file any more")
        if reading is None:
            return self._own.shape(line)
        own = reading.as_own(line)
        item = (
            self._shapers[reading.number].shape(own) if isinstance(own, Line) else own
        )
        return reading.refused(line, item) if isinstance(item, Reject) else item
