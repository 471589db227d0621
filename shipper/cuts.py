"""Pieces of bytes exchanged for others, everything around them byte for byte."""

from __future__ import annotations

from collections.abc import Iterable

Cut = tuple[int, int, bytes]  # from, to, and what stands there instead


def exchanged(raw: bytes, cuts: Iterable[Cut]) -> bytes:
    """Return bytes with some pieces exchanged.

    Args:
        raw: The bytes.
        cuts: First to last, none within another.
    """
    pieces: list[bytes] = []
    kept_to = 0
    for start, end, instead in cuts:
        pieces += (raw[kept_to:start], instead)
        kept_to = end
    return b"".join((*pieces, raw[kept_to:]))
