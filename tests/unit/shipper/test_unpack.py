"""Packed streams by offset: any reading pattern gives the bytes that were packed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.unpack import PackedStream, UnpackError, packing_of
from tests.support.followed import gzip_member

TEXT = b"".join(b"line %06d\n" % number for number in range(30_000))
PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("bz2", bz2.compress),
    ("xz", lzma.compress),
]
try:
    from backports.zstd import compress as zstd_compress
except ImportError:  # pragma: no cover - the extra is part of the dev install
    pass
else:
    PACKERS.append(("zstd", zstd_compress))
    # As programs that pack with several threads do: a frame to be skipped comes first.
    SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00size"
    PACKERS.append(("zstd", lambda content: SKIPPED + zstd_compress(content)))


def opened(path: Path, content: bytes) -> int:
    """Write a file and return a handle on it."""
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


@pytest.mark.parametrize(("packing", "pack"), PACKERS)
def test_content_tells_the_packing(
    packing: str, pack: Callable[[bytes], bytes]
) -> None:
    """The first bytes decide; a log in clear is not packed."""
    assert packing == packing_of(pack(TEXT)[:6])
    assert packing_of(TEXT[:6]) == packing_of(b"") == ""


@pytest.mark.parametrize(("packing", "pack"), PACKERS)
def test_the_stream_is_what_was_packed(
    tmp_path: Path, packing: str, pack: Callable[[bytes], bytes]
) -> None:
    """Read in blocks to the end, across members, the stream is whole and complete."""
    handle = opened(tmp_path / "packed", pack(TEXT[:77_777]) + pack(TEXT[77_777:]))
    stream = PackedStream(handle, packing)
    found = b""
    while piece := stream.read_at(len(found), 50_000):
        found += piece

    assert found == TEXT
    assert stream.is_complete
    assert stream.damage is None
    assert stream.packed_left_bytes == 0
    os.close(handle)


@given(offsets=st.lists(st.integers(0, len(TEXT) + 10), max_size=5))
def test_any_offset_may_be_asked_for(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[int]
) -> None:
    """Forward or backward, the bytes are those at the offset."""
    path = tmp_path_factory.getbasetemp() / "packed.gz"
    handle = opened(path, gzip_member(TEXT))
    stream = PackedStream(handle, "gzip")
    found = [stream.read_at(offset, 1000) for offset in offsets]
    os.close(handle)

    assert [TEXT[offset : offset + 1000] for offset in offsets] == found


@pytest.mark.parametrize(("packing", "pack"), PACKERS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_half_an_archive_has_no_more_bytes_yet(
    tmp_path: Path, packing: str, pack: Callable[[bytes], bytes], share: float
) -> None:
    """Scenario 15: what is there is given; the rest comes when it is written."""
    packed = pack(TEXT)
    cut = max(6, round(len(packed) * share))
    path = tmp_path / "packed"
    handle = opened(path, packed[:cut])
    stream = PackedStream(handle, packing)
    half = stream.read_at(0, len(TEXT))
    was_complete = stream.is_complete
    with path.open("ab") as file:
        file.write(packed[cut:])
    whole = stream.read_at(0, len(TEXT) + 1)
    os.close(handle)

    assert TEXT.startswith(half)
    assert (was_complete, stream.damage) == (False, None)
    assert whole == TEXT


# A Zstandard frame need not carry a checksum, so it may not know.
@pytest.mark.parametrize(("packing", "pack"), PACKERS[:3])
def test_damage_is_told_and_ends_the_stream(
    tmp_path: Path, packing: str, pack: Callable[[bytes], bytes]
) -> None:
    """Scenario 16: behind damaged bytes nothing more comes, however often one asks."""
    packed = bytearray(pack(os.urandom(300_000)))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = os.urandom(64)
    handle = opened(tmp_path / "packed", bytes(packed))
    stream = PackedStream(handle, packing)
    first = stream.read_at(0, 400_000)
    again = stream.read_at(len(first), 400_000)

    assert stream.damage
    assert again == b""
    assert not stream.is_complete
    os.close(handle)


@pytest.mark.parametrize("length", [1, 1000, 65_536, 200_000])
def test_everything_before_a_bad_checksum_is_given(tmp_path: Path, length: int) -> None:
    """Scenario 16: the bytes of a gzip member are whole though its sum is wrong."""
    text = os.urandom(length)
    packed = bytearray(gzip_member(text))
    packed[-8] ^= 0xFF
    handle = opened(tmp_path / "packed", bytes(packed))
    stream = PackedStream(handle, "gzip")
    unpacked = stream.read_at(0, length + 1)
    os.close(handle)

    assert unpacked == text
    assert stream.damage


def test_padding_after_a_member_is_no_damage(tmp_path: Path) -> None:
    """gzip(1): zeros at the end are padding; other bytes are not."""
    good = opened(tmp_path / "good", gzip_member(TEXT) + b"\0" * 100_000)
    bad = opened(tmp_path / "bad", gzip_member(TEXT) + b"garbage")
    padded, spoiled = PackedStream(good, "gzip"), PackedStream(bad, "gzip")
    found = [stream.read_at(0, len(TEXT) + 1) for stream in (padded, spoiled)]
    os.close(good)
    os.close(bad)

    assert found == [TEXT, TEXT]
    assert padded.damage is None
    assert spoiled.damage


def test_memory_stays_small_for_a_bomb(tmp_path: Path) -> None:
    """Fifty megabytes of zeros in fifty kilobytes are unpacked piece by piece."""
    handle = opened(tmp_path / "bomb", gzip_member(b"\0" * 50_000_000))
    stream = PackedStream(handle, "gzip")

    assert stream.read_at(49_999_000, 5000) == b"\0" * 1000
    os.close(handle)


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_no_more_is_taken_in_than_is_unpacked(
    name: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    """What was read and is not unpacked yet would fill memory, packed."""
    text = b"".join(
        sha256(b"%d" % n).digest()[:5].hex().encode() + b"abcdefghij" * 9 + b"\n"
        for n in range(60_000)
    )
    packed = pack(text)
    handle = opened(tmp_path / "packed", packed)
    stream = PackedStream(handle, name)

    stream.read_at(0, len(text) // 10)

    assert stream.packed_left_bytes > len(packed) // 3
    os.close(handle)


def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zstandard without the extra: the message says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "backports.zstd", None)
    monkeypatch.setitem(__import__("sys").modules, "compression.zstd", None)
    handle = opened(tmp_path / "packed", b"\x28\xb5\x2f\xfd")

    with pytest.raises(UnpackError, match=r"hartail\[shipper,zstd\]"):
        PackedStream(handle, "zstd")
    os.close(handle)
