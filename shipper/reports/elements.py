"""The values of an XML document in order, each with the elements that lead to it.

A text comes in; its attributes and the texts of its elements go out, or nothing when it
is no document that may be taken apart. Names are told without their namespace prefix.
"""

from __future__ import annotations

from xml.parsers import expat

from msgspec import Struct


class Value(Struct):
    """An attribute, or what stands in an element itself; `text` grows while it is read.

    Attributes:
        path: The elements from the root on, and the attribute.
        name: For people: ``order.card`` or ``order.card@number``.
    """

    path: tuple[str, ...]
    name: str
    text: str


class _UnknownError(Exception):
    """The document has a type of its own, which may define anything."""


def values_of(text: str) -> list[Value] | None:
    """Return the values of a document, in the order they begin."""
    found: list[Value] = []
    still_open: list[Value] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        above = still_open[-1].path if still_open else ()
        path = (*above, _local(name))
        element = Value(path, ".".join(path), "")
        still_open.append(element)
        found.append(element)
        for attribute, value in attributes.items():
            name = _local(attribute)
            found.append(Value((*path, name), f"{element.name}@{name}", value))

    def end(_: str) -> None:
        still_open.pop()

    def add(piece: str) -> None:
        still_open[-1].text += piece

    def refuse(*_: object) -> None:
        raise _UnknownError

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = add
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, _UnknownError):
        return None
    for value in found:
        value.text = value.text.strip()
    return found


def _local(name: str) -> str:
    return name.rpartition(":")[2]
