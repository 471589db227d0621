"""Common and Combined: every column, every oddity, and what is refused."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from shipper.foreign import Foreign, Hints
from shipper.formats.stamps import FOLDED
from shipper.model import BLANK, Reject, Skip
from tests.support.foreign_logs import a_reader, outcome, outcomes, read_one, sample

TAIL = b'"https://a.example/?b" "owl/1.0 (x)"'
COMMON = b'203.0.113.9 - - [23/Nov/2026:12:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 512'
COMBINED = COMMON + b" " + TAIL


def _line(request: bytes = b"GET / HTTP/1.1", status: bytes = b"200") -> bytes:
    return b'::1 - - [23/Nov/2026:12:00:00 +0000] "' + request + b'" ' + status + b" 5"


def test_a_combined_line_gives_all_it_has() -> None:
    """Client, user, time, request, status, size, referer and user agent."""
    line = COMBINED.replace(b"- - [", b"- J@EX.COM [").replace(b"+0000", b"+0130")

    found = read_one(a_reader("combined"), line)

    assert (
        found.started_ns,
        found.method,
        found.target,
        found.status,
        found.http_version,
        found.client,
        found.user,
        found.response_size_bytes,
        found.request_headers,
        found.host,
        found.scheme,
        found.duration_ms,
    ) == (
        1_795_429_800_000_000_000,
        "GET",
        "/a?b=c",
        200,
        "HTTP/1.1",
        "203.0.113.9",
        "J@EX.COM",
        512,
        (("Referer", "https://a.example/?b"), ("User-Agent", "owl/1.0 (x)")),
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("format_", "line", "fits"),
    [
        ("combined", COMMON, True),
        ("combined", COMBINED, True),
        ("combined", b"api.example.com:443 " + COMMON, True),
        ("combined", b"api.example.com " + COMBINED, True),
        ("combined", b"[::1]:80 " + COMBINED, True),
        ("combined", COMBINED + b' "203.0.113.7, 10.0.0.1" "-"', True),
        ("combined", COMBINED + b"\r", True),
        ("combined", COMBINED.replace(b" 200 ", b" 000 "), True),
        ("combined", COMBINED.replace(b"GET /a?b=c HTTP/1.1", b"\\x16\\x03"), True),
        ("combined", b"x y " + COMBINED, False),
        ("combined", b"a.example not-an-address - - " + COMMON[16:], False),
        ("combined", COMBINED + b" 500 0.005", True),
        ("combined", b"api.example.com:443 " + COMBINED + b" 500 640", True),
        ("combined", COMBINED + b" 0.005s", False),
        ("combined", COMBINED + b" 500 MISS", False),
        ("combined", COMBINED + b"500", False),
        ("combined", COMMON + b" 0.005", True),
        ("combined", COMMON + b" TCP_MISS:DIRECT", False),
        ("combined", COMMON + b' "-"', False),
        ("combined", COMMON + b" 367 464 1 " + TAIL, False),
        ("vhost_combined", b"api.example.com:443 " + COMBINED, True),
        ("vhost_combined", b"api.example.com:443 " + COMMON, True),
        ("vhost_combined", COMBINED, False),
        ("vhost_combined", b"192.0.2.1 " + COMBINED, False),
        ("combined", b"192.0.2.1:8080 " + COMBINED, True),
        ("combined", b"192.0.2.1 " + COMBINED, False),
        ("combined", b"2001:db8::1 " + COMBINED, False),
        ("combined", b"- " + COMBINED, True),
        ("combined", b"_ " + COMBINED, True),
        ("combined", b"*.example.com:80 " + COMBINED, True),
        ("combined", b"2026-11-23T12:00:00.123456789Z " + COMBINED, False),
        ("vhost_combined", b"2026-11-23T12:00:00+01:00 " + COMBINED, False),
        ("combined", b"1795435200.123 " + COMBINED, False),
        ("vhost_combined", b"1795435200 " + COMBINED, False),
        ("vhost_combined", b"[2001:db8::1]:443 " + COMBINED, True),
        ("combined", b"198.51.100.7, " + COMBINED, True),
        ("common", b"198.51.100.7, " + COMMON, True),
        ("vhost_combined", b"198.51.100.7, " + COMBINED, False),
        ("combined", b"198.51.100.7, 192.0.2.1 " + COMBINED, False),
        ("combined", b"api.example.com 198.51.100.7, " + COMBINED, True),
        ("combined", b'"198.51.100.7" ' + COMBINED, False),
        ("common", COMMON, True),
        ("common", COMMON + b" 0.005", True),
        ("common", COMBINED, False),
        ("common", b"api.example.com:443 " + COMMON, False),
    ],
)
def test_columns_are_counted(format_: str, line: bytes, fits: bool) -> None:
    """Three before the bracket, or four of which the second is an address."""
    assert fits == a_reader(format_).fits(line)


def test_a_virtual_host_becomes_the_host() -> None:
    """It never becomes the client."""
    found = read_one(a_reader("combined"), b"api.example.com:443 " + COMBINED)

    assert (found.host, found.client) == ("api.example.com:443", "203.0.113.9")


@pytest.mark.parametrize(
    ("columns", "host", "client"),
    [
        (b"198.51.100.7, 192.0.2.1, ", None, "198.51.100.7"),
        (b"198.51.100.7,192.0.2.1,", None, "198.51.100.7"),
        (b"2001:db8::1, ", None, "2001:db8::1"),
        (b"unknown, ", None, None),
        (b"api.example.com:443 198.51.100.7, ", "api.example.com:443", "198.51.100.7"),
    ],
)
def test_the_client_is_the_first_of_the_hops(
    columns: bytes, host: str | None, client: str | None
) -> None:
    """Behind a proxy many a server writes X-Forwarded-For in the client's place."""
    found = read_one(a_reader("combined"), columns + COMBINED)

    assert (host, client) == (found.host, found.client)


