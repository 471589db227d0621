"""Records of foreign exchanges: nothing invented, nothing listed in clear."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest

from shipper.adopt import Adopter, record_id
from shipper.foreign import Foreign, Header
from shipper.model import Reject
from shipper.parse import parse
from shipper.record import Record
from tests.support.foreign_logs import a_foreign, a_reader, read_one, sample
from tests.support.har import record_complaints
from wsgi_writer.mask import Masks

AN_ID = "0d4f8c1e-6f0a-4c52-9b1e-2a7d3c9e5f10"
BASE = "https://api.example.com"


def _adopted(
    foreign: Foreign, base_url: str | None = BASE, masks: Masks | None = None
) -> dict[str, Any]:
    adopter = Adopter(masks=masks or Masks(), base_url=base_url)
    line = adopter.adopt(foreign, AN_ID)
    assert isinstance(line, bytes), line
    assert isinstance(parse(line), Record)
    record: dict[str, Any] = json.loads(line)
    assert record_complaints(record) == []
    crc = record.pop("crc")
    assert crc == crc32(line.replace(b',"crc":%d' % crc, b""))
    return record


def test_what_is_not_known_is_said_or_left_out() -> None:
    """No body, no header, no duration and no size is made up."""
    assert _adopted(a_foreign()) == {
        "v": 1,
        "id": AN_ID,
        "client": "127.0.0.1",
        "entry": {
            "startedDateTime": "2026-11-23T12:00:00.123Z",
            "time": 0,
            "request": {
                "method": "GET",
                "url": "https://api.example.com/owls/7?page=2",
                "httpVersion": "unknown",
                "cookies": [],
                "headers": [],
                "queryString": [{"name": "page", "value": "2"}],
                "headersSize": -1,
                "bodySize": -1,
            },
            "response": {
                "status": 200,
                "statusText": "",
                "httpVersion": "unknown",
                "cookies": [],
                "headers": [],
                "content": {
                    "size": 0,
                    "mimeType": "",
                    "comment": "no size in the log",
                },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": -1,
            },
            "cache": {},
            "timings": {
                "send": 0,
                "wait": 0,
                "receive": 0,
                "comment": "no duration in the log",
            },
        },
    }


def test_what_is_known_is_kept() -> None:
    """Sizes without bodies, the duration, the user, the route and the remarks."""
    record = _adopted(
        a_foreign(
            duration_ms=7,
            user="owl",
            client="203.0.113.9",
            reason="OK",
            http_version="HTTP/2.0",
            response_size_bytes=512,
            response_headers=(("Content-Type", "text/html"),),
            route="/owls/{id}",
            remarks=("One.", "Two."),
        )
    )

    entry = record["entry"]
    assert (
        record["auth"],
        record["client"],
        entry["timings"],
        entry["response"]["content"],
        entry["comment"],
        entry["pageref"],
    ) == (
        {"user": "owl"},
        "203.0.113.9",
        {"send": 0, "wait": 7, "receive": 0},
        {"size": 512, "mimeType": "text/html"},
        "One. Two.",
        "/owls/{id}",
    )


def test_bodies_come_decoded_whatever_the_headers_say() -> None:
    """A log that has bodies has them as text; the coding was that of the wire."""
    record = _adopted(
        a_foreign(
            request_body=b'{"password": "x", "owl": 1}',
            request_headers=(("Content-Type", "application/json"),),
            response_body=b'{"owl": 7}',
            response_headers=(
                ("Content-Type", "application/json"),
                ("Content-Encoding", "gzip"),
            ),
            response_size_bytes=3,
        )
    )

    assert (
        record["entry"]["request"]["postData"]["text"],
        record["entry"]["response"]["content"]["text"],
        record["entry"]["response"]["content"]["size"],
    ) == ('{"password": "[REDACTED 1]", "owl": 1}', '{"owl": 7}', 10)


def test_an_empty_body_is_known_to_be_empty() -> None:
    """That is not the same as not known."""
    entry = _adopted(a_foreign(response_body=b"", request_body=b""))["entry"]

    assert (
        entry["request"]["bodySize"],
        entry["response"]["content"],
        "postData" in entry["request"],
    ) == (0, {"size": 0, "mimeType": ""}, False)


@pytest.mark.parametrize(
    ("changes", "base_url", "url"),
    [
        ({"target": "/a"}, BASE, "https://api.example.com/a"),
        ({"target": "/a"}, "HTTP://[::1]:8080/", "http://[::1]:8080/a"),
        ({"target": "a.php"}, BASE, "https://api.example.com/a.php"),
        ({"target": ".evil.test/"}, BASE, "https://api.example.com/.evil.test/"),
        ({"target": "@evil.test/"}, BASE, "https://api.example.com/@evil.test/"),
        ({"target": "*"}, BASE, "https://api.example.com/*"),
        ({"target": "//b/c"}, BASE, "https://api.example.com//b/c"),
        ({"target": "http://x.test/a"}, BASE, "http://x.test/a"),
        ({"target": "http://u:p@x.test/a"}, None, "http://x.test/a"),
        ({"target": "http:///a"}, BASE, "https://api.example.com/a"),
        ({"target": "/a", "host": "b.test"}, BASE, "https://b.test/a"),
        ({"target": "/a", "host": "b.test:443"}, None, "https://b.test:443/a"),
        ({"target": "/a", "host": "b.test:80"}, BASE, "http://b.test:80/a"),
        ({"target": "/a", "host": "b.test"}, None, "http://b.test/a"),
        (
            {"target": "/a", "host": "b.test", "scheme": "https"},
            "http://c.test",
            "https://b.test/a",
        ),
        ({"target": "/\u00e9\u2603"}, BASE, "https://api.example.com/%C3%A9%E2%98%83"),
    ],
)
def test_a_url_is_made_by_rule(
    changes: dict[str, Any], base_url: str | None, url: str
) -> None:
    """A target never becomes part of the host, and an absolute one is taken as is."""
    record = _adopted(a_foreign(**changes), base_url)

    assert url == record["entry"]["request"]["url"]


def test_without_a_host_there_is_no_record() -> None:
    """None is invented."""
    refused = Adopter(masks=Masks()).adopt(a_foreign(), AN_ID)

    assert isinstance(refused, Reject)
    assert refused.reason == "no-host"


@pytest.mark.parametrize(
    "base_url", ["api.example.com", "ftp://a.test", "https://a.test/v1", "https://", ""]
)
def test_a_base_url_is_scheme_and_host(base_url: str) -> None:
    """A path would be put before every target, silently."""
    with pytest.raises(ValueError, match="base_url"):
        Adopter(masks=Masks(), base_url=base_url)


def test_foreign_secrets_pass_the_writers_masks() -> None:
    """Query, referer, credentials and cookies, and the operator's own names."""
    masks = Masks(query=["ssn"], headers=["x-owl-secret"])
    foreign = a_foreign(
        target="/a?api_key=SECRET111&ssn=SECRET222&page=2",
        request_headers=(
            ("Referer", "https://u:SECRET333@x.test/?token=SECRET444&q=fine"),
            ("Authorization", "Bearer SECRET555"),
            ("Cookie", "sid=SECRET666"),
            ("X-Owl-Secret", "SECRET777"),
        ),
        user="owl",
    )

    text = json.dumps(_adopted(foreign, masks=masks))

    assert "SECRET" not in text
    assert "page=2" in text
    assert "q=fine" in text
    assert '"user": "owl"' in text


