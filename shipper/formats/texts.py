r"""Fields of foreign lines as text: escapes undone, bytes made readable.

Bytes of one field come in, text goes out. Apache and nginx write ``\xHH``, ``\"`` and
``\\``, Apache ``\n`` and its kin as well; any other backslash stands for itself.
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([\"\\bnrtvf]))")
_LETTERS: Final = {
    b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"f": b"\f",
}  # fmt: skip
_NOT_TARGET: Final = re.compile(rb"[^!-~]")


def unescape(field: bytes) -> bytes:
    """Undo the escapes of Apache and nginx."""
    if b"\\" not in field:
        return field
    return _ESCAPE.sub(_original, field)


def readable(raw: bytes) -> str:
    """Decode UTF-8; what is none becomes a native string, a character a byte."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def target_text(raw: bytes) -> str:
    """Return a request target in ASCII; every other byte percent-encoded."""
    return _NOT_TARGET.sub(_percent, raw).decode("ascii")


def _original(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes.fromhex(found[1].decode("ascii"))
    return _LETTERS.get(found[2], found[2])


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]
