"""The request line of a log, taken apart by rules (RFC 9112 section 3).

The bytes between the quotes come in, escapes undone; method, target and version go
out, or the reject that says which one is missing. A method is a letter followed by
at most 31 letters, digits, `-` or `_`. The target is everything up to the version, so
that one with blanks is kept, its blanks percent-encoded. Without a version
(HTTP/0.9) it must be one word that is a path or a URL.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from shipper.formats.reasons import refuse
from shipper.formats.texts import target_text
from shipper.model import Reject

HTTP_0_9: Final = "HTTP/0.9"

# Nearly every line of nearly every log; anything else takes the longer way below.
PLAIN: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9_\-]{0,31}+) ([!-\[\]-~]++) (HTTP/[0-9](?:\.[0-9])?+)"
)
_METHOD: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_\-]{0,31}")
_VERSION: Final = re.compile(rb"HTTP/[0-9]{1,2}(?:\.[0-9]{1,2})?")
_OTHER_PROTOCOL: Final = re.compile(rb"[A-Z]{2,10}/[0-9]\.[0-9]")
_ABSOLUTE: Final = re.compile(rb"/|https?://", re.IGNORECASE)


class RequestLine(Struct, frozen=True, gc=False):
    """What a client asked for; the target is ASCII, still percent-encoded."""

    method: str
    target: str
    http_version: str


def read_request(raw: bytes) -> RequestLine | Reject:
    """Take a request line apart."""
    method, _, rest = raw.partition(b" ")
    if not _METHOD.fullmatch(method):
        return refuse("method")
    target, _, version = rest.strip(b" ").rpartition(b" ")
    if _VERSION.fullmatch(version):
        target = target.strip(b" ")
        if not target:
            return refuse("url")
        return _request_line(method, target, version.decode("ascii"))
    if _OTHER_PROTOCOL.fullmatch(version) and target:
        return refuse("not-http", "the request is one of another protocol")
    if target or not _ABSOLUTE.match(version):
        return refuse("url", "what follows the method is no request target")
    return _request_line(method, version, HTTP_0_9)


@lru_cache(maxsize=1024)
def read_status(text: str) -> int | Reject:
    """Return a status of 100 to 599; anything else is a reject."""
    if len(text) == 3 and text.isascii() and text.isdecimal():
        status = int(text)
        if 100 <= status <= 599:
            return status
    return refuse("status")


def _request_line(method: bytes, target: bytes, version: str) -> RequestLine:
    return RequestLine(method.decode("ascii"), target_text(target), version)
