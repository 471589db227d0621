r"""Texts that a container engine cut into parts, each as one line again; pure.

The lines of one wrapped file come in, in their order; lines go out of which each
holds one whole text: the bytes of the file from its first part to its last one,
newlines between them included, so that markers and checksums stay true. What is
inside is `formats.unwrap`'s to take out. A position never rests inside a text, or a
restart would miss the parts before it.

The parts of two streams may stand between each other. Their lines then overlap::

    out P a1     begins at 0        a1\nb1\na2      0 … 30, `is_open`
    err P b1              10        b1\na2\nb2     10 … 40
    out F a2              20
    err F b2              30

They go out together, in the order in which they end; all but the last one say that
no position may rest after them, and the last one ends where all of them do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from shipper.formats.unwrap import PARTS, Part
from shipper.model import Line

# A text of 1 MiB, the longest that is read, has 64 parts of 16 KiB with either
# engine; what else stands between them has to be sent in the same batch.
MAX_HELD_LINES: Final = 1_000
MAX_HELD_BYTES: Final = 4_194_304


class _Text:
    """Where the parts of one text stand among the held lines."""

    __slots__ = ("first", "last", "parts")

    def __init__(self, at: int) -> None:
        self.first = at
        self.last = at
        self.parts = 1


class Joiner:
    """Joins the parts of one file.

    Args:
        wrapper: What was put around each line, such as `unwrap.DOCKER`.
        max_lines: So many lines are held, and no more; a text that is not whole by
            then is handed out as it is. `max_bytes` likewise.
    """

    def __init__(
        self,
        wrapper: str,
        *,
        max_lines: int = MAX_HELD_LINES,
        max_bytes: int = MAX_HELD_BYTES,
    ) -> None:
        # Mutable state: the lines since the oldest unfinished text, what they are
        # parts of, and which texts go on, by stream. Used by one reader.
        self._part = PARTS[wrapper]
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._forget()

    @property
    def held_from(self) -> int | None:
        """Where the oldest line stands that is held back; None if none is."""
        return self._held[0].start_bytes if self._held else None

    def take(self, line: Line) -> Sequence[Line]:
        """Return what may be handed on now that this line is known, in order.

        A line without the wrapper is a text of its own. So is one without usable
        bytes, and after it nothing goes on: the file was cut there. A line that does
        not follow the one before it says that all is read again from there.
        """
        if self._held and line.start_bytes != self._held[-1].end_bytes:
            self._forget()
        # Of history the last line may lack its newline, and is one all the same.
        is_hole = line.end_bytes - line.start_bytes > len(line.data) + 1
        if line.fault is not None or is_hole:
            return [*self.finish(), line]
        part = self._part(line.data)
        if not self._held and (part is None or part.is_last):
            return (line,)
        # Without the block that it was read among: it may wait long, as others do.
        self._held.append(replace(line, block=b"", block_start=0))
        self._held_bytes += len(line.data)
        self._note(part)
        is_full = (
            len(self._held) >= self._max_lines or self._held_bytes >= self._max_bytes
        )
        if self._going_on and not is_full:
            return ()
        return self.finish()

    def finish(self) -> Sequence[Line]:
        """Return what is held back: of unfinished texts no more will come."""
        # The order of their ends: a text that ends last ends where the lines do.
        texts = sorted(self._texts, key=lambda text: text.last)
        lines = [self._joined(text) for text in texts]
        self._forget()
        return [replace(line, is_open=True) for line in lines[:-1]] + lines[-1:]

    def _note(self, part: Part | None) -> None:
        """Say which text the line that was held last belongs to."""
        at = len(self._held) - 1
        text = None if part is None else self._going_on.get(part.stream)
        if text is None:
            text = _Text(at)
            self._texts.append(text)
            if part is not None:
                self._going_on[part.stream] = text
        else:
            text.last = at
            text.parts += 1
        if part is not None and part.is_last:
            del self._going_on[part.stream]

    def _joined(self, text: _Text) -> Line:
        lines = self._held[text.first : text.last + 1]
        return replace(
            lines[-1],
            start_bytes=lines[0].start_bytes,
            crc_before=lines[0].crc_before,
            data=b"\n".join(line.data for line in lines),
            parts=text.parts,
        )

    def _forget(self) -> None:
        self._held: list[Line] = []
        self._held_bytes = 0
        self._texts: list[_Text] = []
        self._going_on: dict[bytes, _Text] = {}
