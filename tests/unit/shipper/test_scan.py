"""Where listed names may stand in the bytes of an entry."""

from __future__ import annotations

import pytest

from shipper.lists import Lists
from shipper.scan import Scan
from tests.support.records import a_record, json_content

# All of them are part of a name that HAR gives a member.
HAR_NAMES = (
    "name", "value", "text", "url", "cookie", "cookies", "status", "header", "size",
    "content", "time", "TIMINGS", "method", "query", "mime", "version",
)  # fmt: skip


def found(*names: str, **parts: object) -> list[bytes]:
    """Return what is found in an entry with these parts."""
    plain = {"url": "ws://owls/7", "given": json_content([7])}
    headers = {"request_headers": [("Host", "owls")], "response_headers": []}
    entry = a_record(**{**plain, **headers, **parts}).entry  # type: ignore[arg-type]
    return [entry[start:end] for start, end in Scan(Lists(names)).spans(entry)]


def test_members_of_har_are_no_places_of_names() -> None:
    """Every entry has a "name" in each header; nobody means that by the word."""
    assert found(*HAR_NAMES, response_headers=[("Via", "owl")]) == []


@pytest.mark.parametrize("name", HAR_NAMES)
def test_elsewhere_they_are(name: str) -> None:
    """As the name of a header or a parameter, in an address, or in a document."""
    word = name.encode()

    assert found(name, request_headers=[(name, "1")]) == [word]
    assert found(name, query=[(name, "1")]) == [word]
    assert found(name, given=json_content({name: 1})) == [word]
    assert found(name, given=json_content({f"a{name}s": {f"a{name}": 1}})) == [word] * 2
    assert found(name, given=json_content(name)) == [word]
    assert found(name, url=f"ws://owls/7?a={name}:1") == [word]
