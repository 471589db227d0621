"""Any exchange at all becomes one line that is valid in every way we promise."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.exchanges import AN_ID, encoded
from tests.support.har import record_complaints
from wsgi_writer.mask import Masks
from wsgi_writer.record import NOTES, Caller, Exchange

FORBIDDEN = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
MASKS = Masks(identity_cookies=["sid"])

anything = st.text(st.characters(), max_size=30)
native = st.text(st.characters(max_codepoint=255), max_size=60)
sizes = st.integers(0, 3)
names = st.one_of(
    native,
    st.sampled_from(
        [
            "Authorization", "Cookie", "Set-Cookie", "Location", "Referer", "Link",
            "X-Api-Key", "Content-Encoding", "Content-Type", "content-type",
        ]
    ),
)  # fmt: skip
values = st.one_of(
    anything,
    st.sampled_from(
        [
            "Basic b3dsOng=", "Bearer a.eyJzdWIiOiJhIn0.c", "sid=1; b", "gzip",
            "deflate", "application/json", "application/x-www-form-urlencoded",
            "text/plain", "multipart/form-data; boundary=B", "<a?key=b>; rel=c",
            "application/json; charset=utf-16", "https://a:b@c/?code=1&b#token=2",
        ]
    ),
)  # fmt: skip
headers = st.lists(st.tuples(names, values), max_size=6)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | anything,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "password", "cvv"]), inner, max_size=3)
    ),
    max_leaves=6,
)
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=80),
    documents.map(lambda value: json.dumps(value).encode()),
    documents.map(lambda value: gzip.compress(json.dumps(value).encode())),
    anything.map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from([b"a=1&cvv=2&%", b"--B\r\n\r\n\r\n--B--", b'{"cvv":']),
)
targets = st.one_of(
    native,
    native.map(lambda text: "/" + text),
    st.lists(
        st.sampled_from(["/", "?", "&", "=", "#", ";", "%", "+", "key", "a", "%41"]),
        max_size=12,
    ).map("".join),
)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """Draw an exchange with nothing left out that a client or app could send."""
    request_body, response_body = draw(bodies), draw(bodies)
    return Exchange(
        id=AN_ID,
        started_ns=draw(st.integers(-(10**20), 10**20)),
        duration_ms=draw(st.integers(-5, 10**9)),
        wait_ms=draw(st.integers(-5, 10**9)),
        client=draw(anything),
        method=draw(anything),
        scheme=draw(st.sampled_from(["http", "https"])),
        host=draw(native | st.sampled_from(["a.example:80", "[::1]:8", "u:p@h"])),
        target=draw(targets),
        http_version=draw(anything),
        request_headers=draw(headers),
        request_body=request_body,
        request_body_size=len(request_body) + draw(sizes),
        status=draw(st.integers(-5, 2000)),
        reason=draw(anything),
        response_headers=draw(headers),
        response_body=response_body,
        response_body_size=len(response_body) + draw(sizes),
        route=draw(st.none() | anything),
        caller=draw(st.none() | st.builds(Caller, st.just("k"), anything, anything)),
        notes=draw(st.lists(st.sampled_from(NOTES), max_size=3).map(tuple)),
    )


@settings(max_examples=400, deadline=None)
@given(exchange=exchanges(), limit=st.integers(0, 100))
def test_any_exchange_becomes_one_valid_line(exchange: Exchange, limit: int) -> None:
    """UTF-8, I-JSON, one newline, the published schema, and HAR 1.2 besides."""
    line = encoded(exchange, MASKS, max_body_bytes=limit)
    text = line.decode("utf-8")
    record = json.loads(text, object_pairs_hook=without_repeats)

    assert line.endswith(b"}\n") and line.count(b"\n") == 1
    assert not FORBIDDEN.search(json.dumps(record, ensure_ascii=False))
    assert record_complaints(record) == []


@settings(max_examples=200, deadline=None)
@given(exchange=exchanges(), limit=st.integers(1200, 3000))
def test_any_exchange_sheds_what_is_too_much(exchange: Exchange, limit: int) -> None:
    """No line is longer than its limit, with room for the file's counters."""
    exchange.request_headers += [("X-Filler", "x" * 1500)]
    line = encoded(exchange, MASKS, max_record_bytes=max(limit, 8 * 1024))
    small = encoded(exchange, MASKS, max_record_bytes=limit + 1000)

    assert record_complaints(json.loads(line)) == []
    assert record_complaints(json.loads(small)) == []
    assert len(small) + 96 <= limit + 1000 or b'"headers":[],"queryString":[]' in small


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Read an object whose names must differ, as I-JSON demands."""
    read = dict(pairs)
    assert len(read) == len(pairs)
    return read
