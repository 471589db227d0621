"""How ``shipper bundle`` tells of a bundle: in one sentence, or in full.

Names and labels in a bundle are somebody else's: they are shown with control
characters escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shipper.cli import console
from shipper.events import one_line
from shipper.reports.amounts import counted

if TYPE_CHECKING:
    from shipper.airgap.checking import OpenBundle


def heading(bundle: OpenBundle) -> str:
    """Return what it is, in one sentence."""
    manifest = bundle.manifest
    size = sum(content.size_bytes for content in manifest.contents())
    records = counted(manifest.records, "record")
    parts = counted(len(manifest.parts), "part")
    return f"bundle {manifest.id}: {records} in {parts}, {size:,} bytes"


def authenticity(bundle: OpenBundle, key: bytes | None) -> str:
    """Return whether it is known who made it, once it was opened with `key`."""
    if key is not None:
        return "made with this key"
    if bundle.has_hmac:
        return "whether it is authentic was not checked: no --hmac-key-file"
    return "it carries no proof of authenticity"


def description(bundle: OpenBundle) -> Iterator[str]:
    """Yield all that its manifest says, line by line."""
    manifest = bundle.manifest
    yield console.emphasise(f"{one_line(bundle.directory)}: {heading(bundle)}")
    facts = (
        ("from", one_line(manifest.label)),
        ("exported", one_line(manifest.created_at)),
        ("by", one_line(manifest.tool)),
        ("settings", manifest.config_sha256),
        ("records of", one_line(f"{manifest.first} to {manifest.last}")),
        ("HMAC", "yes" if bundle.has_hmac else "no"),
    )
    for name, text in facts:
        yield f"  {name:<12}{text}"
    for file in manifest.files:
        yield (
            f"  {one_line(file.path)}: bytes {file.start_bytes:,} to "
            f"{file.end_bytes:,}: {file.exported:,} exported, "
            f"{file.skipped:,} skipped, {file.dead:,} dead, {file.blank:,} blank"
        )
    for part in manifest.parts:
        content = part.objects
        records = counted(part.records, "record")
        yield f"  {content.name}: {records}, {content.size_bytes:,} bytes"
