"""What ReadMe's own test suite asks of a sender, and the defects of its Python SDK.

Exchanges go through the writer's encoder, the parser, the redactor and the payload
builder: the very way a log object takes, less disk and network.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from shipper.identify import Identifier
from shipper.payload import PayloadBuilder
from shipper.redact import Redacted, Redactor
from tests.support.exchanges import an_exchange, encoded
from tests.support.records import header, parsed
from wsgi_writer.caller import Caller
from wsgi_writer.mask import Masks, mask_key

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=owl"

VECTORS = {
    "owlbert-api-key": "sha512-u2GbQ83jIqNa+a8v110+8IDztQQr4joL1xSE+wFH51zSOA1qQKPwOC"
    "8t2n2LWJQA1mX4ZLZ45SEokITzLed/ow==?-key",
    "Bearer: a-random-api-key": "sha512-7S+L0vUE8Fn6HI3836rtz4b6fVf6H4JFur6SGkOnL3bFp"
    "C856+OSZkpIHphZ0ipNO+kUw1ePb5df2iYrNQCpXw==?-key",
    "clé-ünïcode-é": "sha512-z3gN9NTc9FYQ9cLiwn2Wq7ajqT4wdwdJFwa8JWvSevY6/W2Zu6CIfp39"
    "u48iAhzJW0b2uPMAbLoa77IDXxijzQ==?de-é",
}
SHORT_VECTORS = {
    "12345": "sha512-NieQminDE4Ggcewn98nKl3Jhgq7Smn3dLlQ1MyLPswq7njpt8qwsIP4jQ2MR1nhW"
    "TQyNMFkwV19g4tPQSBhNeQ==?2345",
    "abc": "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU"
    "1EI2Q86A4qmslPpUyknw==?abc",
}


def log_object(
    redactor: Redactor | None = None,
    *,
    masks: Masks | None = None,
    rules: tuple[str, ...] = (),
    mask_short_keys: bool = False,
    **exchange: Any,
) -> dict[str, Any]:
    """Return the decoded log object that an exchange becomes."""
    record = parsed(encoded(an_exchange(**exchange), masks).rstrip(b"\n"))
    own_masks = Masks(mask_short_keys=mask_short_keys)
    identifier = Identifier(rules=rules, masks=own_masks)
    caller = identifier.caller_of(record)
    assert caller is not None
    redacted = (redactor or Redactor()).apply(record)
    assert isinstance(redacted, Redacted)
    builder = PayloadBuilder(version="1.0", development_mode=False, comment="x/3.11")
    entry = builder.build(record, caller, redacted)
    decoded: dict[str, Any] = json.loads(entry.payload)
    return decoded


def sent_entry(redactor: Redactor | None = None, **exchange: Any) -> dict[str, Any]:
    """Return the HAR entry of the log object that an exchange becomes."""
    entry: dict[str, Any]
    (entry,) = log_object(redactor, **exchange)["request"]["log"]["entries"]
    return entry


# The mask.


@pytest.mark.parametrize(("key", "masked"), VECTORS.items())
def test_a_key_is_masked_as_every_sdk_masks_it(key: str, masked: str) -> None:
    """A caller keeps the identity it had with the vendor's SDK."""
    found = log_object(rules=("query:team",), target=f"/?team={quote(key)}")

    assert found["group"]["id"] == masked


@pytest.mark.parametrize(("key", "masked"), SHORT_VECTORS.items())
def test_a_short_key_is_masked_alike_when_asked_for(key: str, masked: str) -> None:
    """Without the option it ends after the hash, here as in the writer."""
    arguments: dict[str, Any] = {"rules": ("query:team",), "target": f"/?team={key}"}

    shown = log_object(mask_short_keys=True, **arguments)
    hidden = log_object(**arguments)

    assert shown["group"]["id"] == masked
    assert hidden["group"]["id"] == masked.partition("?")[0]


# What a conforming sender looks like.


def test_the_identity_of_a_record_is_a_uuid() -> None:
    """The log's page is found by it."""
    assert re.fullmatch(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", log_object()["_id"]
    )


def test_group_client_and_development_are_told() -> None:
    """Left out, development would be taken for true."""
    masks = Masks()
    caller = Caller(masks.key("owlbert-api-key"), "Owlbert", "owlbert@example.com")

    found = log_object(masks=masks, caller=caller)

    assert found["group"] == {
        "id": VECTORS["owlbert-api-key"],
        "label": "Owlbert",
        "email": "owlbert@example.com",
    }
    assert re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", found["clientIPAddress"])
    assert found["development"] is False
    assert found["_version"] == 3


