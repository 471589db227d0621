"""The parameters of a query string or a form, one by one, listed ones replaced.

A text of `name=value` pairs comes in; its parameters go out as they were written and
as they are read, in their order. Frameworks split and decode such texts in more ways
than one; a name is listed if one of these ways finds it to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from wsgi_writer.mask import Remembered, redacted

Replace = Callable[[str], str]

# A name may also follow a second "?", a ";" that some frameworks take for "&", or
# the "#/route?" of an application that keeps its state in the fragment.
_INNER_NAME = re.compile(r"(?:^|[?;#])([^=?;#]*)=")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})++")


@dataclass(slots=True)
class Param:
    """One parameter of a query or form, after masking: as written and as read.

    Built several times per request, hence not frozen.
    """

    raw: str
    name: str
    value: str
    masked: bool


class ParamNames:
    """Decides by its raw name whether a parameter is listed, and what replaces it.

    A name is percent-decoded and compared in lower case; a name in the manner of
    `user[password]` or `user.password` is listed when one of its parts is. One that
    is no UTF-8 is listed when any name beyond ASCII is: it may be that one.

    Args:
        listed: The names in lower case, and what replaces their values.
        read: Decodes a name.
    """

    def __init__(
        self, listed: Mapping[str, Replace], read: Callable[[str], str] | None = None
    ) -> None:
        # Mutable state: the memory of a pure function, which any thread may fill.
        self._listed = listed
        self._read = read or decode
        self._has_odd = not all(name.isascii() for name in listed)
        self._known = Remembered(self._find)

    def replacement(self, raw_name: str) -> Replace | None:
        """Return the function that replaces the values of this name, if any."""
        return self._known[raw_name]

    def _find(self, raw_name: str) -> Replace | None:
        name = self._read(raw_name).lower().strip()
        if self._has_odd and "\ufffd" in name:
            return redacted
        found = self._listed.get(name)
        if found is None:
            for part in re.split(r"[\[\].]+", name):
                found = found or self._listed.get(part)
        return found


def decode(text: str) -> str:
    """Percent-decode one name or value; bytes that are no UTF-8 become U+FFFD.

    `urllib.parse.unquote_plus` says the same, one escape after the other.
    """
    if "+" in text:
        text = text.replace("+", " ")
    return _ESCAPES.sub(_unescape, text) if "%" in text else text


@lru_cache(maxsize=1024)
def quoted_mark(mark: str) -> str:
    """Percent-encode what takes a secret's place; a hostile URL is full of it."""
    return quote(mark, safe="", errors="replace")  # a mask shows how a secret ends


def read_params(text: str, names: ParamNames) -> Iterator[Param]:
    """Split at `&` alone, keep order, duplicates and blanks, replace what is listed."""
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if equals and (
            names.replacement(name) is not None
            or ";" in part
            or "?" in part
            or "#" in part
        ):
            raw = mask_param(part, names)
            name, _, value = raw.partition("=")
            yield Param(raw, decode(name), decode(value), masked=raw is not part)
        else:
            yield Param(part, decode(name), decode(value), masked=False)


def mask_within(param: Param, replace: Replace) -> Param:
    """Return a parameter with what its name and its value hold replaced.

    Args:
        param: One whose name is not listed.
        replace: Returns the very same object for a text that stays.
    """
    name, value = replace(param.name), replace(param.value)
    if name is param.name and value is param.value:
        return param
    return Param(f"{quote(name)}={quote(value)}", name, value, masked=True)


def mask_param(part: str, names: ParamNames) -> str:
    """Return one parameter as it was written, its value replaced if it is listed.

    The value of a listed name reaches to the end, whatever stands in between.

    Returns:
        The very same object if nothing was replaced.
    """
    name, equals, value = part.partition("=")
    if not equals:
        return part
    replace = names.replacement(name)
    if replace is not None and value:
        return f"{name}={quoted_mark(replace(decode(value)))}"
    if ";" in part or "?" in part or "#" in part:
        for inner in _INNER_NAME.finditer(part):
            replace = names.replacement(inner[1])
            secret = part[inner.end() :]
            if replace is not None and secret:
                return part[: inner.end()] + quoted_mark(replace(decode(secret)))
    return part


def _unescape(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")
