"""The text form of Envoy's access log, plain and of several Istio versions."""

from __future__ import annotations

import pytest

from shipper.foreign import Hints
from shipper.formats.envoy_text import open_envoy_text
from tests.support.foreign_logs import outcome, read_one

PLAIN = (
    b'[2016-04-15T20:17:00.310Z] "POST /v1/locations?a=1 HTTP/2" 204 - 154 0 226 100 '
    b'"10.0.35.28, 2001:db8::9" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.2.1:80"'
)
ISTIO = (
    b'[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" '
    b'0 135 4 4 "-" "curl/7.73.0-DEV" "84961386" "httpbin:8000" "10.44.1.27:80" '
    b"outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 "
    b"10.44.1.23:46520 - default"
)
OLD_ISTIO = (
    b'[2019-03-06T09:31:27.354Z] "GET /status/418 HTTP/1.1" 418 - "-" 0 135 11 10 "-" '
    b'"curl/7.60.0" "d209e46f" "httpbin:8000" "172.30.146.73:80" outbound|8000||httpbin'
    b" - 172.21.13.94:8000 172.30.146.82:60290 -"
)


def test_a_line_gives_all_it_has() -> None:
    """Sizes of the bodies, and the address that Envoy itself has added."""
    found = read_one(open_envoy_text(Hints()), PLAIN)

    assert (
        found.started_ns,
        found.method,
        found.target,
        found.status,
        found.duration_ms,
        found.http_version,
        found.host,
        found.client,
        found.request_size_bytes,
        found.response_size_bytes,
        found.request_headers,
    ) == (
        1_460_751_420_310_000_000,
        "POST",
        "/v1/locations?a=1",
        204,
        226,
        "HTTP/2",
        "locations",
        "2001:db8::9",
        154,
        0,
        (
            ("Host", "locations"),
            ("User-Agent", "nsq2http"),
            ("X-Forwarded-For", "10.0.35.28, 2001:db8::9"),
            ("X-Request-Id", "cc21d9b0"),
        ),
    )


@pytest.mark.parametrize(
    ("line", "client"), [(ISTIO, "10.44.1.23"), (OLD_ISTIO, "172.30.146.82")]
)
def test_istio_knows_the_peer(line: bytes, client: str) -> None:
    """Its additions do not move what stands behind them."""
    found = read_one(open_envoy_text(Hints()), line)

    assert (client, 135, "httpbin:8000") == (
        found.client,
        found.response_size_bytes,
        found.host,
    )


@pytest.mark.parametrize(
    ("line", "client"),
    [
        (ISTIO + b' "k=v" trace="a b" 7', "10.44.1.23"),
        (OLD_ISTIO + b' "owl agent"', "172.30.146.82"),
        (PLAIN + b' "192.0.2.3:1 x" - 192.0.2.4:1 192.0.2.5:1', "2001:db8::9"),
        (PLAIN + b" a b c 192.0.2.5:1", "2001:db8::9"),
        (PLAIN.replace(b"tcp://10.0.2.1:80", b"-") + b' "abc"', "2001:db8::9"),
        (b"ACCESS " + PLAIN, "2001:db8::9"),
    ],
)
def test_fields_may_be_added_at_the_end(line: bytes, client: str) -> None:
    """Operators add headers and more; the peer is where Istio has it."""
    reader = open_envoy_text(Hints())
    found = read_one(reader, line)

    assert reader.fits(line)
    assert client == found.client
    assert found.host in {"locations", "httpbin:8000"}


INJECTED = b'owl" "cc21d9b0-2a9d-11e9-995f-08002730e0dc'


@pytest.mark.parametrize(
    "line",
    [
        PLAIN.replace(b"nsq2http", INJECTED),
        ISTIO.replace(b"curl/7.73.0-DEV", INJECTED),
        PLAIN.replace(b"nsq2http", b'owl" "owl')
        .replace(b"locations", b"10.0.2.1:80")
        .replace(b"cc21d9b0", b"cc21d9b0-2a9d-11e9-995f-08002730e0dc"),
    ],
)
def test_a_user_agent_cannot_move_the_fields_behind_it(line: bytes) -> None:
    """Two quotes and a blank in it look like the border of two fields."""
    assert outcome(open_envoy_text(Hints()).read(line)) in {"quotes", "shape"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (PLAIN.replace(b"POST /v1/locations?a=1 HTTP/2", b"- - -"), "not-http"),
        (PLAIN.replace(b"POST /v1/locations?a=1 HTTP/2", b"- - HTTP/1.1"), "not-http"),
        (PLAIN.replace(b"POST /v1/locations?a=1", b"CONNECT -"), "url"),
        (PLAIN.replace(b"POST ", b"- "), "method"),
        (PLAIN.replace(b" 204 ", b" 0 "), "status"),
        (PLAIN.replace(b"2016-04-15", b"2016-04-31"), "time"),
        (PLAIN.replace(b"nsq", b'n"sq'), "quotes"),
        (PLAIN[:-1], "half-line"),
        (PLAIN[:90], "half-line"),
        (PLAIN.replace(b" 154 ", b" 15 4 ") + b" ", "shape"),
        (PLAIN.replace(b"nsq", b'"a" "b" "c" "d" '), "quotes"),
        (b"[x] owls", "shape"),
        (b"", "blank"),
        (b"x" * 1_048_577, "too-long"),
    ],
)
def test_what_cannot_be_read_is_refused(line: bytes, reason: str) -> None:
    """TCP connections and clients that went away are no exchanges."""
    assert reason == outcome(open_envoy_text(Hints()).read(line))


def test_absent_values_are_not_invented() -> None:
    """No protocol, no address, no header."""
    line = PLAIN.replace(b" HTTP/2", b" -").replace(b"10.0.35.28, 2001:db8::9", b"-")
    line = line.replace(b"154 0 226 100", b"- - - -").replace(b'"locations"', b'"-"')

    found = read_one(open_envoy_text(Hints()), line)

    assert (
        found.http_version,
        found.host,
        found.client,
        found.duration_ms,
        found.request_size_bytes,
        found.response_size_bytes,
    ) == (None, None, None, None, None, None)


def test_the_shape_alone_decides_what_fits() -> None:
    """A broken request fits, a line of another log does not."""
    reader = open_envoy_text(Hints())

    assert reader.fits(PLAIN.replace(b"POST ", b"- "))
    assert not reader.fits(b"owls")