def test_the_creator_is_known_to_the_receiver() -> None:
    """The suite looks for one of its own names, anywhere."""
    creator = log_object()["request"]["log"]["creator"]

    assert re.search(
        r"readme-metrics \((dotnet|node|php|python|ruby)\)", creator["name"]
    )
    assert creator["version"]
    assert creator["comment"]


def test_the_start_is_utc_with_a_z() -> None:
    """Seconds, or exactly three decimals; the time is a whole number."""
    entry = sent_entry()

    assert re.fullmatch(
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:.\d{3})?Z", entry["startedDateTime"]
    )
    assert isinstance(entry["time"], int)


def test_the_query_is_encoded_in_the_url_and_decoded_in_the_list() -> None:
    """Both in order."""
    request = sent_entry(
        scheme="http", host="localhost:8000", target="/?arr%5B1%5D=3&val=1"
    )["request"]

    assert request["url"] == "http://localhost:8000/?arr%5B1%5D=3&val=1"
    assert request["queryString"] == [
        {"name": "arr[1]", "value": "3"},
        {"name": "val", "value": "1"},
    ]


def test_version_and_headers_are_there() -> None:
    """Header values are strings; names keep their spelling."""
    request = sent_entry(
        request_headers=[("Host", "localhost:8000"), ("Connection", "close")]
    )["request"]

    assert request["httpVersion"] == "HTTP/1.1"
    assert header(request, "Host") == "localhost:8000"
    assert header(request, "Connection") == "close"


def test_a_get_has_no_post_data() -> None:
    """No body, no key."""
    assert "postData" not in sent_entry()["request"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{ "user": "owl",  "n": 1.0 }'),
        ("application/json; charset=utf-8", '{"é": "\u2028"}'),
        ("application/vnd.api+json", "[1, 2]"),
        ("text/plain", "Hello World"),
        ("text/plain;charset=UTF-8", "a=b&c=d"),
    ],
)
def test_json_and_text_are_sent_byte_for_byte(content_type: str, body: str) -> None:
    """Exactly mimeType and text, the type as in the header."""
    request = sent_entry(
        method="POST", request_type=content_type, request_body=body.encode()
    )["request"]

    assert request["postData"] == {"mimeType": content_type, "text": body}


def test_a_form_is_sent_as_parameters() -> None:
    """Exactly mimeType and params; a parameter is exactly name and value."""
    request = sent_entry(
        method="POST", request_type=FORM, request_body=b"email=dom%40example.com&a=+"
    )["request"]

    assert request["postData"] == {
        "mimeType": FORM,
        "params": [
            {"name": "email", "value": "dom@example.com"},
            {"name": "a", "value": " "},
        ],
    }


def test_a_multipart_form_is_sent_as_parameters() -> None:
    """Files carry their name and type, and a data URL in place of a value."""
    body = (
        b'--owl\r\nContent-Disposition: form-data; name="password"\r\n\r\n123456\r\n'
        b'--owl\r\nContent-Disposition: form-data; name="file"; filename="owl.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--owl--\r\n"
    )
    request = sent_entry(
        method="POST",
        request_type=MULTIPART,
        request_body=body,
        masks=Masks(fields=None),
    )["request"]

    assert request["postData"] == {
        "mimeType": MULTIPART,
        "params": [
            {"name": "password", "value": "123456"},
            {
                "name": "file",
                "value": "data:image/png;name=owl.png;base64,iVBORw==",
                "fileName": "owl.png",
                "contentType": "image/png",
            },
        ],
    }


def test_authorization_is_masked_whole() -> None:
    """The scheme word is part of what is hashed."""
    headers = [("Authorization", "Bearer a-random-api-key")]
    request = sent_entry(request_headers=headers)["request"]

    assert header(request, "Authorization") == mask_key("Bearer a-random-api-key")


def test_the_response_tells_status_size_and_type() -> None:
    """The size is that of the text."""
    response = sent_entry(
        response_type="application/json; charset=utf-8", response_body=b'{"a": 1}'
    )["response"]

    assert (response["status"], response["statusText"]) == (200, "OK")
    content = response["content"]
    assert content["size"] == len(content["text"]) == 8
    assert content["mimeType"] == "application/json; charset=utf-8"


def test_an_empty_response_still_has_size_and_type() -> None:
    """HAR needs both keys."""
    response = sent_entry(status=204, response_headers=[], response_body=b"")[
        "response"
    ]

    assert response["content"] == {"size": 0, "mimeType": ""}


