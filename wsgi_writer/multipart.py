"""Where the parts of a multipart body lie, and what their fields are called.

A body and its boundary come in; the places of the parts' contents go out (RFC 7578,
RFC 2046 section 5.1). Servers read what is not as it should be in ways of their own:
where two of them might find other parts, or other names, there is no answer, and what
cannot be named may have any name.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from wsgi_writer.params import decode

_DISPOSITION = b"content-disposition"
# A header that may go on in further lines, whatever ends them.
_VALUE = re.compile(rb"[ \t]*:([^\r\n]*+(?:(?:\r\n|\r|\n)[ \t]++[^\r\n]*+)*+)")
_NAME = re.compile(
    rb'(?<![\w*\-])name(\*[0-9*]*)?\s*=\s*("(?:[^"\\]|\\.)*"|[^;\r\n]*)',
    re.IGNORECASE | re.DOTALL,
)
_CODING = re.compile(
    rb"content-transfer-encoding[ \t]*:\s*(base64|quoted-printable)", re.IGNORECASE
)
_CONTAINER = re.compile(
    rb"content-type[ \t]*:\s*(?:multipart/|message/|application/http)", re.IGNORECASE
)
# RFC 8187 section 3.2.1: what has to be read, and what is like it.
_CHARSETS = {"": "utf-8", "utf-8": "utf-8", "iso-8859-1": "latin-1"}


@dataclass(frozen=True, slots=True)
class Part:
    """Where one part's content lies, the name of its field, and how it is written.

    Attributes:
        start: Where the content begins.
        end: Where it ends.
        name: Empty if the part has none, None if it cannot be read.
        coding: Its transfer encoding (RFC 2045 section 6), if it hides the content.
    """

    start: int
    end: int
    name: str | None
    coding: str = ""


class _Lines:
    """How lines end in one body, and what a delimiter and a head look like there."""

    def __init__(self, end: bytes) -> None:
        self.end = end
        self.blank = end * 2
        self.rest = re.compile(rb"(--)?(?=%b|\Z)" % end)
        # Whole headers, each of which may go on in further lines that are not blank.
        self.head = re.compile(
            rb"(?:%b[!-9;-~]++[ \t]*+:[^\r\n\0]*+(?:%b[ \t]++[^\s\0][^\r\n\0]*+)*+)++\Z"
            % (end, end)
        )


_CRLF, _LF = _Lines(b"\r\n"), _Lines(b"\n")


def read_parts(body: bytes, boundary: bytes) -> list[Part] | None:
    """Return the parts of a multipart body, or None if there may be others.

    That is so where the boundary stands in another place than on a line of its own,
    where lines end in several ways, where a part has no headers, what is none among
    them, or parts of its own, and where the end is missing.
    """
    if not boundary:
        return None
    lines = _CRLF if b"\r" in body else _LF
    marks = _delimiters(body, b"--" + boundary, lines)
    if len(marks) < 2 or marks[-1][1] is None:
        return None
    outside = body[: marks[0].start()] + body[marks[-1].end() :]
    if any(mark[1] for mark in marks[:-1]) or _DISPOSITION in outside.lower():
        return None
    parts = []
    for mark, following in pairwise(marks):
        end = following.start() - len(b"--" + boundary) - len(lines.end)
        head_end = body.find(lines.blank, mark.end(), end)
        head = body[mark.end() : head_end]
        if head_end < 0 or lines.head.match(head) is None or _CONTAINER.search(head):
            return None
        parts.append(_read_part(head, head_end + len(lines.blank), end))
    return parts


def read_names(body: bytes) -> Iterator[str | None]:
    """Return every name that a field may have in a body that nobody can take apart."""
    low = body.lower()
    at = low.find(_DISPOSITION)
    while at >= 0:
        at += len(_DISPOSITION)
        value = _VALUE.match(body, at)
        if value is not None:
            yield _field_name(value[1])
            at = value.end()
        at = low.find(_DISPOSITION, at)


def read_content(part: Part, content: bytes) -> bytes | None:
    """Undo a part's transfer encoding; None if the content is not written in it."""
    try:
        if part.coding == "base64":
            return binascii.a2b_base64(content)
        if part.coding:
            return binascii.a2b_qp(content)
    except binascii.Error:
        return None
    return content


def hides_content(body: bytes) -> bool:
    """Tell whether a part may be in a transfer encoding that hides what it holds."""
    return b"transfer-encoding" in body.lower() and _CODING.search(body) is not None


def _delimiters(body: bytes, mark: bytes, lines: _Lines) -> list[re.Match[bytes]]:
    """Return what follows each delimiter; nothing if something only looks like one."""
    found = []
    at = body.find(mark)
    while at >= 0:
        rest = lines.rest.match(body, at + len(mark))
        if rest is None or not (at == 0 or body.endswith(lines.end, 0, at)):
            return []
        found.append(rest)
        at = body.find(mark, at + len(mark))
    return found


def _read_part(head: bytes, start: int, end: int) -> Part:
    names = list(read_names(head))
    coding = _CODING.search(head)
    return Part(
        start,
        end,
        # Of two, one server takes the first and another one the last.
        "" if not names else names[0] if len(names) == 1 else None,
        coding[1].decode("ascii").lower() if coding else "",
    )


def _field_name(disposition: bytes) -> str | None:
    """Return the name in a Content-Disposition, or None if we cannot read it."""
    names = _NAME.findall(disposition)
    if not names:
        return ""
    extended, quoted = names[0]
    if (
        len(names) > 1
        or extended not in (b"", b"*")
        # It ends the name for those who know of no escapes.
        or b'\\"' in disposition
        # For those who know of no folded lines, another header may begin in a name.
        or disposition.count(b'"') % 2
        or b"\n" in quoted
        or b"\r" in quoted
        # Without quotes, some end it at a blank.
        or (quoted[:1] != b'"' and len(quoted.split()) > 1)
    ):
        return None
    name = quoted.decode("utf-8", "replace").strip().strip("\"'")
    if extended:  # RFC 8187 section 3.2: charset'language'percent-encoded
        charset, _, name = name.partition("'")
        encoding = _CHARSETS.get(charset.strip().lower())
        return unquote(name.rpartition("'")[2], encoding) if encoding else None
    if "=?" in name:
        return None  # an encoded word (RFC 2047)
    return decode(name.replace("\\", "").replace("+", "%2B"))
