"""A bundle opened for reading: what it says, and whether its bytes bear it out.

A directory comes in; manifest, contents and every fault of them go out. A file's bytes
are handed out only after all of them have been hashed, so that nobody acts on bytes
that were not there when the bundle was sealed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from shipper.airgap.layout import (
    HMAC,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    PARTS,
    PLACES,
    RECEIPT,
    SUMS,
    TEMPORARY,
    BundleError,
    Content,
    Manifest,
    decode_manifest,
    is_authentic,
    sums_of,
)
from shipper.airgap.unpacking import DamagedError, lines_in
from shipper.errors import EXIT_NO_INPUT, ShipperError

_NOT_SEALED = (
    "the export did not come to its end, or the copy did: run shipper export again "
    "where it came from, or copy it again"
)


class NoBundleError(ShipperError):
    """There is no directory of that name, or none that can be looked into."""

    exit_code = EXIT_NO_INPUT

    def __init__(self, directory: str, why: str) -> None:
        super().__init__(f"cannot open the bundle: {directory}: {why}")
        self.path = directory


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """A sealed bundle, whose manifest is what its seal says.

    Attributes:
        manifest_sha256: Of the manifest file, hex.
        has_hmac: It carries a proof of authenticity.
    """

    directory: str
    manifest: Manifest
    manifest_sha256: str
    has_hmac: bool

    def read(self, content: Content) -> bytes:
        """Return a file of the bundle, once all of it is known to be unchanged.

        Raises:
            BundleError: It is missing or changed; the message names it.
        """
        path = os.path.join(self.directory, content.name)
        found = _read(path, content.size_bytes)
        if len(found) != content.size_bytes:
            raise BundleError(
                f"the bundle is damaged: {path}: it has another length than the "
                f"manifest's {content.size_bytes} bytes",
                path=path,
            )
        if sha256(found).hexdigest() != content.sha256:
            raise BundleError(
                f"the bundle is damaged: {path}: its bytes are not those that were "
                "sealed",
                path=path,
            )
        return found


def open_bundle(directory: str, *, hmac_key: bytes | None = None) -> OpenBundle:
    """Open a bundle, and check its manifest, seal and authenticity.

    Raises:
        NoBundleError: There is no such directory, or it is closed to us.
        BundleError: It is not sealed, damaged, or not made with the key.
    """
    if not os.path.isdir(directory):
        raise NoBundleError(directory, "no such directory")
    sums_path = os.path.join(directory, SUMS)
    try:
        os.lstat(sums_path)
    except FileNotFoundError as error:
        raise BundleError(
            f"the bundle is not sealed: {directory}: {SUMS} is missing",
            path=sums_path,
            hint=_NOT_SEALED,
        ) from error
    except OSError as error:
        raise NoBundleError(directory, error.strerror or str(error)) from error
    path = os.path.join(directory, MANIFEST)
    content = _read(path, MAX_MANIFEST_BYTES)
    manifest = decode_manifest(content, path=path)
    sums = _read(sums_path, MAX_MANIFEST_BYTES)
    if sums != sums_of(manifest, content).encode():
        raise BundleError(
            f"the bundle is damaged: {sums_path}: it does not agree with {MANIFEST}",
            path=sums_path,
        )
    has_hmac = os.path.lexists(os.path.join(directory, HMAC))
    if hmac_key is not None:
        _check_hmac(directory, hmac_key, content, sums.decode(), has_hmac=has_hmac)
    return OpenBundle(directory, manifest, sha256(content).hexdigest(), has_hmac)


def _check_hmac(
    directory: str, key: bytes, manifest: bytes, sums: str, *, has_hmac: bool
) -> None:
    path = os.path.join(directory, HMAC)
    if not has_hmac:
        raise BundleError(
            f"the bundle is not authentic: {path}: it is missing",
            path=path,
            hint="it was exported without --hmac-key-file, or somebody took it away",
        )
    found = _read(path, 1024).decode(errors="replace")
    if not is_authentic(found, key, manifest, sums):
        raise BundleError(
            f"the bundle is not authentic: {path}: it was not made with this key, or "
            "not of these files",
            path=path,
        )


def presence_faults(bundle: OpenBundle) -> Iterator[str]:
    """Yield which files are missing, foreign, or no plain files; reads none.

    Raises:
        NoBundleError: What is there cannot be told: it is closed to us.
    """
    wanted = {content.name for content in bundle.manifest.contents()}
    own = wanted | {MANIFEST, SUMS, HMAC, RECEIPT, PARTS, PLACES}
    # A crash may have left half a receipt, which must not keep it from being written.
    own.add(RECEIPT + TEMPORARY)
    found = set(_names(bundle.directory))
    for name in sorted(wanted - found):
        yield f"{os.path.join(bundle.directory, name)}: it is missing"
    for name in sorted(found):
        path = os.path.join(bundle.directory, name)
        mode = os.lstat(path).st_mode
        if name not in own:
            yield f"{path}: it does not belong to the bundle"
        elif name not in {PARTS, PLACES} and not stat.S_ISREG(mode):
            yield f"{path}: it is no plain file"


def faults_in(bundle: OpenBundle) -> Iterator[str]:
    """Yield everything that is wrong with the bundle; reads every byte of it.

    Raises:
        NoBundleError: See `presence_faults`.
    """
    missing = list(presence_faults(bundle))
    yield from missing
    for part in bundle.manifest.parts:
        for content, size_bytes in (
            (part.objects, part.unpacked_bytes),
            (part.places, None),
        ):
            path = os.path.join(bundle.directory, content.name)
            if not os.path.isfile(path):
                continue
            try:
                lines = total = 0
                for line in lines_in(bundle.read(content)):
                    lines += 1
                    total += len(line) + 1
            except (BundleError, DamagedError) as error:
                yield (
                    str(error) if isinstance(error, BundleError) else f"{path}: {error}"
                )
                continue
            if lines != part.records or size_bytes not in {None, total}:
                yield f"{path}: it holds {lines} records, and should {part.records}"


def names_in(directory: str) -> list[str]:
    """Return the names in a directory.

    Raises:
        NoBundleError: It cannot be looked into.
    """
    try:
        return os.listdir(directory)
    except OSError as error:
        raise NoBundleError(directory, error.strerror or str(error)) from error


def _names(directory: str) -> Iterator[str]:
    """Yield what is in the bundle, two levels deep: no more belongs there."""
    for name in names_in(directory):
        yield name
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            yield from (f"{name}/{below}" for below in names_in(path))


def _read(path: str, most_bytes: int) -> bytes:
    """Return a plain file, and one byte more than `most_bytes` at most."""
    try:
        # No link out of the bundle is followed, and no pipe waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags), "rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        why = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            why = "it is missing"
        raise BundleError(f"the bundle is damaged: {path}: {why}", path=path) from error
