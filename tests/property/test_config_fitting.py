"""The check of a configuration at a glance accepts nothing that the schema refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shipper.config.fitting import fits
from shipper.config.schema import load_schema


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for child in (*schema.get("properties", {}).values(), schema.get("items")):
        if child is not None:
            yield from _parts(child)


_SCHEMA = load_schema()
_PARTS = list(_parts(_SCHEMA))
_VALIDATORS = [Draft202012Validator(part) for part in _PARTS]
_BOUNDS = sorted(
    {part[name] for part in _PARTS for name in ("minimum", "maximum") if name in part}
)
_WORDS = sorted({word for part in _PARTS for word in part.get("enum", ())})

_LONGEST = [part["maxLength"] for part in _PARTS if "maxLength" in part]
_TEXTS = st.one_of(
    st.text(max_size=3),
    st.sampled_from(_WORDS),
    st.sampled_from([length + 1 for length in _LONGEST]).map("x".__mul__),
)
_NUMBERS = st.one_of(
    st.integers(-2, 5000),
    st.floats(),
    st.sampled_from([*_BOUNDS, 2**70, float("nan")]),
)
_ANYTHING = st.recursive(
    st.one_of(_TEXTS, _NUMBERS, st.booleans(), st.none(), st.dates()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(_TEXTS, inner, max_size=2)
    ),
    max_leaves=4,
)


def _right(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values without a fault."""
    match schema["type"]:
        case ["string", "integer"]:
            return st.one_of(st.text("ab"), st.integers())
        case "object":
            parts = {
                name: _right(part)
                for name, part in schema.get("properties", {}).items()
            }
            needed = {name: parts.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional=parts)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(_right(schema["items"]), min_size=least, max_size=2)
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            least = schema.get("minimum", 0)
            return st.integers(int(least) + 1, int(schema.get("maximum", least + 9)))
        case _:
            words = schema.get("enum")
            return st.sampled_from(words) if words else st.text("ab", min_size=1)


@st.composite
def _documents(draw: st.DrawFn) -> Any:
    """Draw a document that is right but, perhaps, in one place."""
    document = draw(_right(_SCHEMA))
    holder, steps = document, draw(st.integers(0, 3))
    while steps and holder:
        names = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        name = draw(st.sampled_from(names))
        if steps == 1:
            holder[name] = draw(_ANYTHING)
        elif not isinstance(holder[name], dict | list):
            break
        holder, steps = holder[name], steps - 1
    return document


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(document=_documents())
def test_what_fits_at_a_glance_the_schema_accepts(document: object) -> None:
    """A document that fits has no fault."""
    if fits(document, _SCHEMA):
        assert _VALIDATORS[0].is_valid(document)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(document=_right(_SCHEMA))
def test_what_has_no_fault_fits_at_a_glance(document: object) -> None:
    """Nobody waits for a validator because of a usual document."""
    assert fits(document, _SCHEMA)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(value=_ANYTHING)
def test_each_part_of_the_schema_for_itself(value: object) -> None:
    """Whatever stands at a key, it fits only where the schema accepts it."""
    for part, validator in zip(_PARTS, _VALIDATORS, strict=True):
        if fits(value, part):
            assert validator.is_valid(value)


@pytest.mark.parametrize("beside", [-1, -1e-9, 0, 1e-9, 1])
def test_bounds_are_those_of_the_schema(beside: float) -> None:
    """Just beside a bound there is no other answer than the schema's."""
    for bound in _BOUNDS:
        for part, validator in zip(_PARTS, _VALIDATORS, strict=True):
            if fits(bound + beside, part):
                assert validator.is_valid(bound + beside)


@given(value=_ANYTHING)
def test_a_rule_that_is_not_known_is_left_to_others(value: object) -> None:
    """A keyword that the schema may use one day is not passed over."""
    assert not fits(value, {"pattern": ""})
