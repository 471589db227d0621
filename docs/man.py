"""Make the manual page of `shipper.1.md`: ``python docs/man.py > shipper.1``.

The page is written in as much Markdown as it needs: headings, paragraphs, lists of
terms (a line of words in backquotes, then lines that begin with a colon), blocks that
are indented by four blanks, words in backquotes and links. What it becomes is man(7).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from wsgi_writer._version import __version__

SOURCE = Path(__file__).with_name("shipper.1.md")
_INLINE = re.compile(r"`([^`]+)`|\[([^\]]+)\]\(([^)]+)\)")


def manual(text: str) -> str:
    """Return a page in man(7) for one in Markdown.

    Raises:
        ValueError: It holds something that has no counterpart here.
    """
    lines: list[str] = []
    for block in _blocks(text):
        lines += _block(block)
    return "\n".join([*lines, ""])


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield runs of lines between blank ones; a block of code keeps its own."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _block(block: list[str]) -> list[str]:
    first = block[0]
    if first.startswith("# "):
        name, section = first.removeprefix("# ").rstrip(")").split("(")
        heading = f'.TH "{name.upper()}" "{section}" "" "hartail {__version__}"'
        return [f'{heading} "User Commands"']
    if first.startswith("## "):
        return [f'.SH "{_inline(first.removeprefix("## ").upper())}"']
    if first.startswith("### "):
        return [f'.SS "{_inline(first.removeprefix("### "))}"']
    if first.startswith("    "):
        code = [_line(_escaped(line.removeprefix("    "))) for line in block]
        return [".PP", ".RS 4", ".nf", *code, ".fi", ".RE"]
    if first.startswith(("|", "- ", "```", ">")):
        raise ValueError(f"no counterpart in man(7): {first}")
    if len(block) > 1 and block[1].startswith(": "):
        body = [block[1].removeprefix(": "), *(line.strip() for line in block[2:])]
        return [".TP", *(_line(_inline(line)) for line in (first, *body))]
    return [".PP", *(_line(_inline(line)) for line in block)]


def _inline(text: str) -> str:
    """Set words in backquotes in bold, and links in italics, without their target."""
    pieces, at = [], 0
    for found in _INLINE.finditer(text):
        pieces.append(_escaped(text[at : found.start()]))
        code, label, target = found.groups()
        pieces.append(
            rf"\fB{_escaped(code)}\fR"
            if code is not None
            else rf"\fI{_escaped(label)}\fR{_outside(target)}"
        )
        at = found.end()
    return "".join([*pieces, _escaped(text[at:])])


def _outside(target: str) -> str:
    """Name a target on the web; a file beside the page is named by its label."""
    return f" <{_escaped(target)}>" if "://" in target else ""


def _escaped(text: str) -> str:
    # A hyphen alone would be typeset as one, and could not be copied as an option.
    text = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return text.replace("'", r"\(aq").replace("~", r"\(ti").replace("^", r"\(ha")


def _line(text: str) -> str:
    """Keep a line from being taken for a request."""
    return rf"\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    sys.stdout.write(manual(SOURCE.read_text("utf-8")))
