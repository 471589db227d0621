"""No layout of an entry lets a secret through, though only one is a quick one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.model import Entry, Reject
from shipper.redact import Redacted, Redactor
from tests.support.lines import a_line
from tests.support.planted import NAMES, SECRET, Planted, planted, readings
from tests.support.records import RECORD_ID, an_entry, parsed, text_body
from tests.support.shapers import a_shaper
from wsgi_writer.record import with_checksum

SHAPER = a_shaper(denylist=(*NAMES, "location"))
NARROW = a_shaper(
    denylist=[
        f"{where}.{name}"
        for name in NAMES
        for where in ("header", "request.body", "response.body", "query")
    ]
)
VERSION, HEAD = (
    f'{{"v":1,"id":"{RECORD_ID}"'.encode(),
    b',"client":"203.0.113.9","entry":',
)
KEPT = "this stays"
# Members that may be given twice, and those that HAR allows a comment in.
REPEATED = (
    "startedDateTime", "request", "request.url", "request.headers", "request.cookies",
    "request.queryString", "request.postData", "response", "response.headers",
    "response.cookies", "response.content", "response.content.text",
)  # fmt: skip
BLANKS = [("", ""), (" ", ""), ("", " "), ("\t", "\n")]
COMMENTED = ("", "request", "request.postData", "response", "response.content")
HARMLESS = an_entry(sent=text_body("a"))


@st.composite
def laid_out(draw: st.DrawFn, entry: bytes) -> tuple[str, int]:
    """An entry in some other layout, and how many comments have to stay in it.

    Members stand in any order, with blanks between them, with comments, and one of
    them perhaps twice, of which one is harmless.
    """
    is_shuffled = draw(st.booleans())
    before, behind = draw(
        st.sampled_from([("", ""), (" ", ""), ("", " "), ("\t", "\n")])
    )
    comments = draw(st.sets(st.sampled_from(COMMENTED)))
    twice = draw(st.sampled_from(["", "", *REPEATED]))
    count = 0

    def text_of(value: Any, path: str) -> str:
        nonlocal count
        if isinstance(value, list):
            items = [text_of(item, "items") for item in value]
            return f"[{f'{before},{behind}'.join(items)}]"
        if not isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False)
        members = []
        for name, item in value.items():
            inner = f"{path}.{name}" if path else name
            same = [text_of(item, inner)]
            if inner == twice:
                same.insert(
                    draw(st.integers(0, 1)), text_of(other_than(inner), "other")
                )
            members += [f'"{name}"{before}:{behind}{one}' for one in same]
        if is_shuffled:
            members = draw(st.permutations(members))
        if path in comments and "comment" not in value:
            count += 1
            at = draw(st.integers(0, len(members)))
            members.insert(at, f'"comment"{before}:{behind}"{KEPT}"')
        return f"{{{f'{before},{behind}'.join(members)}}}"

    text = text_of(json.loads(entry), "")
    return text, 0 if twice else count


def other_than(path: str) -> Any:
    """Return what may stand at a place of an entry as well."""
    value: Any = HARMLESS
    for step in path.split("."):
        value = value[step]
    return value


@given(st.data(), planted(), st.sampled_from([SHAPER, NARROW]), st.booleans())
@settings(max_examples=700)
def test_no_secret_leaves_in_any_layout(
    data: st.DataObject, found: Planted, shaper: Any, has_checksum: bool
) -> None:
    """And nothing is lost, whether or not a right checksum vouches for the line."""
    text, comments = data.draw(laid_out(found.record.entry))
    tail = HEAD + text.encode()
    head = with_checksum(VERSION, tail + b"}\n") if has_checksum else VERSION

    item = shaper.shape(a_line(head + tail + b"}"))

    if isinstance(item, Reject):
        return  # a body that is both a text and a form
    assert isinstance(item, Entry)
    if shaper is SHAPER or found.place in ("header", "url", "json"):
        assert SECRET not in readings(item.payload)
    (entry,) = json.loads(item.payload)["request"]["log"]["entries"]
    assert entry.keys() >= {"request", "response", "timings"}
    assert item.payload.decode().count(KEPT) >= comments


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
    return VERSION + HEAD + json.dumps(tree or an_entry()).encode() + b"}"
