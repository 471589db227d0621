"""A bundle is opened when it is sealed and authentic, and every fault is found."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shipper.airgap.checking import (
    NoBundleError,
    faults_in,
    open_bundle,
    presence_faults,
)
from shipper.airgap.layout import (
    HMAC,
    MANIFEST,
    SUMS,
    BundleError,
    decode_manifest,
    encode_manifest,
    sums_of,
)
from tests.support.bundles import a_bundle, a_payload, sha256_of

KEY = b"0123456789abcdef"
PART = "parts/000002.jsonl.gz"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A signed bundle of three parts with two records each."""
    path = tmp_path / "bundle"
    payloads = [a_payload(f"id-{n}") for n in range(6)]
    a_bundle(path, payloads, records_a_part=2, hmac_key=KEY)
    return path


def _faults(bundle: Path) -> list[str]:
    return [
        fault.replace(f"{bundle}/", "") for fault in faults_in(open_bundle(str(bundle)))
    ]


@pytest.mark.parametrize("key", [None, KEY])
def test_a_sound_bundle_has_no_fault(key: bytes | None, bundle: Path) -> None:
    """A receipt in it is none either, nor half of one that a crash has left."""
    (bundle / "receipt.json").write_text("{}")
    (bundle / "receipt.json.new").write_text("{")
    opened = open_bundle(str(bundle), hmac_key=key)

    assert _faults(bundle) == []
    assert opened.has_hmac
    assert opened.manifest_sha256 == sha256_of(bundle / MANIFEST)


def test_every_byte_counts(bundle: Path) -> None:
    """Scenario 53: whichever byte of a part or its places is flipped, it is found."""
    for name in (PART, "places/000003.jsonl.gz"):
        path = bundle / name
        whole = path.read_bytes()
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            (fault,) = _faults(bundle)
            assert f"{name}: its bytes are not those that were sealed" in fault
        path.write_bytes(whole)


def _shorten(bundle: Path) -> None:
    os.truncate(bundle / PART, 20)


def _lengthen(bundle: Path) -> None:
    with (bundle / PART).open("ab") as file:
        file.write(b"more")


def _remove(bundle: Path) -> None:
    (bundle / PART).unlink()


def _add(bundle: Path) -> None:
    (bundle / "parts/000004.jsonl.gz").write_bytes(b"")


def _add_beside(bundle: Path) -> None:
    (bundle / "readme.txt").write_text("hello")


def _link(bundle: Path) -> None:
    shutil.move(bundle / PART, bundle.parent / "elsewhere")
    (bundle / PART).symlink_to(bundle.parent / "elsewhere")


def _replace_by_directory(bundle: Path) -> None:
    (bundle / PART).unlink()
    (bundle / PART).mkdir()


@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        (_shorten, [f"{PART}: it has another length"]),
        (_lengthen, [f"{PART}: it has another length"]),
        (_remove, [f"{PART}: it is missing"]),
        (_add, ["parts/000004.jsonl.gz: it does not belong to the bundle"]),
        (_add_beside, ["readme.txt: it does not belong to the bundle"]),
        (_link, [f"{PART}: it is no plain file", f"{PART}: Too many levels"]),
        (_replace_by_directory, [f"{PART}: it is no plain file"]),
    ],
)
def test_each_fault_is_named(
    damage: Callable[[Path], None], faults: list[str], bundle: Path
) -> None:
    """A part that is cut, lengthened, missing, foreign, or not a file."""
    damage(bundle)

    found = _faults(bundle)
    assert len(found) == len(faults)
    assert all(wanted in fault for wanted, fault in zip(faults, found, strict=True))


def test_presence_is_told_without_reading(bundle: Path) -> None:
    """What a sender asks first finds what is missing and foreign, all of it."""
    _remove(bundle)
    _add(bundle)

    assert len(list(presence_faults(open_bundle(str(bundle))))) == 2


def test_a_seal_over_parts_of_other_sizes_is_no_help(bundle: Path) -> None:
    """Who seals a bundle again has to get the numbers right as well."""
    path = bundle / PART
    path.write_bytes(gzip.compress(b"{}\n", mtime=0))
    text = (bundle / MANIFEST).read_text()
    manifest = decode_manifest(text.encode(), path="m")
    before = manifest.parts[1].objects
    text = text.replace(before.sha256, sha256_of(path))
    text = text.replace(
        f'"size_bytes": {before.size_bytes},\n        "sha256": "{sha256_of(path)}"',
        f'"size_bytes": {path.stat().st_size},\n        "sha256": "{sha256_of(path)}"',
    )
    manifest = decode_manifest(text.encode(), path="m")
    (bundle / MANIFEST).write_bytes(encode_manifest(manifest))
    (bundle / SUMS).write_text(sums_of(manifest, encode_manifest(manifest)))

    (fault,) = _faults(bundle)
    assert f"{PART}: it holds 1 records, and should 2" in fault


@pytest.mark.parametrize(
    ("name", "why"),
    [(SUMS, "is not sealed"), (MANIFEST, "it is missing")],
)
def test_what_is_not_sealed_is_not_opened(name: str, why: str, bundle: Path) -> None:
    """A directory without its last file was never finished."""
    (bundle / name).unlink()

    with pytest.raises(BundleError, match=why):
        open_bundle(str(bundle))


def test_a_manifest_that_was_changed_is_not_opened(bundle: Path) -> None:
    """The seal is of the manifest too."""
    text = (bundle / MANIFEST).read_text().replace('"here"', '"there"')
    (bundle / MANIFEST).write_text(text)

    with pytest.raises(BundleError, match="it does not agree with"):
        open_bundle(str(bundle))


def test_a_key_demands_a_proof_made_with_it(bundle: Path) -> None:
    """Another key is refused, and so is no proof at all."""
    with pytest.raises(BundleError, match="not made with this key"):
        open_bundle(str(bundle), hmac_key=KEY[::-1])
    (bundle / HMAC).unlink()
    with pytest.raises(BundleError, match="it is missing"):
        open_bundle(str(bundle), hmac_key=KEY)

    assert not open_bundle(str(bundle)).has_hmac


def test_a_bundle_that_is_closed_to_us_is_not_called_unsealed(bundle: Path) -> None:
    """To copy it again would not help."""
    bundle.chmod(0)
    if os.access(bundle, os.X_OK):
        bundle.chmod(0o700)
        pytest.skip("this user may read everything")

    with pytest.raises(NoBundleError, match="Permission denied"):
        open_bundle(str(bundle))
    bundle.chmod(0o700)


def test_parts_that_are_closed_to_us_are_told_as_that(bundle: Path) -> None:
    """They may be what was sealed."""
    found, parts = open_bundle(str(bundle)), bundle / "parts"
    parts.chmod(0)
    if os.access(parts, os.R_OK):
        parts.chmod(0o700)
        pytest.skip("this user may read everything")

    with pytest.raises(NoBundleError, match="parts: Permission denied"):
        list(faults_in(found))
    parts.chmod(0o700)


def test_no_directory_is_no_bundle(tmp_path: Path) -> None:
    """A typing error is told from a damaged bundle."""
    with pytest.raises(NoBundleError) as caught:
        open_bundle(str(tmp_path / "nothing"))

    assert caught.value.exit_code == 66
