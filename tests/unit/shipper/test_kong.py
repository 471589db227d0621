"""What is read out of the logs of Kong's plugins."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.foreign import Foreign
from tests.support.json_logs import (
    STARTED_NS,
    a_kong_line,
    fitting,
    read_foreign,
    read_line,
    why,
)


def test_a_line_tells_of_an_exchange() -> None:
    """Credentials stay in the headers until the masks have seen them."""
    assert Foreign(
        started_ns=STARTED_NS + 123_000_000,
        method="GET",
        target="/owls?page=2",
        status=200,
        duration_ms=172,
        scheme="https",
        host="api.example.com",
        client="203.0.113.9",
        user="owl",
        request_headers=(("host", "api.example.com"), ("apikey", "s3cret-s3cret")),
        response_headers=(
            ("content-length", "9593"), ("via", "1.1 a"), ("via", "1.1 b")
        ),
        response_size_bytes=9593,
    ) == read_foreign("kong", a_kong_line())  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"latencies/request": -1}, (None, "api.example.com", "https")),
        ({"request/headers": {}}, (172, "gateway.example.com:8443", "https")),
        (
            {"request/headers": {}, "request/url": "http://[::1"},
            (172, None, None),
        ),
        ({"request/headers": [], "request/url": None}, (172, None, None)),
    ],
)
def test_what_is_not_known_is_left_out(
    changes: dict[str, Any], expected: tuple[int | None, str | None, str | None]
) -> None:
    """A latency of -1 is no duration, and a host comes from the header or the URL."""
    found = read_foreign("kong", a_kong_line(changes))

    assert expected == (found.duration_ms, found.host, found.scheme)


def test_without_a_path_the_url_is_the_target() -> None:
    """Some plugins log the URL alone."""
    found = read_foreign("kong", a_kong_line({"request/uri": None}))

    assert found.target == "https://gateway.example.com:8443/owls?page=2"


def test_a_size_comes_from_the_content_length_alone() -> None:
    """Kong's own sizes count the head."""
    line = a_kong_line({"response/headers": {"content-length": "many"}})

    assert read_foreign("kong", line).response_size_bytes is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"response/status": 0}, "status"),
        ({"response": None}, "status"),
        ({"request/method": None}, "method"),
        ({"request/uri": None, "request/url": None}, "url"),
        ({"started_at": "noon"}, "time"),
        ({"latencies/request": "long"}, "number"),
        ({"request": None, "session": {"tls": {}}}, "not-http"),
    ],
)
def test_a_line_without_an_exchange_is_a_reject(
    changes: dict[str, Any], reason: str
) -> None:
    """It fits all the same; a TCP stream is logged beside requests."""
    line = a_kong_line(changes)

    assert (["kong"], reason) == (fitting(line), why(read_line("kong", line)))


def test_an_object_of_another_shape_does_not_fit() -> None:
    """Latencies must be an object."""
    line = a_kong_line({"latencies": 5})

    assert (fitting(line), why(read_line("kong", line))) == ([], "shape")


def test_the_url_had_another_name() -> None:
    """Kong before 0.12 wrote it as `request_uri`."""
    url = "http://gateway.example.com:8000/owls?page=2"
    line = a_kong_line({"request/url": None, "request/request_uri": url})
    bare = a_kong_line({"request/url": None, "request/request_uri": url})
    bare["request"] = {**bare["request"], "uri": None, "headers": {}}
    found = read_foreign("kong", bare)

    assert read_foreign("kong", line).scheme == "http"
    assert (found.target, found.host) == (url, "gateway.example.com:8000")


def test_the_word_for_a_credential_is_left_out() -> None:
    """Kong writes REDACTED for Authorization, the same for all callers."""
    headers = {
        "authorization": "REDACTED",
        "proxy-authorization": ["REDACTED"],
        "x-note": "REDACTED",
    }
    found = read_foreign("kong", a_kong_line({"request/headers": headers}))

    assert found.request_headers == (("x-note", "REDACTED"),)