@pytest.mark.parametrize("client", [b'"203.0.113.9"', b'"203.0.113.9, 192.0.2.1"'])
def test_a_client_in_quotes_is_one(client: bytes) -> None:
    """Twisted writes it so."""
    line = COMBINED.replace(b"203.0.113.9", client)

    assert a_reader("combined").fits(line)
    assert read_one(a_reader("combined"), line).client == "203.0.113.9"


@pytest.mark.parametrize(
    ("request_", "method", "target", "version"),
    [
        (b"GET http://a.example/b HTTP/1.1", "GET", "http://a.example/b", "HTTP/1.1"),
        (b"GET a.php HTTP/1.0", "GET", "a.php", "HTTP/1.0"),
        (b"OPTIONS * HTTP/1.1", "OPTIONS", "*", "HTTP/1.1"),
        (b"get / HTTP/2.0", "get", "/", "HTTP/2.0"),
        (b"GET /a b HTTP/1.1", "GET", "/a%20b", "HTTP/1.1"),
        (b"GET /", "GET", "/", "HTTP/0.9"),
        (rb"GET /\xC3\xA9\x00 HTTP/1.1", "GET", "/%C3%A9%00", "HTTP/1.1"),
        (rb"GET /\"\\ HTTP/1.1", "GET", '/"\\', "HTTP/1.1"),
        (b"GET /\xff\xe9 HTTP/1.1", "GET", "/%FF%E9", "HTTP/1.1"),
        (b"VERSION-CONTROL /a HTTP/1.1", "VERSION-CONTROL", "/a", "HTTP/1.1"),
    ],
)
def test_a_request_is_taken_apart(
    request_: bytes, method: str, target: str, version: str
) -> None:
    """Targets come in ASCII, and whatever stands between method and version."""
    found = read_one(a_reader("common"), _line(request_))

    assert (method, target, version) == (
        found.method,
        found.target,
        found.http_version,
    )


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (b"-", "method"),
        (b"", "method"),
        (rb"\x16\x03\x01", "method"),
        (b"HELP", "url"),
        (b"GET  HTTP/1.1", "url"),
        (b"GET HTTP/1.1", "url"),
        (b"t3 12.1.2", "url"),
        (b"GET /a b", "url"),
        (b"OPTIONS / RTSP/1.0", "not-http"),
    ],
)
def test_a_request_that_is_none_is_refused(request_: bytes, reason: str) -> None:
    """The reason says whether method or URL is missing."""
    assert reason == outcome(a_reader("combined").read(_line(request_)))


@pytest.mark.parametrize("status", [b"000", b"0", b"-", b"99", b"600", b"999"])
def test_a_status_that_is_none_is_refused(status: bytes) -> None:
    """A client that went away is no answered request."""
    assert outcome(a_reader("combined").read(_line(status=status))) == "status"


