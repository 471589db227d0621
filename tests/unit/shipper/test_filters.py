"""Which records are left out, and under which name."""

from __future__ import annotations

import pytest

from shipper.filters import CONTENT_TYPE, HOST, METHOD, PATH, STATUS, Filters
from tests.support.records import a_record, text_content


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


@pytest.mark.parametrize("method", ["OPTIONS", "options", "Options"])
def test_a_method_is_skipped_in_any_case(method: str) -> None:
    """As it is written in the list, and as the client wrote it, does not matter."""
    filters = Filters(skip_methods=["options "])

    assert filters.reason_to_skip(a_record(method=method)) == METHOD
    assert filters.reason_to_skip(a_record(method="GET")) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://h/v1/owls", None),
        ("https://h/v1", None),
        ("https://h/v2/owls", PATH),
        ("https://h/?x=/v1/owls", PATH),
        ("https://h/v1/internal/x", PATH),
        ("https://h/v1/%69nternal%2Fx", PATH),
    ],
)
def test_what_is_excluded_stays_out_of_what_is_included(
    url: str, reason: str | None
) -> None:
    """Both lists are about the decoded path alone."""
    filters = Filters(include_paths=["/v1/**"], exclude_paths=["/v1/internal/**"])

    assert filters.reason_to_skip(a_record(url=url)) == reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, None), (204, STATUS), (304, STATUS), (404, None), (0, STATUS)],
)
def test_statuses_are_included_and_excluded(status: int, reason: str | None) -> None:
    """A status that nobody knows is included by no range."""
    filters = Filters(include_statuses=["2xx", "400-499"], exclude_statuses=["204"])

    assert filters.reason_to_skip(a_record(status=status)) == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("application/json; charset=utf-8", None),
        ("Application/JSON", None),
        ("text/html", CONTENT_TYPE),
        ("application/secret+json", CONTENT_TYPE),
        ("", CONTENT_TYPE),
    ],
)
def test_content_types_are_included_and_excluded(kind: str, reason: str | None) -> None:
    """A body of which nobody says what it is stays here."""
    filters = Filters(
        include_content_types=["application/*"],
        exclude_content_types=["application/secret+json"],
    )

    assert filters.reason_to_skip(a_record(given=text_content("x", kind))) == reason


@pytest.mark.parametrize(
    ("kind", "reason"), [("", None), ("x-unknown", None), ("image/png", CONTENT_TYPE)]
)
def test_an_answer_without_a_body_is_kept_by_what_is_included(
    kind: str, reason: str | None
) -> None:
    """A 204 belongs to an API of JSON; what is excluded by name is left out."""
    filters = Filters(
        include_content_types=["application/json"], exclude_content_types=["image/*"]
    )

    record = a_record(status=204, given={"size": 0, "mimeType": kind})

    assert filters.reason_to_skip(record) == reason


def test_only_excluding_keeps_the_rest() -> None:
    """Without a list of what is included, everything is."""
    filters = Filters(
        exclude_paths=["/x"], exclude_statuses=["500"], exclude_content_types=["a/b"]
    )

    assert filters.reason_to_skip(a_record()) is None
