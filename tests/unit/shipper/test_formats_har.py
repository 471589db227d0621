"""What is read out of HAR files."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS
from shipper.formats.har import read_har, split_har
from shipper.formats.har_body import BAD_BASE64, NO_BOUNDARY, NO_CONTENT, NO_FORM
from shipper.model import Reject
from tests.support.json_logs import (
    DATA,
    STARTED_NS,
    a_har,
    a_har_entry,
    read_entries,
    why,
    without,
)

HARS = DATA / "har"
FORM = "application/x-www-form-urlencoded"


def read_entry(changes: dict[str, Any]) -> Foreign | Reject:
    """Read one entry with some changes."""
    return read_entries(a_har(a_har_entry(changes)))[0]


def exchange(changes: dict[str, Any]) -> Foreign:
    """Read one entry that must be an exchange."""
    found = read_entry(changes)
    assert isinstance(found, Foreign), found
    return found


@pytest.mark.parametrize(
    ("name", "entries", "reasons"),
    [
        ("chrome-mitmproxy.har", 3, ["status"]),
        ("insomnia-mitmproxy.har", 1, []),
        ("with-bom-mitmproxy.har", 1, []),
        ("redirect-loop-perfcascade.har", 11, []),
        ("chrome-bbc-perfcascade.har", 120, []),
    ],
)
def test_every_entry_of_the_real_files_is_read(
    name: str, entries: int, reasons: list[str]
) -> None:
    """One request that failed has status 0, and is a reject; all others are sent."""
    found = read_entries((HARS / name).read_bytes())

    assert (entries, reasons) == (
        len(found),
        [one.reason for one in found if isinstance(one, Reject)],
    )


def test_an_entry_tells_of_an_exchange() -> None:
    """Offsets are followed, milliseconds rounded, bodies are bytes."""
    assert exchange({}) == Foreign(
        started_ns=STARTED_NS + 123_000_000,
        method="GET",
        target="https://api.example.com/owls?page=2",
        status=200,
        duration_ms=13,
        http_version="HTTP/1.1",
        reason="OK",
        request_headers=(("Host", "api.example.com"),),
        response_headers=(("Content-Type", "text/plain"),),
        request_size_bytes=0,
        response_size_bytes=5,
        request_body=b"",
        response_body=b"hello",
    )


def test_pseudo_headers_are_left_out() -> None:
    """HTTP/2 carries its request line in them; they are no headers."""
    found = read_entries((HARS / "with-bom-mitmproxy.har").read_bytes())[0]
    assert isinstance(found, Foreign)

    assert found.request_headers[0] == ("accept", "*/*")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http/2.0", "HTTP/2.0"),
        ("h2", "HTTP/2.0"),
        ("h3", "HTTP/3.0"),
        ("h3-29", "HTTP/3.0"),
        ("HTTP/2", "HTTP/2"),
        ("http/1.1", "HTTP/1.1"),
        ("unknown", None),
        ("", None),
        ("spdy/3.1", None),
        (None, None),
    ],
)
def test_versions_are_spelled_as_in_a_request_line(
    given: str | None, expected: str | None
) -> None:
    """Short names get their number; what is no version of HTTP is not known."""
    changes = {"request/httpVersion": given, "response/httpVersion": given}

    assert exchange(changes).http_version == expected


def test_the_responses_version_does_where_the_requests_is_unknown() -> None:
    """Browsers leave out either."""
    changes = {"request/httpVersion": "unknown", "response/httpVersion": "h3"}

    assert exchange(changes).http_version == "HTTP/3.0"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h.example/a?b=c#d", "https://h.example/a?b=c"),
        ("https://u:secret@h.example:8443/", "https://h.example:8443/"),
        ("HTTP://h.example", "http://h.example"),
        ("wss://h.example/live", "https://h.example/live"),
        ("http://h.example/a b/\u00e9", "http://h.example/a%20b/%C3%A9"),
        ("/owls#top", "/owls"),
    ],
)
def test_urls_are_those_the_server_saw(url: str, target: str) -> None:
    """Fragments and passwords are the browser's; a WebSocket begins as an exchange."""
    assert exchange({"request/url": url}).target == target


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ([{"name": "host", "value": "h.example:8080"}], "h.example:8080"),
        ([{"name": "Host", "value": ""}], None),
        ([], None),
    ],
)
def test_a_path_alone_is_one_of_the_host_header(
    headers: list[dict[str, str]], host: str | None
) -> None:
    """Programs that capture on the server's side have no more of the URL."""
    found = exchange({"request/url": "/owls", "request/headers": headers})

    assert (found.target, found.host) == ("/owls", host)


