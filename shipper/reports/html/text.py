"""Text of a log as HTML that only shows it: nothing in it can act or hide.

Everything is escaped, and characters that have no shape of their own, or turn the
text around them, are shown by their number.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

# Printable for Python, and blank or without a shape on the screen all the same.
_BLANK: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef"
)
_ODD = re.compile(f"[{_BLANK}]")


def shown(text: str) -> str:
    """Return a text for the content of an element."""
    if text.isascii() and text.isprintable():
        return escape(text)
    return "".join(map(_character, _runs(text)))


def attribute(text: str) -> str:
    """Return a text for a quoted attribute."""
    return escape("".join(one if one.isprintable() else " " for one in text))


def _runs(text: str) -> list[str]:
    """Part a text into stretches that are plain, and odd characters alone."""
    runs: list[str] = []
    start = 0
    for place, character in enumerate(text):
        if not character.isprintable() or _ODD.match(character):
            runs += [text[start:place], character]
            start = place + 1
    return [*runs, text[start:]]


def _character(run: str) -> str:
    if len(run) != 1 or (run.isprintable() and not _ODD.match(run)):
        return escape(run)
    name = _NAMES.get(run, f"U+{ord(run):04X}")
    return f'<span class="odd">{name}</span>'


_NAMES: Final = {"\n": "\u21b5", "\r": "CR", "\t": "\u21e5", "\0": "NUL", "\x1b": "ESC"}
