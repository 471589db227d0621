"""What is read out of Caddy's logs."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shipper.foreign import Foreign
from shipper.formats.checks import UNIT_UNKNOWN
from tests.support.json_logs import (
    STARTED_NS,
    a_caddy_line,
    fitting,
    read_foreign,
    read_line,
    sample,
    why,
    without,
)


def test_every_line_of_the_real_log_is_an_exchange() -> None:
    """The sample has four lines, and all four are exchanges."""
    found = [read_line("caddy", line) for line in sample("caddy-json-lnav.log")]

    assert [Foreign] * 4 == [type(one) for one in found]


def test_a_line_of_the_real_log_is_read_whole() -> None:
    """Client behind the proxy, start before the stamp, sizes of the bodies."""
    found = read_foreign("caddy", sample("caddy-json-lnav.log")[0])

    assert (
        found.started_ns,
        found.client,
        found.scheme,
        found.host,
        found.request_size_bytes,
        found.response_size_bytes,
        found.request_headers[2],
    ) == (
        1716723772_601480700 - 17_557_019,
        "10.10.10.117",
        "https",
        "mirrors.tnonline.net:400",
        0,
        3768,
        ("X-Forwarded-For", "10.10.10.117"),
    )


def test_a_line_tells_of_an_exchange() -> None:
    """Every member that has a place in an exchange is read."""
    assert Foreign(
        started_ns=STARTED_NS,
        method="GET",
        target="/owls?page=2",
        status=200,
        duration_ms=250,
        http_version="HTTP/2.0",
        scheme="http",
        host="api.example.com",
        client="203.0.113.9",
        request_headers=(
            ("User-Agent", "curl/8"), ("Accept", "a/b"), ("Accept", "c/d")
        ),
        response_headers=(("Content-Type", "application/json"),),
        request_size_bytes=3,
        response_size_bytes=42,
    ) == read_foreign("caddy", a_caddy_line())  # fmt: skip


@pytest.mark.parametrize(
    ("stamp", "zone"),
    [
        (1785499200.25, None),
        ("1785499200.25", None),
        ("1.78549920025e9", None),
        ("2026-07-31T12:00:00.250Z", None),
        ("2026-07-31T14:00:00.250+0200", None),
        ("2026/07/31 14:00:00.250", ZoneInfo("Europe/Berlin")),
    ],
)
def test_stamps_of_every_configured_form_are_read(
    stamp: Any, zone: ZoneInfo | None
) -> None:
    """Seconds since 1970 are the default; texts are what Caddy can be told to write."""
    found = read_foreign("caddy", a_caddy_line({"ts": stamp}), zone=zone)

    assert found.started_ns == STARTED_NS


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (
            1785499200250.0,
            "time",
        ),  # milliseconds: a number is seconds, whatever its size
        (-1, "time"),
        (None, "time"),
        (True, "time"),
        ([], "time"),
        ("noon", "time"),
        (0.1, "time"),  # began before 1970
        ("2026/07/31 14:00:00", "time-zone"),
    ],
)
def test_what_is_no_stamp_is_a_reject(stamp: Any, reason: str) -> None:
    """No time is guessed."""
    assert why(read_line("caddy", a_caddy_line({"ts": stamp}))) == reason


@pytest.mark.parametrize(
    ("duration", "milliseconds"),
    [
        (0.25, 250),
        ("250ms", 250),
        ("1m0.5s", 60_500),
        ("17.6µs", 0),
        ("2h3m4s", 7_384_000),
        (None, None),
        (-1, None),
    ],
)
def test_durations_are_seconds_or_what_go_prints(
    duration: Any, milliseconds: int | None
) -> None:
    """A number is seconds; text has its units in it."""
    line = a_caddy_line({"duration": duration})

    assert read_foreign("caddy", line).duration_ms == milliseconds


@pytest.mark.parametrize("duration", [45, 250_000_000])
def test_whole_numbers_are_no_seconds_that_anybody_can_tell(duration: int) -> None:
    """Caddy writes milliseconds or nanoseconds so, if it is told to."""
    found = read_foreign("caddy", a_caddy_line({"duration": duration}))

    assert (found.duration_ms, found.started_ns, found.remarks) == (
        None, STARTED_NS + 250_000_000, (UNIT_UNKNOWN,)
    )  # fmt: skip
    assert read_foreign("caddy", a_caddy_line({"duration": 0})).duration_ms == 0


@pytest.mark.parametrize("duration", ["soon", "1m x", True, [], 1e30])
def test_a_duration_that_is_none_is_a_reject(duration: Any) -> None:
    """A line that lies about one number may lie about all."""
    assert why(read_line("caddy", a_caddy_line({"duration": duration}))) == "number"


@pytest.mark.parametrize(
    ("changes", "scheme"),
    [
        ({"request/tls": {"version": 772}}, "https"),
        ({"request/headers": {"X-Forwarded-Proto": ["https"]}}, "http"),
        (
            {
                "request/remote_ip": "10.0.0.1",
                "request/headers": {"x-forwarded-proto": ["https"]},
            },
            "https",
        ),
        ({"request/remote_ip": "10.0.0.1"}, "http"),
    ],
)
def test_the_scheme_is_caddys_own_or_a_trusted_proxys(
    changes: dict[str, Any], scheme: str
) -> None:
    """A header is believed only where Caddy itself believed the one who sent it."""
    assert read_foreign("caddy", a_caddy_line(changes)).scheme == scheme


@pytest.mark.parametrize(
    ("changes", "client"),
    [
        ({"request/remote_ip": "10.0.0.1"}, "203.0.113.9"),
        ({"request/client_ip": None}, "203.0.113.9"),
        (
            {
                "request/client_ip": None,
                "request/remote_ip": None,
                "request/remote_addr": "[2001:db8::1]:4711",
            },
            "2001:db8::1",
        ),
        ({"request/client_ip": "somebody"}, None),
    ],
)
def test_the_client_is_the_one_behind_trusted_proxies(
    changes: dict[str, Any], client: str | None
) -> None:
    """`client_ip` if it is there; old versions have the peer's address and port."""
    assert read_foreign("caddy", a_caddy_line(changes)).client == client


