"""Rates and sizes as people write them: ``50/s``, ``512k``, ``2M``.

Texts come in, numbers go out; a text that cannot be used is a ValueError that says
what was expected. Shared by the configuration and by the options of commands.
"""

from __future__ import annotations

import re
from typing import Final

OFF: Final = "off"
# No more digits than a number of the machine has, which would be infinite.
_NUMBER: Final = r"(\d{1,15}(?:\.\d{1,15})?)"
_RATE: Final = re.compile(rf"{_NUMBER}(?:/(s|m|h))?")
_PER: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_SIZE: Final = re.compile(rf"{_NUMBER}([kmg]?)(?:i?b)?(?:/s)?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def rate_of(text: str) -> float:
    """Return records a second.

    Raises:
        ValueError: It is no rate, or nothing at all would be sent.
    """
    found = _RATE.fullmatch(text.strip().lower())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no rate such as 50/s or 3000/m")
    return float(found[1]) / _PER[found[2]]


def bandwidth_of(text: str) -> float | None:
    """Return bytes a second; ``off`` is no limit.

    Raises:
        ValueError: It is no size, or nothing at all would be sent.
    """
    if text.strip().lower() == OFF:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no size such as 512k or 2M")
    return float(found[1]) * _UNITS[found[2].lower()]
