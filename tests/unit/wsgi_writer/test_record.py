"""The record: one line per exchange, wire-ready, masked, within its limits."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tests.support.exchanges import AN_ID, an_exchange, encoded, recorded
from tests.support.har import RECORD_SCHEMA, record_complaints
from wsgi_writer.mask import FIELDS, KEY_QUERY, REDACTED_QUERY, Masks, mask_key
from wsgi_writer.record import (
    NOTES,
    Caller,
    Encoder,
    Exchange,
    encode_entry,
    encode_record,
)

LIMITS = {"max_body_bytes": 16384, "max_record_bytes": 262144}


def test_head_and_tail_leave_room_for_the_counters() -> None:
    """The file puts `w` and `dropped` between them, under its lock."""
    head, tail = encode_record(an_exchange(), Masks(), **LIMITS)

    assert head.startswith(b'{"v":1,"id":"%s","crc":' % AN_ID.encode())
    assert tail.startswith(b",") and tail.endswith(b"}\n")
    line = json.loads(head + b',"w":[1,2,3],"dropped":4' + tail)
    assert line["w"] == [1, 2, 3]
    assert record_complaints(line) == []


def test_the_checksum_is_that_of_the_rest_of_the_line() -> None:
    """In whatever script it is: of its bytes, without what the file puts in."""
    exchange = an_exchange(reason="Füchsin", route="/\u30d5", host="ö")
    head, tail = encode_record(exchange, Masks(), **LIMITS)
    begun, member, told = head.partition(b',"crc":')

    assert member and told == b"%d" % crc32(begun + tail[:-1])


def test_a_plain_exchange_is_laid_out_exactly_so() -> None:
    """The order of the members is part of the format: readers may rely on it."""
    expected = (
        f'{{"v":1,"id":"{AN_ID}","crc":1523402599,"client":"203.0.113.9","entry":{{'
        '"startedDateTime":"2026-11-23T12:00:00.123Z","time":12,'
        '"request":{"method":"GET","url":"https://api.example.com/owls/7?page=2",'
        '"httpVersion":"HTTP/1.1","cookies":[],'
        '"headers":[{"name":"Host","value":"api.example.com"},'
        '{"name":"User-Agent","value":"owl/1.0"}],'
        '"queryString":[{"name":"page","value":"2"}],"headersSize":-1,"bodySize":0},'
        '"response":{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1",'
        '"cookies":[],"headers":[{"name":"Content-Type","value":"application/json"},'
        '{"name":"Content-Length","value":"11"}],'
        '"content":{"size":11,"mimeType":"application/json",'
        '"text":"{\\"owl\\": 7}\\n"},'
        '"redirectURL":"","headersSize":-1,"bodySize":11},'
        '"cache":{},"timings":{"send":0,"wait":9,"receive":3}}}\n'
    )

    assert expected == encoded(an_exchange()).decode()


def test_the_entry_alone_is_the_very_same() -> None:
    """Foreign logs get the same layout."""
    exchange = an_exchange(request_body=b"hoot", method="POST")
    entry = encode_entry(exchange, Masks(), **LIMITS)

    assert b',"entry":' + entry + b"}\n" in encoded(exchange)


def test_every_optional_member_stands_in_its_order() -> None:
    """crc, caller, auth, notes, open; then the entry, which begins with its route."""
    exchange = an_exchange(
        caller=Caller(mask_key("owlbert-api-key"), "Owl", "o@example.com"),
        target="/owls/7?api_key=owlbert-api-key",
        request_headers=[
            ("Content-Type", "multipart/form-data; boundary=B"),
            ("Authorization", "Bearer a-random-api-key"),
            ("X-Api-Key", "owlbert-api-key"),
            ("Cookie", "sid=owlbert-api-key"),
        ],
        request_body=b"--B--",
        notes=("error", "aborted", "no-such-note"),
        route="/owls/{id}",
    )
    record = recorded(exchange, Masks(identity_cookies=["sid"]))

    assert (list(record)) == [
        "v",
        "id",
        "crc",
        "client",
        "caller",
        "auth",
        "notes",
        "open",
        "entry",
    ]
    assert {
        "id": mask_key("owlbert-api-key"),
        "label": "Owl",
        "email": "o@example.com",
    } == (record["caller"])
    assert {
        "scheme": "bearer",
        "id": mask_key("a-random-api-key"),
        "headers": {
            "authorization": mask_key("Bearer a-random-api-key"),
            "x-api-key": mask_key("owlbert-api-key"),
        },
        "query": {"api_key": mask_key("owlbert-api-key")},
        "cookies": {"sid": mask_key("owlbert-api-key")},
    } == record["auth"]
    assert record["notes"] == ["aborted", "error"]
    assert record["open"] is True
    assert record["entry"]["pageref"] == "/owls/{id}"
    assert record_complaints(record) == []


@pytest.mark.parametrize("value", ["", "Basic", "Bearer x, Basic b3dsOng="])
def test_a_credential_that_says_nothing_leaves_nothing_in_auth(value: str) -> None:
    """An identity must come from a secret that was read."""
    record = recorded(an_exchange(request_headers=[("Authorization", value)]))

    assert record.get("auth", {"scheme": "basic"}) == {"scheme": "basic"}


def test_the_redirect_is_masked_like_its_header() -> None:
    """HAR tells the target twice."""
    location = [("Location", "/cb?code=hunter2&x=1")]
    response = recorded(an_exchange(response_headers=location))["entry"]["response"]

    assert response["redirectURL"] == "/cb?code=%5BREDACTED%207%5D&x=1"
    assert response["headers"][0]["value"] == response["redirectURL"]


def test_a_route_with_a_query_is_masked() -> None:
    """An application may set the whole URL."""
    record = recorded(an_exchange(route="/owls?token=owlbert-api-key"))

    assert "owlbert-api-key" not in record["entry"]["pageref"]


@pytest.mark.parametrize(
    ("duration_ms", "wait_ms", "expected"),
    [(12, 9, (12, 9, 3)), (5, 9, (5, 5, 0)), (-3, 1, (0, 0, 0)), (7, -1, (7, 0, 7))],
)
def test_timings_add_up(
    duration_ms: int, wait_ms: int, expected: tuple[int, int, int]
) -> None:
    """HAR: `time` is the sum of its phases, whatever the clocks did."""
    entry = recorded(an_exchange(duration_ms=duration_ms, wait_ms=wait_ms))["entry"]
    timings = entry["timings"]

    assert expected == (entry["time"], timings["wait"], timings["receive"])


@pytest.mark.parametrize(
    ("started_ns", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (999_999, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_435_200_999_999_999, "2026-11-23T12:00:00.999Z"),
        (10**30, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_the_start_is_utc_with_milliseconds(started_ns: int, expected: str) -> None:
    """A clock beyond all calendars gives the epoch, and no exception."""
    assert (
        expected
        == recorded(an_exchange(started_ns=started_ns))["entry"]["startedDateTime"]
    )


@pytest.mark.parametrize(
    ("status", "expected"), [(0, 0), (999, 999), (1000, 0), (-1, 0)]
)
def test_a_status_is_what_a_status_line_can_hold(status: int, expected: int) -> None:
    """Anything else is recorded as 0."""
    assert (
        expected == recorded(an_exchange(status=status))["entry"]["response"]["status"]
    )


def test_a_dropped_body_is_noted() -> None:
    """Once, whichever side it was on."""
    exchange = an_exchange(
        request_body=b'{"password":"hunt',
        request_type="application/json",
        response_body=b'{"password":"hunt',
        notes=("aborted",),
    )
    record = recorded(exchange)

    assert record["notes"] == ["aborted", "body-withheld"]
    assert record_complaints(record) == []
    assert b"hunt" not in encoded(exchange)


def test_a_line_is_valid_i_json() -> None:
    """Lone surrogates and noncharacters become U+FFFD; controls are escaped."""
    exchange = an_exchange(
        method="G\ud800T",
        client="\udcff",
        reason="é\ufffe\U0010ffff",
        route="/\n\r\x00\u2028",
        request_headers=[("X-\udc80", "a\ud83e\udd89b")],
    )
    line = encoded(exchange)
    entry = json.loads(line)["entry"]

    assert line.count(b"\n") == 1
    assert not [byte for byte in line[:-1] if byte < 32]
    assert (
        entry["request"]["method"],
        entry["response"]["statusText"],
    ) == ("G\ufffdT", "é\ufffd\ufffd")
    assert {"name": "X-\ufffd", "value": "a\ufffd\ufffdb"} in entry["request"][
        "headers"
    ]
    assert entry["pageref"] == "/\n\r\x00\u2028"


class Owl:
    """An object that is neither text nor number, and resists being looked at."""

    def __str__(self) -> str:
        """Refuse."""
        raise RuntimeError("do not look")

    __repr__ = __str__


class Shout(str):
    """A string that joins and formats in its own way."""

    __slots__ = ()

    def __add__(self, other: str) -> str:
        """Raise one's voice."""
        return Shout(f"{str.upper(self)}!{other}")

    __radd__ = __add__


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "404 Not Found"},
        {"status": "404"},
        {"status": 404.0},
        {"status": float("nan")},
        {"status": None},
        {"method": None},
        {"method": b"GET"},
        {"reason": Owl()},
        {"client": 7},
        {"started_ns": None},
        {"duration_ms": "12"},
        {"request_body": "text"},
        {"request_body": bytearray(b"text")},
        {"response_body": memoryview(b"text")},
        {"response_body": Owl(), "response_body_size": 4},
        {"response_body_size": "9"},
        {
            "response_headers": [
                ("X-A", 7),
                ("X-B", None),
                ("X-C", b"\xff"),
                (None, "x"),
            ]
        },
        {"response_headers": [("X-A",), "nonsense", None, ["X-D", "d"], ([], "x")]},
        {"response_headers": None},
        {
            "response_headers": [
                ("X-A", Shout("a")),
                (Shout("X-Api-Key"), Shout("k" * 9)),
            ]
        },
        {"request_headers": [("Authorization", Owl())]},
        {"target": None},
        {"route": 7},
        {"notes": ["aborted"]},
        {"notes": None},
        {"caller": {"api_key": "owlbert-api-key"}},
        {"id": 7},
    ],
)
def test_hostile_parts_are_recorded_as_far_as_they_go(changes: dict[str, Any]) -> None:
    """Whatever the application hands its server, the line is valid."""
    if "request_body" in changes:
        changes.setdefault("request_body_size", 4)
    if "response_body" in changes:
        changes.setdefault("response_body_size", 4)
    record = recorded(replace(an_exchange(), **changes))

    if "id" in changes:
        record["id"] = AN_ID
    assert record_complaints(record) == []


