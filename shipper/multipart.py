"""The parts of a multipart body, and the form parameters they become.

Bytes and their boundary come in; parts with name, file name and content go out, in
order (RFC 7578, RFC 2046 section 5.1). Read leniently: bare line feeds and a missing
end are taken, and the last part of a cut body is what there is of it. Transfer
encodings are undone, though RFC 7578 section 4.7 wants none: servers do it too.
"""

from __future__ import annotations

import binascii
import quopri
import re
from urllib.parse import unquote

from msgspec import Struct

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_PARAMETER = re.compile(
    rb';\s*((?:file)?name)(\*?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\r\n]*)',
    re.IGNORECASE | re.DOTALL,
)
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


class Part(Struct, frozen=True, gc=False):
    """One part of a multipart body.

    Attributes:
        name: The field's name; empty if the part has none. Where it is given more
            than once, all of them: nobody knows which one a server takes.
        file_name: None for a plain field.
        content_type: As the part says, or empty.
        content: Its bytes.
    """

    name: str
    file_name: str | None
    content_type: str
    content: bytes


def read_parts(body: bytes, boundary: str) -> tuple[Part, ...] | None:
    """Return the parts, or None if the body cannot be told apart.

    A last part that is cut within its headers is left out: its name is not known.
    """
    if not boundary:
        return None
    delimiter = re.compile(
        rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    )
    marks = list(delimiter.finditer(body))
    if not marks:
        return None
    parts = []
    for number, mark in enumerate(marks):
        if mark[1]:
            break  # what follows the end is an epilogue, and ignored
        is_last = number + 1 == len(marks)
        piece = body[mark.end() : len(body) if is_last else marks[number + 1].start()]
        part = _read_part(piece, is_cut=is_last)
        if part is not None:
            parts.append(part)
        elif not is_last:
            return None
    return tuple(parts)


def _read_part(piece: bytes, *, is_cut: bool) -> Part | None:
    # The piece begins with the line break that ends its delimiter.
    end = _HEADER_END.search(piece)
    if end is None:
        return None
    head = _FOLD.sub(b" ", piece[: end.start()])
    names: dict[str, None] = {}
    file_name, content_type, coding = None, "", b""
    for line in head.splitlines():
        field, _, value = line.partition(b":")
        match field.strip().lower():
            case b"content-disposition":
                for found in _PARAMETER.finditer(value):
                    text = _parameter(found[3], is_extended=bool(found[2]))
                    if found[1].lower() == b"name":
                        names[text] = None
                    else:
                        file_name = text
            case b"content-type":
                content_type = value.strip().decode("utf-8", "replace")
            case b"content-transfer-encoding":
                coding = value.strip().lower()
            case _:
                pass
    content = _decoded(piece[end.end() :], coding, is_cut=is_cut)
    return Part("; ".join(names), file_name, content_type, content)


def _decoded(content: bytes, coding: bytes, *, is_cut: bool) -> bytes:
    """Undo a transfer encoding (RFC 2045 section 6); what is none stays as it is.

    Base64 that was cut ends in odd characters, or in the beginning of a delimiter.
    """
    match coding:
        case b"quoted-printable":
            return quopri.decodestring(content)
        case b"base64":
            try:
                return binascii.a2b_base64(content) or content
            except binascii.Error:
                if not is_cut:
                    return content
            kept = _NO_BASE64.sub(b"", content)
            return binascii.a2b_base64(kept[: len(kept) // 4 * 4]) or content
        case _:
            return content


def _parameter(raw: bytes, *, is_extended: bool) -> str:
    text = raw.strip().decode("utf-8", "replace")
    if is_extended:  # RFC 8187: charset'language'percent-encoded
        return unquote(text.strip('"').rpartition("'")[2], errors="replace")
    if text.startswith('"'):
        text = re.sub(r'\\(["\\])', r"\1", text[1:-1])
    # Browsers percent-encode quotes and line breaks in names, and nothing else.
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
