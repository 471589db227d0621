"""The number of a line by its first bytes, whatever the rest of it holds.

A line of our own writer says at its beginning which writer wrote it, and its
how-manieth attempt that was. The bytes of a line come in, a `Serial` goes out, or None.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.model import Serial

SERIAL_BYTES: Final = 144  # more than a line needs to say its number

# As our writer begins a line; 18 digits fit every number that is ours.
_SERIAL = re.compile(
    rb'\{"v":1,"id":"[^"]{1,40}"(?:,"crc":\d{1,10})?'
    rb',"w":\[(\d{1,18}),(\d{1,19}),(\d{1,18})\]'
)


def serial_in(data: bytes) -> Serial | None:
    """Return who began a line, if it begins as one of ours."""
    found = _SERIAL.match(data)
    return None if found is None else Serial(*map(int, found.groups()))
