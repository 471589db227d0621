"""What a bundle looks like: names, manifest, checksums, authenticity; pure.

    manifest.json            what is in the others, and where it came from
    parts/000001.jsonl.gz    log objects, one a line, ready to be sent
    places/000001.jsonl.gz   where each one's line stands: [file, start, end]
    bundle.hmac              HMAC-SHA256 of manifest and checksums, if there is a key
    SHA256SUMS               for sha256sum(1); written last: it is the seal

Bytes come in and values go out, or the reverse; nothing here touches a disk.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct

from shipper.errors import EXIT_BAD_DATA, EXIT_CANNOT_CREATE, ShipperError

FORMAT = 1
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
HMAC = "bundle.hmac"
RECEIPT = "receipt.json"  # of the sending host; no part of what was sealed
TEMPORARY = ".new"  # ends the name of a file until it is whole
PARTS = "parts"
PLACES = "places"
PART_BYTES = 8 * 1024 * 1024  # of a packed part at most: one is read at a time
UNPACKED_BYTES = (
    64 * 1024 * 1024
)  # of a part before packing; bounds what one unpacks to
MAX_PART_BYTES = 64 * 1024 * 1024  # where one huge record stands alone; read whole
MAX_MANIFEST_BYTES = 64 * 1024 * 1024  # half a million parts; beyond it is no manifest

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BundleError(ShipperError):
    """A bundle, or a receipt, is damaged, unsealed, or not what it says it is.

    Attributes:
        path: The file at fault.
    """

    exit_code = EXIT_BAD_DATA

    def __init__(self, message: str, *, path: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.path = path


class CannotWriteError(ShipperError):
    """A bundle, a receipt, or what is remembered of a bundle cannot be written."""

    exit_code = EXIT_CANNOT_CREATE


class Content(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle.

    Attributes:
        name: Relative to the bundle, such as ``parts/000001.jsonl.gz``.
        size_bytes: As it lies there, packed.
        sha256: Hex.
    """

    name: str
    size_bytes: int
    sha256: str


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A run of records, and where their lines stand.

    Attributes:
        unpacked_bytes: Of the log objects, newlines included.
    """

    records: int
    unpacked_bytes: int
    objects: Content
    places: Content


class FileRange(Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle covers of one file: all lines in it are accounted for.

    Attributes:
        file_id: What the exporting host calls it.
        path: Its name there.
        exported: Lines that are in the bundle; the others became what they say.
    """

    file_id: str
    path: str
    start_bytes: int
    end_bytes: int
    exported: int
    skipped: int
    dead: int
    blank: int


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a bundle.

    Attributes:
        id: Of the bundle (UUID).
        label: Where it comes from, in the operator's words.
        created_at: ISO 8601, UTC.
        tool: Name and version of what wrote it.
        config_sha256: Of the settings that rule what is in it.
        first: The earliest ``startedDateTime`` of its records; `last` the latest.
        files: Which ranges of which files it covers; `parts` refer to them by place.
    """

    format: int
    id: str
    label: str
    created_at: str
    tool: str
    config_sha256: str
    records: int
    first: str | None
    last: str | None
    files: tuple[FileRange, ...]
    parts: tuple[Part, ...]

    def contents(self) -> Iterator[Content]:
        """Yield every file it names."""
        for part in self.parts:
            yield part.objects
            yield part.places


def part_name(number: int) -> str:
    """Return the name of a part's log objects."""
    return f"{PARTS}/{number:06d}.jsonl.gz"


def places_name(number: int) -> str:
    """Return the name of a part's places."""
    return f"{PLACES}/{number:06d}.jsonl.gz"


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the file's bytes, indented for people."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(content: bytes, *, path: str) -> Manifest:
    """Return the manifest.

    Raises:
        BundleError: It is none, of another format, or contradicts itself.
    """
    try:
        found = msgspec.json.decode(content, type=_Format).format
        if found != FORMAT:
            raise BundleError(
                f"cannot read the bundle: {path}: it has format {found}, and {FORMAT} "
                "is known here",
                path=path,
                hint="install the version that wrote it",
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = undecoded(error, "shipper export")
        raise BundleError(f"is no manifest: {path}: {why}", path=path) from error
    problem = _contradiction(manifest)
    if problem:
        raise BundleError(f"is no manifest: {path}: {problem}", path=path)
    return manifest


def undecoded(error: Exception, author: str) -> str:
    """Return why a file of JSON could not be read, without a library's words."""
    if isinstance(error, msgspec.ValidationError):
        return f"it does not hold what {author} writes into one"
    return "it is not JSON"


class _Format(Struct):
    format: int


def _contradiction(manifest: Manifest) -> str:
    # The id becomes the name of a file on the sending host, and names lead to files.
    if not _UUID.fullmatch(manifest.id):
        return "its id is no UUID"
    for number, part in enumerate(manifest.parts, start=1):
        names = part.objects.name, part.places.name
        if names != (part_name(number), places_name(number)):
            return f"part {number} has other names than it should"
    if any(not 0 <= each.size_bytes <= MAX_PART_BYTES for each in manifest.contents()):
        return "a part in it is larger than any part can be"
    if not all(_DIGEST.fullmatch(each.sha256) for each in manifest.contents()):
        return "a checksum in it is none"
    if sum(part.records for part in manifest.parts) != manifest.records:
        return "its parts hold another number of records than it says"
    if sum(file.exported for file in manifest.files) != manifest.records:
        return "its files give another number of records than it says"
    return ""


def sums_of(manifest: Manifest, content: bytes) -> str:
    """Return the text of SHA256SUMS: manifest first, then every file it names."""
    rows = [(sha256(content).hexdigest(), MANIFEST)]
    rows += [(each.sha256, each.name) for each in manifest.contents()]
    return "".join(f"{digest}  {name}\n" for digest, name in rows)


def hmac_of(key: bytes, manifest: bytes, sums: str) -> str:
    """Return the text of the file of authenticity.

    What ``cat manifest.json SHA256SUMS | openssl dgst -sha256 -hmac KEY`` prints. The
    manifest's own checksum opens the second half, so that nothing can move across.
    """
    return hmac.new(key, manifest + sums.encode(), sha256).hexdigest() + "\n"


def is_authentic(found: str, key: bytes, manifest: bytes, sums: str) -> bool:
    """Tell whether a file of authenticity was made with this key, of these files."""
    return hmac.compare_digest(
        found.strip().encode(), hmac_of(key, manifest, sums).strip().encode()
    )
