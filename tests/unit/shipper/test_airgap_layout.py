"""What a bundle says of itself is believed only as far as it holds together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipper.airgap.layout import (
    MAX_PART_BYTES,
    BundleError,
    Manifest,
    decode_manifest,
    encode_manifest,
    hmac_of,
    is_authentic,
    sums_of,
)
from tests.support.bundles import a_bundle, a_payload

KEY = b"0123456789abcdef"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Of a bundle with two parts."""
    payloads = [a_payload(f"id-{n}") for n in range(4)]
    return a_bundle(tmp_path / "bundle", payloads, records_a_part=2)


def test_a_manifest_is_read_as_it_was_written(manifest: Manifest) -> None:
    """Nothing is lost on the way, and people can read it."""
    content = encode_manifest(manifest)

    assert manifest == decode_manifest(content, path="m")
    assert content.startswith(b'{\n  "format": 1,\n')
    assert [part.records for part in manifest.parts] == [2, 2]


def _without_sense(manifest: Manifest, change: str) -> bytes:
    built: Any = msgspec.to_builtins(manifest)
    part = built["parts"][1]
    match change:
        case "format":
            built["format"] = 2
        case "id":
            built["id"] = "../../../etc/passwd"
        case "name":
            part["objects"]["name"] = "../manifest.json"
        case "digest":
            part["places"]["sha256"] = "zz"
        case "parts":
            part["records"] = 3
        case "files":
            built["files"][0]["exported"] = 5
        case "size":
            part["objects"]["size_bytes"] = MAX_PART_BYTES + 1
        case "unknown":
            built["extra"] = 1
        case _:
            return b"no manifest"
    return msgspec.json.encode(built)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("format", "it has format 2, and 1 is known here"),
        ("id", "its id is no UUID"),
        ("name", "part 2 has other names"),
        ("digest", "a checksum in it is none"),
        ("parts", "its parts hold another number"),
        ("files", "its files give another number"),
        ("size", "larger than any part can be"),
        ("unknown", "does not hold what"),
        ("text", "is no manifest: m"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    change: str, why: str, manifest: Manifest
) -> None:
    """Names lead nowhere else, sizes are bounded, and sums add up."""
    with pytest.raises(BundleError, match=why) as caught:
        decode_manifest(_without_sense(manifest, change), path="m")

    assert (caught.value.exit_code, caught.value.path) == (65, "m")


def test_sums_are_those_of_sha256sum(manifest: Manifest) -> None:
    """The manifest first, then each part with its places; two blanks between."""
    names = [
        line.split("  ")[1]
        for line in sums_of(manifest, encode_manifest(manifest)).splitlines()
    ]

    assert names == [
        "manifest.json",
        "parts/000001.jsonl.gz",
        "places/000001.jsonl.gz",
        "parts/000002.jsonl.gz",
        "places/000002.jsonl.gz",
    ]


def test_authenticity_is_of_key_manifest_and_sums() -> None:
    """Changing any of the three is noticed; a line end is not."""
    proof = hmac_of(KEY, b"m", "s")

    assert is_authentic(proof, KEY, b"m", "s")
    assert is_authentic(proof.strip(), KEY, b"m", "s")
    assert not is_authentic(proof, KEY[::-1], b"m", "s")
    assert not is_authentic(proof, KEY, b"n", "s")
    assert not is_authentic(proof, KEY, b"m", "t")
    assert not is_authentic("\N{SNOWMAN}", KEY, b"m", "s")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "it is not JSON"),
        (b'{"format":1}', "it does not hold what shipper export writes into one"),
    ],
)
def test_what_is_none_is_told_in_plain_words(content: bytes, why: str) -> None:
    """Nobody outside knows what a library calls its fields."""
    with pytest.raises(BundleError) as caught:
        decode_manifest(content, path="m.json")

    assert str(caught.value) == f"is no manifest: m.json: {why}"
