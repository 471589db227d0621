"""Why a line that is JSON is not a record: the schema's first complaint, in words.

Asked only once a line has been refused, because the schema takes a hundred times as
long as `parse`. What comes out names places and expectations of the format; it
never repeats a value, or a name, that only the line knows.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

UNEXPLAINED = "the line does not follow record format v1"


def why_refused(data: bytes) -> str:
    """Return one sentence about a line's first fault."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return UNEXPLAINED
    errors = _validator().iter_errors(document)
    first = min(errors, key=lambda error: list(map(str, error.path)), default=None)
    return UNEXPLAINED if first is None else _sentence(first)


@cache
def record_schema() -> Mapping[str, Any]:
    """Return the published schema of one line."""
    text = pkgutil.get_data("shipper", "schemas/record.schema.json")
    assert text is not None
    schema: Mapping[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Draft202012Validator:
    # Imported late: it takes longer to load than most runs need in all.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(record_schema())


@cache
def _format_words() -> frozenset[str]:
    """Return every member name that the schema itself speaks of."""
    words: set[str] = set()

    def visit(node: object) -> None:
        if isinstance(node, Mapping):
            words.update(node.get("properties", ()))
            for child in node.values():
                visit(child)

    visit(record_schema())
    return frozenset(words)


def _sentence(error: ValidationError) -> str:
    place = _place(error.absolute_path)
    expected: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "required":
            missing = [name for name in expected if name not in instance]
            problem = f"misses {', '.join(missing)}"
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            problem = f"is not of type {' or '.join(kinds)}"
        case "const":
            problem = f"is not {json.dumps(expected)}"
        case "enum":
            problem = "is not one of the known words"
        case "pattern":
            problem = f"does not match {expected}"
        case "minimum" | "maximum" | "minItems" | "minLength":
            problem = f"breaks {error.validator} {expected}"
        case _:
            problem = f"breaks the rule {error.validator}"
    return f"{place} {problem}"


def _place(path: Iterable[str | int]) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step if step in _format_words() else '*'}"
    return text.removeprefix(".") or "the line"
