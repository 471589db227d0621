"""Other people's logs: each line of theirs becomes a `Foreign` exchange.

The table of formats is in `table`, what a format must do in `reader`, why a line is
refused in `reasons`. A new format is one module here and one line in the table.
Nothing in this folder opens a file, knows a clock or masks anything.
"""

from __future__ import annotations

from shipper.formats.reader import Format, LineReader
from shipper.formats.table import FORMATS

__all__ = ["FORMATS", "Format", "LineReader"]
