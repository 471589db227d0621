"""HAProxy's HTTP log, behind a syslog prefix or alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from shipper.foreign import Hints
from shipper.formats.haproxy import EARLY
from shipper.formats.stamps import FOLDED
from tests.support.foreign_logs import a_reader, outcome, outcomes, read_one, sample

BERLIN = Hints(zone=ZoneInfo("Europe/Berlin"))
LINE = (
    b"192.0.2.7:53332 [25/Feb/2019:16:19:48.143] in~ bk/srv 0/0/7/1457/1487 200 11394 "
    b'- - ---- 2/1/0/0/0 0/0 {Mozilla/5.0 (X11)|-} {} "GET /a?b=1 HTTP/1.1"'
)
SYSLOG = b"Feb 25 16:19:49 192.168.4.2 haproxy[7]: "


@pytest.mark.parametrize(
    "prefix", [b"", b"<6>", SYSLOG, b"<134>1 2019-02-25T16:19:49Z h ha: "]
)
def test_a_line_gives_all_it_has(prefix: bytes) -> None:
    """The prefix says nothing; TLS, the client and the last timer count."""
    found = read_one(a_reader("haproxy", BERLIN), prefix + LINE)

    assert (
        found.started_ns,
        found.method,
        found.target,
        found.status,
        found.duration_ms,
        found.scheme,
        found.client,
        found.response_size_bytes,
        found.request_headers,
    ) == (
        1_551_107_988_143_000_000,
        "GET",
        "/a?b=1",
        200,
        1487,
        "https",
        "192.0.2.7",
        None,
        (),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"{Mozilla/5.0 (X11)|-} {} ", b""),
        (b"{Mozilla/5.0 (X11)|-} {} ", b"{} "),
        (b"192.0.2.7", b"::ffff:192.0.2.7"),
        (b"2/1/0/0/0", b"2/1/0/0/+2"),
        (b'HTTP/1.1"', b'HTTP/1.1" 0/0000000000000000/0/0/0 -/TLSv1.3/X'),
        (b"bk/srv", b"in/<NOSRV>"),
    ],
)
def test_variants_are_read(old: bytes, new: bytes) -> None:
    """Captures are optional, and newer versions append fields."""
    assert (
        outcome(a_reader("haproxy", BERLIN).read(LINE.replace(old, new))) == "exchange"
    )


def test_a_client_of_ipv4_is_one_on_a_socket_for_both_families_too() -> None:
    """It is the same caller, whichever socket it came by."""
    line = LINE.replace(b"192.0.2.7", b"::ffff:192.0.2.7")

    assert read_one(a_reader("haproxy", BERLIN), line).client == "192.0.2.7"


def test_a_plus_says_that_it_took_longer() -> None:
    """With `option logasap` the line is written before the response is over."""
    line = LINE.replace(b"1487 200 11394", b"+1487 200 +11394")

    found = read_one(a_reader("haproxy", BERLIN), line)

    assert (found.duration_ms, found.remarks) == (1487, (EARLY,))


def test_a_timer_that_never_ran_is_not_known() -> None:
    """-1 is no duration."""
    line = LINE.replace(b"0/0/7/1457/1487", b"-1/-1/-1/-1/-1").replace(b"in~", b"in")

    found = read_one(a_reader("haproxy", BERLIN), line)

    assert (found.duration_ms, found.scheme) == (None, None)


def test_encoded_characters_come_back() -> None:
    """HAProxy writes quotes and braces as `#` and two hexadecimal digits."""
    line = LINE.replace(b"/a?b=1", b"/a?b=#22#7B")

    assert read_one(a_reader("haproxy", BERLIN), line).target == '/a?b="{'


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (b"31/Mar/2019:02:30:00.000", "time-gap"),
        (b"27/Oct/2019:02:30:00.000", "exchange"),
        (b"30/Feb/2019:02:30:00.000", "time"),
        (b"30/Xxx/2019:02:30:00.000", "time"),
    ],
)
def test_local_times_are_read_in_their_zone(stamp: bytes, reason: str) -> None:
    """A time that the clocks skipped is refused."""
    line = LINE.replace(b"25/Feb/2019:16:19:48.143", stamp)

    assert reason == outcome(a_reader("haproxy", BERLIN).read(line))


def test_a_time_that_came_twice_is_the_first_and_says_so() -> None:
    """Nobody can tell which one it was."""
    line = LINE.replace(b"25/Feb/2019:16:19:48.143", b"27/Oct/2019:02:30:00.000")

    found = read_one(a_reader("haproxy", BERLIN), line)

    assert (found.started_ns, found.remarks) == (1_572_136_200_000_000_000, (FOLDED,))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE.replace(b"GET /a?b=1 HTTP/1.1", b"<BADREQ>"), "method"),
        (LINE.replace(b"GET /a?b=1 HTTP/1.1", b""), "method"),
        (LINE.replace(b" 200 ", b" -1 "), "status"),
        (LINE.replace(b" 200 ", b" 0 "), "status"),
        (LINE[:-1], "half-line"),
        (LINE.replace(b"b=1", b'b="1"'), "quotes"),
        (SYSLOG + b"Proxy in started.", "not-http"),
        (b"owls", "shape"),
        (b"", "blank"),
        (b"x" * 1_048_577, "too-long"),
    ],
)
def test_what_cannot_be_read_is_refused(line: bytes, reason: str) -> None:
    """Notices and TLS failures are HAProxy's, and no exchanges."""
    assert reason == outcome(a_reader("haproxy", BERLIN).read(line))


