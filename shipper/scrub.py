"""Hide what the lists hide inside one text: a JSON document, a query, a cookie.

A text comes in; the same object comes back when nothing in it is listed, else a new
text with marks where the values stood. `Withheld` comes back when it cannot be
decided where the values are: that text stays on this machine.

The rules, one for each kind of text:

* JSON: members by name at any depth, and JSON inside a JSON string likewise.
* Queries and forms: by parameter name; a value that is itself a URL or JSON is looked
  into. The value of a listed name reaches to the next ``&``.
* Cookie headers: by cookie name.
* Anything else has no names. With a denylist it is sent if no listed name occurs in
  it as a word; with an allowlist it is not sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from msgspec import Struct

from shipper.bodies import MediaType
from shipper.jsontext import Document, looks_like_json, read_json, write_json
from shipper.lists import Lists, Memory, Path, mark_of

MAX_NESTING: Final = 4  # JSON in a URL in JSON …; deeper text is hidden whole

UNPARSED: Final = "unparsed"

_NAME = re.compile(r"[?&;#]([^?&;#=]*)=")
_SEPARATOR = re.compile(r"[?&;#]")
_JSON_SPACE: Final = " \t\r\n\ufeff"
# How a value begins that may be JSON itself.
NESTED: Final = frozenset('{["' + _JSON_SPACE)


class Withheld(Struct, frozen=True, gc=False):
    """A body that is not sent, and the word that says why."""

    reason: str

    @property
    def mark(self) -> str:
        """Return what stands in the body's place."""
        return f"[NOT SENT: {self.reason}]"


def may_nest(text: str) -> bool:
    """Tell whether a value may be JSON, or a URL with parameters."""
    if text[:1] in NESTED:
        return True
    if "?" not in text and "&" not in text and "#" not in text:
        return False
    end = text.rfind("=")  # a mask's padding stands before its question mark
    return end > 0 and (
        text.find("?", 0, end) >= 0
        or text.find("&", 0, end) >= 0
        or text.find("#", 0, end) >= 0
    )