@pytest.mark.parametrize(
    "stamp",
    [
        b"23/Xyz/2026:12:00:00 +0000", b"32/Nov/2026:12:00:00 +0000",
        b"23/Nov/2026:24:00:00 +0000", b"23/Nov/2026:12:00:61 +0000",
        b"23/Nov/2026:12:00:00 +2400", b"23/Nov/1969:12:00:00 +0000",
        b"23/Xyz/2026:12:00:00.123 +0000", b"23/Nov/2026:12:00:00.123 +2400",
        b"23/Nov/2026:12:00:00 +0060", b"2026-11-23T12:00:00+00:60",
        b"23/Nov/1969:12:00:00.123 +0000", b"2026-11-23T24:00:00Z",
        b"23/Nov/2026 12:00:00", b"-",
    ],
)  # fmt: skip
def test_a_stamp_that_is_none_is_refused(stamp: bytes) -> None:
    """No clock is asked for a time that the line does not have."""
    line = COMBINED.replace(b"23/Nov/2026:12:00:00 +0000", stamp)

    assert outcome(a_reader("combined").read(line)) == "time"


@pytest.mark.parametrize("format_", ["common", "combined", "vhost_combined"])
def test_a_stamp_without_a_zone_has_that_of_the_operator(format_: str) -> None:
    """As CherryPy and Daphne write it; the zone of this machine is never taken."""
    line = b"api.example.com:443 " if format_ == "vhost_combined" else b""
    line += COMMON.replace(b"12:00:00 +0000", b"13:00:00")
    berlin = Hints(zone=ZoneInfo("Europe/Berlin"))

    assert outcome(a_reader(format_).read(line)) == "time-zone"
    assert read_one(a_reader(format_, berlin), line).started_ns == 1_795_435_200 * 10**9


@pytest.mark.parametrize(
    ("stamp", "fraction_ns"),
    [
        (b"23/Nov/2026:12:00:00.123 +0000", 123_000_000),
        (b"23/Nov/2026:13:00:00.123456 +0100", 123_456_000),
        (b"2026-11-23T12:00:00+00:00", 0),
        (b"2026-11-23T13:00:00.123+01:00", 123_000_000),
    ],
)
def test_a_stamp_may_be_finer_or_of_rfc_3339(stamp: bytes, fraction_ns: int) -> None:
    """As Apache's `%{msec_frac}t` and nginx's `$time_iso8601` write it."""
    line = COMBINED.replace(b"23/Nov/2026:12:00:00 +0000", stamp)
    found = read_one(a_reader("combined"), line)

    assert 1_795_435_200 * 10**9 + fraction_ns == found.started_ns


def test_a_local_time_that_came_twice_is_said() -> None:
    """The clocks went back; the entry's comment tells what was assumed."""
    line = COMMON.replace(b"23/Nov/2026:12:00:00 +0000", b"25/Oct/2026:02:30:00")
    berlin = Hints(zone=ZoneInfo("Europe/Berlin"))

    assert read_one(a_reader("combined", berlin), line).remarks == (FOLDED,)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", BLANK),
        (b" \r", BLANK),
        (COMBINED[:-1], "half-line"),
        (COMBINED[:-20], "half-line"),
        (COMMON[:70], "half-line"),
        (COMMON[:30], "half-line"),
        (b"198.51.100.7, " + COMMON[:30], "half-line"),
        (COMMON.replace(b"b=c", b'b="c"'), "quotes"),
        (COMMON.replace(b"b=c", b'"'), "quotes"),
        (b"owls", "shape"),
        (b"\x00\xff", "shape"),
        (b"a" * 1_048_577, "too-long"),
    ],
)
def test_a_line_of_another_shape_is_refused(line: bytes, reason: str) -> None:
    """Cut lines and unescaped quotes are told apart from the rest."""
    assert reason == outcome(a_reader("combined").read(line))


def test_what_is_absent_is_not_invented() -> None:
    """`-` is no address, no user and no header; as a size it means no bytes."""
    line = b'- - - [23/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 304 - "-" "-"'

    found = read_one(a_reader("combined"), line)

    assert (
        found.client,
        found.user,
        found.request_headers,
        found.response_size_bytes,
    ) == (None, None, (), 0)


def test_a_host_name_is_no_client_address() -> None:
    """Apache writes one with HostnameLookups."""
    line = COMMON.replace(b"203.0.113.9", b"owl.example.com")

    assert read_one(a_reader("common"), line).client is None


def test_headers_are_unescaped_and_readable() -> None:
    r"""`\xHH`, `\"` and `\\` are undone; bytes that are no UTF-8 stay bytes."""
    line = COMMON + rb' "a\"b\\c" "\xC3\xA9"' + b' "x"'

    found = read_one(a_reader("combined"), line.replace(rb"\xC3\xA9", b"\xe9"))
    utf8 = read_one(a_reader("combined"), line)

    assert found.request_headers == (("Referer", 'a"b\\c'), ("User-Agent", "\u00e9"))
    assert found.request_headers == utf8.request_headers


