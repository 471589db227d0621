"""Where keys stand: every key of a document has the line it was written on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest

from shipper.config.toml_lines import KeyPath, locate

EVERY_FORM = """\
# a comment with [brackets] and "quotes"
plain = 1
quoted."two words".'three' = "a # in a text"   # and a comment after it
when = 1979-05-27 07:32:00
float = -3.14e+10
list = [
  "first",  # not the second
  [1, 2],
  { a = 1, b.c = [true] },
]
long = \"\"\"
[not.a.table]
key = "no key"
ends with a quote\"\"\"\"
raw = '''
x = 'y'
'''
empty = ""
none = []

[table]
inside = true
[table.deep.er]
inside = { }

[[array]]
name = "one"
[array.below]
x = 1
[[array]]
name = "two"
  [[array.nested]]
  y = 1
  [[array.nested]]
  y = 2
["quoted.header"]
z = 1
"""


def _paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of everything in a parsed document but the document."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _paths(child, (*path, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _paths(child, (*path, index))


def test_every_key_of_a_document_has_a_line() -> None:
    """Whatever form a key is written in, it is found, and nothing else is."""
    lines = locate(EVERY_FORM)

    assert set(_paths(tomllib.loads(EVERY_FORM))) == set(lines)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("plain",), "plain = 1"),
        (("quoted", "two words", "three"), "quoted."),
        (("list", 0), '"first",'),
        (("list", 2, "b", "c", 0), "{ a = 1"),
        (("raw",), "raw = '''"),
        (("table", "inside"), "inside = true"),
        (("table", "deep", "er"), "[table.deep.er]"),
        (("array", 1, "name"), 'name = "two"'),
        (("array", 1, "nested", 1, "y"), "y = 2"),
        (("quoted.header", "z"), "z = 1"),
    ],
)
def test_a_key_has_the_line_it_was_written_on(path: KeyPath, written: str) -> None:
    """An operator who opens the file at that line sees the key."""
    line = EVERY_FORM.splitlines()[locate(EVERY_FORM)[path] - 1]

    assert line.strip().startswith(written)


@pytest.mark.parametrize(
    "text",
    ["[", "[[", "a", "a =", "= 1", "a = [", "a = {", '"', "[a", "a = [ = ]", "}"],
)
def test_text_that_is_not_toml_ends_the_search(text: str) -> None:
    """A broken document gives a table, never an error and never an endless loop."""
    assert isinstance(locate(text), dict)
