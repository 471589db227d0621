"""The endpoint: which URLs records may be sent to."""

from __future__ import annotations

import pytest

from shipper.endpoint import complete, on_server, problem


@pytest.mark.parametrize(
    "url",
    [
        "https://metrics.readme.io/v1/request",
        "https://relay.internal:8443/in",
        "http://localhost:1234/v1/request",
        "http://127.0.0.7/v1/request",
        "http://[::1]:80/v1/request",
    ],
)
def test_a_safe_url_is_accepted(url: str) -> None:
    """HTTPS goes anywhere; plain HTTP stays on this machine."""
    assert problem(url, allow_plain_http=False) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://metrics.readme.io/v1/request", "in clear"),
        ("http://localhost.example.com/v1/request", "in clear"),
        ("http://127.0.0.1.example.com/v1/request", "in clear"),
        ("https://owl:word@metrics.readme.io/v1/request", "user name or password"),
        ("https://127.0.0.1@evil.example.com/", "user name or password"),
        ("https://metrics.readme.io/v1/request?key=1", "query"),
        ("https://metrics.readme.io/v1/request#x", "fragment"),
        ("metrics.readme.io", "expected a URL"),
        ("ftp://metrics.readme.io/", "expected a URL"),
        ("https:///v1/request", "expected a URL"),
        ("https://metrics.readme.io:http/", "is not a URL"),
        ("https://[::1/v1", "is not a URL"),
        ("https://[v1.a]/v1", "is not a URL"),
        ("https://metrics..readme.io/", "is not a URL"),
        (f"https://{'x' * 64}.readme.io/", "is not a URL"),
        ("https://metrics.readme.io/a b", "percent-encode"),
        ("https://métrics.readme.io/", "percent-encode"),
        (r"https://relay.internal\v1\request", "percent-encode"),
    ],
)
def test_a_url_that_could_leak_is_refused(url: str, expected: str) -> None:
    """Records and key never go where they could be read, or nowhere at all."""
    assert expected in (problem(url, allow_plain_http=False) or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://owl:s3cret#x@relay.internal/v1/request",
        "https://owl:s3cret/x@relay.internal/v1/request",
        "https://owl:s3cret@relay.internal/v1/request",
        "https://relay.internal:port/ping/s3cret",
    ],
)
def test_a_refusal_does_not_quote_what_may_be_a_password(url: str) -> None:
    """A mistyped URL may hold one where a port is looked for."""
    text = problem(url, allow_plain_http=False, may_have_query=True)

    assert text is not None
    assert "s3cret" not in text


def test_plain_http_can_be_allowed() -> None:
    """An operator may say that the network itself is safe."""
    assert problem("http://relay.internal/in", allow_plain_http=True) is None


def test_a_server_without_a_path_gets_ours() -> None:
    """`https://relay.internal` means its ingestion call."""
    assert complete("https://relay.internal") == "https://relay.internal/v1/request"
    assert complete("https://relay.internal/") == "https://relay.internal/"
    assert complete("https://[::1") == "https://[::1"


def test_the_vendor_variable_loses_its_path() -> None:
    """Scheme, host and port are taken; the path is always ours."""
    assert on_server("https://m.example:1/a/b?c") == "https://m.example:1/v1/request"
    assert on_server("https://[::1") == "https://[::1"


def test_a_monitor_may_have_a_query_and_no_fragment() -> None:
    """Its address is no ingestion call."""
    for url, expected in (
        ("https://monitor.example/ping?a=b", None),
        ("https://monitor.example/ping#a", "must not have a fragment"),
    ):
        assert problem(url, allow_plain_http=False, may_have_query=True) == expected