@pytest.mark.parametrize(
    "part_head",
    [
        b'Content-Disposition: form-data; name="password"\r\n',
        b"content-type: text/plain\r\ncontent-disposition:form-data;name=password\r\n",
    ],
)
def test_a_form_of_parts_is_known_where_the_log_has_no_type(part_head: bytes) -> None:
    """Its first line is the boundary; without a type no part would be masked."""
    body = b"--ab'c\r\n" + part_head + b"\r\ns3cret\r\n--ab'c--\r\n"

    request = _adopted(a_foreign(request_body=body))["entry"]["request"]

    assert request["headers"] == [
        {"name": "Content-Type", "value": 'multipart/form-data; boundary="ab\'c"'}
    ]
    assert "[REDACTED 6]" in request["postData"]["text"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"-- a comment\nContent-Disposition: form-data\n", ()),
        (b"--a\r\nSubject: x\r\n\r\n--a--", ()),
        (
            b"--a\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--a--\r\n",
            (("content-type", "text/plain"),),
        ),
    ],
)
def test_a_type_is_never_made_up(body: bytes, headers: tuple[Header, ...]) -> None:
    """What is no form of parts stays a text, and so does what is said to be one."""
    foreign = a_foreign(request_body=body, request_headers=headers)

    request = _adopted(foreign)["entry"]["request"]

    assert request["headers"] == [{"name": n, "value": v} for n, v in headers]
    assert request["postData"]["text"] == body.decode()


