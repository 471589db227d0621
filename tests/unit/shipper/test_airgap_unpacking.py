"""Lines come out of a packed file as they went in, and damage is never passed over."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from shipper.airgap import unpacking
from shipper.airgap.unpacking import PIECE_BYTES, DamagedError, lines_in


def _read(packed: bytes) -> Iterator[bytes]:
    return lines_in(packed)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b""],
        [b"a", b"", b"bc"],
        [b"x" * (PIECE_BYTES + 1), b"y", b"z" * (3 * PIECE_BYTES)],
        [b"w" * (PIECE_BYTES - 1), b"v"],
    ],
    ids=["nothing", "blank", "short", "long", "at a border"],
)
def test_lines_come_out_as_they_went_in(lines: list[bytes]) -> None:
    """Whatever pieces they are unpacked in."""
    packed = gzip.compress(b"".join(line + b"\n" for line in lines))

    assert lines == list(lines_in(packed))


WHOLE = gzip.compress(b"one\ntwo\n")


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"no gzip at all", "cannot be unpacked"),
        (WHOLE[:-4], "it ends early"),
        (WHOLE[:-1] + b"\xff", "cannot be unpacked"),
        (WHOLE + b"more", "something stands behind its end"),
        (WHOLE + WHOLE, "something stands behind its end"),
        (gzip.compress(b"one\ntwo"), "its last line has no end"),
        (b"", "it ends early"),
    ],
    # Names of their own: packed bytes hold the second in which they were packed, and
    # processes that share the tests must know them by the same names.
    ids=["no gzip", "cut", "changed", "more", "twice", "half a line", "nothing"],
)
def test_damage_is_an_error(packed: bytes, why: str) -> None:
    """Half a file, another file, or more than a file."""
    with pytest.raises(DamagedError, match=why):
        list(lines_in(packed))


def test_a_bomb_ends_at_the_longest_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to a line without an end is given up in bounded memory."""
    monkeypatch.setattr(unpacking, "MAX_LINE_BYTES", 1_000_000)
    packed = gzip.compress(bytes(20_000_000))

    with pytest.raises(DamagedError, match="longer than 1000000 bytes"):
        list(lines_in(packed))
