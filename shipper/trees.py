"""Hide members of JSON documents by name or by path, at any depth.

A JSON text comes in; the same object comes back when nothing in it is listed, else a
new text with marks where the values stood, or None when it is no JSON. JSON within a
JSON string is a document of its own, down to a bound; a string below it in which a
listed name occurs is hidden whole, and so is one that only begins like JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from shipper.disguises import are_plain
from shipper.jsonplace import MemberMarks
from shipper.jsontext import (
    Document,
    begins_like_tree,
    read_json,
    read_repeated,
    write_json,
)
from shipper.lists import Lists, Path, mark_of

MAX_NESTING: Final = 4  # JSON in JSON in …; a deeper one is hidden whole

# How a value begins that may be JSON itself.
NESTED: Final = frozenset('{["' + " \t\r\n\ufeff")


_GONE: Final = object()  # what a value becomes that is taken out and not marked


class TreeScrubber:
    """Applies the lists of one place to JSON."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._removes = lists.removes
        self._marks = MemberMarks(lists.names) if are_marked_by_name(lists) else None

    def scrub(self, text: str, depth: int = 0) -> str | None:
        """Scrub a JSON text, or several, one a line; None if it is neither.

        The same object comes back when nothing in it is listed.
        """
        if self._marks is not None and depth < MAX_NESTING:
            marked = self._marks.scrub(text)
            if marked is not None:
                return marked
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
            shown = self._document(line, part, depth) if part else line
            if shown is None:
                return None
            scrubbed.append(shown)
        return "\n".join(scrubbed) if scrubbed != lines else text

    def value(self, text: str, depth: int) -> str | None:
        """Do as `scrub` with a text in the place of a value, which may be JSON.

        One that begins so and cannot be read, such as one that was cut, is hidden whole
        if a listed name stands in it as a key.
        """
        scrubbed = self.scrub(text, depth)
        if scrubbed is None and begins_like_tree(text) and self._lists.is_key_in(text):
            return mark_of(text)
        return scrubbed

    def _document(self, text: str, document: Document, depth: int) -> str | None:
        holder = [document.root]
        if not self._hide(holder, text, depth) and not self._shadows(text, depth):
            return text
        document.root = holder[0]
        try:
            return write_json(document)
        except RecursionError:  # it was just not too deep to be read
            return None

    def _hide(self, holder: list[Any], text: str, depth: int) -> bool:
        """Hide members of the tree in a list of its own; True if any was hidden."""
        if self._lists.paths or self._lists.is_allowlist:
            return self._walk_paths(holder, depth)
        # JSON within a JSON string has quotes, and so a backslash.
        return self._walk(holder, depth, may_nest="\\" in text)

    def _shadows(self, text: str, depth: int) -> bool:
        """Tell whether something to hide is in no tree, its key being given again.

        Laid out anew from its tree, the document has lost it.
        """
        if not self._lists.is_allowlist and not self._lists.occurs_in(text):
            return False
        try:
            root = read_repeated(text)
        except (ValueError, RecursionError):
            return True  # nested too deeply for us to know
        return root is not None and self._hide([root], text, depth)

    def _mark(self, value: Any) -> Any:
        return _GONE if self._removes else mark_of(value)

    def _walk(self, root: list[Any], depth: int, *, may_nest: bool) -> bool:
        """Hide members by name alone; True if anything was hidden."""
        hides = self._lists.hides
        is_changed = False
        nodes: list[Any] = [root]
        for node in nodes:  # which grows meanwhile
            gone: list[Any] = []
            is_object = type(node) is dict
            members: Iterable[tuple[Any, Any]] = (
                node.items() if is_object else enumerate(node)
            )
            for key, value in members:
                if is_object and hides[key]:
                    scrubbed = self._mark(value)
                elif type(value) is str:
                    if not may_nest or value[:1] not in NESTED:
                        continue
                    scrubbed = self._string(value, depth)
                else:
                    if type(value) is dict or type(value) is list:
                        nodes.append(value)
                    continue
                if scrubbed is _GONE:
                    gone.append(key)
                elif scrubbed != value:
                    node[key] = scrubbed
                    is_changed = True
            if gone:
                is_changed = _take_out(node, gone)
        return is_changed

    def _walk_paths(self, root: list[Any], depth: int) -> bool:
        """Hide members by name or path, or all but these; True if any was hidden."""
        lists = self._lists
        changed = False
        nodes: list[tuple[Any, tuple[Path, ...]]] = [(root, lists.paths)]
        while nodes:
            node, paths = nodes.pop()
            gone: list[Any] = []
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
                    nodes.append((value, ahead if is_object else _either(ahead, paths)))
                    continue
                if listed or lists.is_allowlist:
                    # The whole document has no name that it could go with.
                    scrubbed = mark_of(value) if node is root else self._mark(value)
                elif type(value) is str and value[:1] in NESTED:
                    scrubbed = self._string(value, depth)
                else:
                    continue
                if scrubbed is _GONE:
                    gone.append(key)
                elif scrubbed != value:
                    node[key] = scrubbed
                    changed = True
            changed = _take_out(node, gone) or changed
        return changed

    def _string(self, text: str, depth: int) -> str:
        """Scrub a JSON string that may hold JSON itself."""
        if depth >= MAX_NESTING:
            return mark_of(text) if self._lists.occurs_in(text) else text
        scrubbed = self.value(text, depth + 1)
        return text if scrubbed is None else scrubbed


def are_marked_by_name(lists: Lists) -> bool:
    """Tell whether a member is hidden by its name alone, with a mark, in its place."""
    is_denylist = lists.is_set and not lists.is_allowlist
    return (
        is_denylist and not lists.paths and not lists.removes and are_plain(lists.names)
    )


def _either(some: tuple[Path, ...], others: tuple[Path, ...]) -> tuple[Path, ...]:
    """Join paths, each once: arrays in arrays would multiply them."""
    return tuple(dict.fromkeys((*some, *others))) if some else others


def _take_out(node: Any, keys: list[Any]) -> bool:
    """Delete members of an object or items of an array; True if there were any."""
    for key in reversed(keys):
        del node[key]
    return bool(keys)
