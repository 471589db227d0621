"""Whatever bytes come in, `parse` answers; and what it accepts, the schema accepts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shipper.explain import record_schema, why_refused
from shipper.model import Reject, Skip
from shipper.parse import UnknownVersion, parse
from shipper.record import Record
from tests.support.exchanges import an_exchange, encoded
from tests.support.records import MASK, a_record_line, compact

VALIDATOR = Draft202012Validator(record_schema())

RICH: dict[str, Any] = json.loads(
    a_record_line(
        envelope={
            "caller": {"id": MASK, "label": "x"},
            "auth": {"id": MASK, "headers": {"x": MASK}, "claims": {"n": 1}},
            "notes": ["error"],
            "dropped": 1,
            "open": True,
        },
        query=[("a", "b")],
        sent={"mimeType": "x", "params": [{"name": "a", "value": "b"}]},
        pageref="/x",
    )
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1001),
    st.just(2**70),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from([MASK, "base64", "http://h/", "2026-11-23T12:00:00Z", "error\n"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner)
    ),
    max_leaves=4,
)


def steps_of(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value within a document."""
    ways = [before] if before else []
    if isinstance(node, dict):
        for key, value in node.items():
            ways += steps_of(value, (*before, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            ways += steps_of(value, (*before, index))
    return ways


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """A record with a few members replaced, removed or added."""
    document = json.loads(json.dumps(RICH))
    for _ in range(draw(st.integers(1, 2))):
        way = draw(st.sampled_from(steps_of(document)))
        node = document
        for step in way[:-1]:
            node = node[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                node[way[-1]] = draw(VALUES)
            case "remove":
                del node[way[-1]]
            case "add" if isinstance(node, dict):
                node[draw(st.text(max_size=4))] = draw(VALUES)
            case _:
                pass
    return compact(document)


@given(st.binary())
@example(b"\0")
@example(b"\xef\xbb\xbf{}")
@example(b'{"v":1e999}')
@example(b'{"v":' + b"9" * 5000 + b"}")
@example(b',"entry":}')
@example(b'{,"entry":{}}')
def test_any_bytes_get_an_answer(line: bytes) -> None:
    """Nothing that lies in a log can stop the shipper."""
    assert isinstance(parse(line), Record | Skip | Reject | UnknownVersion)


@given(st.data())
def test_a_record_with_bytes_changed_gets_an_answer(data: st.DataObject) -> None:
    """A flipped, cut or doubled stretch of a line is refused or read, never raised."""
    line = bytearray(compact(RICH))
    start = data.draw(st.integers(0, len(line)))
    stop = data.draw(st.integers(start, min(len(line), start + 40)))
    line[start:stop] = data.draw(st.binary(max_size=8))

    answer = parse(bytes(line))

    assert isinstance(answer, Record | Skip | Reject | UnknownVersion)


@given(altered())
@settings(max_examples=300)
def test_what_parse_accepts_the_schema_accepts(line: bytes) -> None:
    """One-sided: parse may be stricter than the published schema, never laxer."""
    accepted = isinstance(parse(line), Record)

    if accepted:
        assert not list(VALIDATOR.iter_errors(json.loads(line)))


@given(altered())
def test_an_entry_that_is_accepted_is_sound_by_itself(line: bytes) -> None:
    """What is spliced into a payload is one whole JSON object, looked at in full."""
    record = parse(line)

    if isinstance(record, Record):
        again = parse(
            line[: line.index(b',"entry":')] + b',"entry":' + record.entry + b"}"
        )
        assert isinstance(again, Record)
        assert again.har == record.har


@given(altered())
def test_a_refusal_can_always_be_explained(line: bytes) -> None:
    """Explaining a line never raises."""
    assert why_refused(line)


@given(
    method=st.text(max_size=8),
    target=st.text(max_size=30),
    host=st.text(max_size=10),
    value=st.text(max_size=20),
    status=st.integers(-5, 2000),
    request_type=st.text(max_size=30),
    request_body=st.binary(max_size=200),
    response_body=st.binary(max_size=200),
)
def test_what_the_writer_writes_both_accept(value: str, **parts: Any) -> None:
    """The two halves of the product agree on every exchange there can be."""
    exchange = an_exchange(response_headers=[("X-Any", value)], **parts)
    line = encoded(exchange).rstrip(b"\n")

    assert isinstance(parse(line), Record)
    assert not list(VALIDATOR.iter_errors(json.loads(line)))
