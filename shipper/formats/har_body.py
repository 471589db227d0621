"""Bodies of a HAR as the bytes that went over the wire, as far as they can be known.

A body stands in a HAR as text, as Base64, or as the fields of a form, and unpacked,
whatever its Content-Encoding says. What comes out is bytes, with the headers that
describe them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from shipper.foreign import Header
from shipper.formats.objects import LogObject

BAD_BASE64: Final = "The body in the HAR was no Base64; it is left out."
NO_BOUNDARY: Final = "The form in the HAR names no boundary; it is left out."
NO_CONTENT: Final = "The HAR has a file of the form without its content."
NO_FORM: Final = "The HAR has fields of a body that is no form; it is left out."

_BOUNDARY: Final = re.compile(r";\s*boundary=\"?([^\s\";]{1,70})", re.IGNORECASE)
# Firefox shows the headers of the stream it has read a form from before the form.
_STREAM_HEADERS: Final = re.compile(
    rb"(?:Content-(?:Type|Length):[^\r\n]*\r?\n)+\r?\n", re.IGNORECASE
)
_FORM: Final = "application/x-www-form-urlencoded"
_FORMS: Final = (_FORM, "multipart/")
_UNKNOWN_TYPES: Final = ("", "x-unknown")  # what Chrome writes for no type at all


class Body(Struct, frozen=True, gc=False):
    """A body; `content` is None when it is not known, `size_bytes` may be known yet."""

    content: bytes | None
    size_bytes: int | None
    headers: tuple[Header, ...]
    remarks: tuple[str, ...] = ()


def sent(entry: LogObject, headers: tuple[Header, ...]) -> Body:
    """Return the request body: `postData`, its text before its params."""
    size_bytes = entry.integer("request.bodySize")
    given = entry.value("request.postData")
    if not isinstance(given, dict):
        return Body(b"" if size_bytes == 0 else None, size_bytes, headers)
    post = LogObject(given, is_native=entry.is_native)
    mime_type = post.text("mimeType") or ""
    text, params = given.get("text"), given.get("params")
    remarks: tuple[str, ...] = ()
    content: bytes | None = None
    if isinstance(text, str) and text:
        content = _content(post, text, given.get("encoding"))
        remarks = (BAD_BASE64,) if content is None else ()
        kind = _content_type(headers) or mime_type
        if content is not None and kind.lower().startswith(_FORMS):
            head = _STREAM_HEADERS.match(content)
            content = content if head is None else content[head.end() :]
    elif isinstance(params, list) and params:
        # The header comes first: it is what readers of the body will go by.
        content, remarks = _form(post, params, (_content_type(headers), mime_type))
    else:
        return Body(b"" if size_bytes == 0 else None, size_bytes, headers)
    return _described(content, size_bytes, headers, mime_type, remarks)


def received(entry: LogObject, headers: tuple[Header, ...]) -> Body:
    """Return the response body; text that is not there is not known."""
    size_bytes = entry.integer("response.content.size")
    if size_bytes is None:
        size_bytes = entry.integer("response.bodySize")
    given = entry.value("response.content")
    text = given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str) or (text == "" and size_bytes):
        return Body(None, size_bytes, headers)
    content = _content(entry, text, given.get("encoding"))
    remarks = (BAD_BASE64,) if content is None else ()
    mime_type = entry.text("response.content.mimeType") or ""
    return _described(content, size_bytes, headers, mime_type, remarks)


def query(entry: LogObject) -> str:
    """Return the fields of `queryString` as a URL has them, or nothing."""
    given = entry.value("request.queryString")
    fields = _fields(entry, given if isinstance(given, list) else [])
    # Insomnia keeps rows that were never filled in.
    return _urlencoded([one for one in fields if one.value("name")]).decode()


def _content(entry: LogObject, text: str, encoding: Any) -> bytes | None:
    """Return the bytes of a text; None if it says it is Base64 and is not."""
    if encoding != "base64":
        return entry.encode(text)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _described(
    content: bytes | None,
    size_bytes: int | None,
    headers: tuple[Header, ...],
    mime_type: str,
    remarks: tuple[str, ...],
) -> Body:
    """Put a body together with its headers, its type among them."""
    if content is None:
        return Body(None, size_bytes, headers, remarks)
    if content and mime_type not in _UNKNOWN_TYPES and not _content_type(headers):
        headers = (*headers, ("Content-Type", mime_type))
    return Body(content, len(content), headers, remarks)


def _form(
    post: LogObject, params: list[Any], kinds: Sequence[str]
) -> tuple[bytes | None, tuple[str, ...]]:
    """Build a form again from its fields (HAR 1.2 section "params")."""
    fields = _fields(post, params)
    if not any(kind.lower().startswith("multipart/") for kind in kinds):
        kind = next(filter(None, kinds), "").lower()
        if kind not in _UNKNOWN_TYPES and not kind.startswith(_FORM):
            # browsertime takes JSON apart so. As a text of that type the fields would
            # be what nobody has sent, and nobody would look for listed names in it.
            return None, (NO_FORM,)
        return _urlencoded(fields), ()
    boundary = next(filter(None, map(_BOUNDARY.search, kinds)), None)
    if boundary is None:
        return None, (NO_BOUNDARY,)
    mark = b"--" + boundary[1].encode("utf-8", "replace")
    is_short = any(
        field.has("fileName") and not field.value("value") for field in fields
    )
    parts = [mark + b"\r\n" + _part(field) + b"\r\n" for field in fields]
    return b"".join(parts) + mark + b"--\r\n", (NO_CONTENT,) if is_short else ()


def _fields(owner: LogObject, given: list[Any]) -> list[LogObject]:
    return [
        LogObject(field, is_native=owner.is_native)
        for field in given
        if isinstance(field, dict)
    ]


def _urlencoded(fields: Sequence[LogObject]) -> bytes:
    pairs = [(_bytes(field, "name"), _bytes(field, "value")) for field in fields]
    return urlencode(pairs).encode()


def _part(field: LogObject) -> bytes:
    """Lay out one part of a multipart form (RFC 7578 section 4)."""
    head = b'Content-Disposition: form-data; name="' + _quoted(field, "name") + b'"'
    if field.has("fileName"):
        head += b'; filename="' + _quoted(field, "fileName") + b'"'
    kind = field.raw("contentType")
    if kind is not None:
        head += b"\r\nContent-Type: " + kind.replace(b"\r", b"").replace(b"\n", b"")
    return head + b"\r\n\r\n" + _bytes(field, "value")


def _quoted(field: LogObject, name: str) -> bytes:
    """Percent-encode what would end the quoted string, as browsers do."""
    text = _bytes(field, name).replace(b"\r", b"%0D").replace(b"\n", b"%0A")
    return text.replace(b'"', b"%22")


def _bytes(field: LogObject, name: str) -> bytes:
    value = field.value(name)
    return field.encode(value) if isinstance(value, str) else field.raw(name) or b""


def _content_type(headers: tuple[Header, ...]) -> str:
    return _value(headers, "content-type")


def _value(headers: tuple[Header, ...], wanted: str) -> str:
    for name, value in headers:
        if name.lower() == wanted:
            return value
    return ""
