"""Batches become parts: bounded, complete, each record beside its place."""

from __future__ import annotations

import gzip
import json
import os
import random
import stat
from pathlib import Path

import pytest

from shipper.airgap.layout import CannotWriteError
from shipper.airgap.packing import ROOM, Packer
from shipper.airgap.partfile import PENDING_BYTES
from tests.support.bundles import FILE_ID, a_batch, a_payload, sha256_of
from tests.support.full_disk import files_no_larger_than

PART_BYTES = PENDING_BYTES + 40_000


def _lines(path: Path) -> list[bytes]:
    with gzip.open(path) as file:
        return file.read().splitlines()


def test_parts_stay_within_their_size_and_lose_nothing(tmp_path: Path) -> None:
    """Records that cannot be packed any smaller fill part after part."""
    chosen = random.Random(7)
    payloads = [chosen.randbytes(10_000).hex().encode() for _ in range(60)]
    packer = Packer(str(tmp_path), max_records=100, part_bytes=PART_BYTES)
    for number in range(3):
        batch = payloads[20 * number : 20 * (number + 1)]
        packer.admit(a_batch(batch, start=200 * number))
    packer.finish()

    files = sorted((tmp_path / "parts").iterdir())
    places = [
        json.loads(line)
        for path in sorted((tmp_path / "places").iterdir())
        for line in _lines(path)
    ]
    assert len(files) > 2
    assert max(path.stat().st_size for path in files) <= PART_BYTES
    assert payloads == [line for path in files for line in _lines(path)]
    assert [[0, at, at + 10] for at in range(0, 600, 10)] == places
    assert [len(_lines(path)) for path in files] == [p.records for p in packer.parts]
    for path, part in zip(files, packer.parts, strict=True):
        content = part.objects
        assert (content.size_bytes, content.sha256) == (
            path.stat().st_size,
            sha256_of(path),
        )
        assert part.unpacked_bytes == 20_001 * part.records
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_packs_well_is_bounded_unpacked(tmp_path: Path) -> None:
    """A part does not unpack to more than it may, however small it is."""
    packer = Packer(str(tmp_path), max_records=100, unpacked_bytes=5_000)
    packer.admit(a_batch([bytes(2_000)] * 5))
    packer.finish()

    assert [part.records for part in packer.parts] == [2, 2, 1]


def test_a_record_larger_than_a_part_stands_alone(tmp_path: Path) -> None:
    """It is exported all the same."""
    payloads = [b"a", random.Random(7).randbytes(200_000).hex().encode(), b"b"]
    packer = Packer(str(tmp_path), max_records=100, part_bytes=PENDING_BYTES + 8_000)
    packer.admit(a_batch(payloads))
    packer.finish()

    assert [part.records for part in packer.parts] == [1, 1, 1]


def test_a_batch_is_settled_at_once_and_leaves_with_its_commit(tmp_path: Path) -> None:
    """There is no more room than for a few, so that a stop is heard."""
    packer = Packer(str(tmp_path), max_records=100)
    for number in range(ROOM):
        packer.admit(a_batch([b"{}"], start=10 * number))

    spans = [settlement.spans[0].start_bytes for settlement in packer.settled()]
    assert spans == [10 * number for number in range(ROOM)]
    has_room_before = packer.has_room
    packer.leave(ROOM - 1)
    assert len(packer.settled()) == 1
    assert (has_room_before, packer.has_room) == (False, True)
    assert (packer.due_in(0.0), packer.posted, packer.file_ids) == (None, 0, (FILE_ID,))
    packer.close()
    packer.close()


def test_first_and_last_are_told_by_the_calendar(tmp_path: Path) -> None:
    """Zones are taken into account, and moments that no calendar has are left out."""
    packer = Packer(str(tmp_path), max_records=100)
    stamps = [
        "2026-11-23T12:00:00Z",
        "2026-11-23T13:00:00+02:00",  # an hour before
        "2026-02-30T12:00:00Z",  # no such day
        "2026-11-23T12:30:00",  # no zone: cannot be compared
        "2026-11-23T12:00:01Z",
    ]
    packer.admit(a_batch([a_payload("x", started=stamp) for stamp in stamps]))
    packer.admit(a_batch([b"no object"]))

    assert (packer.first, packer.last) == (stamps[1], stamps[4])
    packer.close()


def test_a_disk_that_takes_no_more_is_an_error(tmp_path: Path) -> None:
    """The message names the file; the part is of no use and is let go."""
    packer = Packer(str(tmp_path), max_records=100)
    with (
        files_no_larger_than(100_000),
        pytest.raises(
            CannotWriteError, match=r"parts/000001\.jsonl\.gz: File too large"
        ),
    ):
        packer.admit(a_batch([os.urandom(400_000).hex().encode()]))
    packer.close()
