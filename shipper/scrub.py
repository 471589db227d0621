"""Hide what the lists hide inside one text: a JSON document, a query, a cookie.

A text comes in; the same object comes back when nothing in it is listed, else a new
text with marks where the values stood. `Withheld` comes back when it cannot be
decided where the values are: that text stays on this machine.

The rules, one for each kind of text:

* JSON: members by name at any depth, and JSON inside a JSON string likewise.
* Queries and forms: by parameter name; a value that is itself a URL or JSON is looked
  into. The value of a listed name reaches to the next ``&``.
* XML: elements and attributes by name, with a denylist.
* Cookie headers: by cookie name.
* A text that stands where a name would, such as ``?{"ssn":1}``, is searched as JSON,
  or hidden whole if a listed name occurs in it.
* Taken out rather than marked, a parameter or a cookie goes with its name and one
  separator.
* Anything else has no names. With a denylist it is sent if no listed name occurs in
  it as a word; with an allowlist it is not sent.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_plus

from msgspec import Struct

from shipper.bodies import MediaType
from shipper.jsontext import looks_like_json
from shipper.lists import Lists, Memory, mark_of
from shipper.trees import MAX_NESTING, NESTED, TreeScrubber
from shipper.xmltext import looks_like_xml, scrub_xml

UNPARSED: Final = "unparsed"

_NAME = re.compile(r"[?&;#]([^?&;#=]*)=")
# The writer lays out the "#" of a target as "%23", because a target has no fragment.
_ESCAPED_HASH: Final = "%23"
_ESCAPED_NAME = re.compile(r"%23([^?&;#=]*)=")
_SEPARATOR = re.compile(r"[?&;#]")
_BARE_NAME = re.compile(r"([?&])([^&#=]+)(?==?(?:[&#]|\Z))")
# A value in which nothing can be nested, to the end of its pair.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.~\-]*+(?=&|\Z)")
# A URL, also one between angle brackets (Link), or behind seconds (Refresh).
_URL = re.compile(
    r"(?:[0-9.]+\s*;\s*url\s*=)?[\s<\"']*+(?:[a-z][a-z0-9+.\-]*:)?/", re.IGNORECASE
)
# A URL between angle brackets, or what stands between two of them (RFC 8288).
_BRACKETED = re.compile(r"<[^>]*+|[^<]++")
_TAG = re.compile(r"<[^>]*+>?")
_JSON_START = re.compile(
    r"(?:[\s+]|%20|%09|%0D|%0A|%EF%BB%BF)*+(?:[{\[\"]|%7B|%5B|%22)", re.IGNORECASE
)
_JSON_SPACE: Final = " \t\r\n\ufeff"


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


def may_tell(text: str) -> bool:
    """Tell whether a header's value may hold names: JSON, or a URL."""
    if "=" not in text and '"' not in text and "?" not in text:
        return False
    return may_nest(text) or ("/" in text and _URL.match(text) is not None)


def may_part(text: str) -> bool:
    """Tell whether a parameter's value may nest, or be several for some frameworks."""
    return may_nest(text) or (";" in text and "=" in text) or looks_like_xml(text)


