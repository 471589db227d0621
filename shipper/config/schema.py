"""The published schema of the configuration, and the keys it names.

`config.schema.json` is the one list of keys: the checks, the environment
variables and the documentation all come from it. Nothing is judged here.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct


class Key(Struct, frozen=True):
    """One key that an operator may write.

    Attributes:
        path: Such as ``("batch", "max_records")``; elements of arrays left out.
        schema: Its part of the schema, with `description`, `unit` and `default`.
        is_in_array: It stands inside ``[[…]]``, where no variable reaches.
    """

    path: tuple[str, ...]
    schema: Mapping[str, Any]  # JSON Schema: a free form by nature
    is_in_array: bool = False

    @property
    def dotted(self) -> str:
        """The key as messages and documents name it."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that overrides the key."""
        return "SHIPPER_" + "__".join(self.path).upper()


@cache
def load_schema() -> Mapping[str, Any]:
    """Return the schema as it is published."""
    # Not by importlib.resources, which takes longer to import than this to read; a
    # package in one file (zipapp) is read in the same way.
    text = pkgutil.get_data("shipper", "schemas/config.schema.json")
    assert text is not None
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def keys(schema: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return every key that holds a value, in the schema's order.

    Arrays of tables are keys themselves and followed by the keys of their tables.
    """
    return tuple(_walk(schema, ()))


def _walk(
    schema: Mapping[str, Any], path: tuple[str, ...], *, is_in_array: bool = False
) -> Iterator[Key]:
    for name, child in schema.get("properties", {}).items():
        here = (*path, name)
        if child["type"] == "object" and "properties" in child:
            yield from _walk(child, here, is_in_array=is_in_array)
            continue
        yield Key(here, child, is_in_array)
        if child.get("items", {}).get("type") == "object":
            yield from _walk(child["items"], here, is_in_array=True)