@pytest.mark.parametrize(
    ("url", "fields", "target"),
    [
        ("https://x.test/a", [("q", "a b&c"), ("n", 5)], "/a?q=a+b%26c&n=5"),
        ("https://x.test/a#b", [("caf\u00e9", "-")], "/a?caf%C3%A9=-"),
        ("https://x.test/a", [("", ""), ("q", None)], "/a?q="),
        ("https://x.test/a", [("", "")], "/a"),
        ("https://x.test/a?q=1", [("q", "1")], "/a?q=1"),
        ("https://x.test/a?", [("q", "1")], "/a?"),
    ],
)
def test_a_query_that_stands_beside_the_url_alone_is_part_of_it(
    url: str, fields: list[tuple[str, Any]], target: str
) -> None:
    """Insomnia writes the URL as it was typed, and apart what it adds to it."""
    query = [{"name": name, "value": value} for name, value in fields]
    found = exchange({"request/url": url, "request/queryString": [*query, None]})

    assert found.target == f"https://x.test{target}"


@pytest.mark.parametrize("query", [None, {}, "q=1", [None, "q"]])
def test_a_query_string_that_is_none_is_no_query(query: Any) -> None:
    """It is a list of fields, or nothing."""
    changes = {"request/url": "https://x.test/a", "request/queryString": query}

    assert exchange(changes).target == "https://x.test/a"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"response/status": 0}, "status"),
        ({"response/status": -1}, "status"),
        ({"response": None}, "status"),
        ({"request/method": ""}, "method"),
        ({"request": []}, "method"),
        ({"request/url": ""}, "url"),
        ({"request/url": "http://[::1"}, "url"),
        ({"request/url": "http://u@/"}, "url"),
        ({"request/url": "data:image/png;base64,AAAA"}, "not-http"),
        ({"request/url": "chrome-extension://abc/x.js"}, "not-http"),
        ({"request/url": "about:blank"}, "not-http"),
        ({"startedDateTime": "soon"}, "time"),
        ({"startedDateTime": 5}, "time"),
        ({"startedDateTime": "2026-07-31T12:00:00"}, "time-zone"),
        ({"time": "long"}, "number"),
    ],
)
def test_an_entry_without_an_exchange_is_a_reject(
    changes: dict[str, Any], reason: str
) -> None:
    """Every reason comes from the list all formats share."""
    assert why(read_entry(changes)) == reason


def test_a_stamp_without_a_zone_is_read_in_the_one_given() -> None:
    """HAR 1.2 wants an offset; some programs forget it."""
    har = a_har(a_har_entry({"startedDateTime": "2026-07-31T14:00:00"}))
    entries = read_har(har, ZoneInfo("Europe/Berlin"))
    assert not isinstance(entries, Reject)
    found = next(entries).found
    assert isinstance(found, Foreign)

    assert found.started_ns == STARTED_NS


@pytest.mark.parametrize("time", [-1, None, ""])
def test_a_time_that_is_not_known_is_left_out(time: Any) -> None:
    """HAR 1.2 writes -1."""
    assert exchange({"time": time}).duration_ms is None