class Scrubber:
    """Applies the lists of one place to texts."""

    def __init__(self, lists: Lists) -> None:
        # Mutable state: a bounded memory of a pure function, for the few marks.
        self._lists = lists
        self._removes = lists.removes
        self._trees = TreeScrubber(lists)
        # Half of a surrogate pair stands for a byte of a header that is no UTF-8.
        self._encoded = Memory(
            lambda text: quote(text, safe="", errors="surrogateescape")
        )

    def body(self, text: str, media: MediaType) -> str | Withheld:
        """Scrub a body of any type."""
        if self._lists.hides_nothing or not text.strip(_JSON_SPACE):
            return text
        if looks_like_json(text) or media.is_json:
            scrubbed = self._trees.scrub(text)
            # A string of its own, or a table of one column, is text like any other.
            if scrubbed is not None and (scrubbed is not text or not is_string(text)):
                return scrubbed
        elif media.is_form:
            return self.form(text)
        elif self._may_be_xml(text, media):
            scrubbed = scrub_xml(text, self._lists)
            if scrubbed is not None:
                return scrubbed
        if self._lists.is_allowlist or self._lists.occurs_in(text):
            return Withheld(UNPARSED)
        return text

    def _may_be_xml(self, text: str, media: MediaType) -> bool:
        if self._lists.is_allowlist or media.bare == "text/html":
            return False
        return media.is_xml or looks_like_xml(text)

    def url(self, text: str, depth: int = 0) -> str:
        """Scrub the parameters of a URL, in query, fragment and path alike."""
        if "=" in text:
            text = self._pairs(text, depth)
        return self._bare_names(text) if "?" in text and not depth else text

    def form(self, text: str, depth: int = 0) -> str:
        """Scrub an urlencoded form."""
        scrubbed = "&" + text
        if "=" in text:
            scrubbed = self._pairs(scrubbed, depth)
        if not depth:
            scrubbed = self._bare_names(scrubbed)
        return text if scrubbed[1:] == text else scrubbed[1:]

    def name(self, text: str, value: str) -> str:
        """Scrub the decoded name of a parameter, which may be a text."""
        if not self._lists.hides_name(text, value):
            return text
        is_json = looks_like_json(text) and not is_string(text)
        scrubbed = self._trees.scrub(text) if is_json else None
        return mark_of(text) if scrubbed is None else scrubbed

    def _bare_names(self, text: str) -> str:
        """Scrub the names that have no value in a query or a form."""
        hides = self._lists.hides_bare

        def shown(found: re.Match[str]) -> str:
            if not hides[found[2]]:
                return found[0]
            return found[1] + self._encoded[self.name(decoded(found[2]), "")]

        return _BARE_NAME.sub(shown, text)

    def value(self, text: str) -> str:
        """Scrub the value of a header that is not itself hidden."""
        if self._lists.is_allowlist or not may_tell(text):
            return text  # an allowlisted name keeps its whole value
        if not _URL.match(text):
            return self._nested(text, 0)
        if text.lstrip()[:1] != "<":
            return self.url(text)
        # A value ends with its URL: what stands behind hides that it is JSON.
        return _BRACKETED.sub(lambda found: self.url(found[0]), text)

    def parameter(self, text: str, depth: int = 0) -> str:
        """Do as `value` for a parameter, which some frameworks part at `;` too."""
        if self._lists.is_allowlist or not may_part(text):
            return text
        return self._xml(text) if looks_like_xml(text) else self._nested(text, depth)

    def _xml(self, text: str) -> str:
        """Scrub a parameter's value that may be XML, or a piece of HTML."""
        scrubbed = scrub_xml(text, self._lists)
        if scrubbed is not None:
            return scrubbed
        # The words between tags are free text under a name that nobody listed.
        tags = " ".join(_TAG.findall(text))
        return mark_of(text) if self._lists.occurs_in(tags) else text

    def _nested(self, text: str, depth: int) -> str:
        if depth >= MAX_NESTING:
            return mark_of(text) if self._lists.occurs_in(text) else text
        if looks_like_json(text):
            scrubbed = self._trees.value(text, depth + 1)
            if scrubbed is not None:
                return scrubbed
        return self.form(text, depth + 1)

    def cookies(self, text: str) -> str | None:
        """Scrub a Cookie header (RFC 6265 section 4.2); None if none is left."""
        pairs = text.split(";")
        kept = [found for pair in pairs if (found := self._cookie(pair)) is not None]
        if len(kept) == len(pairs):
            return ";".join(kept)
        return ";".join(kept).strip() or None

    def set_cookie(self, text: str) -> str | None:
        """Scrub a Set-Cookie header, whose attributes are no cookies; None: all of it.

        Without its cookie, the attributes say nothing.
        """
        first, semicolon, attributes = text.partition(";")
        cookie = self._cookie(first)
        return None if cookie is None else cookie + semicolon + attributes

    def _cookie(self, pair: str) -> str | None:
        name, equals, value = pair.partition("=")
        if not equals or not self._lists.hides[name.strip()]:
            return pair
        if self._removes:
            return None
        return f"{name}={mark_of(value.strip())}" if value else pair

    def _hidden_pair(self, raw_name: str, raw_value: str) -> str:
        """Return a parameter with its value hidden, and its name if it is a text."""
        name, value = decoded(raw_name), decoded(raw_value)
        shown = self.name(name, value)
        named = raw_name if shown is name else self._encoded[shown]
        return f"{named}={self._encoded[mark_of(value)] if value else raw_value}"

    def _pairs(self, text: str, depth: int) -> str:
        lists = self._lists
        hides = lists.hides_param
        pieces: list[str] = []
        kept_to, start = 0, 0
        end_of_pair = -1
        while (found := _name_in(text, start)) is not None:
            start = end = found.end()
            plain = _PLAIN_VALUE.match(text, start)
            if plain is not None and not hides[found[1]]:
                start = plain.end()
                continue
            is_new_pair = end_of_pair < start
            if is_new_pair:
                end_of_pair = _end_of_pair(text, start)
            if hides[found[1]]:
                end = end_of_pair
                if self._removes:
                    pieces.append(text[kept_to : found.start(1)])
                    # The separator behind goes with it; it still begins the next pair.
                    kept_to, start = end + 1, end
                    continue
                hidden = self._hidden_pair(found[1], text[start:end])
                pieces += (text[kept_to : found.start(1)], hidden)
                kept_to = start = end
                continue
            if lists.is_allowlist:
                start = end_of_pair
                continue
            end = _end_of_value(text, start, end_of_pair if is_new_pair else None)
            value = decoded(text[start:end])
            scrubbed = self.parameter(value, depth)
            if scrubbed != value:
                pieces += (text[kept_to:start], self._encoded[scrubbed])
                kept_to = start = end
        if not pieces:
            return text
        if kept_to > len(text):  # the last pair went, its separator has nothing to part
            return "".join(pieces).removesuffix(_ESCAPED_HASH).rstrip("?&;#")
        return "".join(pieces) + text[kept_to:]


def _name_in(text: str, start: int) -> re.Match[str] | None:
    """Return the next name with a value, from `start` on.

    An escaped "#" begins one only before any separator: behind one it is within a name
    or a value, which is decoded.
    """
    found = _NAME.search(text, start)
    if start:
        return found
    at = text.find(_ESCAPED_HASH, 0, len(text) if found is None else found.start())
    return found if at < 0 else _ESCAPED_NAME.match(text, at) or found


def _end_of_pair(text: str, start: int) -> int:
    end = text.find("&", start)
    return len(text) if end < 0 else end


def _end_of_value(text: str, start: int, end_of_pair: int | None) -> int:
    """Return where a value ends: at a separator, unless it is JSON.

    Separators in its encoded form do not part it. Whether it is JSON is asked once a
    pair, where it ends, or hostile text takes ages.
    """
    if end_of_pair is not None and _JSON_START.match(text, start):
        return end_of_pair
    separator = _SEPARATOR.search(text, start)
    return len(text) if separator is None else separator.start()


def is_string(text: str) -> bool:
    """Tell whether a JSON text begins with a string outside of any object."""
    return text.lstrip(_JSON_SPACE)[:1] == '"'


def decoded(text: str) -> str:
    """Undo the percent-encoding of a parameter's name or value."""
    if "%" in text or "+" in text:
        return unquote_plus(text, errors="replace")
    return text
