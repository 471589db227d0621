"""Bundles made directly: payloads in, a sealed directory out."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from shipper.airgap.checking import faults_in, open_bundle
from shipper.airgap.layout import (
    FORMAT,
    HMAC,
    MANIFEST,
    SUMS,
    FileRange,
    Manifest,
    encode_manifest,
    hmac_of,
    sums_of,
)
from shipper.airgap.packing import Packer
from shipper.model import Batch, Entry, LinePlace, Span

BUNDLE_ID = "5f0c8a1e-6f0a-4c52-9b1e-2a7d3c9e5f10"
FILE_ID = "file-1"
LINE_BYTES = 10  # of each record's line on the exporting host, as far as we say


def a_payload(name: str, *, started: str = "2026-11-23T12:00:00.123Z") -> bytes:
    """Return a log object with little in it."""
    entries = f'[{{"startedDateTime":"{started}"}}]'
    return f'{{"_id":"{name}","request":{{"log":{{"entries":{entries}}}}}}}'.encode()


def a_batch(payloads: Sequence[bytes], *, start: int = 0) -> Batch:
    """Return a batch of lines of ten bytes that stand one after the other."""
    places = [
        LinePlace(FILE_ID, at, at + LINE_BYTES)
        for at in range(start, start + LINE_BYTES * len(payloads), LINE_BYTES)
    ]
    end = start + LINE_BYTES * len(payloads)
    span = Span(FILE_ID, start, end, 0, 0, b"\n", len(payloads), 0, 0, 0)
    return Batch(
        entries=tuple(Entry(f"id-{n}", each) for n, each in enumerate(payloads)),
        places=tuple(places),
        spans=(span,),
        rejects=(),
        counters=(),
        size_bytes=sum(map(len, payloads)),
    )


def a_bundle(
    directory: Path,
    payloads: Sequence[bytes],
    *,
    records_a_part: int = 1000,
    hmac_key: bytes | None = None,
) -> Manifest:
    """Make a sealed bundle of these payloads; `directory` must not exist.

    Parts are closed by their unpacked size, so payloads should be equally long.
    """
    os.mkdir(directory)
    longest = max(map(len, payloads)) + 1
    packer = Packer(
        str(directory), max_records=100, unpacked_bytes=longest * records_a_part
    )
    packer.admit(a_batch(payloads))
    packer.finish()
    end = LINE_BYTES * len(payloads)
    file = FileRange(FILE_ID, "/logs/app.jsonl", 0, end, len(payloads), 0, 0, 0)
    manifest = Manifest(
        format=FORMAT,
        id=BUNDLE_ID,
        label="here",
        created_at="2026-11-23T12:00:00.000+00:00",
        tool="hartail test",
        config_sha256="0" * 64,
        records=len(payloads),
        first=packer.first,
        last=packer.last,
        files=(file,),
        parts=tuple(packer.parts),
    )
    content = encode_manifest(manifest)
    sums = sums_of(manifest, content)
    (directory / MANIFEST).write_bytes(content)
    if hmac_key is not None:
        (directory / HMAC).write_text(hmac_of(hmac_key, content, sums))
    (directory / SUMS).write_text(sums)
    return manifest


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file."""
    return sha256(path.read_bytes()).hexdigest()


def ids_in(bundle: Path) -> list[str]:
    """Return the ids in a sound bundle, and fail for any other."""
    opened = open_bundle(str(bundle))
    assert list(faults_in(opened)) == []
    ids = []
    for part in opened.manifest.parts:
        with gzip.open(bundle / part.objects.name) as file:
            ids += [json.loads(line)["_id"] for line in file]
    return ids