@pytest.mark.parametrize(
    ("name", "format_", "expected"),
    [
        ("apache-combined-mtail.log", "combined", {"exchange": 5}),
        (
            "apache-mixed-plaso.log",
            "combined",
            {"exchange": 12, "quotes": 2, "half-line": 1},
        ),
        (
            "apache-mixed-plaso.log",
            "vhost_combined",
            {"exchange": 4, "quotes": 2, "half-line": 1, "shape": 8},
        ),
        (
            "apache-mixed-plaso.log",
            "common",
            {"exchange": 2, "quotes": 2, "half-line": 1, "shape": 10},
        ),
        ("lighttpd-mtail.log", "combined", {"shape": 19}),
        ("nginx-combined-malformed-crowdsec.log", "combined", {"method": 10, "url": 2}),
        ("traefik-clf-crowdsec.log", "combined", {"shape": 7, "blank": 2}),
    ],
)
def test_real_logs_give_their_counts(
    name: str, format_: str, expected: dict[str, int]
) -> None:
    """What SOURCES.md says of a file is what becomes of it."""
    assert expected == outcomes(a_reader(format_), sample(name))


def test_the_great_apache_log_has_one_bad_line() -> None:
    """10,000 lines: 9,999 exchanges, and line 8899 cut in the user agent."""
    reader = a_reader("combined")

    refused = {
        number: outcome(item)
        for number, line in enumerate(
            sample("apache-combined-elastic-10k.log.xz"), start=1
        )
        for item in [reader.read(line)]
        if outcome(item) != "exchange"
    }

    assert refused == {8899: "half-line"}


def test_a_blank_line_is_skipped() -> None:
    """It is counted on its own, not among the refused."""
    assert Skip(BLANK) == a_reader("common").read(b"")


INGRESS = (
    b'203.0.113.9 - owl [23/Nov/2026:12:00:01 +0000] "GET /a?b=c HTTP/2.0" 200 59 "-" '
    b'"owl/1" 89 0.250 '
)


@pytest.mark.parametrize(
    "tail",
    [
        b"[default-web-80] [] 192.0.2.5:8080 59 0.248 200 529a0079",
        b"[default-web-80] [] 192.0.2.5:80, [2001:db8::1]:80 0, 59 0.0, 0.2 502, 200 5",
        b"[default-web-80] 192.0.2.5:8080 59 0.248 200 529a0079",
        b"[] [] - - - - 529a0079",
    ],
)
def test_the_ingress_of_kubernetes_tells_the_duration(tail: bytes) -> None:
    """Its stamp is nginx's, the end; the time taken is taken off."""
    found = read_one(a_reader("combined"), INGRESS + tail)

    assert (
        found.duration_ms, found.started_ns, found.target, found.user,
        found.response_size_bytes,
    ) == (250, 1_795_435_200_750_000_000, "/a?b=c", "owl", 59)  # fmt: skip
    assert a_reader("combined").fits(INGRESS + tail)


@pytest.mark.parametrize("hops", [b"203.0.113.9", b"203.0.113.9, 192.0.2.1"])
def test_the_ingress_once_wrote_the_client_twice(hops: bytes) -> None:
    """Until 2019 in brackets, with all hops behind a proxy; the column is the same."""
    tail = b"[default-web-80] 192.0.2.5:8080 59 0.248 200"
    line = INGRESS.replace(b" - owl", b" - [" + hops + b"] - owl") + tail

    assert a_reader("combined").fits(line)
    assert read_one(a_reader("combined"), INGRESS + tail) == read_one(
        a_reader("combined"), line
    )


@pytest.mark.parametrize("tail", [b"[x", b'[a] [] "b"', b"[] []"])
def test_other_tails_make_another_format(tail: bytes) -> None:
    """Nobody knows what they say."""
    assert outcome(a_reader("combined").read(INGRESS + tail)) in {"shape", "half-line"}


def test_kongs_own_access_log_is_combined() -> None:
    """The request's id stands at its end."""
    line = COMBINED + b' kong_request_id: "529a0079"'

    assert read_one(a_reader("combined"), COMBINED) == read_one(
        a_reader("combined"), line
    )


def test_an_address_before_the_client_is_no_host_unless_the_operator_says_so() -> None:
    """X-Forwarded-For stands there as often, and would be taken for the host."""
    line = b"192.0.2.1 " + COMBINED
    refused = a_reader("combined").read(line)

    assert isinstance(refused, Reject)
    assert refused.reason == "shape"
    assert "vhost_combined" in (refused.detail or "")
    assert read_one(a_reader("vhost_combined"), line).host == "192.0.2.1"


