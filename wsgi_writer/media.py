"""How a body says it is to be read: its media type and its content coding.

A Content-Type header, or packed bytes with their coding, come in; what the type means
for masking, or at most so many unpacked bytes, go out.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import Enum
from json.encoder import encode_basestring as quoted

_JSON_TYPE = re.compile(
    r"(?:application|text)/(?:x-)?(?:json|json5|jsonlines|json-lines|json-seq|jsonl"
    r"|ndjson)\Z|[^/]+/[^/]*\+json(?:-seq)?\Z|application/(?:csp-report|reports)\Z"
)
_TEXT_TYPE = re.compile(
    r"text/|.*\+xml\Z|application/(?:xml|javascript|ecmascript|graphql|sql|x-sh|toml"
    r"|yaml|x-yaml|x-httpd-php)\Z"
)
# Character sets in which ASCII text looks like ASCII text, or that are recognised.
_READABLE_CHARSET = re.compile(
    r"(?:utf-?8|us-ascii|ascii|ansi_x3\.4|iso[-_]?8859|latin|windows-125|cp125|koi8"
    r"|euc|shift|gb|big5|utf-?16|utf-?32|ucs|macintosh|tis-620|none)"
)
_TOKEN = re.compile(r"[\w!#$%&'*+\-.^`|~]+/[\w!#$%&'*+\-.^`|~]+\Z", re.ASCII)
_CHARSET = re.compile(r';\s*charset\s*=\s*+"?\s*+([^\s;"]+)', re.IGNORECASE)
_BOUNDARY = re.compile(
    r'(?<![\w*\-])boundary(\*[0-9*]*)?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))',
    re.IGNORECASE,
)


class Shape(Enum):
    """What a body is read as when its listed fields are looked for."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type header, taken apart once.

    `is_plain` says that a body of it is text, and no form (without a type it might be
    one), and that the header itself is plain. What can be asked of the shape is asked
    here, as reading a member of an enumeration costs as much as a search through the
    body.
    """

    shape: Shape
    given: str
    json: str
    bare: str
    boundary: str
    is_readable: bool
    is_plain: bool
    is_json: bool


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The output of a decompressor, and whether it is all there is."""

    content: bytes
    is_whole: bool


def read_media_type(given: str) -> MediaType:
    """Take a Content-Type header apart (RFC 9110 section 8.3.1)."""
    bare = given.partition(";")[0].partition(",")[0].strip().lower()
    charset = _CHARSET.search(given)
    shape = _shape(bare)
    is_readable = (
        charset is None or _READABLE_CHARSET.match(charset[1].lower()) is not None
    )
    return MediaType(
        shape=shape,
        given=given,
        json=quoted(given),
        bare=bare if _TOKEN.match(bare) else "",
        boundary=_boundary(given),
        is_readable=is_readable,
        is_plain=bool(given)
        and given.isascii()
        and is_readable
        and shape not in (Shape.FORM, Shape.MULTIPART),
        is_json=shape is Shape.JSON,
    )


def _boundary(given: str) -> str:
    """Return the boundary of a multipart type; nothing if it has more than one.

    Of two, one server takes the first and another one the last.
    """
    found = _BOUNDARY.findall(given)
    if len(found) != 1 or found[0][0]:
        return ""
    return re.sub(r"\\(.)", r"\1", found[0][1] or found[0][2])


def _shape(bare: str) -> Shape:
    if _JSON_TYPE.match(bare):
        return Shape.JSON
    if bare == "application/x-www-form-urlencoded":
        return Shape.FORM
    if bare.startswith("multipart/"):
        return Shape.MULTIPART
    if not bare or _TEXT_TYPE.match(bare):
        return Shape.TEXT
    return Shape.OTHER


def unpack(content: bytes, coding: str, limit: int) -> Unpacked | None:
    """Unpack at most `limit` bytes of gzip or deflate (RFC 9110 section 8.4.1).

    Returns:
        None for any other coding, and for bytes that are not what the coding says.
    """
    if coding in ("gzip", "x-gzip"):
        return _inflate(content, 31, limit)
    if coding in ("deflate", "x-deflate"):
        # Deflate means zlib; some senders leave its header out.
        return _inflate(content, 15, limit) or _inflate(content, -15, limit)
    return None


def _inflate(content: bytes, window: int, limit: int) -> Unpacked | None:
    pieces: list[bytes] = []
    room = limit + 1
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
        content = inflater.unused_data  # another member may follow
    unpacked = b"".join(pieces)
    is_whole = inflater.eof and not content and len(unpacked) <= limit
    return Unpacked(unpacked[:limit], is_whole)
