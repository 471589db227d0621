"""Secrets to plant, and the traces by which they are found again.

The search looks for each secret as it is, percent-encoded, in hexadecimal, and in
base64 at each of the three alignments it may have inside something longer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote


def secret(kind: str) -> str:
    """A secret that can be told from all others, with characters URLs escape."""
    return f"{kind}/pl+nted={kind}~s3cr3t"


def traces(kind: str) -> Iterator[tuple[str, bytes]]:
    """The forms in which a secret could lie on the disk."""
    raw = secret(kind).encode()
    yield "as it is", raw
    yield "without its last four", raw[:-4]
    yield "percent-encoded", quote(raw, safe="").encode()
    yield "partly encoded", quote(raw, safe="/=").encode()
    yield "hexadecimal", raw.hex().encode()
    yield "escaped", json.dumps(secret(kind)).replace("/", "\\/").encode()[1:-1]
    for shift in range(3):
        # The characters at the edges depend on what stands beside the secret.
        encoded = base64.b64encode(b"\0" * shift + raw)
        core = encoded[4 if shift else 0 : -8]
        yield f"base64 at {shift}", core
        yield f"base64url at {shift}", core.translate(bytes.maketrans(b"+/", b"-_"))
