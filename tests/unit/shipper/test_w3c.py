"""W3C extended logs, such as those of IIS."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from shipper.foreign import Hints
from shipper.formats import LineReader
from tests.support.foreign_logs import a_reader, outcome, outcomes, read_one

FIELDS = (
    b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username "
    b"c-ip cs-version cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus "
    b"sc-win32-status sc-bytes cs-bytes time-taken sc(Content-Type)"
)
LINE = (
    b"2024-01-15 10:00:03 192.168.1.1 GET /a b=1 443 LAB\\owl 203.0.113.9 HTTP/1.1 "
    b"Mozilla/5.0+(X11) https://x.example/?a+b api.example.com 200 0 0 512 99 471 "
    b"text/html"
)

ASP_NET_CORE = (
    b"#Version: 1.0",
    b"#Start-Date: 2024-01-15 10:00:00",
    b"#Fields: date time c-ip s-computername s-ip s-port cs-method cs-uri-stem "
    b"cs-uri-query sc-status time-taken cs-version cs-host",
)


def _told(*headers: bytes) -> LineReader:
    reader = a_reader("w3c")
    for header in headers:
        reader.read(header)
    return reader


def test_a_line_gives_all_it_has() -> None:
    """Blanks of headers come back, and the time taken is taken off the end."""
    found = read_one(_told(FIELDS), LINE)

    assert (
        found.started_ns,
        found.duration_ms,
        found.target,
        found.user,
        found.client,
        found.host,
        found.scheme,
        found.http_version,
        found.response_size_bytes,
        found.request_headers,
        found.response_headers,
    ) == (
        1_705_312_802_529_000_000,
        471,
        "/a?b=1",
        "LAB\\owl",
        "203.0.113.9",
        "api.example.com",
        "https",
        "HTTP/1.1",
        None,
        (
            ("Host", "api.example.com"),
            ("User-Agent", "Mozilla/5.0 (X11)"),
            ("Referer", "https://x.example/?a+b"),
        ),
        (("Content-Type", "text/html"),),
    )


@pytest.mark.parametrize(
    ("taken", "duration_ms"), [(b"471", 471), (b"0.471", 471), (b"-", None)]
)
def test_whole_numbers_are_milliseconds(taken: bytes, duration_ms: int | None) -> None:
    """IIS writes those; the draft has seconds with a fraction."""
    line = LINE.replace(b" 471 ", b" " + taken + b" ")

    assert duration_ms == read_one(_told(FIELDS), line).duration_ms


@pytest.mark.parametrize(
    ("taken", "duration_ms"), [(b"59.9171", 60), (b"0.1802", 0), (b"12", 12)]
)
def test_asp_net_core_stamps_the_start_and_counts_milliseconds(
    taken: bytes, duration_ms: int
) -> None:
    """With a fraction; its stems are not decoded, and its queries have their mark."""
    line = (
        b"2024-01-15 10:00:03 ::ffff:203.0.113.9 OWL ::1 5000 GET /a+b ?c=1 200 "
        + taken
        + b" HTTP/2 api.example.com"
    )
    found = read_one(_told(*ASP_NET_CORE), line)

    assert (
        found.started_ns,
        found.duration_ms,
        found.target,
        found.client,
        found.host,
    ) == (
        1_705_312_803_000_000_000,
        duration_ms,
        "/a+b?c=1",
        "203.0.113.9",
        "api.example.com",
    )


def test_a_log_that_names_its_program_is_not_that_of_asp_net_core() -> None:
    """WebLogic has a start in its header too, and counts seconds."""
    fields = b"#Fields: date time cs-method cs-uri sc-status time-taken"
    start = b"#Start-Date: 2024-01-15 10:00:00"
    line = b"2024-01-15 10:00:03 GET /a 200 0.250"
    for headers in (
        (b"#Version: 1.0", fields, b"#Software: WebLogic", start),
        (b"#Software: WebLogic", start, fields),
    ):
        found = read_one(_told(*headers), line)

        assert (found.duration_ms, found.started_ns) == (
            250,
            1_705_312_802_750_000_000,
        )


@pytest.mark.parametrize(
    ("date", "line", "reason"),
    [
        (b"#Date: 2024-01-15 10:00:00", b"10:00:01 GET /a 200", "exchange"),
        (b"#Date: 2024-01-15", b"10:00:01 GET /a 200", "exchange"),
        (b"#Date: 12-Jan-1996 00:00:00", b"00:34:23 GET /foo/bar.html 200", "exchange"),
        (b"#Date: 12-Xyz-1996 00:00:00", b"00:34:23 GET /foo/bar.html 200", "time"),
        (b"#Date: 2024-01-15 10:00:00", b"00:00:01 GET /a 200", "date"),
        (b"#Remark: none", b"10:00:01 GET /a 200", "date"),
        (b"#Date: 2024-01-15 10:00:00", b"- GET /a 200", "time"),
    ],
)
def test_the_date_may_stand_in_the_header(
    date: bytes, line: bytes, reason: str
) -> None:
    """Without one, or behind a midnight, a line is refused; never is it today."""
    reader = _told(b"#Fields: time cs-method cs-uri sc-status", date)

    assert reason == outcome(reader.read(line))


def test_quoted_fields_and_tabs_are_read() -> None:
    """As the draft has them, a quote inside twice."""
    reader = _told(b"#Fields: date\ttime\tcs-method\tcs-uri-stem\tsc-status\tcs(X)")
    line = b'2024-01-15\t10:00:03\tGET\t/\t200\t"a ""b"" c"'

    assert read_one(reader, line).request_headers == (("X", 'a "b" c'),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"'owl/1 (X11)'", "owl/1 (X11)"),
        (b"'owl/1'", "owl/1"),
        (b"'application/owl+json'", "application/owl+json"),
        (b"'an owl\"'\"s'", "an owl's"),
        (b"'an \"owl\"'", 'an "owl"'),
        (b'"an ""owl\'s"""', 'an "owl\'s"'),
    ],
)
def test_servers_of_java_quote_with_either_quote(field: bytes, value: str) -> None:
    """WildFly and older Tomcats with single ones, newer Tomcats with double ones."""
    reader = _told(
        b"#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status cs(X)",
        b"#Version: 2.0",
        b"#Software: Undertow - 2.3.18.Final",
    )
    line = b"2024-01-15 10:00:03 GET /a ?b=%27c%27 200 " + field
    found = read_one(reader, line)

    assert (found.target, found.request_headers) == ("/a?b=%27c%27", (("X", value),))


