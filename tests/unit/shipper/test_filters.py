"""Which records are left out, and under which name."""

from __future__ import annotations

import pytest

from shipper.filters import HOST, Filters
from tests.support.records import a_record


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.example.com/x", "api.example.com"),
        ("https://api.example.com/x", "API.Example.com"),
        ("https://API.EXAMPLE.COM/x", "api.example.com"),
        ("https://api.example.com", "api.example.com"),
        ("https://api.example.com?x=/", "api.example.com"),
        ("https://api.example.com:443/x", "api.example.com"),
        ("https://api.example.com/x", "api.example.com:443"),
        ("http://api.example.com/x", "api.example.com:80"),
        ("http://localhost:8000/x", "localhost:8000"),
        ("http://[::1]:8000/x", "[::1]:8000"),
        ("http://user@api.example.com/x", "api.example.com"),
    ],
)
def test_a_listed_host_is_shipped(url: str, allowed: str) -> None:
    """Hosts are compared as they stand in a Host header, without regard to case."""
    filters = Filters(allowed_http_hosts=["other.example.com", allowed])

    assert filters.reason_to_skip(a_record(url=url)) is None


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.example.com/x", "example.com"),
        ("https://example.com.evil.test/x", "example.com"),
        ("https://evil.test/?u=//api.example.com/", "api.example.com"),
        ("https://api.example.com@evil.test/", "api.example.com"),
        ("http://localhost:8000/x", "localhost"),
        ("http://api.example.com:443/x", "api.example.com"),
        ("http://[::1/x", "::1"),
        ("http://h:notaport/x", "h"),
    ],
)
def test_any_other_host_is_left_out(url: str, allowed: str) -> None:
    """What is not listed, or cannot be read, stays on this machine."""
    filters = Filters(allowed_http_hosts=[allowed])

    assert filters.reason_to_skip(a_record(url=url)) == HOST


def test_without_a_list_every_host_is_shipped() -> None:
    """No list means no rule."""
    assert Filters().reason_to_skip(a_record(url="http://anything/")) is None