def test_an_authenticated_user_is_told() -> None:
    """`user_id` is empty where nobody logged in."""
    assert read_foreign("caddy", a_caddy_line({"user_id": "bob"})).user == "bob"


def test_headers_that_caddy_emptied_stay_empty() -> None:
    """Credentials are logged as an empty list, or as the word REDACTED.

    The word is the same for all callers, so that none can be told by it.
    """
    headers = {
        "Authorization": [],
        "authorization": ["REDACTED"],
        "Proxy-Authorization": ["REDACTED"],
        "Cookie": ["REDACTED"],
        "X": [1, None, {}],
        ":a": "b",
    }
    found = read_foreign("caddy", a_caddy_line({"request/headers": headers}))

    assert found.request_headers == (("Cookie", "REDACTED"), ("X", "1"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": 0}, "status"),
        ({"status": 99}, "status"),
        ({"status": 600}, "status"),
        ({"status": 200.5}, "status"),
        ({"status": None}, "status"),
        ({"request/method": ""}, "method"),
        ({"request/method": "GET /"}, "method"),
        ({"request/uri": ""}, "url"),
        ({"request/uri": ["/"]}, "url"),
        ({"logger": "http.log.error", "msg": "dialing backend"}, "not-http"),
        ({"logger": "http.handlers.reverse_proxy", "msg": "roundtrip"}, "not-http"),
        ({"request": "GET /"}, "shape"),
    ],
)
def test_a_line_that_is_no_exchange_is_a_reject(
    changes: dict[str, Any], reason: str
) -> None:
    """An aborted request has status 0; other loggers tell of the same request again."""
    assert why(read_line("caddy", a_caddy_line(changes))) == reason


@pytest.mark.parametrize(
    "line",
    [
        {"level": "info", "ts": 1.5, "msg": "using provided configuration"},
        {"level": "warn", "ts": 1.5, "logger": "tls", "msg": "storage cleaned"},
        {"level": "error", "ts": 1.5, "msg": "x", "request": {"method": "GET"}},
    ],
)
def test_lines_of_other_loggers_fit_and_are_rejects(line: dict[str, Any]) -> None:
    """A file that all loggers write into is still a log of Caddy."""
    assert (fitting(line), why(read_line("caddy", line))) == (["caddy"], "not-http")


@pytest.mark.parametrize("member", ["logger", "msg", "level", "user_id", "duration"])
def test_an_encoder_may_leave_members_out(member: str) -> None:
    """A line is known by the request in it."""
    line = without(a_caddy_line(), member)

    assert (fitting(line), read_foreign("caddy", line).status) == (["caddy"], 200)


@pytest.mark.parametrize("name", ["timestamp", "time", "@timestamp"])
def test_the_stamp_may_have_another_name(name: str) -> None:
    """Caddy's `time_key` is the operator's to choose."""
    line = without(a_caddy_line({name: "2026-07-31T12:00:00.250Z"}), "ts")

    assert (
        fitting(line),
        read_foreign("caddy", line).started_ns,
    ) == (["caddy"], STARTED_NS)


def test_without_logger_and_message_a_status_makes_the_exchange() -> None:
    """Filters of Caddy can strip a line to its bones."""
    line = without(without(a_caddy_line(), "logger"), "msg")

    assert read_foreign("caddy", line).status == 200


@pytest.mark.parametrize(
    "line",
    [
        {"level": "info", "ts": 1.5, "msg": "/x", "status": 200, "path": "/x"},
        {"level": "info", "time": "12:00", "msg": "x"},
        "DEBUG plain text",
    ],
)
def test_other_programs_lines_do_not_fit(line: Any) -> None:
    """What is no line of Caddy is left to others."""
    assert "caddy" not in fitting(line)