@pytest.mark.parametrize("query", [b"'owl'", b"'", b"?b", b"b='owl'"])
def test_single_quotes_and_marks_of_others_are_characters(query: bytes) -> None:
    """IIS writes a query as it came."""
    found = read_one(_told(FIELDS), LINE.replace(b"b=1", query))

    assert found.target == f"/a?{query.decode()}"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b" GET ", b" - ", "method"),
        (b" /a ", b" - ", "url"),
        (b" 200 ", b" 0 ", "status"),
        (b" 471 ", b" x ", "number"),
        (b"2024-01-15", b"2024.01.15", "date"),
        (b"2024-01-15", b"2024-02-30", "time"),
        (b" 512 ", b" 5 12 ", "shape"),
    ],
)
def test_what_cannot_be_read_is_refused(old: bytes, new: bytes, reason: str) -> None:
    """Each fault has its own reason."""
    assert reason == outcome(_told(FIELDS).read(LINE.replace(old, new)))


def test_without_a_header_nothing_is_guessed() -> None:
    """Which column is which is not known."""
    counted = outcomes(a_reader("w3c"), [LINE, b"", b"x" * 1_048_577, b"#", LINE])

    assert counted == {"columns": 2, "blank": 1, "too-long": 1, "header": 1}


@pytest.mark.parametrize(
    "fields",
    [
        b"#Fields: date time action protocol src-ip dst-ip",
        b"#Fields: date time x-edge-location cs-method cs-uri-stem sc-status",
    ],
)
def test_logs_of_others_do_not_fit(fields: bytes) -> None:
    """Firewalls and CloudFront write headers of this kind too."""
    reader = _told(fields)

    assert not reader.fits(b"2024-01-15 10:00:03 a b c d")


def test_headers_and_lines_fit() -> None:
    """A reader that is only asked what fits learns from headers as well."""
    reader = a_reader("w3c")

    assert [reader.fits(FIELDS), reader.fits(LINE)] == [True, True]


def test_a_port_of_tls_tells_the_scheme_and_no_other_does() -> None:
    """Behind a proxy that ends TLS the port is 80, whatever the client asked for."""
    ports = [b"443", b"80", b"8443", b"-"]
    lines = [LINE.replace(b" 443 ", b" " + port + b" ") for port in ports]

    assert [read_one(_told(FIELDS), line).scheme for line in lines] == [
        "https",
        None,
        None,
        None,
    ]


ADVANCED = b"#Fields:  date-local time-local cs-method  cs-uri-stem c-ip cs(User-Agent)"
ADVANCED_LINE = (
    b'2024-07-15 12:00:00.363 GET /owls "203.0.113.9" "Owl/1.0 (X11; 64)" 200 109'
)


def test_local_time_needs_a_zone() -> None:
    """Advanced Logging of IIS has it, and a duration by another name."""
    reader = a_reader("w3c", Hints(zone=ZoneInfo("Europe/Berlin")))
    reader.read(ADVANCED + b" sc-status TimeTakenMS")
    found = read_one(reader, ADVANCED_LINE)

    assert (
        found.started_ns,
        found.duration_ms,
        found.client,
        found.request_headers,
    ) == (
        1_721_037_600_254_000_000,
        109,
        "203.0.113.9",
        (("User-Agent", "Owl/1.0 (X11; 64)"),),
    )
    assert (
        outcome(_told(ADVANCED + b" sc-status TimeTakenMS").read(ADVANCED_LINE))
        == "time-zone"
    )