def test_what_can_be_saved_of_hostile_headers_is_saved() -> None:
    """Numbers become text; an object gives its type's name and is not called."""
    headers: Any = [
        ("X-A", 7),
        ("X-B", b"\xff"),
        ("X-C", Owl()),
        ("X-D",),
        ["X-E", "e"],
    ]
    entry = recorded(an_exchange(response_headers=headers))["entry"]

    assert [(pair["name"], pair["value"]) for pair in entry["response"]["headers"]] == [
        ("X-A", "7"),
        ("X-B", "\xff"),
        ("X-C", "[Owl]"),
        ("X-E", "e"),
    ]


def big(**changes: Any) -> Exchange:
    """Return an exchange that has much of everything."""
    headers = [("Authorization", "Bearer a-random-api-key"), ("X-Long", "x" * 3000)]
    return an_exchange(
        **{
            "request_headers": [*headers, ("Content-Type", "text/plain")],
            "request_body": b"hoot" * 2000,
            "response_body": b"hoot" * 2000,
            "method": "POST",
        }
        | changes
    )


def test_a_record_that_fits_sheds_nothing() -> None:
    """The limit counts bytes, with room for the file's counters and any checksum."""
    line = encoded(big())
    digits = len(str(json.loads(line)["crc"]))
    room = len(line) - digits + 10 + 96

    assert line == encoded(big(), max_record_bytes=room)
    assert b'"shed"' in encoded(big(), max_record_bytes=room - 1)


