"""What is read out of the JSON logs of nginx and Apache."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipper.foreign import Foreign
from shipper.formats.checks import OTHER_UNIT, UNIT_UNKNOWN
from shipper.formats.mapped import IN_FILE
from shipper.formats.reasons import MAX_LINE_BYTES
from shipper.model import Reject
from tests.support.json_logs import (
    STARTED_NS,
    an_nginx_line,
    fitting,
    read_foreign,
    read_line,
    why,
    without,
)

NAME = "nginx-json"
PLAIN = {"msec": "1785499200.250", "request": "GET / HTTP/1.1", "status": 200}


def test_a_line_with_nginx_own_names_tells_of_an_exchange() -> None:
    """The end is stamped, `$bytes_sent` counts the head, `$request_id` is no id."""
    assert Foreign(
        started_ns=STARTED_NS,
        method="POST",
        target="/owls?page=2",
        status=201,
        duration_ms=1500,
        http_version="HTTP/1.1",
        scheme="https",
        host="api.example.com:8443",
        client="203.0.113.9",
        request_headers=(
            ("Host", "api.example.com:8443"),
            ("User-Agent", "curl/8"),
            ("x-api-key", "s3cret-s3cret"),
        ),
        response_headers=(("x-cache", "HIT"),),
        response_size_bytes=42,
    ) == read_foreign(NAME, an_nginx_line())


@pytest.mark.parametrize(
    "line",
    [
        {
            "time": "31/Jul/2026:12:00:00 +0000",
            "remote_ip": "203.0.113.9",
            "remote_user": "-",
            "request": "GET /owls?page=2 HTTP/1.1",
            "response": 304,
            "bytes": 0,
            "referrer": "-",
            "agent": "curl/8",
        },
        {
            "time": "2026-07-31T12:00:00+00:00",
            "remote_addr": "203.0.113.9",
            "vhost": "api.example.com",
            "request_proto": "HTTP/1.1",
            "path": "/owls",
            "request_query": "page=2",
            "method": "GET",
            "status": 304,
            "bytes_sent": 180,
            "http_user_agent": "curl/8",
        },
        {
            "time": "[31/Jul/2026:12:00:00 +0000]",
            "remoteIP": "203.0.113.9",
            "request": "/owls",
            "query": "?page=2",
            "method": "GET",
            "protocol": "HTTP/1.1",
            "status": "304",
            "userAgent": "curl/8",
        },
        {
            "@timestamp": "2026-07-31T12:00:00Z",
            "client": "203.0.113.9",
            "http_method": "GET",
            "url": "/owls?page=2",
            "http_version": "HTTP/1.1",
            "status_code": 304,
            "user_agent": "curl/8",
        },
        {
            "date": 1785499200.0,
            "remote": "203.0.113.9",
            "host": "-",
            "user": "-",
            "method": "GET",
            "path": "/owls?page=2",
            "protocol": "HTTP/1.1",
            "code": "304",
            "size": "0",
            "agent": "curl/8",
        },
    ],
)
def test_names_that_are_often_given_are_known(line: dict[str, Any]) -> None:
    """There is no standard, but there are habits."""
    found = read_foreign(NAME, line)

    assert (
        fitting(line), found.started_ns, found.method, found.target, found.status,
        found.http_version, found.client, found.request_headers[0], found.duration_ms,
    ) == (
        [NAME], STARTED_NS, "GET", "/owls?page=2", 304, "HTTP/1.1", "203.0.113.9",
        ("User-Agent", "curl/8"), None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "000"}, "status"),
        ({"status": "-"}, "status"),
        ({"request_method": ""}, "method"),
        ({"request_method": "\x16\x03"}, "method"),
        ({"request_uri": "-"}, "url"),
        ({"msec": "now"}, "time"),
        ({"msec": "", "time_iso8601": None}, "time"),
        ({"msec": "1.2"}, "time"),  # began before 1970
        ({"request_time": "long"}, "number"),
        ({"msec": None, "time_iso8601": "2026-07-31 12:00:00"}, "time-zone"),
    ],
)
def test_a_broken_request_is_a_reject(changes: dict[str, Any], reason: str) -> None:
    """It fits all the same."""
    line = an_nginx_line(changes)

    assert ([NAME], reason) == (fitting(line), why(read_line(NAME, line)))


def test_a_request_line_that_is_none_is_a_reject() -> None:
    """Whatever is sent to a port is logged as a request."""
    line = {"time": "31/Jul/2026:12:00:00 +0000", "request": "\x16\x03", "status": 400}

    assert (fitting(line), why(read_line(NAME, line))) == ([NAME], "method")


@pytest.mark.parametrize("member", ["status", "request_uri"])
def test_without_status_or_target_a_line_does_not_fit(member: str) -> None:
    """Any JSON would be an access log otherwise."""
    line = without(an_nginx_line(), member)

    assert (fitting(line), why(read_line(NAME, line))) == ([], "shape")


@pytest.mark.parametrize(
    ("stamp", "started_ns"),
    [
        ("[31/Jul/2026:12:00:00.123 +0000]", STARTED_NS + 123_000_000),
        ("31/Jul/2026:14:00:00.123456 +0200", STARTED_NS + 123_456_000),
        ("31/Jul/2026:14:00:00", STARTED_NS),
    ],
)
def test_a_common_stamp_is_read_as_in_a_common_log(stamp: str, started_ns: int) -> None:
    """With a fraction, as Apache gives it, or without a zone."""
    line = {"time": stamp, **without(PLAIN, "msec")}

    assert (
        started_ns
        == read_foreign(NAME, line, zone=ZoneInfo("Europe/Berlin")).started_ns
    )


def test_the_local_time_is_read_in_the_zone_given() -> None:
    """Stamps without a zone need one."""
    line = an_nginx_line({"msec": None, "time_iso8601": "2026-07-31 14:00:01.5"})

    assert (
        read_foreign(NAME, line, zone=ZoneInfo("Europe/Berlin")).started_ns
    ) == STARTED_NS


@pytest.mark.parametrize(
    ("changes", "host"),
    [
        ({}, "api.example.com:8443"),
        ({"http_host": "-"}, "api.example.com"),
        ({"http_host": "", "host": None, "server_name": "_"}, None),
        ({"http_host": "", "host": None, "server_name": "*.example.com"}, None),
        ({"http_host": "", "host": None, "server_name": "h.example"}, "h.example"),
        ({"http_host": "", "host": "192.0.2.1", "vhost": "h.example"}, "h.example"),
        ({"http_host": "", "host": "web-1", "domain": "h.example"}, "h.example"),
        ({"http_host": "", "vhost": "_"}, "api.example.com"),
    ],
)
def test_the_host_is_what_the_client_asked_for(
    changes: dict[str, Any], host: str | None
) -> None:
    """A server's name is one only if it is no pattern."""
    assert read_foreign(NAME, an_nginx_line(changes)).host == host


