"""Two entries side by side, value by value: as it lies on disk, and as it leaves.

A HAR entry before and the one after come in; one `Leaf` for each value goes out, in
reading order, with its place in the words of HAR. Texts that hold names themselves,
such as URLs, forms, cookies and JSON, are taken apart as far as they differ. A name
that does not leave may be a secret itself, and stands in a place as ``*`` then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from operator import attrgetter, itemgetter
from typing import Any, Final, Literal
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from shipper import har
from shipper.bodies import as_text, from_base64, from_data_url, read_media_type
from shipper.detect import Detectors
from shipper.hiding import shown_name
from shipper.jsontext import looks_like_json, read_json
from shipper.reports.elements import values_of
from shipper.reports.pieces import aligned, joined_pieces, split
from shipper.xmltext import looks_like_xml

Side = Literal["request", "response", ""]
Part = Literal["header", "cookie", "query", "param", "body", ""]

MAX_DEPTH: Final = 12  # texts within texts; a deeper one is one value

_URLS: Final = frozenset({"url", "redirectURL", "pageref"})
_NAMED: Final[Mapping[str, Part]] = {
    "headers": "header",
    "cookies": "cookie",
    "queryString": "query",
    "params": "param",
}
_DETECTORS: Final = Detectors()
_COOKIES: Final = frozenset({"cookie", "cookie2", "set-cookie", "set-cookie2"})
_MARKED = re.compile(r"\[REDACTED|sha512-|%5BREDACTED")
_MARK = re.compile(
    r"(?:[A-Za-z-]+ )?(?:\[REDACTED(?: [0-9]+)?\]|(?:hmac-)?sha512-[A-Za-z0-9+/]{86}=="
    r"(?:\?.{1,4})?)\Z"
)


class Leaf(Struct, frozen=True, gc=False):
    """One value, before and after.

    Attributes:
        place: For people, such as ``request.url ?page`` or ``response.content a[0].b``.
        side: Of the exchange; empty for what belongs to neither.
        part: What kind of name leads to the value.
        path: The names that lead to it: one, or several within JSON.
        before: As text; None when it was not there.
        after: As text; None when it is no longer there.
    """

    place: str
    side: Side
    part: Part
    path: tuple[str, ...]
    before: str | None
    after: str | None

    @property
    def is_changed(self) -> bool:
        """What leaves is not what lies on disk."""
        return self.before != self.after


class _Where(Struct, frozen=True, gc=False):
    """The way to a value so far."""

    place: str
    side: Side = ""
    part: Part = ""
    path: tuple[str, ...] = ()
    depth: int = 0

    def leaf(self, before: object, after: object) -> Leaf:
        """Return the value that stands here; `_ABSENT` is no value."""
        return Leaf(
            self.place, self.side, self.part, self.path, _shown(before), _shown(after)
        )

    def down(self, place: str, part: Part, *path: str) -> _Where:
        """Return a place within this one."""
        return _Where(place, self.side, part, path, self.depth + 1)


class _Absent:
    pass


_ABSENT: Final = _Absent()


def is_mark(text: str) -> bool:
    """Tell whether a whole value is a mark, or a masked key, scheme word included."""
    return _MARK.match(text) is not None


def leaves(before: har.HarEntry, after: har.HarEntry) -> Iterator[Leaf]:
    """Yield every value of two entries; equal texts are one value each."""
    left, right = msgspec.to_builtins(before), msgspec.to_builtins(after)
    yield from _members(_Where(""), left, right)


def _members(where: _Where, left: Any, right: Any) -> Iterator[Leaf]:
    """Walk an object of HAR itself."""
    for name in [*left, *(name for name in right if name not in left)]:
        one, other = left.get(name, _ABSENT), right.get(name, _ABSENT)
        place = f"{where.place}.{name}" if where.place else name
        here = _Where(place, where.side)
        match name:
            case "request" | "response":
                yield from _members(_Where(name, name), one, other)
            case "postData" | "content" if _are(dict, one, other):
                yield from _body(here, one, other)
            case _ if name in _NAMED and _are(list, one, other):
                yield from _pairs(here, _NAMED[name], one, other)
            case _ if name in _URLS:
                yield from _text(_Where(place, where.side, "query"), one, other)
            case _ if _are(dict, one, other):
                yield from _members(here, one, other)
            case _:
                yield here.leaf(one, other)


def _pairs(where: _Where, part: Part, left: Any, right: Any) -> Iterator[Leaf]:
    """Walk headers, cookies or parameters."""
    for one, other in aligned(left, right, itemgetter("name")):
        given: Any = other if one is None else one
        name = given["name"]
        is_gone = other is None or other["name"] != name
        shown = _named(name, is_gone=is_gone)
        here = _Where(f"{where.place}[{shown}]", where.side, part, (name,))
        if other is None and part == "header" and name.lower() in _COOKIES:
            yield from _removed_cookies(here, given["value"])
            continue
        if one is None or other is None:
            values = [
                _ABSENT if it is None else it.get("value", "") for it in (one, other)
            ]
            yield here.leaf(*values)
            continue
        if is_gone:
            yield here.leaf(*map(_pair, (one, other)))
            continue
        yield from _text(here, one.get("value", ""), other.get("value", ""))
        for extra in one:
            if extra not in ("name", "value") and one[extra] != other.get(extra):
                more = _Where(f"{here.place}.{extra}", where.side, part, (name,))
                yield more.leaf(one[extra], other.get(extra, _ABSENT))


def _pair(named: Any) -> str:
    return f"{named['name']}={named.get('value', '')}"


def _removed_cookies(where: _Where, value: str) -> Iterator[Leaf]:
    """Walk a header that is gone because nothing is left of its cookies."""
    header = where.path[0]
    pieces = split(value)
    if header.lower().startswith("set-"):
        pieces = pieces[:1]  # what follows are attributes of the one cookie
    for piece in pieces:
        place = f"{where.place} {_named(piece.name, is_gone=True)}"
        here = where.down(place, "cookie", header, piece.name)
        yield here.leaf(piece.value, _ABSENT)


def _body(where: _Where, left: Any, right: Any) -> Iterator[Leaf]:
    text = left.get("text", _ABSENT), right.get("text", _ABSENT)
    params = left.get("params", _ABSENT), right.get("params", _ABSENT)
    others = {"text", "params"}
    if left.get("encoding") != right.get("encoding"):
        others.add("encoding")  # said by the text beside it
    yield from _members(
        where,
        {name: value for name, value in left.items() if name not in others},
        {name: value for name, value in right.items() if name not in others},
    )
    here = _Where(where.place, where.side, "body")
    if _are(list, *params):
        yield from _pairs(_Where(f"{where.place}.params", where.side), "param", *params)
    elif params != (_ABSENT, _ABSENT):
        yield here.leaf(*(_whole(side) for side in (left, right)))
    elif text != (_ABSENT, _ABSENT):
        if text[0] != text[1]:
            text = _opened(left), _opened(right)
        yield from _text(here, *text)


def _whole(body: Any) -> object:
    text = body.get("text", _ABSENT)
    return msgspec.json.encode(body["params"]).decode() if "params" in body else text


def _opened(body: Any) -> object:
    """Return a body's text out of its Base64, where that is text."""
    text = body.get("text", _ABSENT)
    if not isinstance(text, str):
        return text
    raw = from_base64(text) if "encoding" in body else from_data_url(text)
    if raw is None:
        return text
    return as_text(raw, read_media_type(body["mimeType"]), is_cut=True) or text