def test_bodies_are_shed_first() -> None:
    """Sizes, headers and the caller stay."""
    record = recorded(big(), max_record_bytes=8000)
    entry = record["entry"]

    assert record["notes"] == ["shed"]
    assert "postData" not in entry["request"]
    assert (
        entry["request"]["bodySize"],
        entry["response"]["content"]["size"],
    ) == (8000, 8000)
    assert entry["request"]["headers"][1]["value"] == "x" * 3000
    assert record_complaints(record) == []


def test_header_values_are_shed_next() -> None:
    """Identity is taken from them before they go."""
    record = recorded(big(), max_record_bytes=3000)

    assert [
        pair["value"]
        for pair in record["entry"]["request"]["headers"]
        if pair["name"] == "X-Long"
    ] == ["[SHED 3000]"]
    assert mask_key("a-random-api-key") == record["auth"]["id"]
    assert len(encoded(big(), max_record_bytes=3000)) <= 3000


def test_what_is_left_fits_whatever_came() -> None:
    """Thousands of headers and an endless URL leave one small record."""
    exchange = big(
        target="/" + "u" * 100_000 + "?" + "q" * 100_000,
        request_headers=[("X" * 100, "")] * 3000,
        reason="é" * 9000,
        route="r" * 9000,
    )
    line = encoded(exchange, max_record_bytes=16_384)
    record = json.loads(line)

    assert len(line) <= 16_384
    assert record["entry"]["request"]["headers"] == []
    assert record_complaints(record) == []


