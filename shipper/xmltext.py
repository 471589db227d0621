r"""Hide elements and attributes of XML by name or by path, in place.

An XML text comes in; the same object comes back when nothing in it is listed, else a
text in which the content of listed elements and the values of listed attributes are
marked or taken out, everything else byte for byte. None comes back when it cannot be
decided: no well-formed XML, a document type with entities of its own, or a listed name
in a text, where the value it belongs to is anybody's guess.

Names are compared without their namespace prefix. A path begins at the root element or
below it. Source: Extensible Markup Language 1.0, sections 2.1, 3.1 and 2.8.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Final

from msgspec import Struct

from shipper.cuts import Cut, exchanged
from shipper.lists import Lists, mark_of

MAX_DEPTH: Final = 200  # nobody's document is deeper, and somebody's attack is

# A start tag of a document that is known to be well-formed.
_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*+\s*(/?)>")
# From the first blank of a run, or a tag of nothing else takes minutes.
_ATTRIBUTE = re.compile(rb"(?<!\s)\s++([^\s=]++)(\s*+=\s*+)(\"[^\"]*+\"|'[^']*+')")
_DECLARATION = re.compile(r"[\s\ufeff]*<(?:\?xml\b|[A-Za-z_][\w.:-]*[\s/>])")


def looks_like_xml(text: str) -> bool:
    """Tell whether a text begins as an XML document does."""
    return _DECLARATION.match(text) is not None


def scrub_xml(text: str, lists: Lists) -> str | None:
    """Scrub an XML document under a denylist; see the module's text."""
    raw = text.encode("utf-8", "surrogatepass")
    walk = _Walk(raw, lists)
    try:
        walk.parse()
    except (_UndecidedError, UnicodeError):
        return None
    if not walk.cuts:
        return text
    cuts = sorted(walk.cuts, key=itemgetter(0))
    return exchanged(raw, cuts).decode("utf-8", "surrogatepass")


class _UndecidedError(Exception):
    """No document, or a listed name stands where no value can be told from it."""


class _Open(Struct):
    """An element whose end has not been met.

    Attributes:
        start: Where its start tag begins; `content` is where that ends.
        is_empty: The start tag is the end tag as well.
        has_children: Other elements stand in it.
    """

    name: str
    start: int
    content: int
    is_empty: bool
    is_hidden: bool = False
    has_children: bool = False


class _Walk:
    """One pass over a document; `cuts` is what it found, none within another."""

    def __init__(self, raw: bytes, lists: Lists) -> None:
        # Mutable state: the elements that are open, what is cut so far, and how
        # many of them stand around a hidden one's content, and where the piece of text
        # began that is being read. Used once.
        self.cuts: list[Cut] = []
        self._raw = raw
        self._lists = lists
        self._open: list[_Open] = []
        self._hidden_depth = 0
        self._text_from: int | None = None
        # Late: few logs hold any XML.
        from xml.parsers import expat  # noqa: PLC0415

        self._fault = expat.ExpatError
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        parser.DefaultHandler = self._other

    def parse(self) -> None:
        """Read the document.

        Raises:
            _UndecidedError: It is not well-formed, a listed name stands in a text, or
                there is a DOCTYPE.
        """
        try:
            self._parser.Parse(self._raw, True)
        except self._fault:
            raise _UndecidedError from None
        self._end_text(len(self._raw))

    def _refuse(self, *_: object) -> None:
        raise _UndecidedError

    def _other(self, _: str) -> None:
        """Take note that text, a comment or an instruction begins here."""
        if self._text_from is None:
            self._text_from = self._parser.CurrentByteIndex

    def _end_text(self, at: int) -> None:
        start, self._text_from = self._text_from, None
        if start is None or self._hidden_depth:
            return
        if self._lists.occurs_in(self._raw[start:at].decode("utf-8", "replace")):
            raise _UndecidedError

    def _start(self, name: str, _: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        self._end_text(at)
        tag = _TAG.match(self._raw, at)
        if tag is None or len(self._open) >= MAX_DEPTH:
            raise _UndecidedError
        if self._open:
            self._open[-1].has_children = True
        steps = tuple(_local(element.name) for element in self._open)
        element = _Open(name, at, tag.end(), bool(tag[1]))
        self._open.append(element)
        if self._hidden_depth:
            return
        if self._hides(name, steps):
            element.is_hidden = True
            self._hidden_depth = len(self._open)
        else:
            self._attributes(element, (*steps, _local(name)))

    def _end(self, _: str) -> None:
        at = self._parser.CurrentByteIndex
        self._end_text(at)
        element = self._open.pop()
        if not element.is_hidden:
            return
        self._hidden_depth = 0
        if self._lists.removes and self._open:
            end = element.content if element.is_empty else self._raw.find(b">", at) + 1
            self.cuts.append((element.start, end, b""))
            return
        # Its attributes may hold what its content does.
        self._attributes(element, None)
        if element.is_empty or at == element.content:
            return
        content = self._raw[element.content : at].decode("utf-8", "replace")
        mark = mark_of(None if element.has_children else content)
        self.cuts.append((element.content, at, mark.encode()))

    def _hides(self, name: str, steps: tuple[str, ...]) -> bool:
        """Tell whether a name below the elements in `steps` is listed."""
        lists = self._lists
        local = _local(name)
        if lists.hides[name] or lists.hides[local]:
            return True
        return lists.is_path((*steps, local)) or lists.is_path((*steps[1:], local))

    def _attributes(self, element: _Open, steps: tuple[str, ...] | None) -> None:
        """Hide the listed attributes of a start tag; without `steps`, all of them."""
        for found in _ATTRIBUTE.finditer(self._raw, element.start, element.content):
            name = found[1].decode("utf-8", "replace")
            value = found[3][1:-1].decode("utf-8", "replace")
            if name == "xmlns" or name.startswith("xmlns:"):
                continue
            if steps is not None and not self._hides(name, steps):
                if self._lists.occurs_in(value):
                    raise _UndecidedError
            elif self._lists.removes and steps is not None:
                self.cuts.append((found.start(), found.end(), b""))
            elif value:
                mark = mark_of(value).encode()
                self.cuts.append((found.start(3) + 1, found.end(3) - 1, mark))


def _local(name: str) -> str:
    return name.rpartition(":")[2]
