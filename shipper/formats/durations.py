"""Durations that say their own units, as Go prints them: ``1m0.5s``, ``305.1µs``.

Text comes in; nanoseconds go out, or None for text of any other kind, a mere number
too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

_SPELLED: Final = re.compile(
    r"(?:\d{1,12}(?:\.\d{1,12})?(?:h|m|s|ms|us|µs|μs|ns))+\Z", re.ASCII
)
_PART: Final = re.compile(r"([\d.]+)(h|ms|m|s|us|µs|μs|ns)")
_UNITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000,
        "ms": 1_000_000, "us": 1_000, "µs": 1_000, "μs": 1_000, "ns": 1,
    }
)  # fmt: skip


def spelled_ns(text: str) -> int | None:
    """Return nanoseconds (Go, `time.Duration.String`)."""
    if not _SPELLED.match(text):
        return None
    parts = _PART.findall(text)
    return int(sum(Decimal(count) * _UNITS[unit] for count, unit in parts))
