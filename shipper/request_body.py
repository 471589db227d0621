"""What one field of a request body says: the value at a path, of JSON or a form.

The request of an entry comes in; the text at a dotted path goes out, or None. The
body is opened only as far as it takes, and within the bounds that hold for opening
it elsewhere. What was cut off is no value: half an account number is another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Struct

from shipper import har
from shipper.bodies import (
    MediaType,
    as_text,
    codings_of,
    from_data_url,
    is_data_url,
    is_packed,
    read_media_type,
    unpack,
)
from shipper.multipart import read_parts

Fields = Sequence[tuple[str, str]]


class _Opened(Struct, frozen=True, gc=False):
    content: bytes
    is_cut: bool


def text_of(request: har.Request) -> str | None:
    """Return a body that is text, out of its packing; None for any other."""
    body = request.post_data
    if body is UNSET or body.text is UNSET:
        return None
    if not is_data_url(body.text):
        return body.text
    opened = _open(request, body)
    if opened is None:
        return None
    media = read_media_type(body.mime_type)
    return as_text(opened.content, media, is_cut=opened.is_cut)


def fields_of(request: har.Request) -> Fields | None:
    """Return the fields of a form, in order and without files; None for no form.

    The last field of a body that was cut is left out.
    """
    body = request.post_data
    if body is UNSET:
        return None
    if body.params is not UNSET:
        fields = [(each.name, each.value or "") for each in body.params]
        return fields[:-1] if body.comment is not UNSET else fields
    media = read_media_type(body.mime_type)
    if not media.is_form and not media.is_multipart:
        return None
    opened = _open(request, body)
    if opened is None:
        return None
    found = _read_fields(opened.content, media)
    return found[:-1] if found is not None and opened.is_cut else found


def value_at(request: har.Request, path: str) -> str | None:
    """Return the text or whole number at a dotted path, such as ``account.id``.

    A number as a step counts the elements of an array. In a form the path is the
    field's name as it stands; the first of several fields counts.
    """
    fields = fields_of(request)
    if fields is not None:
        return next((value for name, value in fields if name == path), None)
    text = text_of(request)
    if text is None or not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return None
    try:
        node: Any = msgspec.json.decode(text.lstrip("\ufeff"))
    except (msgspec.DecodeError, RecursionError):
        return None
    for step in path.split("."):
        node = _inside(node, step)
    if isinstance(node, str):
        return node
    return str(node) if type(node) is int else None


def _inside(node: Any, step: str) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and step.isdecimal() and len(step) < 10:
        return node[int(step)] if int(step) < len(node) else None
    return None


def _open(request: har.Request, body: har.PostData) -> _Opened | None:
    """Take a body out of its data URL and its content codings."""
    assert body.text is not UNSET
    is_cut = body.comment is not UNSET
    if not is_data_url(body.text):
        return _Opened(body.text.encode(), is_cut)
    raw = from_data_url(body.text)
    codings = codings_of(request.headers)
    # The writer stores a packed body unpacked when it had to mask it.
    if raw is None or not raw or not codings or not is_packed(raw, codings[-1]):
        return None if raw is None else _Opened(raw, is_cut)
    unpacked = unpack(raw, codings)
    if unpacked is None:
        return None
    return _Opened(unpacked.content, is_cut or not unpacked.is_whole)


def _read_fields(content: bytes, media: MediaType) -> list[tuple[str, str]] | None:
    if media.is_form:
        text = as_text(content, media)
        return None if text is None else parse_qsl(text, keep_blank_values=True)
    parts = read_parts(content, media.boundary)
    if parts is None:
        return None
    # A file is kept in the list: it may be the one that was cut.
    return [
        (part.name, "" if part.file_name else part.content.decode("utf-8", "replace"))
        for part in parts
    ]