@pytest.mark.parametrize(
    ("body", "expected", "remarks"),
    [
        ('{"a":1}', b'{"a":1}', ()),
        ("caf\u00e9", b"caf\xc3\xa9", ()),
        ("-", None, ()),
        ("", None, ()),
        ({"a": 1}, None, ()),
        ("/var/cache/nginx/client_temp/0000000001", None, (IN_FILE,)),
        ("/var/lib/nginx/client_body_temp/1/00/0000000001", None, (IN_FILE,)),
        ("/owls/client_temp is text", b"/owls/client_temp is text", ()),
    ],
)
def test_a_request_body_is_text_or_was_in_a_file(
    body: Any, expected: bytes | None, remarks: tuple[str, ...]
) -> None:
    """The name of a file is no body."""
    found = read_foreign(NAME, an_nginx_line({"request_body": body}))

    assert (expected, remarks) == (found.request_body, found.remarks)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (rb'"caf\xC3\xA9"', "caf\u00e9"),
        (rb'"caf\xE9"', "caf\u00e9"),  # a native string: the character is the byte
        (rb'"a\x22b\x5Cc"', 'a"b\\c'),
        (rb'"a\x09b\x7F\v"', "a\tb\x7f\v"),
        (rb'"a\\x41\x41"', "a\\x41A"),
        (b'"caf\xe9"', "caf\u00e9"),
        (b'"caf\xc3\xa9"', "caf\u00e9"),
        (b'"a\tb"', "a\tb"),
    ],
)
def test_what_escape_json_would_have_escaped_is_mended(
    raw: bytes, expected: str
) -> None:
    r"""Nginx and Apache write ``\xHH``, which JSON does not know."""
    line = json.dumps(an_nginx_line({"http_user_agent": "@@"})).encode()
    found = read_foreign(NAME, line.replace(b'"@@"', raw))

    assert found.request_headers[1] == ("User-Agent", expected)


def test_a_target_with_bytes_that_are_no_utf8_keeps_them() -> None:
    """They are percent-encoded, one by one."""
    line = json.dumps(an_nginx_line({"request_uri": "@@"})).encode()
    found = read_foreign(NAME, line.replace(b"@@", rb"/\xE9/\x22"))

    assert found.target == '/%E9/"'


