"""What is read out of the access logs of API Gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.foreign import Foreign
from shipper.formats.apigateway import TEMPLATE_ONLY
from tests.support.json_logs import (
    STARTED_NS,
    an_apigateway_line,
    fitting,
    read_foreign,
    read_line,
    why,
    without,
)

NAME = "apigateway"


def test_a_line_tells_of_an_exchange() -> None:
    """Times are those of the start, and there is nothing but TLS."""
    assert Foreign(
        started_ns=STARTED_NS + 123_000_000,
        method="GET",
        target="/prod/owls/7",
        status=200,
        duration_ms=17,
        http_version="HTTP/1.1",
        scheme="https",
        host="api.example.com",
        client="203.0.113.9",
        response_size_bytes=42,
        route="/owls/{id}",
    ) == read_foreign(NAME, an_apigateway_line())


def test_the_form_that_the_console_proposes_is_read() -> None:
    """It has the template of the path alone, and the entry says so."""
    line = an_apigateway_line()
    for member in ("requestTimeEpoch", "path", "responseLatency", "domainName"):
        line = without(line, member)
    found = read_foreign(NAME, line)

    assert (
        fitting(line), found.started_ns, found.target, found.route, found.remarks,
        found.duration_ms, found.host,
    ) == (
        [NAME], STARTED_NS, "/owls/{id}", "/owls/{id}", (TEMPLATE_ONLY,), None, None
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("POST /owls/{id}", ("POST", "/owls/{id}", "/owls/{id}", (TEMPLATE_ONLY,))),
        ("POST /owls", ("POST", "/owls", "/owls", ())),
    ],
)
def test_an_http_api_names_its_route(key: str, expected: Any) -> None:
    """`routeKey` is a method and a template."""
    line = {
        "requestId": "x",
        "requestTimeEpoch": 1,
        "routeKey": key,
        "status": 200,
    }
    found = read_foreign(NAME, line)

    assert expected == (found.method, found.target, found.route, found.remarks)


@pytest.mark.parametrize(
    ("members", "user"),
    [
        ({"authorizer.principalId": "owl"}, "owl"),
        ({"authorizer": {"principalId": "owl"}}, "owl"),
        ({"principalId": "owl"}, "owl"),
        ({"principalId": "-"}, None),
        ({"user": "iam", "identity": {"apiKeyId": "k"}}, None),
    ],
)
def test_the_principal_is_the_user(members: dict[str, Any], user: str | None) -> None:
    """Only what an authorizer has told."""
    assert read_foreign(NAME, {**an_apigateway_line(), **members}).user == user


def test_members_may_be_nested_as_the_variables_are() -> None:
    """Some write `identity` as an object."""
    line = without(an_apigateway_line(), "ip")
    line["identity"] = {"sourceIp": "2001:db8::1", "userAgent": "curl/8"}
    found = read_foreign(NAME, line)

    assert (
        found.client,
        found.request_headers,
    ) == ("2001:db8::1", (("User-Agent", "curl/8"),))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "-"}, "status"),
        ({"httpMethod": "-"}, "method"),
        ({"path": "-", "resourcePath": "-", "routeKey": "$default"}, "method"),
        ({"path": "-", "resourcePath": "-"}, "url"),
        ({"requestTimeEpoch": "-", "requestTime": "-"}, "time"),
        ({"responseLatency": "long"}, "number"),
        ({"httpMethod": "-", "routeKey": "ANY /owls"}, "method"),
    ],
)
def test_a_broken_request_is_a_reject(changes: dict[str, Any], reason: str) -> None:
    """A dash says that there is none."""
    changes = {**changes, **({"httpMethod": "-"} if "routeKey" in changes else {})}
    line = an_apigateway_line(changes)

    assert ([NAME], reason) == (fitting(line), why(read_line(NAME, line)))


@pytest.mark.parametrize(
    ("epoch", "started_ns"),
    [
        ("1785499200", STARTED_NS),
        (1_785_499_200, STARTED_NS),
        ("1785499200123", STARTED_NS + 123_000_000),
        ("1", 1_000_000_000),
    ],
)
def test_http_apis_count_the_epoch_in_seconds(epoch: Any, started_ns: int) -> None:
    """REST APIs count it in milliseconds; the service is too young for a doubt."""
    line = an_apigateway_line({"requestTimeEpoch": epoch})

    assert started_ns == read_foreign(NAME, line).started_ns


def test_a_route_tells_no_version() -> None:
    """`GET /owls/{id}` is no request line of HTTP/0.9."""
    line = {
        "requestId": "x",
        "requestTime": "31/Jul/2026:12:00:00 +0000",
        "routeKey": "GET /owls/{id}",
        "status": 200,
    }

    assert read_foreign(NAME, line).http_version is None


@pytest.mark.parametrize("route", ["$connect", "$default", "sendOwl", "-"])
def test_lines_of_websocket_apis_tell_of_no_exchange(route: str) -> None:
    """They tell of connections and messages, which have no method."""
    line = {
        "requestId": "x", "ip": "203.0.113.9", "caller": "-", "user": "-",
        "requestTime": "31/Jul/2026:12:00:01 +0000", "eventType": "-",
        "routeKey": route, "status": "500", "connectionId": "-",
    }  # fmt: skip

    assert (fitting(line), why(read_line(NAME, line))) == ([NAME], "not-http")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: "2026-07-31T12:00:01.000Z " + text,
        lambda text: json.dumps({"timestamp": 1, "message": text, "ingestionTime": 2}),
        lambda text: json.dumps({"timestamp": 1, "id": "3", "message": text + "\n"}),
    ],
)
def test_events_exported_from_cloudwatch_are_unwrapped(wrap: Any) -> None:
    """A stamp before the line, or the line as the message of an event."""
    line = wrap(json.dumps(an_apigateway_line()))

    assert (fitting(line), read_foreign(NAME, line).status) == ([NAME], 200)


def test_an_event_of_another_kind_does_not_fit() -> None:
    """Its message is no object."""
    line = {"timestamp": 1, "message": "START RequestId: x"}

    assert (fitting(line), why(read_line(NAME, line))) == ([], "shape")


def test_a_field_map_may_name_what_an_operator_has_named() -> None:
    """The names are the operator's to choose."""
    line = {**without(an_apigateway_line(), "path"), "p": "/x", "r": "/y"}
    found = read_foreign(NAME, line, fields={"target": "p", "route": "r"})

    assert (found.target, found.route) == ("/x", "/y")


