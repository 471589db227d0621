"""What is read out of Traefik's JSON logs."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.foreign import Foreign
from tests.support.json_logs import (
    STARTED_NS,
    a_traefik_line,
    fitting,
    read_foreign,
    read_line,
    sample,
    why,
    without,
)

REAL = "traefik-json-crowdsec.log"


def test_the_real_log_has_six_exchanges_and_one_line_of_another_program() -> None:
    """The plain DEBUG line of a plugin is a reject, and does not fit."""
    found = [read_line("traefik-json", line) for line in sample(REAL)]
    fit = [fitting(line) for line in sample(REAL)]

    assert (
        [Foreign] * 5 + ["not-json"] + [Foreign],
        [["traefik-json"]] * 5 + [[]] + [["traefik-json"]],
    ) == (
        [Foreign if isinstance(one, Foreign) else why(one) for one in found],
        fit,
    )


def test_the_real_log_is_read_to_the_nanosecond() -> None:
    """Starts keep nine digits, durations are nanoseconds."""
    found = read_foreign("traefik-json", sample(REAL)[1])

    assert (found.started_ns, found.duration_ms) == (1638972163_589545005, 1)


def test_what_the_client_got_counts() -> None:
    """`OriginStatus` 0 says that no backend was asked; the client got a 404."""
    assert Foreign(
        started_ns=STARTED_NS + 123_456_789,
        method="POST",
        target="/owls?page=2",
        status=404,
        duration_ms=13,
        http_version="HTTP/1.1",
        scheme="https",
        host="api.example.com:8443",
        client="203.0.113.9",
        request_headers=(("User-Agent", "curl/8"),),
        response_headers=(("Content-Type", "application/json"),),
        request_size_bytes=3,
        response_size_bytes=42,
    ) == read_foreign("traefik-json", a_traefik_line())


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1,10.0.0.50", "192.0.2.1"),
        ("-", "203.0.113.9"),
        ("a-name", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_the_first_of_the_hops(host: str, client: str) -> None:
    """Behind a trusted proxy Traefik writes its X-Forwarded-For there."""
    line = a_traefik_line({"ClientHost": host})

    assert read_foreign("traefik-json", line).client == client


def test_without_a_start_the_end_less_the_duration_is_it() -> None:
    """`time` is when the line was written."""
    line = without(a_traefik_line({"Duration": 1_000_000_000}), "StartUTC")

    assert read_foreign("traefik-json", line).started_ns == STARTED_NS


def test_the_local_start_is_as_good() -> None:
    """It names its offset."""
    line = without(
        a_traefik_line({"StartLocal": "2026-07-31T14:00:00+02:00"}), "StartUTC"
    )

    assert read_foreign("traefik-json", line).started_ns == STARTED_NS


def test_a_user_is_told() -> None:
    """Basic authentication of Traefik itself."""
    line = a_traefik_line({"ClientUsername": "bob"})

    assert read_foreign("traefik-json", line).user == "bob"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"DownstreamStatus": 0}, "status"),
        ({"RequestMethod": "-"}, "method"),
        ({"RequestPath": None}, "url"),
        ({"StartUTC": "yesterday"}, "time"),
        ({"StartUTC": "", "time": None}, "time"),
        ({"StartUTC": "", "time": "1970-01-01T00:00:00Z"}, "time"),
        ({"Duration": "long"}, "number"),
    ],
)
def test_a_broken_request_is_a_reject(changes: dict[str, Any], reason: str) -> None:
    """It fits all the same: a log of broken requests is a log of Traefik."""
    line = a_traefik_line(changes)

    assert (["traefik-json"], reason) == (
        fitting(line),
        why(read_line("traefik-json", line)),
    )


@pytest.mark.parametrize(
    "line",
    [
        {
            "level": "info",
            "msg": "Configuration loaded.",
            "time": "2021-12-08T14:02:43Z",
        },
        {"level": "error", "message": "x", "time": "2024-12-08T14:02:43Z"},
    ],
)
def test_lines_of_traefiks_own_log_fit_and_are_rejects(line: dict[str, Any]) -> None:
    """Both logs often go to the same place."""
    assert (
        fitting(line),
        why(read_line("traefik-json", line)),
    ) == (["traefik-json"], "not-http")


def test_another_programs_line_does_not_fit() -> None:
    """A level, a time and a message are not yet Traefik when there is a status."""
    line = {"level": "info", "msg": "x", "time": "2021-12-08T14:02:43Z", "status": 1}

    assert (
        "traefik-json" not in fitting(line),
        why(read_line("traefik-json", line)),
    ) == (True, "shape")


def test_headers_that_traefik_redacted_are_left_out() -> None:
    """The word REDACTED stands in any header that Traefik was told to hide."""
    line = a_traefik_line(
        {
            "request_X-Api-Key": "REDACTED",
            "request_User-Agent": "curl/8",
            "downstream_Content-Type": "REDACTED",
        }
    )
    found = read_foreign("traefik-json", line)

    assert (found.request_headers, found.response_headers) == (
        (("User-Agent", "curl/8"),),
        (),
    )