@pytest.mark.parametrize(
    "bare",
    [b"-", b"", b" ", b"0.001, 0.002", b"0.001 : -", b"-, -", b"1.2.3.4:80", b"007"],
)
def test_a_value_without_quotes_is_mended(bare: bytes) -> None:
    """`$upstream_response_time` is a dash, empty, or a list when there were retries."""
    line = json.dumps(an_nginx_line({"upstream_response_time": "@@"})).encode()

    assert read_foreign(NAME, line.replace(b'"@@"', bare)).status == 201


def test_a_number_without_quotes_stays_one() -> None:
    """Only what is no number is changed."""
    line = json.dumps(an_nginx_line({"x": "@@"})).encode().replace(b'"@@"', b"-")

    assert read_foreign(NAME, line.replace(b'"1.500"', b"1.5")).duration_ms == 1500


@pytest.mark.parametrize(
    "line",
    [b"{", b'{"a', b'{"a":"\\', b'{"a":tru', b'{"a":1,}', b"{}{}", b"[1]", b'{"a" 1}'],
)
def test_what_cannot_be_mended_is_a_reject(line: bytes) -> None:
    """Half a line is no line, and nothing else is guessed."""
    assert why(read_line(NAME, line)) == "not-json"


def test_a_line_that_is_too_long_is_not_mended() -> None:
    """It is not even read."""
    line = b'{"a":"\\x41' + b"a" * MAX_LINE_BYTES + b'"}'

    assert why(read_line(NAME, line)) == "too-long"


