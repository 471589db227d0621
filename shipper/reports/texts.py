"""Two texts side by side that may hold names of their own: JSON, XML, URLs, forms.

A text before and the one after come in, with the way to them; one `Leaf` for each
value in them goes out. They are taken apart only as far as both are of one kind; else
they are one value. Texts within texts are walked as well, down to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Final
from urllib.parse import unquote_plus

from shipper.bodies import from_data_url
from shipper.jsontext import looks_like_json, read_json
from shipper.reports.elements import values_of
from shipper.reports.leaf import (
    ABSENT,
    Absent,
    Leaf,
    Where,
    both_are,
    told_name,
    told_value,
)
from shipper.reports.pieces import aligned, joined_pieces, split
from shipper.xmltext import looks_like_xml

MAX_DEPTH: Final = 12  # texts within texts; a deeper one is one value
# What is parted in their values are cookies, and not parameters.
COOKIE_HEADERS: Final = frozenset({"cookie", "cookie2", "set-cookie", "set-cookie2"})

_MARKED = re.compile(r"\[REDACTED|sha512-|%5BREDACTED")
_MARK = re.compile(
    r"(?:[A-Za-z-]+ )?(?:\[REDACTED(?: [0-9]+)?\]|(?:hmac-)?sha512-[A-Za-z0-9+/]{86}=="
    r"(?:\?.{1,4})?)\Z"
)


def is_mark(text: str) -> bool:
    """Tell whether a whole value is a mark, or a masked key, scheme word included."""
    return _MARK.match(text) is not None


def text_leaves(where: Where, left: object, right: object) -> Iterator[Leaf]:
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
        one, other = from_data_url(left), from_data_url(right)
        if one is not None and other is not None:
            left, right = (each.decode("utf-8", "replace") for each in (one, other))
    found = list(_json(where, left, right)) or list(_xml(where, left, right))
    yield from found or _parts(where, left, right)


def _json(where: Where, left: str, right: str) -> Iterator[Leaf]:
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


def _xml(where: Where, left: str, right: str) -> Iterator[Leaf]:
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
        shown = told_name(given.name, is_gone=after is None)
        here = where.down(f"{where.place} {shown}", where.part, *given.path)
        values = [ABSENT if side is None else side.text for side in (before, after)]
        hidden = given.path if values[0] != values[1] else ()
        yield here.leaf(*values)


def _tree(where: Where, left: Any, right: Any) -> Iterator[Leaf]:
    """Walk two JSON trees; a stack, for they may be nested deeply."""
    todo: list[tuple[str, tuple[str, ...], Any, Any]] = [("", (), left, right)]
    while todo:
        name, path, one, other = todo.pop()
        below: list[tuple[str, tuple[str, ...], Any, Any]] = []
        if both_are(dict, one, other):
            for key in [*one, *(key for key in other if key not in one)]:
                shown = told_name(key, is_gone=key not in other)
                place = f"{name}.{shown}" if name else shown
                pair = one.get(key, ABSENT), other.get(key, ABSENT)
                below.append((place, (*path, key), *pair))
        elif both_are(list, one, other) and len(one) == len(other):
            for index, pair in enumerate(zip(one, other, strict=True)):
                below.append((f"{name}[{index}]", (*path, str(index)), *pair))
        if below:
            todo.extend(reversed(below))
            continue
        part = "query" if where.part == "header" else where.part
        place = f"{where.place} {name}" if name else where.place
        yield from text_leaves(
            where.down(place, part, *(path or where.path)), _plain(one), _plain(other)
        )


def _plain(value: Any) -> object:
    return value if isinstance(value, str | Absent) else told_value(value)


def _parts(where: Where, left: str, right: str) -> Iterator[Leaf]:
    """Walk the parameters of two URLs, forms or Cookie headers."""
    one, other = split(left), split(right)
    is_based = not one[0].is_pair and one[0].text == other[0].text
    if "=" not in left or "=" not in right or not (one[0].is_pair or is_based):
        yield where.leaf(left, right)
        return
    part, sign = where.part, "?"
    if where.part == "header":
        is_cookie = where.path[0].lower() in COOKIE_HEADERS
        part, sign = ("cookie", "") if is_cookie else ("query", "?")
    for before, after in joined_pieces(one, other):
        given = before or after
        assert given is not None
        if not given.is_pair:
            texts = [ABSENT if side is None else side.text for side in (before, after)]
            yield where.leaf(*texts)
            continue
        name = unquote_plus(given.name, errors="replace")
        is_gone = after is None or after.name != given.name
        shown = told_name(name, is_gone=is_gone)
        here = where.down(f"{where.place} {sign}{shown}", part, name)
        if before is not None and after is not None and is_gone:
            yield here.leaf(before.text, after.text)
            continue
        values = [
            ABSENT if side is None else unquote_plus(side.value, errors="replace")
            for side in (before, after)
        ]
        yield from text_leaves(here, *values)
