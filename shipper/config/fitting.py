"""Whether a document fits a schema, seen at once or not at all.

The schema stays the truth, and jsonschema its reader: this is for the usual document,
which has no fault, so that a start need not import a validator (a tenth of a second).
True is a promise; False means only that somebody else has to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

# Keywords that judge nothing.
_WORDS: Final = frozenset(
    {"$id", "$schema", "default", "description", "examples", "title", "unit"}
)
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}


def fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Return True only if `value` breaks no rule of `schema`.

    A keyword that is not known here, or not in the form that is, proves nothing.
    """
    return all(
        keyword in _WORDS
        or ((check := _CHECKS.get(keyword)) is not None and check(value, rule, schema))
        for keyword, rule in schema.items()
    )


def _is_type(value: object, rule: Any, _: object) -> bool:
    if isinstance(rule, list):
        return any(_is_type(value, each, None) for each in rule)
    kind = _TYPES.get(rule) if isinstance(rule, str) else None
    if kind is None or not isinstance(value, kind):
        return False
    # To Python a truth value is a number.
    return kind is bool or not isinstance(value, bool)


def _is_one_of(value: object, rule: Any, _: object) -> bool:
    # Among texts there is no 1 that equals true.
    return isinstance(value, str) and value in rule


def _is_long_enough(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, str | list) and len(value) >= rule


def _is_short_enough(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, str) and len(value) <= rule


def _is_no_less(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, int | float) and value >= rule


def _is_no_more(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, int | float) and value <= rule


def _has_all(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, dict) and all(name in value for name in rule)


def _has_fitting(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, dict) and all(
        fits(value[name], part) for name, part in rule.items() if name in value
    )


def _has_no_others(value: object, rule: Any, schema: Mapping[str, Any]) -> bool:
    return (
        rule is False
        and isinstance(value, dict)
        and value.keys() <= schema.get("properties", {}).keys()
    )


def _holds_fitting(value: object, rule: Any, _: object) -> bool:
    return isinstance(value, list) and all(fits(each, rule) for each in value)


_CHECKS: Final[Mapping[str, Callable[[object, Any, Mapping[str, Any]], bool]]] = {
    "additionalProperties": _has_no_others,
    "enum": _is_one_of,
    "items": _holds_fitting,
    "maximum": _is_no_more,
    "maxLength": _is_short_enough,
    "minimum": _is_no_less,
    "minItems": _is_long_enough,
    "minLength": _is_long_enough,
    "properties": _has_fitting,
    "required": _has_all,
    "type": _is_type,
}