def test_basic_credentials_name_their_own_user() -> None:
    """The log's column says the same, and is not written twice."""
    basic = ("Authorization", "Basic b3dsOng=")

    record = _adopted(a_foreign(request_headers=(basic,), user="else"))

    assert record["auth"] == {"scheme": "basic", "user": "owl"}


def test_a_great_line_sheds_as_our_own_do() -> None:
    """A record stays within its bound."""
    adopter = Adopter(masks=Masks(), base_url=BASE, max_record_bytes=4096)
    foreign = a_foreign(
        response_body=b"x" * 10_000, request_headers=(("X-Owl", "y" * 10_000),)
    )

    line = adopter.adopt(foreign, AN_ID)

    assert isinstance(line, bytes)
    assert len(line) <= 4096
    assert isinstance(parse(line), Record)


GOLDEN = [
    ("", b"\x00" * 32, 0, b"", "ccbd457c-9ca3-4e4a-b794-ccdfd6db5279"),
    ("", b"\x01" * 32, 0, b"line", "b7bb94cb-3e81-4145-85cc-1b835cfb8221"),
    ("", b"\x01" * 32, 1, b"line", "c2677aa3-0c4e-421d-84c9-2b8076551057"),
    ("host-a", b"\x01" * 32, 1, b"line", "879f0aa2-5abe-41e6-95d9-757cc62fe6cb"),
    ("", b"", 2**40, b"\xff", "dcb9c5cd-a1a8-4eab-a7ce-6203a570ae06"),
]


@pytest.mark.parametrize(("label", "digest", "place", "line", "expected"), GOLDEN)
def test_ids_never_change(
    label: str, digest: bytes, place: int, line: bytes, expected: str
) -> None:
    """Golden vectors: another id would send all history again."""
    assert expected == record_id(label, digest, place, line)


def test_ids_are_uuid4_and_distinct() -> None:
    """Each part that differs makes another id, and equal lines at two places do."""
    ids = [record_id(*parts[:4]) for parts in GOLDEN]

    assert [4] * len(ids) == [UUID(id_).version for id_ in ids]
    assert len(ids) == len(set(ids))


def test_a_real_log_becomes_records_with_distinct_ids() -> None:
    """Lines that are equal stay apart, because their places differ."""
    adopter = Adopter(masks=Masks(), base_url=BASE)
    reader = a_reader("combined")
    lines = sample("apache-combined-mtail.log") * 2

    made = [
        adopter.adopt(read_one(reader, line), record_id("", b"", number, line))
        for number, line in enumerate(lines)
    ]

    assert (
        len({json.loads(line)["id"] for line in made if isinstance(line, bytes)}) == 10
    )
