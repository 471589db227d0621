"""Counts, bytes and durations in the words of people; pure."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return how many there are of something, such as ``1,000 records``."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def in_bytes(count: float) -> str:
    """Return a number of bytes for people, such as ``1.5 GiB``."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def in_time(seconds: float) -> str:
    """Return a duration for people, such as ``3.5 hours``."""
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"