def _text(where: _Where, left: object, right: object) -> Iterator[Leaf]:
    """Walk two texts that may hold names of their own."""
    if (
        not isinstance(left, str)
        or not isinstance(right, str)
        or where.depth >= MAX_DEPTH
        or (left == right and (_MARKED.search(left) is None or is_mark(left)))
    ):
        yield where.leaf(left, right)
        return
    if left.startswith("data:") and right.startswith("data:") and left != right:
        packed = from_data_url(left), from_data_url(right)
        if packed[0] is not None and packed[1] is not None:
            left, right = (one.decode("utf-8", "replace") for one in packed if one)
    found = list(_json(where, left, right)) or list(_xml(where, left, right))
    yield from found or _parts(where, left, right)


def _json(where: _Where, left: str, right: str) -> Iterator[Leaf]:
    """Walk two JSON texts, or several, one a line; nothing if they are none."""
    if not looks_like_json(left) or not looks_like_json(right):
        return
    one, other = read_json(left), read_json(right)
    if one is not None and other is not None:
        yield from _tree(where, one.root, other.root)
        return
    lines, others = left.split("\n"), right.split("\n")
    if len(lines) != len(others) or len(lines) == 1:
        return
    for number, pair in enumerate(zip(lines, others, strict=True), start=1):
        if not all(read_json(text) or not text.strip() for text in pair):
            return
        if any(text.strip() for text in pair):
            here = where.down(f"{where.place} line {number}", where.part)
            yield from _json(here, *pair)


