"""What `parse` accepts, what it refuses, and with which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.explain import record_schema
from shipper.model import BLANK, Caller, Reject, Skip
from shipper.parse import NOT_JSON, NOT_UTF8, NUL, SCHEMA, UnknownVersion, parse
from shipper.record import request_header
from tests.support.exchanges import an_exchange, encoded
from tests.support.records import MASK, RECORD_ID, a_record, a_record_line, compact


def refusal(line: bytes) -> Reject:
    """Parse a line that must be refused."""
    result = parse(line)
    assert isinstance(result, Reject), result
    return result


def changed(path: str, value: Any) -> bytes:
    """Return a record line with one member, by dotted path, set to a value."""
    document = json.loads(a_record_line())
    *steps, last = path.split(".")
    node = document
    for step in steps:
        node = node[int(step)] if step.isdigit() else node[step]
    node[last] = value
    return compact(document)


def test_a_record_is_typed() -> None:
    """The scalars that later rooms ask for are at hand."""
    record = a_record(method="PUT", url="http://h/x?y=1", status=404)

    assert (record.id, record.client) == (RECORD_ID, "203.0.113.9")
    assert (record.method, record.url, record.status) == ("PUT", "http://h/x?y=1", 404)


def test_the_entry_is_kept_byte_for_byte() -> None:
    """The bytes that are spliced into the payload are those of the disk."""
    line = a_record_line(given={"size": 4, "mimeType": "x", "text": "é\u2028"})
    start = line.index(b'"entry":') + len(b'"entry":')

    assert (
        line[start:-1]
        == a_record(given={"size": 4, "mimeType": "x", "text": "é\u2028"}).entry
    )


def test_the_envelope_is_read() -> None:
    """Caller, auth, notes, losses and the open mark come out typed."""
    record = a_record(
        envelope={
            "caller": {"id": MASK, "label": "Owl", "email": "owl@example.com"},
            "auth": {"scheme": "bearer", "id": MASK, "claims": {"sub": "7", "n": 3}},
            "notes": ["aborted", "error"],
            "dropped": 3,
            "open": True,
        }
    )

    assert record.caller == Caller(MASK, "Owl", "owl@example.com")
    assert record.auth is not None
    assert record.auth.claims == {"sub": "7", "n": 3}
    assert record.notes == ("aborted", "error")
    assert (record.dropped, record.is_open) == (3, True)
    assert record.w is not None
    assert record.w.number == 1


def test_what_the_writer_writes_is_read() -> None:
    """The two halves of the product meet in this line."""
    line = encoded(an_exchange(route="/owls/{id}"))

    record = parse(line.rstrip(b"\n"))

    assert not isinstance(record, Skip | Reject | UnknownVersion)
    assert record.har.pageref == "/owls/{id}"


@pytest.mark.parametrize("line", [b"", b"\r", b" \t\r", b"\xef\xbb\xbf"])
def test_a_blank_line_is_skipped(line: bytes) -> None:
    """Scenario 40: a blank line is neither a loss nor a fault."""
    assert Skip(BLANK) == parse(line)


@pytest.mark.parametrize(
    "line",
    [
        a_record_line() + b"\r",
        b"\xef\xbb\xbf" + a_record_line(),
        b"  " + a_record_line() + b"  ",
        json.dumps(json.loads(a_record_line()), indent=1).encode(),
        a_record_line()[:-1] + b',"later":{"entry":{}}}',
        b'{"other":{"entry":{"a":1}},' + a_record_line()[1:],
    ],
    ids=["CR", "BOM", "spaces", "pretty", "a member after", "a member before"],
)
def test_another_layout_of_the_same_record_is_the_same(line: bytes) -> None:
    """Layout carries no meaning: the same members make the same record."""
    record = parse(line)

    assert not isinstance(record, Skip | Reject | UnknownVersion)
    assert record.har == a_record().har
    assert json.loads(record.entry) == json.loads(a_record().entry)


def test_the_last_of_two_entries_counts_for_bytes_and_view_alike() -> None:
    """What is looked at is what is sent, in a line with a member twice."""
    other = a_record(url="https://other.example.com/")
    line = a_record_line()[:-1] + b',"entry":' + other.entry + b"}"

    record = parse(line)

    assert not isinstance(record, Skip | Reject | UnknownVersion)
    assert (record.entry, record.har) == (other.entry, other.har)


def test_an_unknown_member_of_the_entry_is_left_out() -> None:
    """Nobody can redact what nobody knows, so it is not sent."""
    line = changed("entry.request._secret", "hunter2")

    record = parse(line)

    assert not isinstance(record, Skip | Reject | UnknownVersion)
    assert b"hunter2" not in record.entry
    assert json.loads(record.entry) == json.loads(a_record().entry)


def test_an_unknown_member_deep_in_a_list_is_left_out() -> None:
    """The same holds for members of headers, and their neighbours stay."""
    line = changed("entry.request.headers.0._secret", "hunter2")

    record = parse(line)

    assert not isinstance(record, Skip | Reject | UnknownVersion)
    assert b"hunter2" not in record.entry
    assert request_header(record, "host") == "api.example.com"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\0" * 64, NUL),
        (a_record_line().decode().encode("utf-16-be"), NUL),
        (a_record_line().decode().encode("utf-16"), NOT_UTF8),
        (a_record_line().replace(b"owl", b"\xff\xfe"), NOT_UTF8),
        (a_record_line().replace(b"owl", b"\xed\xa0\x80"), NOT_UTF8),
        (a_record_line()[:100], NOT_JSON),
        (b"hello", NOT_JSON),
        (a_record_line().replace(b":12,", b":NaN,", 1), NOT_JSON),
        (a_record_line().replace(b"GET", b"\\ud800"), NOT_JSON),
        (a_record_line().replace(b"GET", b"\\udc00"), NOT_JSON),
        (a_record_line() + a_record_line(), NOT_JSON),
        (b'{"v":1,"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", NOT_JSON),
        (b"[]", SCHEMA),
        (b"12", SCHEMA),
        (b"{}", SCHEMA),
        (changed("v", "1"), SCHEMA),
        (changed("v", True), SCHEMA),
        (changed("id", "not-a-uuid"), SCHEMA),
        (changed("id", RECORD_ID + "\n"), SCHEMA),
        (changed("client", None), SCHEMA),
        (changed("open", False), SCHEMA),
        (changed("dropped", 0), SCHEMA),
        (changed("w", [1, 2]), SCHEMA),
        (changed("w", [1, 2, 3, 4]), SCHEMA),
        (changed("notes", ["no-such-note"]), SCHEMA),
        (changed("notes", ["error", "error"]), SCHEMA),
        (changed("caller", {"id": ""}), SCHEMA),
        (changed("caller", {"label": "x"}), SCHEMA),
        (changed("auth", {"id": "raw-token"}), SCHEMA),
        (changed("auth", {"id": ""}), SCHEMA),
        (changed("auth", {"headers": {"x-api-key": "raw"}}), SCHEMA),
        (changed("entry.time", 1.5), SCHEMA),
        (changed("entry.time", -1), SCHEMA),
        (changed("entry.startedDateTime", "2026-11-23 12:00:00"), SCHEMA),
        (changed("entry.request.url", "/relative"), SCHEMA),
        (changed("entry.request.url", "http://h/a b"), SCHEMA),
        (changed("entry.request.headers", 5), SCHEMA),
        (changed("entry.request.headers", [{"name": "x"}]), SCHEMA),
        (changed("entry.request.headers.0.value", 5), SCHEMA),
        (changed("entry.request.postData", {"mimeType": "x"}), SCHEMA),
        (
            changed(
                "entry.request.postData", {"mimeType": "x", "text": "", "params": []}
            ),
            SCHEMA,
        ),
        (changed("entry.response.status", 1000), SCHEMA),
        (changed("entry.response.status", "200"), SCHEMA),
        (changed("entry.response.content", {"size": 0}), SCHEMA),
        (
            changed(
                "entry.response.content",
                {"size": 0, "mimeType": "", "encoding": "base64"},
            ),
            SCHEMA,
        ),
        (changed("entry.timings", {"send": 0}), SCHEMA),
    ],
)
def test_what_is_no_record_is_refused_with_a_stable_word(
    line: bytes, reason: str
) -> None:
    """Scenario 40: the word becomes a counter, and never depends on the line."""
    assert reason == refusal(line).reason


@pytest.mark.parametrize("version", [0, 2, 99, -1])
@pytest.mark.parametrize("rest", [b"", b',"entry":7', b',"other":[{"v":1}]'])
def test_another_version_is_told_apart_whatever_else_it_holds(
    version: int, rest: bytes
) -> None:
    """A file of a later format waits for a later program; it is not refused."""
    line = b'{"v":%d%s}' % (version, rest)

    assert UnknownVersion(version) == parse(line)


def test_an_unknown_version_says_why_the_file_stops() -> None:
    """The operator reads which version was met and which is known."""
    assert "version 2" in UnknownVersion(2).why


def test_a_header_is_found_whatever_its_case() -> None:
    """Header names have no case (RFC 9110 section 5.1); the first one counts."""
    record = a_record(request_headers=[("X-A", "1"), ("x-a", "2"), ("B", "3")])

    assert request_header(record, "x-a") == "1"
    assert request_header(record, "c") is None


def test_the_words_of_notes_are_those_of_the_schema() -> None:
    """A note that the schema allows must not be refused here."""
    notes = record_schema()["properties"]["notes"]["items"]["enum"]

    assert list(a_record(envelope={"notes": notes}).notes) == notes