@pytest.mark.parametrize(
    ("content", "body", "size_bytes"),
    [
        ({"size": 7}, None, 7),
        ({"size": 0}, None, 0),
        ({"size": -1}, None, 5),
        ({"size": 7, "text": ""}, None, 7),
        ({"size": 0, "text": ""}, b"", 0),
        ({"size": 1, "text": "caf\u00e9"}, b"caf\xc3\xa9", 5),
        ({"size": 3, "text": "AAEC", "encoding": "base64"}, b"\x00\x01\x02", 3),
        ({"size": 3, "text": "AA\nEC", "encoding": "base64"}, b"\x00\x01\x02", 3),
        ({"size": 3, "text": "-", "encoding": ""}, b"-", 1),
        (None, None, 5),
    ],
)
def test_a_response_body_is_known_when_its_text_is_there(
    content: Any, body: bytes | None, size_bytes: int
) -> None:
    """Otherwise its size may be known yet."""
    found = exchange({"response/content": content})

    assert (body, size_bytes) == (found.response_body, found.response_size_bytes)


def test_a_body_that_claims_to_be_base64_is_left_out() -> None:
    """And the entry says so."""
    found = exchange(
        {"response/content": {"size": 3, "text": "%%%", "encoding": "base64"}}
    )

    assert (
        found.response_body,
        found.response_size_bytes,
        found.remarks,
    ) == (None, 3, (BAD_BASE64,))


@pytest.mark.parametrize(
    ("post", "size", "body"),
    [
        (None, 0, b""),
        (None, -1, None),
        (None, 9, None),
        ({"mimeType": "", "text": "", "params": []}, -1, None),
        ({"mimeType": "", "text": ""}, 0, b""),
        ({"mimeType": "text/plain", "text": "caf\u00e9"}, 99, b"caf\xc3\xa9"),
        ({"text": "AAEC", "encoding": "base64"}, 3, b"\x00\x01\x02"),
        (
            {
                "mimeType": "application/x-www-form-urlencoded",
                "params": [
                    {"name": "a b", "value": "1&2"},
                    {"name": "c"},
                    {"name": "n", "value": 5},
                    "x",
                ],
            },
            -1,
            b"a+b=1%262&c=&n=5",
        ),
        (
            {
                "mimeType": "application/x-www-form-urlencoded",
                "text": "a=1",
                "params": [{"name": "b", "value": "2"}],
            },
            3,
            b"a=1",
        ),
    ],
)
def test_a_request_body_is_its_text_or_its_form(
    post: Any, size: int, body: bytes | None
) -> None:
    """An empty `postData`, as on a GET, is no body."""
    changes = {"request/bodySize": size, "request/postData": post}

    assert exchange(changes).request_body == body


@pytest.mark.parametrize(
    ("lead", "kept"),
    [
        (f"Content-Type: {FORM}\r\nContent-Length: 9\r\n\r\n", ""),
        (f"content-length: 9\r\ncontent-type: {FORM}\r\n\r\n", ""),
        (f"Content-Type: {FORM}\nContent-Length: 9\n\n", ""),
        (f"Content-Type: {FORM}\r\n\r\n", ""),
        ("Content-Length: 9\r\n\r\n", ""),
        ("Content-Length: 9\r\n", "Content-Length: 9\r\n"),
        ("X-Other: 1\r\n\r\n", "X-Other: 1\r\n\r\n"),
    ],
)
def test_headers_that_firefox_writes_before_a_form_are_no_part_of_it(
    lead: str, kept: str
) -> None:
    """They would be part of the first field's name, which may be a listed one."""
    found = exchange(
        {
            "request/headers": [{"name": "Content-Type", "value": FORM}],
            "request/postData": {"mimeType": "", "text": f"{lead}secret=1"},
        }
    )

    assert found.request_body == f"{kept}secret=1".encode()


def test_they_are_no_part_of_a_multipart_form_either_but_of_other_texts() -> None:
    """A text that is no form may begin with whatever it likes."""
    lead = "Content-Type: text/plain\r\n\r\n"
    form = {"mimeType": "multipart/form-data; boundary=b", "text": f"{lead}--b--"}
    text = {"mimeType": "text/plain", "text": f"{lead}--b--"}
    bodies = [
        exchange({"request/postData": post}).request_body for post in (form, text)
    ]

    assert bodies == [b"--b--", f"{lead}--b--".encode()]