@pytest.mark.timeout(90)  # at a second look at each byte it would take minutes
@pytest.mark.parametrize(
    "piece", [b'\\"', b'"', b":0", b":  ", b"0:", b":-,", b"\\", b":0,0", b"{"]
)
def test_hostile_lines_take_no_longer_than_others(piece: bytes) -> None:
    """Mending looks at each byte once."""
    line = b'{"a":"' + piece * (400_000 // len(piece))

    assert isinstance(read_line(NAME, line), Reject)


@pytest.mark.parametrize(
    ("fields", "members", "expected"),
    [
        ({"start_time_ms": "t"}, {"t": 1785499200000}, (STARTED_NS, 1500)),
        ({"start_time": "t"}, {"t": 1785499200}, (STARTED_NS, 1500)),
        ({"end_time_us": "t"}, {"t": "1785499201500000"}, (STARTED_NS, 1500)),
        (
            {"start_time_ns": "t.a", "duration_us": "d"},
            {"t": {"a": 1785499200000000000}, "d": 12600},
            (STARTED_NS, 13),
        ),
        (
            {"start_time_s": "t.a", "duration_ms": "d"},
            {"t.a": 1785499200, "d": "-1"},
            (STARTED_NS, None),
        ),
    ],
)
def test_a_field_map_names_times_with_their_units(
    fields: dict[str, str], members: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    """A number alone says no unit; naming one time forgets the preset's."""
    found = read_foreign(NAME, {**an_nginx_line(), **members}, fields=fields)

    assert expected == (found.started_ns, found.duration_ms)


def test_a_field_map_names_anything_else() -> None:
    """What it does not name is where the preset looks for it."""
    found = read_foreign(
        NAME,
        {
            **an_nginx_line(),
            "http": {"verb": "PATCH", "route": "/owls/{id}"},
            "tenant": "owl",
            "key": "k3y-k3y-k3y",
            "kind": "text/plain",
            "answer": "hoot",
        },
        fields={
            "method": "http.verb",
            "route": "http.route",
            "user": "tenant",
            "request_header.X-Api-Key": "key",
            "response_header.Content-Type": "kind",
            "response_body": "answer",
        },
    )

    assert (
        found.method,
        found.target,
        found.route,
        found.user,
        found.request_headers[-2],
        found.response_headers[0],
        found.response_body,
    ) == (
        "PATCH",
        "/owls?page=2",
        "/owls/{id}",
        "owl",
        ("X-Api-Key", "k3y-k3y-k3y"),
        ("Content-Type", "text/plain"),
        b"hoot",
    )


def test_a_header_may_be_a_list_of_values() -> None:
    """Programs in Go write headers so; each value is a header of its own."""
    headers = {"User-Agent": ["curl/8"], "X-Tag": ["a", "b", ["c"], None]}
    found = read_foreign(
        NAME,
        {**an_nginx_line(), "headers": headers},
        fields={
            "request_header.User-Agent": "headers.User-Agent",
            "request_header.X-Tag": "headers.X-Tag",
        },
    )

    assert [
        header
        for header in found.request_headers
        if header[0] in ("User-Agent", "X-Tag")
    ] == [
        ("User-Agent", "curl/8"),
        ("X-Tag", "a"),
        ("X-Tag", "b"),
    ]


def test_a_member_that_is_named_the_client_is_not_the_host() -> None:
    """Many a log calls the client `host`, and the virtual host nothing."""
    line = {"host": "203.0.113.9", "server_name": "api.example.com", **PLAIN}
    found = read_foreign(NAME, line, fields={"client": "host"})

    assert (found.client, found.host) == ("203.0.113.9", "api.example.com")


def test_a_field_map_may_look_into_a_member_called_request() -> None:
    """Other formats have such a member too; one that was named is not questioned."""
    line = {
        "timestamp": "2026-11-23T12:00:00Z",
        "request": {"verb": "GET", "path": "/owls"},
        "response": {"status": 204},
    }
    fields = {
        "method": "request.verb",
        "target": "request.path",
        "status": "response.status",
    }
    found = read_foreign(NAME, line, fields=fields)

    assert (found.method, found.target, found.status) == ("GET", "/owls", 204)


@pytest.mark.parametrize(
    ("members", "target"),
    [
        ({"uri": "/index.php", "args": "q=owls/7"}, "/owls/7?page=2"),
        ({"path": "/index.php"}, "/owls/7?page=2"),
        ({"request_uri": "/owls/8?page=3", "uri": "/index.php"}, "/owls/8?page=3"),
        ({"request_uri": "/owls/8", "args": "q=owls/8"}, "/owls/8"),
        ({"request": "GET /owls/7 HTTP/1.1", "args": "q=owls/7"}, "/owls/7"),
        ({"request": "/o", "method": "GET", "args": "a=1"}, "/o?a=1"),
        ({"request": "GET /owls/7", "uri": "/owls/9", "args": "a=1"}, "/owls/9?a=1"),
        (
            {"request": "https://h.example/o?a=1", "method": "GET"},
            "https://h.example/o?a=1",
        ),
    ],
)
def test_the_request_line_says_what_was_asked_for(
    members: dict[str, Any], target: str
) -> None:
    """What `$uri` and `$args` hold has been rewritten by the server."""
    line = {
        "time": "2026-07-31T12:00:00Z",
        "request": "GET /owls/7?page=2 HTTP/1.1",
        "status": 200,
    }

    assert target == read_foreign(NAME, {**line, **members}).target


@pytest.mark.parametrize("stamp", [1785499200123, "1785499200123", "1785499200123.5"])
def test_a_count_of_another_unit_is_told_as_one(stamp: Any) -> None:
    """Its size is not asked for the unit; a field map says it."""
    line = {"time": stamp, "request": "GET / HTTP/1.1", "status": 200}
    refused = read_line(NAME, line)

    assert isinstance(refused, Reject)
    assert (refused.reason, refused.detail) == ("time", OTHER_UNIT)


def test_a_target_that_was_named_comes_before_the_request_line() -> None:
    """The operator knows what the members hold."""
    line = {
        "time": "2026-07-31T12:00:00Z",
        "request": "GET /proxied HTTP/1.1",
        "uri": "/owls",
        "args": "page=2",
        "status": 200,
    }
    found = read_foreign(NAME, line, fields={"target": "uri"})

    assert found.target == "/owls?page=2"


@pytest.mark.parametrize(
    ("members", "scheme"),
    [
        ({"ssl_protocol": "TLSv1.3"}, "https"),
        ({"https": "on"}, "https"),
        ({"server_port": "443"}, "https"),
        ({"server_port": 443}, "https"),
        ({"ssl_protocol": "-", "https": "", "server_port": "8443"}, None),
        ({"ssl_protocol": "TLSv1.3", "scheme": "http"}, "http"),
    ],
)
def test_tls_makes_the_scheme_where_none_is_logged(
    members: dict[str, Any], scheme: str | None
) -> None:
    """Variables of nginx that are empty without it, and the port of HTTPS."""
    line = {"time": "2026-07-31T12:00:00Z", "request": "GET / HTTP/1.1", "status": 200}

    assert scheme == read_foreign(NAME, {**line, **members}).scheme


def test_a_request_without_a_version_tells_of_none() -> None:
    """Logs put it together of method and target; HTTP/0.9 is nobody's."""
    line = {"time": "2026-07-31T12:00:00Z", "request": "PUT /owls", "status": 200}
    found = read_foreign(NAME, line)

    assert (found.method, found.target, found.http_version) == ("PUT", "/owls", None)


@pytest.mark.parametrize(
    ("taken", "duration_ms"),
    [
        (34512, None),
        ("34512", None),
        (0, 0),
        ("0", 0),
        ("5.000", 5000),
        ("12.5", 12500),
    ],
)
def test_a_request_time_in_whole_numbers_has_another_unit(
    taken: Any, duration_ms: int | None
) -> None:
    """Those of nginx have three places; Apache's `%D` is microseconds."""
    line = {
        "time": "2026-07-31T12:00:00Z",
        "request": "GET / HTTP/1.1",
        "status": 200,
        "request_time": taken,
    }
    found = read_foreign(NAME, line)
    named = read_foreign(NAME, line, fields={"duration_us": "request_time"})

    assert (duration_ms, () if duration_ms is not None else (UNIT_UNKNOWN,)) == (
        found.duration_ms,
        found.remarks,
    )
    assert named.duration_ms is not None


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("ip", "203.0.113.9", {"client": "203.0.113.9"}),
        ("ip", "203.0.113.9, 192.0.2.1", {"client": "203.0.113.9"}),
        ("ip", "unknown, 192.0.2.1", {"client": None}),
        ("real_ip", "203.0.113.9", {"client": "203.0.113.9"}),
        ("remote", "203.0.113.9", {"client": "203.0.113.9"}),
        ("ua", "owl/1", {"request_headers": (("User-Agent", "owl/1"),)}),
        ("xff", "192.0.2.1", {"request_headers": (("X-Forwarded-For", "192.0.2.1"),)}),
        (
            "x_forward_for",
            "192.0.2.1",
            {"request_headers": (("X-Forwarded-For", "192.0.2.1"),)},
        ),
        ("body_bytes", 7, {"response_size_bytes": 7}),
        ("domain", "api.example.com", {"host": "api.example.com"}),
        ("request_time_s", "0.250", {"duration_ms": 250}),
        ("duration_s", 0.25, {"duration_ms": 250}),
        ("realip", "203.0.113.9", {"client": "203.0.113.9"}),
        ("responsetime", 0.25, {"duration_ms": 250}),
        ("responsetime", 250, {"duration_ms": None}),
        ("size", 7, {"response_size_bytes": 7}),
        ("protocol", "1.1", {"http_version": "HTTP/1.1"}),
        ("protocol", 2, {"http_version": "HTTP/2"}),
        ("protocol", "17", {"http_version": None}),
        (
            "x-forward-for",
            "192.0.2.1",
            {"request_headers": (("X-Forwarded-For", "192.0.2.1"),)},
        ),
    ],
)
def test_short_names_are_known_too(
    member: str, value: Any, expected: dict[str, Any]
) -> None:
    """Many a `log_format` has them."""
    found = read_foreign(NAME, {**PLAIN, member: value})

    assert expected == {name: getattr(found, name) for name in expected}


