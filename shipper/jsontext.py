"""JSON text as a tree and back, without changing a number on the way.

Text comes in and a tree of plain dicts and lists goes out, or None for text that is
no JSON. Numbers that are no integers are kept as they were written, so that hiding
one member of an object does not round another.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Struct


def _as_written(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())


_DECODER = msgspec.json.Decoder(float_hook=_as_written)
_ENCODER = msgspec.json.Encoder()
_CHECKER = msgspec.json.Decoder(msgspec.Raw)
# A text out of other JSON may hold half of a surrogate pair, which has no UTF-8.
_REFUSALS = (msgspec.DecodeError, UnicodeEncodeError, RecursionError)


class Document(Struct):
    """A parsed text; `root` may be changed in place or replaced.

    `is_lenient` says that the text holds what the RFC forbids and Python and
    JavaScript write all the same: NaN, or half of a surrogate pair.
    """

    root: Any
    is_lenient: bool = False


def read_json(text: str) -> Document | None:
    """Parse one JSON text, or return None."""
    if not _may_be_whole(text):
        return None
    try:
        return Document(_DECODER.decode(text))
    except _REFUSALS:
        pass
    try:
        root = json.loads(text.lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        return None
    return Document(root, is_lenient=True)


def _may_be_whole(text: str) -> bool:
    """Tell whether a text ends as it begins; an object or array that was cut does not.

    Without this, one of 16 KB would be read to its end twice, to no avail.
    """
    last = _LAST.get(text[:1])
    return last is None or text.rstrip(_BLANKS)[-1:] == last


def read_repeated(text: str) -> Any | None:
    """Parse a text in which a key is given twice, losing neither of its values.

    RFC 8259 section 4 leaves open which of them counts; both stand in a list here.

    Returns:
        The tree, or None if no object has a key twice.
    """
    repeated = False

    def gather(members: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        gathered = dict(members)
        if len(gathered) == len(members):
            return gathered
        repeated = True
        gathered.clear()
        for key, value in members:
            earlier = gathered.get(key)
            gathered[key] = value if key not in gathered else [earlier, value]
        return gathered

    root = json.loads(
        text.lstrip("\ufeff"),
        strict=False,
        object_pairs_hook=gather,
        parse_int=str,
        parse_float=str,
    )
    return root if repeated else None


def write_json(document: Document) -> str:
    """Lay a document out as compact JSON."""
    if document.is_lenient:
        return json.dumps(document.root, separators=(",", ":"))
    return _ENCODER.encode(document.root).decode()


def is_json(text: str) -> bool:
    """Tell whether a text is strict JSON, without building the tree."""
    try:
        _CHECKER.decode(text)
    except _REFUSALS:
        return False
    return True


def looks_like_json(text: str) -> bool:
    """Tell whether a text begins like a JSON object, array or string."""
    first = text[:1]
    if first in _OPENERS:
        return bool(first)
    return text.lstrip(" \t\r\n\ufeff")[:1] in ("{", "[", '"')


def begins_like_tree(text: str) -> bool:
    """Tell whether a text begins like a JSON object or array."""
    return text.lstrip(" \t\r\n\ufeff")[:1] in ("{", "[")


_OPENERS = '{["'
_LAST = {"{": "}", "[": "]"}
_BLANKS = " \t\r\n"  # RFC 8259 section 2