# The vendor's defects, by their number in the list.


def test_13_nested_members_and_list_items_are_hidden() -> None:
    """13: the SDK filters the top level of objects only."""
    text = sent_entry(
        Redactor(denylist=["pin"]),
        response_type="application/json",
        response_body=b'[{"a":{"pin":"1234"}},{"list":[{"pin":"1234"}]}]',
    )["response"]["content"]["text"]

    assert json.loads(text) == [
        {"a": {"pin": "[REDACTED 4]"}},
        {"list": [{"pin": "[REDACTED 4]"}]},
    ]


def test_14_the_query_is_hidden_in_both_places() -> None:
    """14: the SDK documents it and never does it."""
    request = sent_entry(Redactor(denylist=["pin"]), target="/x?pin=1234&b=2")[
        "request"
    ]

    assert "1234" not in json.dumps(request)
    assert {"name": "b", "value": "2"} in request["queryString"]


def test_15_a_list_does_not_turn_forms_into_raw_text() -> None:
    """15: any list at all makes the SDK send forms unfiltered, as text/plain."""
    request = sent_entry(
        Redactor(denylist=["pin"]),
        method="POST",
        request_type=FORM,
        request_body=b"pin=hunter2&a=1",
    )["request"]

    assert request["postData"] == {
        "mimeType": FORM,
        "params": [
            {"name": "pin", "value": "[REDACTED 7]"},
            {"name": "a", "value": "1"},
        ],
    }


def test_16_header_names_have_no_case_and_credentials_never_go_in_clear() -> None:
    """16: the SDK compares case and sends Cookie and X-Api-Key as they are."""
    request = sent_entry(
        Redactor(denylist=["x-internal"]),
        request_headers=[
            ("X-Internal", "hunter2"),
            ("Cookie", "session=hunter3"),
            ("X-Api-Key", "hunter4-hunter4"),
        ],
    )["request"]

    assert header(request, "X-Internal") == "[REDACTED 7]"
    assert not re.search("hunter[234]", json.dumps(request))


def test_17_repeated_headers_all_arrive() -> None:
    """17: the SDK keeps the last Set-Cookie only."""
    headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    response = sent_entry(Redactor(denylist=["b"]), response_headers=headers)[
        "response"
    ]

    names = [pair["value"].partition("=")[0] for pair in response["headers"]]
    assert names == ["a", "b"]


def test_18_repeated_and_blank_parameters_all_arrive() -> None:
    """18: the SDK loses duplicates and blanks."""
    request = sent_entry(target="/?a=1&a=2&b=&c")["request"]

    pairs = [(pair["name"], pair["value"]) for pair in request["queryString"]]
    assert pairs == [("a", "1"), ("a", "2"), ("b", ""), ("c", "")]


def test_19_size_and_type_do_not_depend_on_the_case_of_headers() -> None:
    """19: lower-case headers give the SDK neither."""
    content = sent_entry(
        Redactor(denylist=["pin"]),
        response_headers=[("content-type", "application/json")],
        response_body=b"{}",
    )["response"]["content"]

    assert content == {"size": 2, "mimeType": "application/json", "text": "{}"}


def test_38_a_mark_is_never_hashed() -> None:
    """38: the SDK masks the mark of a denied Authorization header."""
    headers = [("Authorization", "Bearer a-random-api-key")]
    request = sent_entry(Redactor(denylist=["authorization"]), request_headers=headers)

    masked = mask_key("Bearer a-random-api-key")
    assert header(request["request"], "Authorization") == f"[REDACTED {len(masked)}]"


def test_38_a_hidden_header_still_tells_who_called() -> None:
    """38: identification sees the record before anything is hidden."""
    found = log_object(
        Redactor(denylist=["x-api-key"]),
        rules=("header:X-Api-Key",),
        request_headers=[("X-Api-Key", "owlbert-api-key")],
    )

    assert found["group"]["id"] == VECTORS["owlbert-api-key"]


def test_39_a_multipart_file_is_not_sent_as_raw_text() -> None:
    """39: the SDK sends the bytes of all parts as one text."""
    body = (
        b'--owl\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--owl--\r\n"
    )
    data = sent_entry(
        Redactor(denylist=["pin"]),
        method="POST",
        request_type=MULTIPART,
        request_body=body,
    )["request"]["postData"]

    assert "text" not in data
    assert data["params"] == [
        {
            "name": "f",
            "value": "data:text/plain;name=a.txt;base64,aGVsbG8=",
            "fileName": "a.txt",
            "contentType": "text/plain",
        }
    ]