def test_a_multipart_form_is_laid_out_again() -> None:
    """Its boundary stands in the content type."""
    found = exchange(
        {
            "request/postData": {
                "mimeType": 'multipart/form-data; boundary="xx"',
                "params": [
                    {"name": 'a"b', "value": "1"},
                    {"name": "f", "fileName": "o.png", "contentType": "image/png"},
                ],
            }
        }
    )

    assert (found.request_body, found.remarks) == (
        (
            b'--xx\r\nContent-Disposition: form-data; name="a%22b"\r\n\r\n1\r\n'
            b'--xx\r\nContent-Disposition: form-data; name="f"; filename="o.png"\r\n'
            b"Content-Type: image/png\r\n\r\n\r\n--xx--\r\n"
        ),
        (NO_CONTENT,),
    )


@pytest.mark.parametrize(
    ("header", "mime_type"),
    [
        ("application/json", "application/json"),
        ("text/plain", FORM),
        ("", "text/plain"),
    ],
)
def test_fields_of_a_body_that_is_no_form_are_left_out(
    header: str, mime_type: str
) -> None:
    """They would stand there as a text of that type, which it never was."""
    found = exchange(
        {
            "request/headers": [{"name": "Content-Type", "value": header}],
            "request/bodySize": 9,
            "request/postData": {
                "mimeType": mime_type,
                "params": [{"name": "password", "value": "1"}],
            },
        }
    )

    assert (found.request_body, found.request_size_bytes, found.remarks) == (
        None,
        9,
        (NO_FORM,),
    )


def test_a_multipart_form_without_boundary_is_left_out() -> None:
    """No boundary is invented."""
    post = {"mimeType": "multipart/form-data", "params": [{"name": "a"}]}
    found = exchange({"request/postData": post, "request/bodySize": 77})

    assert (
        found.request_body,
        found.request_size_bytes,
        found.remarks,
    ) == (None, 77, (NO_BOUNDARY,))


@pytest.mark.parametrize("mime_type", ["", "multipart/form-data; boundary=yy"])
def test_a_form_is_laid_out_by_the_header(mime_type: str) -> None:
    """Whoever reads the body goes by it; some programs leave `mimeType` empty."""
    kind = "multipart/form-data; boundary=xx"
    params = [{"name": "a", "value": "1"}]
    found = exchange(
        {
            "request/headers": [{"name": "content-type", "value": kind}],
            "request/postData": {"mimeType": mime_type, "params": params},
        }
    )

    assert (found.request_body or b"")[:4] == b"--xx"


def test_a_content_type_that_only_the_har_knows_becomes_a_header() -> None:
    """The masks go by it."""
    found = exchange(
        {
            "request/postData": {"mimeType": "application/json", "text": "{}"},
            "response/headers": [],
            "response/content": {"mimeType": "x-unknown", "text": "x"},
        }
    )

    assert (
        found.request_headers[-1],
        found.response_headers,
    ) == (("Content-Type", "application/json"), ())


def test_a_coding_that_was_undone_stays_in_the_headers() -> None:
    """It is what went over the wire; the body is taken as it is."""
    coding = {"name": "Content-Encoding", "value": "gzip"}
    found = exchange({"response/headers": [coding]})

    assert (
        found.response_headers[0],
        found.response_body,
    ) == (("Content-Encoding", "gzip"), b"hello")


def test_headers_that_were_joined_are_taken_apart() -> None:
    """Chrome joins several Set-Cookie by newlines; each is a header of its own."""
    found = exchange(
        {
            "response/headers": [
                {"name": "Set-Cookie", "value": "a=1\nb=2"},
                {"name": "x-empty", "value": ""},
                {"name": "x-dash", "value": "-"},
                {"name": "", "value": "x"},
                {"value": "x"},
                "x",
            ]
        }
    )

    assert found.response_headers[:-1] == (
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("x-empty", ""),
        ("x-dash", "-"),
    )


def test_half_a_surrogate_pair_does_not_cost_the_file() -> None:
    """Browsers cut texts in the middle of a character."""
    har = a_har(a_har_entry({"response/content/text": "x\ud83d"}))

    assert read_entries(har)[0].response_body == b"x\xef\xbf\xbd"  # type: ignore[union-attr]  # it must be an exchange


