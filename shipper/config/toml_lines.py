"""On which line of a TOML file each key stands.

`tomllib` gives values without places, and an operator wants ``config.toml:7``.
Text that `tomllib` has accepted comes in, a table of lines goes out; nothing
is judged here, and text that is not TOML gives a shorter table, never an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

# Keys are strings, elements of arrays are numbers: ("source", 0, "paths").
KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""(?P<text>\"\"\"(?:\\.|[^\\])*?\"{3,5}|'''.*?'{3,5}
               |"(?:\\.|[^"\\\n])*"|'[^'\n]*')
      | (?P<comment>\#[^\n]*)
      | (?P<newline>\n)
      | (?P<space>[ \t\r]+)
      | (?P<mark>[\[\]{}=,.])
      | (?P<word>[^\s\[\]{}=,.#"']+)""",
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def locate(text: str) -> Mapping[KeyPath, int]:
    """Return the line, counted from 1, of every table, key and array element.

    A table that is only implied by a longer header has the line of that header.
    """
    return _Walker(text).walk()


class _Walker:
    """Reads tokens once, front to back, and notes where keys begin."""

    def __init__(self, text: str) -> None:
        # Mutable state: the place in the tokens, the table the next key belongs
        # to, how often each array of tables was opened, and the result.
        self._tokens = list(_tokens(text))
        self._next = 0
        self._table: KeyPath = ()
        self._opened: dict[KeyPath, int] = {}
        self._lines: dict[KeyPath, int] = {}

    def walk(self) -> Mapping[KeyPath, int]:
        while (token := self._peek()) is not None:
            if token.kind == "newline":
                self._next += 1
            elif token.text == "[":
                self._header()
            else:
                self._pair(self._table)
        return self._lines

    def _header(self) -> None:
        """Read ``[a.b]`` or ``[[a.b]]`` and make it the current table."""
        line = self._take().line
        is_array = self._skip("[")
        names = self._key()
        self._skip("]")
        if is_array:
            self._skip("]")
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._latest((*path, name))
            self._lines.setdefault(path, line)
        path = (*path, names[-1]) if names else path
        if is_array:
            self._lines.setdefault(path, line)
            self._opened[path] = self._opened.get(path, -1) + 1
            path = self._latest(path)
        self._lines.setdefault(path, line)
        self._table = path

    def _latest(self, path: KeyPath) -> KeyPath:
        """Return `path`, with its last element when it is an array of tables."""
        return (*path, self._opened[path]) if path in self._opened else path

    def _pair(self, table: KeyPath) -> None:
        """Read ``a.b = value`` into `table`."""
        token = self._peek()
        names = self._key()
        if token is None or not names or not self._skip("="):
            # Not TOML: pass over one token, so that the walk ends.
            self._next += 1
            return
        path = table
        for name in names:
            path = (*path, name)
            self._lines.setdefault(path, token.line)
        self._value(path)

    def _key(self) -> list[str]:
        """Read a bare, quoted or dotted key."""
        names = []
        while (token := self._peek()) is not None and token.kind in {"text", "word"}:
            names.append(_unquote(self._take()))
            if not self._skip("."):
                break
        return names

    def _value(self, path: KeyPath) -> None:
        token = self._peek()
        if token is None:
            return
        if token.text == "[":
            self._array(path)
        elif token.text == "{":
            self._inline_table(path)
        else:
            # A scalar; a float or a time is several tokens.
            while (token := self._peek()) is not None:
                if token.kind == "newline" or token.text in {",", "]", "}"}:
                    return
                self._next += 1

    def _array(self, path: KeyPath) -> None:
        self._take()
        index = 0
        while (token := self._peek()) is not None:
            if token.kind == "newline" or token.text == ",":
                self._next += 1
            elif self._skip("]"):
                return
            else:
                before = self._next
                self._lines.setdefault((*path, index), token.line)
                self._value((*path, index))
                index += 1
                if self._next == before:
                    self._next += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._take()
        while (token := self._peek()) is not None:
            if token.kind == "newline" or token.text == ",":
                self._next += 1
            elif self._skip("}"):
                return
            else:
                self._pair(path)

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _skip(self, mark: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text != mark:
            return False
        self._next += 1
        return True


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind not in {"space", "comment"}:
            yield _Token(kind, match[0], line)
        line += match[0].count("\n")


def _unquote(token: _Token) -> str:
    if token.kind == "word":
        return token.text
    try:
        return str(tomllib.loads(f"text = {token.text}")["text"])
    except tomllib.TOMLDecodeError:
        return token.text
