"""What a bundle says of itself, from what went into it; pure.

Settings, parts and advances come in; the manifest goes out, and of that what the state
remembers of the bundle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import msgspec

from shipper.airgap.layout import FORMAT, FileRange, Manifest, hmac_of, sums_of
from shipper.airgap.packing import Packer
from shipper.config.settings import Settings
from shipper.model import Advance
from shipper.settle import joined
from shipper.store import Bundle
from wsgi_writer._version import __version__


def manifest_of(
    settings: Settings,
    packer: Packer,
    advances: Sequence[Advance],
    *,
    bundle_id: str,
    label: str,
    created_at: str,
    path_of: Callable[[str], str],
) -> Manifest:
    """Return the manifest of what was packed.

    Args:
        settings: Under which it was.
        packer: With its last part closed.
        advances: Where positions will move, in order.
        bundle_id: Of the bundle.
        label: Where it comes from, for people.
        created_at: ISO 8601, UTC.
        path_of: Says what a file is called, by its id.
    """
    return Manifest(
        format=FORMAT,
        id=bundle_id,
        label=label,
        created_at=created_at,
        tool=f"hartail {__version__}",
        config_sha256=fingerprint_of(settings),
        records=packer.packed_records,
        first=packer.first,
        last=packer.last,
        files=tuple(_ranges(advances, packer.file_ids, path_of)),
        parts=tuple(packer.parts),
    )


def bundle_of(
    manifest: Manifest, content: bytes, *, path: str, hmac_key: bytes | None
) -> Bundle:
    """Return what has to be remembered of a bundle until it is acknowledged.

    Args:
        manifest: Of the bundle.
        content: The same, as it is written.
        path: The name that it will have.
        hmac_key: Makes it authentic, or None.
    """
    sums = sums_of(manifest, content)
    return Bundle(
        id=manifest.id,
        path=path,
        records=manifest.records,
        manifest_sha256=sha256(content).hexdigest(),
        sums=sums,
        hmac="" if hmac_key is None else hmac_of(hmac_key, content, sums),
    )


def fingerprint_of(settings: Settings) -> str:
    """Return the SHA-256 of the settings that rule what a bundle holds."""
    ruling = (
        settings.sources,
        settings.filter,
        settings.identify,
        settings.readme.development_mode,
    )
    # Paths are among them, which need not be UTF-8; msgspec would want that.
    text = json.dumps(
        msgspec.to_builtins(ruling), separators=(",", ":"), ensure_ascii=False
    )
    return sha256(text.encode(errors="surrogateescape")).hexdigest()


def _ranges(
    advances: Sequence[Advance],
    file_ids: Sequence[str],
    path_of: Callable[[str], str],
) -> Iterator[FileRange]:
    """Yield what is covered of each file, those that places name first."""
    covered: dict[str, Advance] = {}
    for advance in advances:
        before = covered.get(advance.file_id)
        covered[advance.file_id] = (
            advance if before is None else joined(before, advance)
        )
    for file_id in dict.fromkeys((*file_ids, *covered)):
        advance = covered[file_id]
        yield FileRange(
            file_id=file_id,
            # Names need not be text; a manifest is.
            path=path_of(file_id).encode(errors="replace").decode(),
            start_bytes=advance.start_bytes,
            end_bytes=advance.end_bytes,
            exported=advance.exported,
            skipped=advance.skipped,
            dead=advance.dead,
            blank=advance.blank,
        )