def test_without_a_zone_every_line_is_refused() -> None:
    """The machine's own zone is never taken."""
    assert outcome(a_reader("haproxy").read(LINE)) == "time-zone"


def test_the_real_log_gives_its_counts() -> None:
    """Thirteen exchanges; start-up notices and a TLS failure besides."""
    assert outcomes(
        a_reader("haproxy", BERLIN), sample("haproxy-httplog-lnav.log")
    ) == {"exchange": 13, "not-http": 4}


def test_a_log_format_of_ones_own_is_not_httplog() -> None:
    """The line tells of an exchange, but nobody knows which field is which."""
    line = (
        b"Nov 23 12:00:00 lb haproxy[7]: 203.0.113.9:22222 [23/Nov/2026:12:00:00.222] "
        b"www~ app/one api.example.com 0/0/0/18/18 200 200 - - ---- 2/2/2/0/0 0/0 "
        b'"GET /owls HTTP/1.1"'
    )

    assert outcome(a_reader("haproxy", BERLIN).read(line)) == "shape"
    assert not a_reader("haproxy").fits(line)


@pytest.mark.parametrize(
    "line",
    [
        b"192.0.2.7:5333 [25/Feb/2019:16:19:48.143] in/1: SSL handshake failure",
        b"192.0.2.7:5333 [25/Feb/2019:16:19:48.143] db db/one 0/0/57 212 -- 0/0/0/0/3 "
        b"0/0",
        b"[NOTICE]   (1) : New worker (8) forked",
        b"[NOTICE] 055/161948 (1) : New worker #1 (8) forked",
        b"[WARNING]  (8) : Server bk/srv is DOWN, reason: Layer4 connection problem, "
        b'info: "Connection refused", check duration: 0ms.',
        b"[ALERT]    (1) : Current worker (8) exited with code 143 (Terminated)",
    ],
)
def test_in_a_container_notices_are_known_without_the_name_of_the_program(
    line: bytes,
) -> None:
    """`log stdout format raw` leaves it out, and a few of them would hide the log."""
    reader = a_reader("haproxy", BERLIN)

    assert (reader.fits(line), outcome(reader.read(line))) == (True, "not-http")


@pytest.mark.parametrize(
    "line",
    [
        b'192.0.2.7 - a:1 [25/Feb/2019:16:19:48 +0000] "GET / HTTP/1.1" 200 1',
        b"[notice] (1) : no word of HAProxy's",
    ],
)
def test_lines_of_other_programs_are_not_taken_for_notices(line: bytes) -> None:
    """A stamp behind a port, or a word in brackets, is not enough."""
    assert not a_reader("haproxy").fits(line)


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"api.example.com/owls", "api.example.com", "/owls"),
        (b"API.example.com:8443/", "API.example.com:8443", "/"),
        (b"[2001:db8::1]:80/owls/7", "[2001:db8::1]:80", "/owls/7"),
        (b"localhost:8080/a.b/c", "localhost:8080", "/a.b/c"),
    ],
)
def test_the_ingress_controller_writes_the_host_before_the_path(
    target: bytes, host: str, path: str
) -> None:
    """Its `log-format` is httplog's but for that: `%[var(txn.base)]` has no query."""
    line = LINE.replace(b"/a?b=1", target)
    found = read_one(a_reader("haproxy", BERLIN), line)

    assert (found.host, found.target) == (host, path)


@pytest.mark.parametrize(
    "target",
    ["/api.example.com/owls", "http://api.example.com/owls", "cgi-bin/a.b", "*", "a.b"],
)
def test_no_other_target_is_taken_apart(target: str) -> None:
    """What has neither dot nor port before its slash may be the path of a probe."""
    line = LINE.replace(b"/a?b=1", target.encode())
    found = read_one(a_reader("haproxy", BERLIN), line)

    assert (found.host, found.target) == (None, target)
