"""A receipt is believed when nothing of it was changed, and its maker is known."""

from __future__ import annotations

import msgspec
import pytest

from shipper.airgap.layout import BundleError
from shipper.airgap.receipt import BundleReceipt, decode_receipt, encode_receipt
from shipper.store import DeadRecord
from tests.support.bundles import BUNDLE_ID

KEY = b"0123456789abcdef"
DEAD = DeadRecord("f", 0, 10, "id-0", "refused", "400: no", "{}", "00", 2)
RECEIPT = BundleReceipt(
    format=1,
    bundle=BUNDLE_ID,
    manifest_sha256="00",
    records=3,
    delivered=2,
    dead=1,
    dead_records=(DEAD,),
    sent_at="2026-11-23T12:00:00.000+00:00",
    tool="hartail test",
)


def _with_a_euro(member: str) -> bytes:
    before, after = f'"{member}": "', f'"{member}": "€'
    return encode_receipt(RECEIPT, KEY).replace(before.encode(), after.encode())


def _of_length(length_bytes: int) -> BundleReceipt:
    dead = msgspec.structs.replace(DEAD, length_bytes=length_bytes)
    return msgspec.structs.replace(RECEIPT, dead_records=(dead,))


@pytest.mark.parametrize("key", [None, KEY])
def test_a_receipt_comes_back_as_it_was_sent(key: bytes | None) -> None:
    """What the state is asked to count is what the other host has counted."""
    receipt = decode_receipt(encode_receipt(RECEIPT, key), key, path="r")

    told = receipt.acknowledgement()
    assert (told.bundle, told.records, told.delivered) == (BUNDLE_ID, 3, 2)
    assert told.dead == (DEAD,)


def test_a_signature_is_asked_for_only_with_a_key() -> None:
    """Who has no key takes a signed receipt too, by its checksum."""
    assert decode_receipt(encode_receipt(RECEIPT, KEY), None, path="r").hmac


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no receipt", "is no receipt: r"),
        (b"{}", "is no receipt: r"),
        (encode_receipt(RECEIPT, KEY).replace(b'"delivered": 2', b'"delivered": 3'),
         "its checksum is another one"),
        (_with_a_euro("sha256"), "its checksum is another one"),
        (_with_a_euro("hmac"), "was not made with this key"),
        (encode_receipt(RECEIPT, None), "was not made with this key"),
        (encode_receipt(RECEIPT, KEY[::-1]), "was not made with this key"),
        (encode_receipt(msgspec.structs.replace(RECEIPT, dead=2), KEY),
         "counts 2 dead records and names 1"),
        (encode_receipt(msgspec.structs.replace(RECEIPT, format=2), KEY),
         "it has format 2"),
        (encode_receipt(_of_length(2**63), KEY), "does not hold what"),
        (encode_receipt(_of_length(-1), KEY), "does not hold what"),
    ],
)  # fmt: skip
def test_what_was_changed_is_refused(content: bytes, why: str) -> None:
    """By its checksum, its key, or its own contradiction."""
    with pytest.raises(BundleError, match=why) as caught:
        decode_receipt(content, KEY, path="r")

    assert caught.value.exit_code == 65


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no receipt", "it is not JSON"),
        (b"{}", "it does not hold what shipper bundle send writes into one"),
    ],
)
def test_what_is_none_is_told_in_plain_words(content: bytes, why: str) -> None:
    """Nobody outside knows what a library calls its fields."""
    with pytest.raises(BundleError) as caught:
        decode_receipt(content, KEY, path="bad.json")

    assert str(caught.value) == f"is no receipt: bad.json: {why}"
