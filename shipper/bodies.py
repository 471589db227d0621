"""Open a body: out of Base64, out of its packing, into text.

What a HAR entry holds of a body comes in, with its content type and content coding;
bytes or text go out, or None when it cannot be opened. Nothing is unpacked beyond a
bound, whatever a few packed bytes promise.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from msgspec import UNSET, Struct

from shipper.har import Pair, Param

MAX_UNPACKED_BYTES: Final = 262_144  # as much as the writer allows a whole record
MAX_CODINGS: Final = 3  # RFC 9110 allows a list; nobody packs more often

_DATA_URL = re.compile(r"data:[^,]{0,256};base64,", re.IGNORECASE)
_CHARSET = re.compile(r";\s*charset\s*=\s*+\"?\s*+([^\s;\"]+)", re.IGNORECASE)
_BOUNDARY = re.compile(
    r";\s*boundary\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;]+))", re.IGNORECASE
)
_JSON_TYPE = re.compile(r"(?:application|text)/(?:x-)?json\Z|[^/]+/[^/]*\+json\Z")
_XML_TYPES = frozenset({"application/xml", "text/xml", "application/soap+xml"})
_DOCUMENT = re.compile(r"[\s\ufeff]*+(?:[{<\"]|\[\s*+[\[\]{\"])")
_MEDIA = ("image/", "audio/", "video/", "font/")
# Charsets besides UTF-8 that are decoded; a body in any other counts as binary.
_CHARSETS: Final = frozenset(
    {"us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "iso-8859-15",
     "windows-1252", "cp1252", "utf-16", "utf-16le", "utf-16be", "utf-32"}
)  # fmt: skip


class MediaType(Struct, frozen=True, gc=False):
    """A Content-Type, taken apart (RFC 9110 section 8.3.1)."""

    bare: str
    charset: str
    boundary: str

    @property
    def is_json(self) -> bool:
        """JSON, or a type built on it."""
        return _JSON_TYPE.match(self.bare) is not None

    @property
    def is_xml(self) -> bool:
        """XML, or a type built on it (RFC 7303)."""
        return self.bare in _XML_TYPES or self.bare.endswith("+xml")

    @property
    def is_form(self) -> bool:
        """An HTML form in its urlencoded spelling."""
        return self.bare == "application/x-www-form-urlencoded"

    @property
    def is_multipart(self) -> bool:
        """A form in parts, or another multipart type."""
        return self.bare.startswith("multipart/")

    @property
    def is_media(self) -> bool:
        """Pictures, sound and fonts: they have no named fields."""
        return self.bare.startswith(_MEDIA)


class Unpacked(Struct, frozen=True, gc=False):
    """What came out of a packed body, and whether that is all of it."""

    content: bytes
    is_whole: bool


@lru_cache(maxsize=1024)
def read_media_type(given: str) -> MediaType:
    """Take a Content-Type header apart."""
    charset = _CHARSET.search(given)
    boundary = _BOUNDARY.search(given)
    return MediaType(
        bare=given.partition(";")[0].partition(",")[0].strip().lower(),
        charset=charset[1].lower() if charset else "",
        boundary=re.sub(r"\\(.)", r"\1", boundary[1] or boundary[2] or "")
        if boundary
        else "",
    )


def document_in(params: Sequence[Param]) -> str | None:
    """Return the JSON or XML that was sent as a form, or None for a form.

    Some clients call every body a form; taken apart at ``&`` and ``=``, its text
    stands in the names of parameters.
    """
    if not params or _DOCUMENT.match(params[0].name) is None:
        return None
    return "&".join(
        param.name
        if param.value is UNSET or not param.value
        # Which of the two it was, `a` or `a=`, nobody knows any more.
        else f"{param.name}={param.value}"
        for param in params
    )


def codings_of(headers: Iterable[Pair]) -> tuple[str, ...]:
    """Return the content codings of a message, in the order they were applied."""
    given = ",".join(
        header.value for header in headers if header.name.lower() == "content-encoding"
    )
    codings = (coding.strip().lower() for coding in given.split(","))
    return tuple(coding for coding in codings if coding not in ("", "identity"))


def unpack(content: bytes, codings: Sequence[str]) -> Unpacked | None:
    """Undo the content codings, the last one first.

    Returns:
        None for a coding we do not know, or bytes that are not what it says.
    """
    if len(codings) > MAX_CODINGS:
        return None
    is_whole = True
    for coding in reversed(codings):
        opener = _OPENERS.get(coding)
        unpacked = opener(content) if opener is not None else None
        if unpacked is None:
            return None
        content = unpacked.content
        is_whole = is_whole and unpacked.is_whole
    return Unpacked(content, is_whole)


def is_packed(content: bytes, coding: str) -> bool:
    """Tell whether bytes may be packed so; only some codings begin with a mark."""
    return content.startswith(_MARKS.get(coding, b""))


def is_archive(content: bytes) -> bool:
    """Tell whether bytes begin as packed ones do, whatever the message says."""
    return content.startswith(tuple(_MARKS.values()))


def from_base64(text: str) -> bytes | None:
    """Decode Base64, or return None; a cut one loses its last odd characters."""
    try:
        return base64.b64decode(text[: len(text) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return None


def from_data_url(text: str) -> bytes | None:
    """Return what a Base64 data URL holds (RFC 2397), or None if it is none."""
    start = _DATA_URL.match(text)
    return from_base64(text[start.end() :]) if start else None


def is_data_url(text: str) -> bool:
    """Tell whether a text begins as a Base64 data URL does."""
    return _DATA_URL.match(text) is not None


def to_data_url(content: bytes, mime_type: str, name: str | None = None) -> str:
    """Lay bytes out as a data URL, with a file's name as ReadMe's SDKs write it."""
    kind = mime_type or "application/octet-stream"
    named = "" if name is None else f";name={quote(name, safe='')}"
    return f"data:{kind}{named};base64,{base64.b64encode(content).decode()}"


def as_text(content: bytes, media: MediaType, *, is_cut: bool = False) -> str | None:
    """Decode a body that is text, or return None for a binary one.

    A cut may have left the beginning of a character at the end; it is dropped.
    """
    text: str | None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        text = None
        if is_cut and error.reason == "unexpected end of data":
            text = content[: error.start].decode()
        elif media.charset in _CHARSETS and not _is_mislabelled(content, media):
            text = content.decode(media.charset, "replace")
    if text is not None and "\0" in text:
        # UTF-16 without a byte order mark is valid UTF-8, NULs and all.
        return content.decode(media.charset, "replace") if _is_wide(media) else None
    return text


def _is_mislabelled(content: bytes, media: MediaType) -> bool:
    """Tell whether bytes are read as text in vain: no name would be found in it.

    Any bytes can be read in most charsets. In UTF-16 and UTF-32, though, a name that
    could be listed, or the syntax around it, comes with NULs.
    """
    return is_archive(content) or (_is_wide(media) and 0 not in content)


def _is_wide(media: MediaType) -> bool:
    return media.charset in _CHARSETS and media.charset.startswith(("utf-16", "utf-32"))


def _inflate(content: bytes, window: int) -> Unpacked | None:
    pieces: list[bytes] = []
    room = MAX_UNPACKED_BYTES + 1
    inflater = None
    while content and room > 0:
        inflater = zlib.decompressobj(window)
        try:
            piece = inflater.decompress(content, room)
        except zlib.error:
            return None
        pieces.append(piece)
        room -= len(piece)
        if not inflater.eof:
            break
        content = inflater.unused_data  # gzip: another member may follow
    if inflater is None:
        return None
    unpacked = b"".join(pieces)
    is_whole = inflater.eof and not content and len(unpacked) <= MAX_UNPACKED_BYTES
    return Unpacked(unpacked[:MAX_UNPACKED_BYTES], is_whole)


def _gzip(content: bytes) -> Unpacked | None:
    return _inflate(content, 31)


def _deflate(content: bytes) -> Unpacked | None:
    # Deflate means zlib; some senders leave its header out.
    return _inflate(content, 15) or _inflate(content, -15)


def _zstd(content: bytes) -> Unpacked | None:
    try:
        from backports import zstd  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        return None
    decompressor = zstd.ZstdDecompressor()
    try:
        unpacked = decompressor.decompress(content, MAX_UNPACKED_BYTES + 1)
    except (zstd.ZstdError, EOFError):
        return None
    is_whole = decompressor.eof and len(unpacked) <= MAX_UNPACKED_BYTES
    return Unpacked(unpacked[:MAX_UNPACKED_BYTES], is_whole)


_MARKS: Final = {
    "gzip": b"\x1f\x8b",
    "x-gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
}
_OPENERS: Final[dict[str, Callable[[bytes], Unpacked | None]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "x-deflate": _deflate,
    "zstd": _zstd,
}
