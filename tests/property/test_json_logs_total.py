"""Whatever a line or a file holds, the readers of JSON logs answer, and never raise."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS
from shipper.formats.har import read_har
from shipper.formats.reasons import REASONS
from shipper.model import Reject, Skip
from tests.support.json_logs import (
    a_caddy_line,
    a_har,
    a_har_entry,
    a_kong_line,
    a_traefik_line,
    an_apigateway_line,
    an_envoy_line,
    an_nginx_line,
)

LINES: dict[str, Callable[[], dict[str, Any]]] = {
    "own": lambda: {"v": 1, "entry": {}},
    "nginx-json": an_nginx_line,
    "caddy": a_caddy_line,
    "traefik-json": a_traefik_line,
    "envoy": an_envoy_line,
    "apigateway": an_apigateway_line,
    "kong": a_kong_line,
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 99, 2**63, 10**30, "-", "", "1e99", "9" * 40, "\ud83d"]),
    st.sampled_from(["GET / HTTP/1.1", "[::1", "http://[", "2026-13-99T00:00:00Z"]),
    st.floats(),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner)
    ),
    max_leaves=5,
)


def steps_of(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value within a document."""
    ways = [before] if before else []
    inner: Any = ()
    if isinstance(node, dict):
        inner = node.items()
    elif isinstance(node, list):
        inner = enumerate(node)
    for key, value in inner:
        ways += steps_of(value, (*before, key))
    return ways


@st.composite
def altered(draw: st.DrawFn, tree: dict[str, Any]) -> dict[str, Any]:
    """Draw a document of which some values are others."""
    copy: dict[str, Any] = json.loads(json.dumps(tree))
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(steps_of(copy)))
        node: Any = copy
        for step in way[:-1]:
            node = node[step]
        node[way[-1]] = draw(VALUES)
    return copy


def is_answer(found: Foreign | Reject | Skip) -> bool:
    """Tell whether what came out is what may come out."""
    match found:
        case Foreign():
            return 100 <= found.status <= 599 and found.started_ns >= 0
        case Reject():
            return found.reason in REASONS
        case Skip():
            return found.reason in ("blank", "header")


@pytest.mark.parametrize("name", sorted(LINES))
@given(line=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_any_bytes_are_answered(name: str, line: bytes) -> None:
    """Neither noise nor halves of JSON raise."""
    reader = FORMATS[name].open(Hints())
    for text in (line, b'{"' + line, b'{"a":' + line + b"}"):
        reader.fits(text)

        assert is_answer(reader.read(text))


@pytest.mark.parametrize("name", sorted(LINES))
@given(chosen=st.data())
def test_odd_values_in_the_right_places_are_answered(
    name: str, chosen: st.DataObject
) -> None:
    """A line of the format's members is read or refused, whatever they hold."""
    tree = chosen.draw(altered(LINES[name]()))
    reader = FORMATS[name].open(Hints())
    line = json.dumps(tree).encode()
    reader.fits(line)

    assert is_answer(reader.read(line))


@given(content=st.binary(max_size=100))
def test_any_file_is_answered(content: bytes) -> None:
    """A HAR or none, nothing raises."""
    for text in (content, b'{"log":{"entries":[' + content + b"]}}"):
        found = read_har(text)

        assert isinstance(found, Reject) or all(is_answer(e.found) for e in found)


RICH_ENTRY = a_har_entry(
    {
        "request/postData": {
            "mimeType": "multipart/form-data; boundary=x",
            "params": [{"name": "a", "value": "b", "fileName": "c"}],
        },
        "response/content/encoding": "base64",
        "response/headers": [{"name": "Content-Encoding", "value": "gzip"}],
    }
)


@given(entry=altered(RICH_ENTRY))
def test_odd_values_in_an_entry_are_answered(entry: dict[str, Any]) -> None:
    """An entry is read or refused, whatever its members hold."""
    found = read_har(a_har(entry))

    assert not isinstance(found, Reject) and all(is_answer(e.found) for e in found)