UUID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
CLF = (
    '203.0.113.9 - - [31/Jul/2026:12:00:00 +0000]"GET /owls/{id} HTTP/1.1" 200 42 '
    f"{UUID} Y7gLVH0LCYcFlcQ="
)
CSV = (
    "203.0.113.9,-,-,31/Jul/2026:12:00:00 +0000,GET,/owls/{id},HTTP/1.1,200,42,"
    f"{UUID},Y7gLVH0LCYcFlcQ="
)
XML = (
    f'<request id="{UUID}"> <ip>203.0.113.9</ip> <caller>-</caller> <user>-</user> '
    "<requestTime>31/Jul/2026:12:00:00 +0000</requestTime> <httpMethod>GET</httpMethod>"
    " <resourcePath>/owls/{id}</resourcePath> <status>200</status> "
    "<protocol>HTTP/1.1</protocol> <responseLength>42</responseLength> </request>"
)


PAIRS = (
    f"requestId: {UUID}, ip: 203.0.113.9, caller: -, user: -, "
    "requestTime: 31/Jul/2026:12:00:00 +0000, httpMethod: GET, "
    "resourcePath: /owls/{id}, status: 200, protocol: HTTP/1.1, responseLength: 42"
)


@pytest.mark.parametrize(
    "line",
    [
        PAIRS,
        CLF,
        CLF.replace("]", "] ").replace(" Y7gLVH0LCYcFlcQ=", ""),
        CLF.replace(UUID, "Y7gLVH0LCYcFlcQ="),
        CSV,
        CSV.replace(",Y7gLVH0LCYcFlcQ=", ""),
        XML,
        "2026-07-31T12:00:01.000Z " + CLF,
        json.dumps({"timestamp": 1, "message": XML}),
    ],
)
def test_the_other_forms_of_the_console_say_the_same(line: str) -> None:
    """CLF, CSV and XML of the same values."""
    expected = an_apigateway_line()
    for member in ("requestTimeEpoch", "path", "responseLatency", "domainName"):
        expected = without(expected, member)

    assert fitting(line) == [NAME]
    assert read_foreign(NAME, expected) == read_foreign(NAME, line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (CLF.replace(" 200 ", " - "), "status"),
        (CLF.replace('"GET ', '"- '), "method"),
        (CSV.replace("31/Jul", "32/Jul"), "time"),
        (XML.replace("<status>200</status>", ""), "shape"),
        (XML[:-9], "not-json"),
        (CSV.replace(",42", ""), "not-json"),
        (CLF.replace(UUID, "17"), "not-json"),
        (PAIRS.replace("status: 200", "status: -"), "status"),
        (PAIRS.replace(", status: 200", ""), "shape"),
    ],
)
def test_other_forms_that_cannot_be_read_are_refused(line: str, reason: str) -> None:
    """With the reasons that objects have."""
    assert why(read_line(NAME, line)) == reason


@pytest.mark.parametrize(
    "line",
    [
        CLF.replace("GET /owls/{id}", "GET GET /owls/{id}"),
        CSV.replace(",-,-,", ",").replace("GET,/owls", "GET,GET /owls"),
        XML.replace("<caller>-</caller> <user>-</user> ", "").replace(
            "<resourcePath>/owls/{id}</resourcePath>",
            "<routeKey>GET /owls/{id}</routeKey>",
        ),
    ],
)
def test_http_apis_have_the_route_in_place_of_the_path(line: str) -> None:
    """Their console proposes `routeKey`, and neither caller nor user."""
    found = read_foreign(NAME, line)

    assert fitting(line) == [NAME]
    assert (found.method, found.target, found.route, found.http_version) == (
        "GET", "/owls/{id}", "/owls/{id}", "HTTP/1.1",
    )  # fmt: skip


def test_more_may_follow_in_clf() -> None:
    """Many append the message of an error."""
    line = CLF + ' Internal server error "Internal"'

    assert read_foreign(NAME, CLF) == read_foreign(NAME, line)