def test_utc_counts_where_both_times_are_there() -> None:
    """No zone is needed then."""
    reader = _told(
        b"#Fields: date-local time-local date time cs-method cs-uri sc-status"
    )
    line = b"2024-01-15 11:00:03 2024-01-15 10:00:03 GET /a 200"

    assert read_one(reader, line).started_ns == 1_705_312_803_000_000_000


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (b"c-ip cs-method cs-uri-stem sc-status x-session", b"::1 STOR a.txt 226 x"),
        (b"s-sitename cs-method cs-uri-stem sc-status", b"SMTPSVC1 EHLO - 250"),
        (b"cs-version cs-method cs-uri-stem sc-status", b"SMTP MAIL - 250"),
    ],
)
def test_other_services_of_iis_tell_of_no_exchange(fields: bytes, line: bytes) -> None:
    """A command of FTP has a method and a status of three digits too."""
    reader = _told(b"#Fields: date time " + fields)

    assert outcome(reader.read(b"2024-01-15 10:00:03 " + line)) == "not-http"


def test_a_field_for_forwarded_addresses_is_a_header() -> None:
    """IIS names a custom field as the operator does, most often so."""
    line = LINE.replace(b" text/html", b" text/html 203.0.113.5,+192.0.2.1")
    found = read_one(_told(FIELDS + b" X-Forwarded-For"), line)

    assert found.request_headers[-1] == ("X-Forwarded-For", "203.0.113.5, 192.0.2.1")


def test_a_plus_beside_blanks_is_one() -> None:
    """Who quotes a header, as Tomcat does, has no need to encode its blanks."""
    reader = _told(b"#Fields: date time cs-method cs-uri sc-status cs(User-Agent)")
    line = b'2024-01-15 10:00:03 GET / 200 "owl/2.1 (+https://owl.example)"'

    assert read_one(reader, line).request_headers == (
        ("User-Agent", "owl/2.1 (+https://owl.example)"),
    )


def test_a_quote_may_be_a_character() -> None:
    """IIS quotes nothing, so a field may begin with one that nothing ends."""
    quoted = b'q="owl" 443 LAB'
    lines = [
        LINE.replace(b"b=1", b'"b=1').replace(b"Mozilla/5.0+(X11)", b'owl"'),
        LINE.replace(b"b=1 443 LAB", quoted),
    ]

    assert [read_one(_told(FIELDS), line).target for line in lines] == [
        '/a?"b=1',
        '/a?q="owl"',
    ]


def test_the_stem_of_iis_was_decoded() -> None:
    """A blank became a plus, which no path of IIS may hold; the query stays."""
    line = LINE.replace(b" /a b=1 ", b" /Shared+Documents/\xc3\xa4.pdf b=1+2 ")
    found = read_one(_told(FIELDS), line)

    assert found.target == "/Shared%20Documents/%C3%A4.pdf?b=1+2"


@pytest.mark.parametrize("mark", ["?", "#"])
def test_what_iis_has_decoded_hides_no_parameter(mark: str) -> None:
    """Encoded again, a question mark or a hash would make a path of parameters."""
    line = LINE.replace(b" /a b=1 ", f" /a{mark}token=owl - ".encode())
    found = read_one(_told(FIELDS), line)

    assert found.target == f"/a{mark}token=owl"


def test_the_stem_of_others_stays_as_it_is() -> None:
    """Without the columns of IIS a plus is one."""
    reader = _told(b"#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status")
    line = b"2024-01-15 10:00:03 GET /c++/a%20b - 200"

    assert read_one(reader, line).target == "/c++/a%20b"


@pytest.mark.parametrize(
    ("uri", "target"), [(b"/a", "/a?q=1"), (b"/a?x", "/a?x"), (b"http://h/a", None)]
)
def test_a_query_of_its_own_is_added_to_a_whole_uri(
    uri: bytes, target: str | None
) -> None:
    """Unless the URI has one; the draft means it to."""
    reader = _told(b"#Fields: date time cs-method cs-uri cs-uri-query sc-status")
    line = b"2024-01-15 10:00:03 GET " + uri + b" q=1 200"

    assert (target or "http://h/a?q=1") == read_one(reader, line).target


@pytest.mark.parametrize(
    ("given", "version"),
    [(b"HTTP/2", "HTTP/2"), (b"HTTP", None), (b"http/1.1", "HTTP/1.1"), (b"-", None)],
)
def test_a_version_is_one_of_http(given: bytes, version: str | None) -> None:
    """Some name the protocol alone."""
    line = LINE.replace(b" HTTP/1.1 ", b" " + given + b" ")

    assert version == read_one(_told(FIELDS), line).http_version


@pytest.mark.parametrize(
    ("given", "client"),
    [(b"fe80::1%3", "fe80::1"), (b"::1%0", "::1"), (b"[fe80::1%3]:443", "fe80::1")],
)
def test_the_zone_of_an_address_is_left_out(given: bytes, client: str) -> None:
    """It is the number of a network card, and means nothing anywhere else."""
    line = LINE.replace(b" 203.0.113.9 ", b" " + given + b" ")

    assert client == read_one(_told(FIELDS), line).client
