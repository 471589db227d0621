"""A bundle as a source of lines: part by part, each checked before its first line.

The opened bundle comes in, lines of the pipeline go out, and for those that are under
way the place where their own line stands on the exporting host. A part that is not what
was sealed ends the source before anything of it is handed out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

from shipper.airgap.checking import OpenBundle
from shipper.airgap.layout import BundleError, Part
from shipper.airgap.unpacking import DamagedError, lines_in
from shipper.model import Entry, Line, LinePlace, Reject

_Where = tuple[int, int, int]
_decode_place = msgspec.json.Decoder(_Where).decode


class BundleLines:
    """Implements the pipeline's source; a file is a part, called by its number.

    Args:
        bundle: What is read.
        part: The first part that is read, from 1.
        offset_bytes: Where in it, of its unpacked bytes.

    Attributes:
        fault: Why reading has ended before the end, or None.
    """

    def __init__(self, bundle: OpenBundle, *, part: int, offset_bytes: int) -> None:
        # Mutable state: the walk, and the places of the lines that were handed out
        # and are not settled, in that order. Pipeline thread.
        self._bundle = bundle
        self._places: dict[tuple[int, int], _Where] = {}
        self._walk = self._lines(part, offset_bytes)
        self.fault: BundleError | None = None

    def look(self) -> None:
        """Do nothing: a sealed bundle does not change."""

    def next_line(self) -> Line | None:
        """Return the next line, or None at the end."""
        try:
            return next(self._walk, None)
        except BundleError as error:
            # What was read before it is sent first; then the command tells of it.
            self.fault = error
            return None

    def stop_file(self, file_id: str, why: str) -> None:
        """Do nothing: log objects have no version of ours."""

    def origin_of(self, place: LinePlace) -> LinePlace:
        """Return where the line of a record stands on the exporting host."""
        number, start, end = self._places[int(place.file_id), place.start_bytes]
        file = self._bundle.manifest.files[number]
        return LinePlace(file.file_id, start, end)

    def settled(self, file_id: str, end_bytes: int) -> None:
        """Forget the places of the lines before a position."""
        position = int(file_id), end_bytes
        # They stand in the order read, and are settled in it.
        while self._places and (key := next(iter(self._places))) < position:
            del self._places[key]

    def _lines(self, first: int, offset_bytes: int) -> Iterator[Line]:
        parts = self._bundle.manifest.parts
        for number, part in enumerate(parts[first - 1 :], start=first):
            begin = offset_bytes if number == first else 0
            path = os.path.join(self._bundle.directory, part.objects.name)
            try:
                yield from self._lines_of(number, part, begin)
            except (DamagedError, ValueError, msgspec.DecodeError) as error:
                raise BundleError(
                    f"the bundle is damaged: {path}: {error}", path=path
                ) from error

    def _lines_of(self, number: int, part: Part, begin: int) -> Iterator[Line]:
        objects = lines_in(self._bundle.read(part.objects))
        places = lines_in(self._bundle.read(part.places))
        at = 0
        for line, place in zip(objects, places, strict=True):
            start, at = at, at + len(line) + 1
            if start < begin:
                continue
            where = _decode_place(place)
            if not 0 <= where[0] < len(self._bundle.manifest.files):
                raise ValueError("a place names a file that the manifest has not")
            self._places[number, start] = where
            yield Line(str(number), start, at, 0, 0, line)


class _Object(Struct):
    id: str = field(name="_id")


_decode_object = msgspec.json.Decoder(_Object).decode


class ObjectShaper:
    """Implements the pipeline's shaper: a line of a bundle goes out as it is."""

    def shape(self, line: Line) -> Entry | Reject:
        """Return the entry; a line that is no log object is refused here."""
        try:
            return Entry(_decode_object(line.data).id, line.data)
        except msgspec.DecodeError:
            return Reject("not-json", "it is no log object")