def test_beside_a_virtual_host_the_host_is_the_client() -> None:
    """LTSV's names say so, and logs in JSON have taken them over."""
    line = {
        "time": "31/Jul/2026:12:00:00 +0000",
        "host": "203.0.113.9",
        "req": "GET /owls HTTP/1.1",
        "status": "200",
        "method": "GET",
        "uri": "/owls",
        "vhost": "api.example.com",
    }
    found = read_foreign(NAME, line)

    assert (found.host, found.client) == ("api.example.com", "203.0.113.9")


@pytest.mark.parametrize(
    ("members", "client"),
    [
        ({"remote_addr": "192.0.2.1", "vhost": "h.example"}, "192.0.2.1"),
        ({"domain": "h.example"}, None),
        ({}, None),
    ],
)
def test_a_host_alone_is_not_the_client(
    members: dict[str, Any], client: str | None
) -> None:
    """It may be the server's own address, or what the client asked for."""
    line = {**PLAIN, "host": "203.0.113.9", **members}

    assert client == read_foreign(NAME, line).client


def test_a_line_of_logstash_says_the_version_in_digits() -> None:
    """Its pattern for Combined has a name of its own for them."""
    line = {
        "@timestamp": "2026-07-31T12:00:00Z",
        "verb": "GET",
        "request": "/owls",
        "httpversion": "1.1",
        "response": "200",
    }

    assert read_foreign(NAME, line).http_version == "HTTP/1.1"