class Scrubber:
    """Applies one pair of lists to texts."""

    def __init__(self, lists: Lists) -> None:
        # Mutable state: a bounded memory of a pure function, for the few marks.
        self._lists = lists
        self._encoded = Memory(lambda text: quote(text, safe=""))

    def body(self, text: str, media: MediaType) -> str | Withheld:
        """Scrub a body of any type."""
        if not self._lists.is_set or not text.strip(_JSON_SPACE):
            return text
        if media.is_json or looks_like_json(text):
            scrubbed = self.json(text)
            if scrubbed is not None:
                return scrubbed
        elif media.is_form:
            return self.form(text)
        if self._lists.is_allowlist or self._lists.occurs_in(text):
            return Withheld(UNPARSED)
        return text

    def json(self, text: str, depth: int = 0) -> str | None:
        """Scrub a JSON text, or several, one a line; None if it is neither."""
        document = read_json(text)
        if document is not None:
            return self._document(text, document, depth)
        lines = text.split("\n")
        if len(lines) == 1:
            return None
        scrubbed = []
        for line in lines:
            part = read_json(line) if line.strip() else None
            if part is None and line.strip():
                return None
            scrubbed.append(self._document(line, part, depth) if part else line)
        return "\n".join(scrubbed) if scrubbed != lines else text

    def url(self, text: str, depth: int = 0) -> str:
        """Scrub the parameters of a URL, in query, fragment and path alike."""
        return self._pairs(text, depth) if "=" in text else text

    def form(self, text: str, depth: int = 0) -> str:
        """Scrub an urlencoded form."""
        scrubbed = self._pairs("&" + text, depth)[1:] if "=" in text else text
        return text if scrubbed == text else scrubbed

    def value(self, text: str, depth: int = 0) -> str:
        """Scrub the decoded value of a name that is not itself hidden."""
        if self._lists.is_allowlist or not may_nest(text):
            return text  # an allowlisted name keeps its whole value
        if depth >= MAX_NESTING:
            return mark_of(text) if self._lists.occurs_in(text) else text
        if looks_like_json(text):
            scrubbed = self.json(text, depth + 1)
            if scrubbed is not None:
                return scrubbed
        return self.form(text, depth + 1)

    def cookies(self, text: str) -> str:
        """Scrub a Cookie header (RFC 6265 section 4.2)."""
        return ";".join(map(self._cookie, text.split(";")))

    def set_cookie(self, text: str) -> str:
        """Scrub a Set-Cookie header; its attributes are no cookies."""
        first, semicolon, attributes = text.partition(";")
        return self._cookie(first) + semicolon + attributes

    def _cookie(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not equals or not value or not self._lists.hides[name.strip()]:
            return pair
        return f"{name}={mark_of(value.strip())}"

    def _pairs(self, text: str, depth: int) -> str:
        lists = self._lists
        pieces: list[str] = []
        kept_to, start = 0, 0
        while (found := _NAME.search(text, start)) is not None:
            start = found.end()
            end = text.find("&", start)
            end = len(text) if end < 0 else end
            value = _decoded(text[start:end])
            if not value:
                continue
            if lists.hides_param[found[1]]:
                scrubbed = mark_of(value)
            elif lists.is_allowlist:
                start = end
                continue
            else:
                if not looks_like_json(value):
                    # Raw separators part the value; those within it are encoded.
                    separator = _SEPARATOR.search(text, start, end)
                    if separator is not None:
                        end = separator.start()
                        value = _decoded(text[start:end])
                scrubbed = self.value(value, depth)
            if scrubbed != value:
                pieces += (text[kept_to:start], self._encoded[scrubbed])
                kept_to = start = end
        return "".join(pieces) + text[kept_to:] if pieces else text

    def _document(self, text: str, document: Document, depth: int) -> str:
        holder = [document.root]
        if self._lists.paths or self._lists.is_allowlist:
            changed = self._walk_paths(holder, depth)
        else:
            # JSON within a JSON string has quotes, and so a backslash.
            changed = self._walk(holder, depth, may_nest="\\" in text)
        if not changed:
            return text
        document.root = holder[0]
        return write_json(document)

    def _walk(self, root: list[Any], depth: int, *, may_nest: bool) -> bool:
        """Hide members by name alone; True if anything was hidden."""
        hides = self._lists.hides
        changed = False
        nodes: list[Any] = [root]
        while nodes:
            node = nodes.pop()
            is_object = type(node) is dict
            members: Iterable[tuple[Any, Any]] = (
                node.items() if is_object else enumerate(node)
            )
            for key, value in members:
                if is_object and hides[key]:
                    scrubbed = mark_of(value)
                else:
                    kind = type(value)
                    if kind is dict or kind is list:
                        nodes.append(value)
                        continue
                    if not may_nest or kind is not str or value[:1] not in NESTED:
                        continue
                    scrubbed = self._string(value, depth)
                if scrubbed != value:
                    node[key] = scrubbed
                    changed = True
        return changed

    def _walk_paths(self, root: list[Any], depth: int) -> bool:
        """Hide members by name or path, or all but these; True if any was hidden."""
        lists = self._lists
        changed = False
        nodes: list[tuple[Any, tuple[Path, ...]]] = [(root, lists.paths)]
        while nodes:
            node, paths = nodes.pop()
            is_object = type(node) is dict
            members: Iterable[tuple[Any, Any]] = (
                node.items() if is_object else enumerate(node)
            )
            for key, value in members:
                step = str(key).casefold()
                here = tuple(path for path in paths if path[0] in (step, "*"))
                # The list around the root is ours, and no step of anybody's path.
                if node is root:
                    here = ()
                listed = (is_object and lists.is_listed(key)) or any(
                    len(path) == 1 for path in here
                )
                if listed and lists.is_allowlist:
                    continue
                if type(value) in (dict, list) and not listed:
                    ahead = tuple(path[1:] for path in here)
                    nodes.append((value, ahead if is_object else (*ahead, *paths)))
                    continue
                if listed or lists.is_allowlist:
                    scrubbed = mark_of(value)
                elif type(value) is str and value[:1] in NESTED:
                    scrubbed = self._string(value, depth)
                else:
                    continue
                if scrubbed != value:
                    node[key] = scrubbed
                    changed = True
        return changed

    def _string(self, text: str, depth: int) -> str:
        """Scrub a JSON string that may hold JSON itself."""
        if depth >= MAX_NESTING:
            return mark_of(text) if self._lists.occurs_in(text) else text
        scrubbed = self.json(text, depth + 1)
        return text if scrubbed is None else scrubbed


def _decoded(text: str) -> str:
    if "%" in text or "+" in text:
        return unquote_plus(text, errors="replace")
    return text
