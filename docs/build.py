"""Write the parts of the documents that come from the code.

``python docs/build.py`` rewrites the list of keys in `configuration.md` from
the published schema. A test compares the two, so that neither runs ahead.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shipper.config.schema import Key, keys, load_schema

CONFIGURATION = Path(__file__).with_name("configuration.md")
BEGIN = "<!-- keys: written by docs/build.py -->\n"
END = "<!-- end of keys -->\n"


def keys_section() -> str:
    """Return the list of keys, one section for each table."""
    schema = load_schema()
    lines: list[str] = []
    table = None
    for key in keys(schema):
        heading = _heading(key)
        if heading != table:
            table = heading
            lines += [f"### {heading}", ""]
        lines += [*_entry(key), ""]
    return "\n".join(lines)


def rebuilt(text: str) -> str:
    """Return `text` with its list of keys made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{keys_section()}\n{END}{after}"


def _heading(key: Key) -> str:
    if key.is_in_array:
        return f"`[[{'.'.join(key.path[:-1])}]]`"
    if len(key.path) == 1:
        return "Top level"
    return f"`[{key.path[0]}]`"


def _entry(key: Key) -> list[str]:
    """Return one key: its name, then facts, one sentence a line."""
    schema = key.schema
    sentences = schema["description"].replace(". ", ".\n").splitlines()
    facts = [f"Unit: {schema['unit']}"]
    if "enum" in schema:
        facts.append("one of " + ", ".join(f"`{word}`" for word in schema["enum"]))
    if "minimum" in schema:
        facts.append(f"from {schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema.get("items", {}):
        facts.append(f"each of up to {schema['items']['maxLength']} characters")
    facts.append(
        f"default {_toml(schema['default'])}" if "default" in schema else "required"
    )
    if not key.is_in_array:
        facts.append(f"variable `{key.variable}`")
    return [f"**`{key.dotted}`**", *sentences, "; ".join(facts) + "."]


def _toml(value: Any) -> str:
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    CONFIGURATION.write_text(rebuilt(CONFIGURATION.read_text("utf-8")), "utf-8")
