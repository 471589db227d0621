"""Two entries side by side, value by value: as it lies on disk, and as it leaves.

A HAR entry before and the one after come in; one `Leaf` for each value goes out, in
reading order, with its place in the words of HAR. Texts that hold names themselves,
such as URLs, forms, cookies and JSON, are taken apart by `texts`, as far as they
differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, Final

import msgspec

from shipper import har
from shipper.bodies import as_text, from_base64, from_data_url, read_media_type
from shipper.reports.leaf import ABSENT, Leaf, Part, Where, both_are, told_name
from shipper.reports.pieces import aligned, split
from shipper.reports.texts import COOKIE_HEADERS, text_leaves

_URLS: Final = frozenset({"url", "redirectURL", "pageref"})
_NAMED: Final[Mapping[str, Part]] = {
    "headers": "header",
    "cookies": "cookie",
    "queryString": "query",
    "params": "param",
}


def leaves(before: har.HarEntry, after: har.HarEntry) -> Iterator[Leaf]:
    """Yield every value of two entries; equal texts are one value each."""
    left, right = msgspec.to_builtins(before), msgspec.to_builtins(after)
    yield from _members(Where(""), left, right)


def _members(where: Where, left: Any, right: Any) -> Iterator[Leaf]:
    """Walk an object of HAR itself."""
    for name in [*left, *(name for name in right if name not in left)]:
        one, other = left.get(name, ABSENT), right.get(name, ABSENT)
        place = f"{where.place}.{name}" if where.place else name
        here = Where(place, where.side)
        match name:
            case "request" | "response":
                yield from _members(Where(name, name), one, other)
            case "postData" | "content" if both_are(dict, one, other):
                yield from _body(here, one, other)
            case _ if name in _NAMED and both_are(list, one, other):
                yield from _pairs(here, _NAMED[name], one, other)
            case _ if name in _URLS:
                yield from text_leaves(Where(place, where.side, "query"), one, other)
            case _ if both_are(dict, one, other):
                yield from _members(here, one, other)
            case _:
                yield here.leaf(one, other)


def _pairs(where: Where, part: Part, left: Any, right: Any) -> Iterator[Leaf]:
    """Walk headers, cookies or parameters."""
    for one, other in aligned(left, right, itemgetter("name")):
        given: Any = other if one is None else one
        name = given["name"]
        is_gone = other is None or other["name"] != name
        shown = told_name(name, is_gone=is_gone)
        here = Where(f"{where.place}[{shown}]", where.side, part, (name,))
        if other is None and part == "header" and name.lower() in COOKIE_HEADERS:
            yield from _removed_cookies(here, given["value"])
            continue
        if one is None or other is None:
            values = [
                ABSENT if it is None else it.get("value", "") for it in (one, other)
            ]
            yield here.leaf(*values)
            continue
        if is_gone:
            yield here.leaf(*map(_pair, (one, other)))
            continue
        yield from text_leaves(here, one.get("value", ""), other.get("value", ""))
        for extra in one:
            if extra not in ("name", "value") and one[extra] != other.get(extra):
                more = Where(f"{here.place}.{extra}", where.side, part, (name,))
                yield more.leaf(one[extra], other.get(extra, ABSENT))


def _pair(named: Any) -> str:
    return f"{named['name']}={named.get('value', '')}"


def _removed_cookies(where: Where, value: str) -> Iterator[Leaf]:
    """Walk a header that is gone because nothing is left of its cookies."""
    header = where.path[0]
    pieces = split(value)
    if header.lower().startswith("set-"):
        pieces = pieces[:1]  # what follows are attributes of the one cookie
    for piece in pieces:
        place = f"{where.place} {told_name(piece.name, is_gone=True)}"
        here = where.down(place, "cookie", header, piece.name)
        yield here.leaf(piece.value, ABSENT)


def _body(where: Where, left: Any, right: Any) -> Iterator[Leaf]:
    text = left.get("text", ABSENT), right.get("text", ABSENT)
    params = left.get("params", ABSENT), right.get("params", ABSENT)
    others = {"text", "params"}
    if left.get("encoding") != right.get("encoding"):
        others.add("encoding")  # said by the text beside it
    yield from _members(
        where,
        {name: value for name, value in left.items() if name not in others},
        {name: value for name, value in right.items() if name not in others},
    )
    here = Where(where.place, where.side, "body")
    if both_are(list, *params):
        yield from _pairs(Where(f"{where.place}.params", where.side), "param", *params)
    elif params != (ABSENT, ABSENT):
        yield here.leaf(*(_whole(side) for side in (left, right)))
    elif text != (ABSENT, ABSENT):
        if text[0] != text[1]:
            text = _opened(left), _opened(right)
        yield from text_leaves(here, *text)


def _whole(body: Any) -> object:
    text = body.get("text", ABSENT)
    return msgspec.json.encode(body["params"]).decode() if "params" in body else text


def _opened(body: Any) -> object:
    """Return a body's text out of its Base64, where that is text."""
    text = body.get("text", ABSENT)
    if not isinstance(text, str):
        return text
    raw = from_base64(text) if "encoding" in body else from_data_url(text)
    if raw is None:
        return text
    return as_text(raw, read_media_type(body["mimeType"]), is_cut=True) or text
