"""What is hidden may be taken out rather than marked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.policy import Redaction
from shipper.redact import Redactor
from tests.support.planted import multipart
from tests.support.records import (
    a_record,
    binary_body,
    header,
    json_content,
    parsed,
    redacted,
    text_body,
    text_content,
)

REMOVE = Redactor(denylist=["password", "user.pin"], redaction="remove")
FORM = "application/x-www-form-urlencoded"


def left(**entry: Any) -> dict[str, Any]:
    """Return the entry that leaves when what is listed is taken out."""
    return redacted(REMOVE, a_record(**entry))


def names(pairs: list[dict[str, str]]) -> list[str]:
    """Return the names of headers, parameters or cookies."""
    return [pair["name"] for pair in pairs]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/p?password=x", "https://h/p"),
        ("https://h/p?a=1&password=x", "https://h/p?a=1"),
        ("https://h/p?password=x&a=1", "https://h/p?a=1"),
        ("https://h/p?a=1&password=x&b=2", "https://h/p?a=1&b=2"),
        ("https://h/p?password=x&password=y&a=1", "https://h/p?a=1"),
        ("https://h/p?password=x&user[password]=y", "https://h/p"),
        ("https://h/p?password=x&flag", "https://h/p?flag"),
        ("https://h/p?a=1&password=x#end", "https://h/p?a=1"),
        ("https://h/p#password=x&a=1", "https://h/p#a=1"),
        ("https://h/p%23password=x&a=1", "https://h/p%23a=1"),
        ("https://h/p%23password=x", "https://h/p"),
        ("https://h/p?a;password=x", "https://h/p?a"),
        ("https://h/p?password=", "https://h/p"),
        ("https://h/p?%70assword=x&a=1", "https://h/p?a=1"),
        ("https://h/p?a=1&b=2", "https://h/p?a=1&b=2"),
    ],
)
def test_a_parameter_goes_with_its_name_and_one_separator(url: str, shown: str) -> None:
    """What is left of a URL is a URL."""
    assert left(url=url)["request"]["url"] == shown


def test_a_decoded_parameter_is_gone() -> None:
    """`queryString` lists what the URL holds."""
    entry = left(
        url="https://h/p?password=x&a=1", query=[("password", "x"), ("a", "1")]
    )

    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}]


def test_a_header_is_gone_on_both_sides() -> None:
    """Its name says too much already."""
    entry = left(
        request_headers=[("Password", "x"), ("A", "1")],
        response_headers=[("A", "1"), ("password", "x")],
    )

    assert names(entry["request"]["headers"]) == ["A"]
    assert names(entry["response"]["headers"]) == ["A"]


@pytest.mark.parametrize(
    ("cookies", "shown"),
    [
        ("password=x", None),
        ("a=1; password=x", "a=1"),
        ("password=x; a=1", "a=1"),
        ("a=1; password=x; b=2", "a=1; b=2"),
    ],
)
def test_a_cookie_is_gone(cookies: str, shown: str | None) -> None:
    """A Cookie header without cookies goes with the last of them."""
    headers = left(request_headers=[("Cookie", cookies)])["request"]["headers"]

    assert [pair["value"] for pair in headers] == ([] if shown is None else [shown])


def test_a_set_cookie_goes_with_its_attributes() -> None:
    """They describe a cookie that is not there."""
    entry = left(
        response_headers=[
            ("Set-Cookie", "password=x; Path=/"),
            ("Set-Cookie", "a=1; Path=/"),
        ]
    )

    assert header(entry["response"], "Set-Cookie") == "a=1; Path=/"
    assert len(entry["response"]["headers"]) == 1


def test_a_cookie_that_har_lists_is_gone() -> None:
    """It is the same cookie."""
    record = a_record()
    cookies = [{"name": "password", "value": "x"}, {"name": "a", "value": "1"}]
    text = record.entry.replace(b'"cookies":[]', b'"cookies":' + _json(cookies), 1)
    line = b'{"v":1,"id":"%s","client":"h","entry":%s}' % (record.id.encode(), text)

    entry = redacted(REMOVE, parsed(line))

    assert names(entry["request"]["cookies"]) == ["a"]


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"password": "x", "a": 1}, '{"a":1}'),
        ({"a": [{"password": {"b": 1}}, 2]}, '{"a":[{},2]}'),
        ({"user": {"pin": 1, "a": 2}, "pin": 3}, '{"user":{"a":2},"pin":3}'),
        ({"user": [{"pin": 1}, {"pin": 2, "a": 2}]}, '{"user":[{},{"a":2}]}'),
        ({"a": '{"password":1,"b":2}'}, '{"a":"{\\"b\\":2}"}'),
    ],
)
def test_a_member_of_json_is_gone(document: object, shown: str) -> None:
    """What is left is JSON, at every depth."""
    entry = left(given=json_content(document))

    assert entry["response"]["content"]["text"] == shown


def test_items_that_a_path_names_are_gone() -> None:
    """An array is as long as what is left of it."""
    record = a_record(given=json_content({"a": [1, {"b": 2}, 3]}))
    redactor = Redactor(denylist=["a.0", "a.2"], redaction="remove")

    text = redacted(redactor, record)["response"]["content"]["text"]

    assert text == '{"a":[{"b":2}]}'


def test_fields_of_forms_and_parts_are_gone() -> None:
    """A form field, a part, and a field of a form laid out as text."""
    params = [{"name": "password", "value": "x"}, {"name": "a", "value": "1"}]
    form = left(sent={"mimeType": FORM, "params": params})
    body = multipart("password", b"x")
    parts = left(
        envelope={"open": True},
        sent=binary_body(body, "multipart/form-data; boundary=b"),
    )
    text = left(sent=text_body("a=1&password=x", FORM))

    assert names(form["request"]["postData"]["params"]) == ["a"]
    assert names(parts["request"]["postData"]["params"]) == ["neighbour"]
    assert text["request"]["postData"]["text"] == "a=1"


def test_what_has_no_name_is_marked_all_the_same() -> None:
    """A body that cannot be searched, and a document that is one value."""
    text = left(given=text_content("the password is x"))
    scalar = redacted(
        Redactor(allowlist=["id"], redaction="remove"),
        a_record(given=json_content("secret")),
    )

    assert text["response"]["content"]["text"] == "[NOT SENT: unparsed]"
    assert scalar["response"]["content"]["text"] == '"[REDACTED 6]"'


def test_a_hidden_redirect_leaves_an_empty_one() -> None:
    """HAR has no entry without the member."""
    redactor = Redactor(denylist=["location"], redaction="remove")
    record = a_record(response_headers=[("Location", "https://h/x")])
    text = record.entry.replace(b'"redirectURL":""', b'"redirectURL":"https://h/x"')
    line = b'{"v":1,"id":"%s","client":"h","entry":%s}' % (record.id.encode(), text)

    response = redacted(redactor, parsed(line))["response"]

    assert response["redirectURL"] == ""
    assert response["headers"] == []


def test_under_an_allowlist_everything_else_is_gone() -> None:
    """Names that are not listed do not leave either."""
    record = a_record(
        url="https://h/p?id=1&a=2",
        query=[("id", "1"), ("a", "2")],
        request_headers=[("Host", "h"), ("X-A", "1")],
        given=json_content({"id": 1, "a": [1, {"id": 2}], "b": {"c": 1}}),
    )
    entry = redacted(Redactor(allowlist=["id"], redaction="remove"), record)

    assert entry["request"]["url"] == "https://h/p?id=1"
    assert names(entry["request"]["headers"]) == ["Host"]
    assert entry["response"]["content"]["text"] == '{"id":1,"a":[{"id":2}],"b":{}}'


@pytest.mark.parametrize("redaction", ["mark", "remove"])
@pytest.mark.parametrize("entry", ["header.ssn", "response.header.ssn", "ssn"])
@pytest.mark.parametrize(
    "target",
    ["/p?ssn=hunter2&a=1", "p?ssn=hunter2", '{"ssn":"hunter2"}', "/p#ssn=hunter2"],
)
def test_a_redirect_is_repeated_as_its_header_leaves(
    target: str, entry: str, redaction: Redaction
) -> None:
    """What stands under a name within the Location header stands there twice."""
    record = a_record(response_headers=[("Location", target)])
    told = b'"redirectURL":%b' % json.dumps(target).encode()
    text = record.entry.replace(b'"redirectURL":""', told)
    line = b'{"v":1,"id":"%s","client":"h","entry":%s}' % (record.id.encode(), text)
    redactor = Redactor(denylist=[entry], redaction=redaction)

    response = redacted(redactor, parsed(line))["response"]

    assert "hunter2" not in response["redirectURL"]
    assert response["redirectURL"] == header(response, "Location")
