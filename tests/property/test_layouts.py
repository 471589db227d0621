"""No layout of an entry lets a secret through, though only one is a quick one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.redact import Redacted, Redactor
from tests.support.planted import NAMES, SECRET, Planted, planted, readings
from tests.support.records import RECORD_ID, an_entry, parsed

DENY = Redactor(denylist=(*NAMES, "location"))
HEAD = f'{{"v":1,"id":"{RECORD_ID}","client":"203.0.113.9","entry":'


def shuffled(draw: st.DrawFn, value: Any) -> Any:
    """Return a document with the members of its objects in any order."""
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: shuffled(draw, value[name]) for name in names}
    if isinstance(value, list):
        return [shuffled(draw, item) for item in value]
    return value


@st.composite
def laid_out(draw: st.DrawFn, entry: bytes) -> str:
    """An entry in some other layout: order, blanks, or a part of it given twice."""
    tree = json.loads(entry)
    if draw(st.booleans()):
        tree = shuffled(draw, tree)
    gap = draw(st.sampled_from(["", " ", "\t"]))
    text = json.dumps(tree, ensure_ascii=False, separators=(f"{gap},", f":{gap}"))
    twice = draw(st.sampled_from(["", "request", "response", "startedDateTime"]))
    if twice:
        again = json.dumps(tree[twice], ensure_ascii=False, separators=(",", ":"))
        first = draw(st.booleans())
        member = f'"{twice}":{again}'
        text = f"{{{member},{text[1:]}" if first else f"{text[:-1]},{member}}}"
    return text


@given(st.data(), planted())
@settings(max_examples=500)
def test_no_secret_leaves_in_any_layout(data: st.DataObject, found: Planted) -> None:
    """Members out of order, blanks between them, or one of them twice."""
    text = data.draw(laid_out(found.record.entry))
    record = parsed(f"{HEAD}{text}}}".encode())

    result = DENY.apply(record)

    assert isinstance(result, Redacted)
    assert SECRET not in readings(result.entry)
    assert json.loads(result.entry).keys() >= {"request", "response", "timings"}


@given(st.sampled_from(["mark", "remove"]), st.booleans())
def test_a_hidden_location_is_hidden_where_har_repeats_it(
    redaction: Any, has_header: bool
) -> None:
    """Its name stands in the header alone, and perhaps not even there."""
    redactor = Redactor(denylist=["location"], redaction=redaction)
    tree = json.loads(parsed(_line({})).entry)
    tree["response"]["redirectURL"] = f"https://h/{SECRET}"
    if has_header:
        header = {"name": "Location", "value": f"https://h/{SECRET}"}
        tree["response"]["headers"].append(header)

    result = redactor.apply(parsed(_line(tree)))

    assert isinstance(result, Redacted)
    assert SECRET.encode() not in result.entry


def _line(tree: dict[str, Any]) -> bytes:
    return f"{HEAD}{json.dumps(tree or an_entry())}}}".encode()
