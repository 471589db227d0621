"""What is read out of Envoy's access log in JSON, and which form a line has."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.foreign import Foreign
from tests.support.json_logs import (
    STARTED_NS,
    an_envoy_line,
    fitting,
    read_foreign,
    read_line,
    why,
)

NAME = "envoy"


def test_a_line_of_istio_tells_of_an_exchange() -> None:
    """Sizes are those of the bodies; the start is stamped."""
    assert Foreign(
        started_ns=STARTED_NS + 123_000_000,
        method="GET",
        target="/owls?page=2",
        status=200,
        duration_ms=45,
        http_version="HTTP/2",
        host="api.example.com",
        client="203.0.113.9",
        request_headers=(("User-Agent", "curl/8"), ("X-Request-Id", "abc-123-def")),
        request_size_bytes=3,
        response_size_bytes=42,
    ) == read_foreign(NAME, an_envoy_line())


@pytest.mark.parametrize("stamp", ["@timestamp", "timestamp", "time"])
def test_the_stamp_may_have_another_name(stamp: str) -> None:
    """Contour writes `@timestamp`; the flags of Envoy tell whose line it is."""
    line = an_envoy_line()
    line = {**line, stamp: line["start_time"], "response_flags": "-"}
    del line["start_time"]

    assert fitting(line) == [NAME]
    assert read_foreign(NAME, an_envoy_line()) == read_foreign(NAME, line)


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("start_time", "ts"),
        ("response_code", "status"),
        ("path", "origin_path"),
        ("path", "url"),
        ("authority", "authority_for"),
        ("duration", "duration_ms"),
        ("downstream_remote_address", "downstream_remote"),
    ],
)
def test_members_may_have_other_names(member: str, name: str) -> None:
    """Operators give them, and the flags tell whose line it is."""
    line = an_envoy_line()
    line[name] = line.pop(member)

    assert fitting(line) == [NAME]
    assert read_foreign(NAME, an_envoy_line()) == read_foreign(NAME, line)


def test_a_status_without_the_flags_of_envoy_is_anybodys() -> None:
    """Jobs, too, have a start and a status."""
    line = an_envoy_line()
    del line["response_flags"]
    line["status"] = line.pop("response_code")

    assert NAME not in fitting(line)


def test_a_line_of_envoy_gateway_tells_of_an_exchange() -> None:
    """Its members are named after the headers."""
    found = read_foreign(
        NAME,
        {
            ":authority": "10.224.0.5",
            "bytes_received": 0,
            "bytes_sent": 896,
            "downstream_remote_address": "10.224.0.7:49916",
            "duration": 1,
            "method": "GET",
            "protocol": "HTTP/1.1",
            "response_code": 200,
            "start_time": "2026-07-31T12:00:00.123Z",
            "user-agent": "curl/8",
            "x-envoy-origin-path": "/",
            "x-forwarded-for": "10.224.0.7",
        },
    )

    assert (
        found.host,
        found.target,
        found.client,
        found.request_headers[-1],
    ) == ("10.224.0.5", "/", "10.224.0.7", ("X-Forwarded-For", "10.224.0.7"))


@pytest.mark.parametrize(
    ("changes", "client"),
    [
        ({"downstream_remote_address": "[2001:db8::1]:4711"}, "2001:db8::1"),
        (
            {
                "downstream_remote_address": None,
                "x_forwarded_for": "6.6.6.6, 192.0.2.1",
            },
            "192.0.2.1",
        ),
        ({"downstream_remote_address": "-"}, None),
        ({"downstream_remote_address": None, "x_forwarded_for": "unknown"}, None),
    ],
)
def test_the_client_is_the_peer_or_the_last_hop(
    changes: dict[str, Any], client: str | None
) -> None:
    """The last of X-Forwarded-For is what Envoy itself has put there."""
    assert read_foreign(NAME, an_envoy_line(changes)).client == client


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"response_code": 0}, "status"),
        ({"response_code": "-"}, "status"),
        ({"method": None}, "method"),
        ({"path": None}, "url"),
        ({"start_time": "-"}, "time"),
        ({"duration": "long"}, "number"),
        (
            {"method": None, "path": None, "protocol": None, "response_code": 0},
            "not-http",
        ),
    ],
)
def test_a_line_without_an_exchange_is_a_reject(
    changes: dict[str, Any], reason: str
) -> None:
    """It fits all the same; TCP connections are logged beside requests."""
    line = an_envoy_line(changes)

    assert ([NAME], reason) == (fitting(line), why(read_line(NAME, line)))


@pytest.mark.parametrize("line", ["", "{}", '{"a":1}', "plain text", "{"])
def test_other_lines_do_not_fit(line: str) -> None:
    """Neither form takes them."""
    assert NAME not in fitting(line)


def test_a_line_of_text_goes_to_the_reader_of_text() -> None:
    """One file may hold both forms."""
    line = (
        '[2026-07-31T12:00:00.123Z] "POST /owls HTTP/2" 204 - 154 0 226 100 '
        '"10.0.35.28" "curl/8" "abc" "api.example.com" "10.0.2.1:80"'
    )
    found = read_foreign(NAME, line)

    assert (fitting(line), found.method, found.status) == ([NAME], "POST", 204)