def _xml(where: _Where, left: str, right: str) -> Iterator[Leaf]:
    """Walk two XML documents; nothing if they are none."""
    if not looks_like_xml(left) or not looks_like_xml(right):
        return
    one, other = values_of(left), values_of(right)
    if one is None or other is None:
        return
    hidden: tuple[str, ...] = ()
    for before, after in aligned(one, other, attrgetter("name")):
        given = before or after
        assert given is not None
        if after is None and hidden and given.path[: len(hidden)] == hidden:
            continue  # it went with the element it stands in
        shown = _named(given.name, is_gone=after is None)
        here = where.down(f"{where.place} {shown}", where.part, *given.path)
        values = [_ABSENT if side is None else side.text for side in (before, after)]
        hidden = given.path if values[0] != values[1] else ()
        yield here.leaf(*values)


def _tree(where: _Where, left: Any, right: Any) -> Iterator[Leaf]:
    """Walk two JSON trees; a stack, for they may be nested deeply."""
    todo: list[tuple[str, tuple[str, ...], Any, Any]] = [("", (), left, right)]
    while todo:
        name, path, one, other = todo.pop()
        below: list[tuple[str, tuple[str, ...], Any, Any]] = []
        if _are(dict, one, other):
            for key in [*one, *(key for key in other if key not in one)]:
                shown = _named(key, is_gone=key not in other)
                place = f"{name}.{shown}" if name else shown
                pair = one.get(key, _ABSENT), other.get(key, _ABSENT)
                below.append((place, (*path, key), *pair))
        elif _are(list, one, other) and len(one) == len(other):
            for index, pair in enumerate(zip(one, other, strict=True)):
                below.append((f"{name}[{index}]", (*path, str(index)), *pair))
        if below:
            todo.extend(reversed(below))
            continue
        part = "query" if where.part == "header" else where.part
        place = f"{where.place} {name}" if name else where.place
        yield from _text(
            where.down(place, part, *(path or where.path)), _plain(one), _plain(other)
        )


def _plain(value: Any) -> object:
    return value if isinstance(value, str | _Absent) else _shown(value)


def _parts(where: _Where, left: str, right: str) -> Iterator[Leaf]:
    """Walk the parameters of two URLs, forms or Cookie headers."""
    one, other = split(left), split(right)
    is_based = not one[0].is_pair and one[0].text == other[0].text
    if "=" not in left or "=" not in right or not (one[0].is_pair or is_based):
        yield where.leaf(left, right)
        return
    part, sign = where.part, "?"
    if where.part == "header":
        is_cookie = where.path[0].lower() in _COOKIES
        part, sign = ("cookie", "") if is_cookie else ("query", "?")
    for before, after in joined_pieces(one, other):
        given = before or after
        assert given is not None
        if not given.is_pair:
            texts = [_ABSENT if side is None else side.text for side in (before, after)]
            yield where.leaf(*texts)
            continue
        name = unquote_plus(given.name, errors="replace")
        is_gone = after is None or after.name != given.name
        shown = _named(name, is_gone=is_gone)
        here = where.down(f"{where.place} {sign}{shown}", part, name)
        if before is not None and after is not None and is_gone:
            yield here.leaf(before.text, after.text)
            continue
        values = [
            _ABSENT if side is None else unquote_plus(side.value, errors="replace")
            for side in (before, after)
        ]
        yield from _text(here, *values)


def _named(name: str, *, is_gone: bool) -> str:
    """Return a name as it may be shown."""
    if not is_gone:
        return name
    return "*" if _DETECTORS.find(name) else shown_name(name)


def _are(kind: type, *values: object) -> bool:
    return all(type(value) is kind for value in values)


def _shown(value: object) -> str | None:
    if isinstance(value, str) or value is None:
        return "null" if value is None else value
    if isinstance(value, _Absent):
        return None
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return msgspec.json.encode(value).decode()