def test_bytes_that_are_no_utf8_stay_what_they_are() -> None:
    """One of them costs neither the file nor the entry."""
    har = a_har(a_har_entry()).replace(b"hello", b"h\xffllo")

    assert read_entries(har)[0].response_body == b"h\xffllo"  # type: ignore[union-attr]  # it must be an exchange


def test_raw_control_characters_do_not_cost_the_file() -> None:
    """What is no JSON by the letter, and still clear, is read."""
    har = a_har(a_har_entry(), 5).replace(b"hello", b"h\tllo")  # type: ignore[arg-type]  # no entry at all
    found = read_entries(har)

    assert (found[0].response_body, why(found[1])) == (b"h\tllo", "shape")  # type: ignore[union-attr]  # it must be an exchange


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not-json"),
        (a_har(a_har_entry())[:-30], "not-json"),
        (b"[" * 100_000, "shape"),
        (b'{"log":' * 100_000, "not-json"),
        (b"\xff\xfe{\x00", "not-json"),
        (b"[]", "shape"),
        (b"{}", "shape"),
        (b'{"log":{}}', "shape"),
        (b'{"log":{"entries":{}}}', "shape"),
        (b'{"log":{"entries":{"a":"\t"}}}', "shape"),
    ],
)
def test_a_file_that_is_no_har_is_refused_as_a_whole(
    content: bytes, reason: str
) -> None:
    """Half a file is no HAR either."""
    found = read_har(content)
    assert isinstance(found, Reject)

    assert found.reason == reason


def test_a_har_without_entries_is_a_har() -> None:
    """Nothing was recorded."""
    assert read_entries(a_har()) == []


def test_entries_are_numbered_from_the_start_whatever_they_are() -> None:
    """The number is what an entry is called by."""
    entries = read_har(a_har(a_har_entry(), {}, a_har_entry()))
    assert not isinstance(entries, Reject)

    assert [(entry.index, isinstance(entry.found, Foreign)) for entry in entries] == [
        (0, True),
        (1, False),
        (2, True),
    ]


def test_an_entry_has_its_bytes_in_the_file() -> None:
    """An id is made of them."""
    entry = b'{"request" : 5, "x":"\\u00e9"}'
    entries = read_har(b'{"log":{"entries":[ ' + entry + b" ]}}")
    assert not isinstance(entries, Reject)

    assert [entry] == [one.data for one in entries]


@pytest.mark.parametrize(
    "raw", [b"\t", b"\xe9\t", b"\xe9\\ud83d\\ude00\t", b"\\ud83d\t", b"\xc3\xa9\t"]
)
def test_an_entry_that_was_laid_out_again_has_its_bytes(raw: bytes) -> None:
    """The same ones every time, even of what is no JSON by the letter."""
    content = a_har(a_har_entry()).replace(b"hello", raw)
    first, second = read_har(content), read_har(content)
    assert not isinstance(first, Reject) and not isinstance(second, Reject)

    assert list(first) == list(second)


def test_a_response_size_falls_back_to_what_was_transferred() -> None:
    """Some programs write no content at all."""
    har = a_har(without(a_har_entry(), "response/content"))
    found = read_entries(har)[0]
    assert isinstance(found, Foreign)

    assert found.response_size_bytes == 5


def test_no_line_is_a_har() -> None:
    """The row of the table says that a file is one document."""
    row = FORMATS["har"]

    assert (row.is_document, row.open(Hints()).fits(b"{}")) == (True, False)


def test_entries_are_read_as_they_are_split() -> None:
    """One after the other, each gives what the whole document gives for it."""
    content = (HARS / "chrome-mitmproxy.har").read_bytes()
    reader = FORMATS["har"].open(Hints())
    pieces = split_har(content)
    assert not isinstance(pieces, Reject)
    whole = read_har(content)
    assert not isinstance(whole, Reject)

    assert [reader.read(piece) for piece in pieces] == [one.found for one in whole]
    assert isinstance(reader.read(b"no entry"), Reject)
    assert split_har(b"[]") == read_har(b"[]")
