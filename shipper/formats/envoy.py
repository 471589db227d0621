"""Envoy's access log in either of its forms; one file may hold both.

A line that begins with a brace is JSON, any other is text; the reader of that form
says the rest.
"""

from __future__ import annotations

from typing import Final

from shipper.foreign import Foreign, Hints
from shipper.formats.envoy_json import open_envoy_json
from shipper.formats.envoy_text import open_envoy_text
from shipper.formats.reader import Format, LineReader
from shipper.model import Reject, Skip


class EnvoyReader:
    """Hands each line to the reader of its form."""

    def __init__(self, hints: Hints) -> None:
        self._json = open_envoy_json(hints)
        self._text = open_envoy_text(hints)

    def fits(self, line: bytes) -> bool:
        """Tell whether the line has the shape of either form."""
        return self._reader_of(line).fits(line)

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        return self._reader_of(line).read(line)

    def _reader_of(self, line: bytes) -> LineReader:
        is_json = line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{")
        return self._json if is_json else self._text


ENVOY: Final = Format("envoy", EnvoyReader, "Envoy and Istio, in JSON or text")
