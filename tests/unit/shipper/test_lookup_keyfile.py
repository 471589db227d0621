"""The key of the keyed mask: the same bytes on both sides, and what is no key."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.lookup import UnusableError, read_mask_key
from shipper.lookup.keyfile import is_open_to_all
from wsgi_writer.settings import read_mask_key as read_by_writer


@pytest.mark.parametrize(
    "content", [b"sixteen bytes!!!", b"\n sixteen bytes! \r\n\n", bytes(range(256))]
)
def test_both_sides_read_the_same_key(content: bytes, tmp_path: Path) -> None:
    """A caller has one identity, whoever masks."""
    path = tmp_path / "mask.key"
    path.write_bytes(content)

    assert read_mask_key(str(path)) == read_by_writer(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it holds 0 bytes, expected at least 16"),
        (b"fifteen bytes!!\n", "it holds 15 bytes, expected at least 16"),
        (b"k" * 1_048_577, "it is over 1 MiB: not a key"),
    ],
)
def test_what_is_no_key_is_told(content: bytes, problem: str, tmp_path: Path) -> None:
    """A short key could be searched through."""
    path = tmp_path / "mask.key"
    path.write_bytes(content)

    with pytest.raises(UnusableError) as caught:
        read_mask_key(str(path))

    assert caught.value.problem == problem


@pytest.mark.parametrize("name", ["none.key", "nul\0.key"])
def test_a_key_that_cannot_be_read_is_told(name: str, tmp_path: Path) -> None:
    """The operator is told to give the right to read it."""
    with pytest.raises(UnusableError):
        read_mask_key(str(tmp_path / name))


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, False), (0o640, False), (0o604, True)]
)
def test_a_key_that_everybody_can_read_is_noticed(
    mode: int, expected: bool, tmp_path: Path
) -> None:
    """The app's user and the shipper's may share a group; nobody else may look."""
    path = tmp_path / "mask.key"
    path.write_bytes(b"sixteen bytes!!!")
    path.chmod(mode)

    assert is_open_to_all(str(path)) is expected
    assert not is_open_to_all(str(tmp_path / "none.key"))
