"""Where the parts of a multipart body lie, and what their fields are called.

A body and its boundary come in; the places of the parts' contents go out (RFC 7578,
RFC 2046 section 5.1), read as leniently as the most lenient server reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from wsgi_writer.urls import decode

_DISPOSITION = re.compile(
    rb"(?:\A|\n)content-disposition[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE
)
_DISPOSITION_NAME = re.compile(
    rb'(?:^|[;\s])name(\*[0-9*]*)?\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)',
    re.IGNORECASE | re.DOTALL,
)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """Where one multipart part's content lies, and the name of its field."""

    start: int
    end: int
    name: str | None


def read_parts(body: bytes, boundary: bytes) -> tuple[list[Part], bool]:
    """Return the parts of a multipart body, and whether its end was found."""
    if not boundary:
        return [], False
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary))
    marks = list(delimiter.finditer(body))
    is_closed = bool(marks) and body.startswith(b"--", marks[-1].end())
    ends = [mark.start() for mark in marks[1:]]
    if not is_closed:
        ends.append(len(body))
    parts = []
    for mark, end in zip(marks, ends, strict=False):
        head_end = _HEADER_END.search(body, mark.end(), end)
        # Without a blank line we cannot tell headers from content.
        is_closed = is_closed and head_end is not None
        head = body[mark.end() : head_end.start() if head_end else end]
        start = head_end.end() if head_end else mark.end()
        parts.append(Part(start, end, _part_name(head)))
    return parts, is_closed


def _part_name(head: bytes) -> str | None:
    """Return the field name of a part's headers, or None if we cannot read it."""
    disposition = _DISPOSITION.search(head)
    names = _DISPOSITION_NAME.findall(disposition[1]) if disposition else []
    if not names:
        return ""
    extended, quoted = names[0]
    name = quoted.decode("utf-8", "replace").strip('"')
    if len(names) > 1 or extended not in (b"", b"*") or name.startswith("=?"):
        return None
    if extended:
        return unquote(name.rpartition("'")[2], errors="replace")
    return decode(name.replace("\\", "").replace("+", "%2B"))