def test_headers_are_not_read_again_whenever_something_is_shed() -> None:
    """A client cannot hold the application up with all that its server lets through."""
    url = ("https://h/?" + "@//" * 4000)[:8190]
    exchange = big(request_headers=[(f"X-{n}-Url", url) for n in range(30)])

    def seconds(max_record_bytes: int) -> float:
        started = time.process_time()
        encoded(exchange, max_record_bytes=max_record_bytes)
        return time.process_time() - started

    seconds(10_000)
    whole, shed = (min(seconds(size) for _ in range(3)) for size in (10**8, 10_000))

    assert shed < 1.6 * whole


def test_a_target_that_is_laid_out_at_length_is_not_remembered() -> None:
    """One of a few kilobytes, full of keys, takes fifty times as much on its line."""
    targets = Encoder(Masks()).targets
    usual = "http://h\n/?" + "name=value&" * 100
    hostile = "http://h\n/?" + "key=k&" * 600
    laid_out = [targets[text] for text in (usual, hostile)]

    assert len(laid_out[1].url + laid_out[1].query) > 100_000
    assert list(targets) == [usual]


def test_a_second_is_formatted_once_and_not_mixed_up() -> None:
    """Requests of different seconds keep their own."""
    masks = Masks()
    second = 1_000_000_000
    seen = [
        recorded(an_exchange(started_ns=at * second), masks)["entry"]["startedDateTime"]
        for at in (1, 2, 1, 1, 3)
    ]

    assert [text[17:19] for text in seen] == ["01", "02", "01", "01", "03"]


def test_the_notes_are_one_closed_list() -> None:
    """Writer, schema and documentation know the same ones."""
    schema = json.loads(RECORD_SCHEMA.read_text("utf-8"))
    page = Path("docs/record-format.md").read_text("utf-8")

    assert set(NOTES) == set(schema["properties"]["notes"]["items"]["enum"])
    assert set(NOTES) == set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) - (
        {*schema["properties"], *schema["$defs"]["auth"]["properties"]}
    )


def test_every_masked_name_is_documented() -> None:
    """Nobody should have to read the source to know what is masked."""
    page = Path("docs/record-format.md").read_text("utf-8")

    assert not [
        name for name in (*FIELDS, *KEY_QUERY, *REDACTED_QUERY) if name not in page
    ]
