"""What a bundle says of itself, from what went into it; pure.

Settings, parts and advances come in, the manifest goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import msgspec

from shipper.airgap.layout import FORMAT, FileRange, Manifest
from shipper.airgap.packing import Packer
from shipper.config.settings import Settings
from shipper.model import Advance
from shipper.settle import joined
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


def fingerprint_of(settings: Settings) -> str:
    """Return the SHA-256 of the settings that rule what a bundle holds."""
    ruling = (
        settings.sources,
        settings.filter,
        settings.identify,
        settings.readme.development_mode,
    )
    return sha256(msgspec.json.encode(ruling)).hexdigest()


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
