"""The receipt of a bundle: what the sending host tells the exporting one; pure.

Counts and dead records come in, one sealed JSON object goes out, and the reverse. A
receipt that was changed on its way is refused: by its checksum, and by its HMAC when
both hosts share a key.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shipper.airgap.layout import FORMAT, BundleError, undecoded
from shipper.store import Acknowledgement, DeadRecord

# What the key signs for a receipt can never be taken for what it signs for a bundle.
_PURPOSE = b"hartail receipt\n"


class BundleReceipt(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the records of one bundle.

    Attributes:
        manifest_sha256: Of the bundle's manifest, hex.
        sent_at: When the last of them was settled (ISO 8601, UTC).
        tool: Name and version of what sent it.
        sha256: Of this object with `sha256` and `hmac` empty, as it is encoded.
        hmac: Of the same, or empty.
    """

    format: int
    bundle: str
    manifest_sha256: str
    records: int
    delivered: int
    dead: int
    dead_records: tuple[DeadRecord, ...]
    sent_at: str
    tool: str
    sha256: str = ""
    hmac: str = ""

    def acknowledgement(self) -> Acknowledgement:
        """Return what the state of the exporting host is asked to count."""
        return Acknowledgement(
            bundle=self.bundle,
            manifest_sha256=self.manifest_sha256,
            records=self.records,
            delivered=self.delivered,
            dead=self.dead_records,
        )


def encode_receipt(receipt: BundleReceipt, key: bytes | None) -> bytes:
    """Return the receipt's bytes, sealed."""
    bare = _bare(receipt)
    sealed = replace(
        receipt,
        sha256=sha256(bare).hexdigest(),
        hmac="" if key is None else _hmac_of(key, bare),
    )
    return msgspec.json.format(msgspec.json.encode(sealed), indent=2) + b"\n"


def decode_receipt(content: bytes, key: bytes | None, *, path: str) -> BundleReceipt:
    """Return the receipt in a file.

    Raises:
        BundleError: It is none, was changed, or was not made with the key.
    """
    try:
        receipt = msgspec.json.decode(content, type=BundleReceipt)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = undecoded(error, "shipper bundle send")
        raise BundleError(f"is no receipt: {path}: {why}", path=path) from error
    if receipt.format != FORMAT:
        raise BundleError(
            f"cannot read the receipt: {path}: it has format {receipt.format}, and "
            f"{FORMAT} is known here",
            path=path,
        )
    bare = _bare(receipt)
    if not _is_same(receipt.sha256, sha256(bare).hexdigest()):
        raise BundleError(
            f"the receipt is damaged: {path}: its checksum is another one", path=path
        )
    if receipt.dead != len(receipt.dead_records):
        raise BundleError(
            f"the receipt contradicts itself: {path}: it counts {receipt.dead} dead "
            f"records and names {len(receipt.dead_records)}",
            path=path,
        )
    if key is not None and not _is_same(receipt.hmac, _hmac_of(key, bare)):
        raise BundleError(
            f"the receipt is not authentic: {path}: it was not made with this key",
            path=path,
            hint="" if receipt.hmac else "it was sent without --hmac-key-file",
        )
    return receipt


def _bare(receipt: BundleReceipt) -> bytes:
    return msgspec.json.encode(replace(receipt, sha256="", hmac=""))


def _is_same(found: str, digest: str) -> bool:
    # As bytes: texts may only be compared so when there is nothing but ASCII in them.
    return hmac.compare_digest(found.encode(), digest.encode())


def _hmac_of(key: bytes, bare: bytes) -> str:
    return hmac.new(key, _PURPOSE + bare, sha256).hexdigest()