@pytest.mark.parametrize("format_", ["common", "combined"])
def test_a_client_that_is_not_there_is_not_known(format_: str) -> None:
    """Gunicorn writes nothing for the peer of a socket in the file system."""
    line = COMMON.removeprefix(b"203.0.113.9")

    assert a_reader(format_).fits(line)
    assert read_one(a_reader(format_), line).client is None


@pytest.mark.parametrize(
    "tail",
    [
        b" 500 640",
        b" 1234",
        b" 0.005",
        b" 0.005 0.004 .",
        b' "-" 0.005 "192.0.2.1:80" 200',
        b" 0.005 192.0.2.1:80, 192.0.2.2:80 502, 200 0.001, 0.004 : 0.002 p",
        b" 0/1234",
        b" -",
    ],
)
def test_numbers_behind_the_user_agent_are_left_out(tail: bytes) -> None:
    """No name tells what they count: Apache's and nginx's times are no one thing."""
    found = [
        read_one(a_reader("combined"), line) for line in (COMBINED + tail, COMBINED)
    ]

    assert found[0] == found[1]


@pytest.mark.parametrize("line", [COMMON, COMBINED])
def test_a_blank_at_the_end_is_no_field(line: bytes) -> None:
    """Jetty leaves one behind the size, and behind a User-Agent that is not there."""
    reader = a_reader("combined")

    assert reader.fits(line + b" ")
    assert read_one(reader, line + b" ") == read_one(reader, line)


def test_the_log_of_haproxy_in_common_form_is_combined() -> None:
    """Its timers are -1 where it never came to them, as after a server was missing."""
    tail = (
        b' 33317 086 "in" "shop" "<NOSRV>" 0 -1 -1 -1 +7 "SC--" 1 1 0 0 0 0 0 "{owl}" '
        b'"" "" ""'
    )
    reader = a_reader("combined")
    found = [read_one(reader, line) for line in (COMBINED + tail, COMBINED)]

    assert reader.fits(COMBINED + tail)
    assert found[0] == found[1]


@pytest.mark.parametrize("format_", ["common", "combined"])
def test_numbers_behind_the_size_are_left_out(format_: str) -> None:
    """Apache's duration, or Rack's."""
    lines = (COMMON + b" 0/1234 0.0012", COMMON)
    found = [read_one(a_reader(format_), line) for line in lines]

    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("tail", "duration_ms"),
    [
        (b' rt=0.250 uct="0.001" uht="0.2, 0.1" urt="-"', 250),
        (b' "203.0.113.7" "h" sn="h" rt=0.250 ua="192.0.2.1:80" cs=-', 250),
        (b' request_time="1.500"', 1500),
        (b' ua="owl rt=9.000 x" rt=0.250', 250),
        (b" rt=- cs=HIT", None),
        (b" rt=250", None),
        (b' urt="0.250" id=7', None),
        (b" rt=0.250 0.004", "shape"),
        (b' rt=0.250 uct="0.0', "half-line"),
        (b' X-Forwarded-For="203.0.113.7, 192.0.2.1" http2=h2 rt=0.250', 250),
        (b" ua=192.0.2.1:80, 192.0.2.2:80 urt=0.200, 0.050 rt=0.250 cs=MISS", 250),
        (b" urt=0.200, - : 0.050 rt=0.250", 250),
        (b" cs=HIT, rt=0.250", 250),
    ],
)
def test_fields_with_their_names_may_follow(
    tail: bytes, duration_ms: int | str | None
) -> None:
    """As nginx's own examples have them; its request time is in seconds."""
    found = a_reader("combined").read(COMBINED + tail)

    if isinstance(duration_ms, str):
        assert outcome(found) == duration_ms
    else:
        assert isinstance(found, Foreign)
        assert a_reader("combined").fits(COMBINED + tail)
        assert (found.duration_ms, found.started_ns) == (
            duration_ms,
            1_795_435_200_000_000_000 - (duration_ms or 0) * 1_000_000,
        )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("format_", ["combined", "traefik-clf"])
@pytest.mark.parametrize(
    "piece",
    [
        b'"\\',
        b'\\"',
        b'"',
        b' a="\\',
        b", ",
        b" a=, 1 : ",
        b" a=,  ",
        b" 1",
        b" 1,",
        b' "" 1',
    ],
)
def test_hostile_lines_take_no_longer_than_others(format_: str, piece: bytes) -> None:
    """Quotes may be escaped, and so none of them may be looked at twice."""
    reader = a_reader(format_)
    line = COMBINED + piece * (1_000_000 // len(piece)) + b" x"

    assert outcome(reader.read(line)) in {"shape", "quotes", "half-line", "too-long"}
    assert not reader.fits(line)
