"""Real logs of other programs, what a format makes of them, and single exchanges."""

from __future__ import annotations

import lzma
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS, LineReader
from shipper.model import Reject, Skip

LOGS = Path(__file__).parents[1] / "data" / "logs"
STARTED_NS = 1_795_435_200_123_456_789  # 2026-11-23T12:00:00.123Z

_PLAIN = Foreign(
    started_ns=STARTED_NS, method="GET", target="/owls/7?page=2", status=200
)


def a_foreign(**changes: Any) -> Foreign:
    """Return an exchange of which next to nothing is known, with parts changed."""
    return replace(_PLAIN, **changes)


def sample(name: str) -> list[bytes]:
    """Return the lines of a real log, without their newlines."""
    path = LOGS / name
    content = path.read_bytes()
    if path.suffix == ".xz":
        content = lzma.decompress(content)
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def a_reader(name: str, hints: Hints | None = None) -> LineReader:
    """Return a reader of the table."""
    return FORMATS[name].open(hints or Hints())


def outcome(item: Foreign | Reject | Skip) -> str:
    """Return `exchange`, or the reason why there is none."""
    return "exchange" if isinstance(item, Foreign) else item.reason


def outcomes(reader: LineReader, lines: Iterable[bytes]) -> Counter[str]:
    """Count what the lines of a log become."""
    return Counter(outcome(reader.read(line)) for line in lines)


def read_one(reader: LineReader, line: bytes) -> Foreign:
    """Return the exchange of a line that must have one."""
    item = reader.read(line)
    assert isinstance(item, Foreign), item
    return item
