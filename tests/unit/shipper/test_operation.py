"""Which operation an entry is about, without an id."""

from __future__ import annotations

import pytest

from shipper.operation import operation_of
from tests.support.records import a_record


@pytest.mark.parametrize(
    ("url", "operation"),
    [
        ("https://h/", "GET /"),
        ("https://h", "GET /"),
        ("https://h/v1/user-settings/oauth2?x=1", "GET /v1/user-settings/oauth2"),
        ("https://h/owls/7/mice/0d4f8c1e-6f0a-4c52", "GET /owls/{id}/mice/{id}"),
        ("https://h/users/owl@example.com", "GET /users/{id}"),
        ("https://h/a/" + "x" * 40, "GET /a/{id}"),
        ("https://h/a%20b", "GET /{id}"),
        ("https://h" + "/a" * 14, "GET " + "/a" * 12 + "/\u2026"),
    ],
)
def test_what_may_be_an_id_is_left_out(url: str, operation: str) -> None:
    """Words stay, everything else is one placeholder."""
    assert operation_of(a_record(url=url).har) == operation


@pytest.mark.parametrize("route", ["/users/{user_id}", "https://h/users/{user_id}?x=1"])
def test_the_route_of_the_app_is_taken(route: str) -> None:
    """It knows which part of a path is an id."""
    record = a_record(url="https://h/users/owl", pageref=route)

    assert operation_of(record.har) == "GET /users/{user_id}"


def test_a_method_that_is_none_is_not_repeated() -> None:
    """A client may send anything."""
    assert operation_of(a_record(method="4111 1111").har) == "? /owls/{id}"
