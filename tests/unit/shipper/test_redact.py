"""What the lists hide, place by place, and what they leave alone beside it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any

import pytest

from shipper.disguises import FOLDING
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from tests.support.planted import readings
from tests.support.records import (
    RECORD_ID,
    a_record,
    a_record_line,
    an_entry,
    binary_body,
    binary_content,
    compact,
    header,
    json_body,
    json_content,
    parsed,
    redacted,
    text_body,
    text_content,
    withheld,
)

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
DENY = Redactor(denylist=["password"])


def denied(*names: str, **record: Any) -> dict[str, Any]:
    """Return a record's entry under a denylist."""
    return redacted(Redactor(denylist=names or ["password"]), a_record(**record))


def allowed(*names: str, **record: Any) -> dict[str, Any]:
    """Return a record's entry under an allowlist."""
    return redacted(Redactor(allowlist=names), a_record(**record))


def sent_json(document: object, *names: str) -> Any:
    """Return a JSON request body under a denylist, decoded."""
    entry = denied(*names, sent=json_body(document))
    return json.loads(entry["request"]["postData"]["text"])


def given_text(content: dict[str, Any], *names: str, **record: Any) -> str:
    """Return a response body's text under a denylist."""
    entry = denied(*names, given=content, **record)
    text: str = entry["response"]["content"]["text"]
    return text


def part(name: str, content: bytes, more: bytes = b"") -> bytes:
    """Return one part of a multipart body with boundary `b`, delimiter first."""
    head = b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
    return head + more + b"\r\n\r\n" + content + b"\r\n"


# Headers and cookies.


def test_a_listed_header_is_hidden_on_both_sides_whatever_its_case() -> None:
    """Header names have no case; the neighbours stay."""
    entry = denied(
        "x-secret",
        request_headers=[("X-Secret", "hunter2"), ("X-Public", "owl")],
        response_headers=[("x-SECRET", "hunter22"), ("x-public", "owl")],
    )

    assert header(entry["request"], "X-Secret") == "[REDACTED 7]"
    assert header(entry["request"], "X-Public") == "owl"
    assert header(entry["response"], "x-SECRET") == "[REDACTED 8]"
    assert header(entry["response"], "x-public") == "owl"


def test_every_header_of_a_listed_name_is_hidden() -> None:
    """Repeated headers are all there, and all hidden."""
    entry = denied("x-a", response_headers=[("X-A", "1"), ("X-B", "2"), ("X-A", "3")])

    values = [pair["value"] for pair in entry["response"]["headers"]]
    assert values == ["[REDACTED 1]", "2", "[REDACTED 1]"]


def test_a_listed_cookie_is_hidden_wherever_cookies_stand() -> None:
    """Cookie, Set-Cookie and HAR's own list hold the same names."""
    cookies = "a=1; session=hunter2; b=2"
    entry = denied(
        "Session",
        request_headers=[("Cookie", cookies)],
        response_headers=[("Set-Cookie", "session=hunter22; Path=/; HttpOnly")],
    )

    assert header(entry["request"], "Cookie") == "a=1; session=[REDACTED 7]; b=2"
    assert (
        header(entry["response"], "Set-Cookie")
        == "session=[REDACTED 8]; Path=/; HttpOnly"
    )


def test_the_cookies_of_har_are_hidden_by_name() -> None:
    """Another writer may fill the list that ours leaves empty."""
    cookies = [{"name": "sid", "value": "x"}, {"name": "a", "value": "y"}]
    line = a_record_line().replace(b'"cookies":[]', b'"cookies":' + compact(cookies))

    entry = redacted(Redactor(denylist=["SID"]), parsed(line))

    for message in (entry["request"], entry["response"]):
        assert message["cookies"] == [
            {"name": "sid", "value": "[REDACTED 1]"},
            {"name": "a", "value": "y"},
        ]


# Query and URL.


def test_a_listed_parameter_is_hidden_in_url_and_query_string() -> None:
    """The URL stays a legal URL, and both tell the same length."""
    entry = denied(
        "token",
        url="https://h/p?a=1&token=h%C3%BCnter&b=%5B2%5D",
        query=[("a", "1"), ("token", "hünter"), ("b", "[2]")],
    )

    assert (
        entry["request"]["url"] == "https://h/p?a=1&token=%5BREDACTED%206%5D&b=%5B2%5D"
    )
    assert entry["request"]["queryString"] == [
        {"name": "a", "value": "1"},
        {"name": "token", "value": "[REDACTED 6]"},
        {"name": "b", "value": "[2]"},
    ]


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://h/?PassWord=x", "https://h/?PassWord=%5BREDACTED%201%5D"),
        ("https://h/?p%61ssword=x", "https://h/?p%61ssword=%5BREDACTED%201%5D"),
        ("https://h/?p%C5%BFa&password=", "https://h/?p%C5%BFa&password="),
        ("https://h/?pa%C5%BF%C5%BFword=x", None),
        ("https://h/?user[password]=x", "https://h/?user[password]=%5BREDACTED%201%5D"),
        ("https://h/?user.password=x", "https://h/?user.password=%5BREDACTED%201%5D"),
        ("https://h/?a=1;password=x", "https://h/?a=1;password=%5BREDACTED%201%5D"),
        ("https://h/?password=a;b&c=d", "https://h/?password=%5BREDACTED%203%5D&c=d"),
        ("https://h/#password=x", "https://h/#password=%5BREDACTED%201%5D"),
        ("https://h/a%23password=x", "https://h/a%23password=%5BREDACTED%201%5D"),
        ("https://h/a=1%23password=x", "https://h/a=1%23password=%5BREDACTED%201%5D"),
        ("https://h/%23b=1&password=x", "https://h/%23b=1&password=%5BREDACTED%201%5D"),
        ("https://h/%23password=x?y", "https://h/%23password=%5BREDACTED%203%5D"),
        ("https://h/%23/r/%23password=x", None),
        ("https://h/%23a=b%23password=x", None),
        ("https://h/?a=1&password=x&password=yz", None),
        ("https://h/?next=https%3A%2F%2Fi%2F%3Fpassword%3Dx%26a%3Db", None),
        ("https://h/?q=%7B%22password%22%3A%22x%22%7D", None),
    ],
)
def test_a_parameter_is_found_in_every_spelling(url: str, hidden: str | None) -> None:
    """Encoding, case, nesting and odd separators hide nothing from the list."""
    found = denied(url=url)["request"]["url"]

    if hidden is not None:
        assert found == hidden
    else:
        assert found != url
        assert "REDACTED" in found
        assert "=x" not in found.replace("%3D", "=")


@pytest.mark.parametrize(
    "name", ["Referer", "Location", "Content-Location", "Refresh", "X-Original-URI"]
)
def test_a_parameter_is_hidden_in_headers_that_hold_urls(name: str) -> None:
    """The token of a URL travels on in Referer and Location."""
    value = "https://h/p?a=1&token=hunter2&b=2#token=x"
    entry = denied(
        "token", request_headers=[(name, value)], response_headers=[(name, value)]
    )

    for message in (entry["request"], entry["response"]):
        assert header(message, name) == (
            "https://h/p?a=1&token=%5BREDACTED%207%5D&b=2#token=%5BREDACTED%201%5D"
        )


def test_a_parameter_behind_an_escaped_hash_is_hidden_in_headers_too() -> None:
    """Whoever sent it as part of a path may have meant a fragment."""
    headers = [("Referer", "https://h/a%23token=hunter2")]
    entry = denied("token", request_headers=headers)

    shown = header(entry["request"], "Referer")
    assert shown == "https://h/a%23token=%5BREDACTED%207%5D"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Location", "/?gr\u00f6\u00dfe=ab&b=\u00e9", "/?gr\u00f6\u00dfe={}&b=\u00e9"),
        ("Link", "</?GR\u00d6SSE=ab>; rel=next", "</?GR\u00d6SSE={}>; rel=next"),
        (
            "X-Context",
            '="\udcff?gr\u00f6\u00dfe=a&',
            "=%22%FF%3Fgr%C3%B6%C3%9Fe%3D%255BREDACTED%25201%255D&",
        ),
        (
            "X-Context",
            '{"gr\u00f6\u00dfe":"a\u00e9"}',
            '{"gr\u00f6\u00dfe":"[REDACTED 2]"}',
        ),
        ("Cookie", "gr\u00f6\u00dfe=ab; b=c", "gr\u00f6\u00dfe=[REDACTED 2]; b=c"),
        ("Set-Cookie", "gr\u00f6\u00dfe=ab", "gr\u00f6\u00dfe=[REDACTED 2]"),
        ("Location", "/?gr\u00f6\u00dfe=ab&b=\udcff", "/?gr\u00f6\u00dfe={}&b=\udcff"),
        (
            "Cookie",
            "gr\udcf6\udcdfe=ab; gr\u00f6\u00dfe=ab",
            "gr\udcf6\udcdfe=[REDACTED 2]; gr\u00f6\u00dfe=[REDACTED 2]",
        ),
        (
            "X-Context",
            '{"gr\udcff":"gr\u00f6\u00dfe"}',
            '{"gr\udcff":"gr\u00f6\u00dfe"}',
        ),
    ],
)
def test_a_name_beyond_ascii_is_found_in_headers(
    name: str, value: str, shown: str
) -> None:
    """Each of their characters stands for a byte (PEP 3333), which is UTF-8's."""
    headers = [(name, _native(value))]
    entry = denied("gr\u00f6\u00dfe", request_headers=headers, response_headers=headers)

    expected = _native(shown.format("%5BREDACTED%202%5D") if "{}" in shown else shown)
    for message in (entry["request"], entry["response"]):
        assert header(message, name) == expected


@pytest.mark.parametrize("letter", FOLDING)
def test_a_letter_that_folds_to_ascii_is_found_in_headers(letter: str) -> None:
    """Its bytes are characters there, and a name may be spelled with it."""
    listed = f"a{letter}b".casefold()
    headers = [("X-Context", _native(f'{{"a{letter}b":"xy"}}'))]
    entry = denied(listed, request_headers=headers)

    shown = _native(f'{{"a{letter}b":"[REDACTED 2]"}}')
    assert header(entry["request"], "X-Context") == shown


def _native(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def test_a_parameter_is_hidden_in_redirect_url_and_pageref() -> None:
    """The same URL stands in more places than one."""
    line = a_record_line(pageref="https://h/p?token=x").replace(
        b'"redirectURL":""', b'"redirectURL":"/p?token=x"'
    )
    entry = redacted(Redactor(denylist=["token"]), parsed(line))

    assert entry["pageref"] == "https://h/p?token=%5BREDACTED%201%5D"
    assert entry["response"]["redirectURL"] == "/p?token=%5BREDACTED%201%5D"


def test_a_name_beyond_ascii_is_found_in_redirect_url() -> None:
    """It repeats a header, byte for byte."""
    target = _native("/p?gr\u00f6\u00dfe=x")
    line = a_record_line().replace(
        b'"redirectURL":""', f'"redirectURL":"{target}"'.encode()
    )
    entry = redacted(Redactor(denylist=["gr\u00f6\u00dfe"]), parsed(line))

    shown = _native("/p?gr\u00f6\u00dfe=%5BREDACTED%201%5D")
    assert entry["response"]["redirectURL"] == shown


def test_a_route_template_is_no_url() -> None:
    """Endpoints keep their grouping."""
    assert denied("id", pageref="/users/{id}")["pageref"] == "/users/{id}"


# JSON.


def test_a_listed_member_is_hidden_at_any_depth_in_arrays_too() -> None:
    """The vendor's SDK looks at the top level only, and leaks the rest."""
    found = sent_json(
        {
            "password": "hunter2",
            "user": {"PASSWORD": "a", "name": "owl"},
            "list": [{"password": ["a", "b"]}, [{"Password": None}]],
            "passwords": "kept",
        }
    )

    assert found == {
        "password": "[REDACTED 7]",
        "user": {"PASSWORD": "[REDACTED 1]", "name": "owl"},
        "list": [{"password": "[REDACTED]"}, [{"Password": "[REDACTED]"}]],
        "passwords": "kept",
    }


@pytest.mark.parametrize(
    ("value", "mark"),
    [("", "[REDACTED 0]"), ("é\U0001f989", "[REDACTED 2]"), (7, "[REDACTED]")],
)
def test_a_mark_tells_the_length_of_strings_in_characters(
    value: object, mark: str
) -> None:
    """The marks are ReadMe's."""
    assert sent_json({"password": value}) == {"password": mark}


def test_a_mark_of_the_writer_keeps_its_length() -> None:
    """Marking a mark would tell the length of the mark."""
    assert sent_json({"password": "[REDACTED 7]"}) == {"password": "[REDACTED 7]"}


def test_a_top_level_array_is_searched() -> None:
    """Not every body is an object."""
    assert sent_json([{"password": "x"}, 1]) == [{"password": "[REDACTED 1]"}, 1]


@pytest.mark.parametrize(
    "text",
    [
        '{"p\\u0061ssword":"hunter2","a":1}',
        '{"P\\u0041SSWORD":"hunter2","a":1}',
        '{"pa\\u017f\\u017fword":"hunter2","a":1}',
        '{"pa\u017f\u017fword":"hunter2","a":1}',
        '{"pa\u00dfword":"hunter2","a":1}',
        ' \n\t{"password":"hunter2","a":1}',
        '\ufeff{"password":"hunter2","a":1}',
        '{"a":NaN,"password":"hunter2"}',
        '{"a":"\\ud800","password":"hunter2"}',
        '{"a":1,"password":"hunter2"}\n{"b":2,"password":"hunter2"}\n',
        '{"nested":"{\\"a\\":1,\\"password\\":\\"hunter2\\"}"}',
        '{"nested":" {\\"a\\":1,\\"\\\\u0070assword\\":\\"hunter2\\"}"}',
        '"{\\"a\\":1,\\"password\\":\\"hunter2\\"}"',
    ],
)
@pytest.mark.parametrize("mime_type", ["application/json", "text/plain"])
def test_a_member_is_found_in_every_spelling(text: str, mime_type: str) -> None:
    """Escapes, letters that fold, leading space and nesting hide nothing."""
    found = given_text(text_content(text, mime_type))

    assert "hunter2" not in found
    assert "[REDACTED 7]" in found
    assert "a" in found.replace("password", "").replace("REDACTED", "")


@pytest.mark.parametrize(
    "text",
    [
        '{"a":{"password":"hunter2"},"a":1}',
        '{"a":{"n":[{"password":"hunter2"}]},"a":2,"a":1}',
        '{"a":"{\\"password\\":\\"hunter2\\"}","a":1}',
        '{"n":"{\\"a\\":{\\"password\\":\\"hunter2\\"},\\"a\\":1}","a":1}',
        '{"b":NaN,"a":{"password":"hunter2"},"a":1}',
    ],
)
@pytest.mark.parametrize("name", ["password", "a.password"])
def test_a_member_hides_nowhere_behind_its_key_given_twice(
    text: str, name: str
) -> None:
    """A reader that keeps the last of two members must not send the first."""
    found = given_text(text_content(text), "password", name)

    assert "hunter2" not in found
    assert "1}" in found


def test_a_path_and_an_allowlist_look_behind_a_key_given_twice() -> None:
    """Both lists search what a reader of the last member alone would not see."""
    text = '{"a":{"b":"hunter2"},"a":{}}'
    entry = allowed("x", given=text_content(text, "application/json"))

    assert given_text(text_content(text), "a.b") == '{"a":{}}'
    assert entry["response"]["content"]["text"] == '{"a":{}}'


def test_a_key_given_twice_stays_where_nothing_is_listed() -> None:
    """What hides nothing is sent byte for byte."""
    text = '{"a":{"b":"my password"},"a":1}'

    assert given_text(text_content(text, "application/json")) == text


def test_numbers_beside_a_hidden_member_keep_their_digits() -> None:
    """What is not listed arrives unchanged, to the last decimal."""
    numbers = "1.10,1e400,-0.0,123456789012345678901234567890,0.30000000000000004"
    found = given_text(text_content(f'{{"password":"x","n":[{numbers}]}}'))

    assert found == f'{{"password":"[REDACTED 1]","n":[{numbers}]}}'


def test_json_without_a_listed_member_is_left_byte_for_byte() -> None:
    """A hit elsewhere in the record must not re-lay a body out."""
    text = '{ "a" : 1.0,\n "b":"\\u00e9" }'
    entry = denied("x-a", request_headers=[("X-A", "1")], given=text_content(text))

    assert entry["response"]["content"]["text"] == text


# Paths.


@pytest.mark.parametrize(
    ("path", "document", "hidden"),
    [
        ("user.card.number", {"user": {"card": {"number": "1"}}}, True),
        ("USER.Card.number", {"user": {"card": {"NUMBER": "1"}}}, True),
        ("user.card.number", {"number": "1", "card": {"number": "1"}}, False),
        ("card.number", {"user": {"card": {"number": "1"}}}, False),
        ("items.*.secret", {"items": [{"secret": "1"}]}, True),
        ("items.secret", {"items": [{"secret": "1"}]}, True),
        ("items.1.secret", {"items": [{}, {"secret": "1"}]}, True),
        ("items.0.secret", {"items": [{}, {"secret": "1"}]}, False),
        ("*.secret", {"any": {"secret": "1"}}, True),
        ("*.secret", {"secret": "1"}, False),
        ("a.b", [{"a": {"b": "1"}}], True),
        ("items.0", {"items": ["1"]}, True),
        ("items.1", {"items": ["1"]}, False),
        ("a.b", {"a.b": "1"}, True),
        ("*.*", {"a": {"b": "1"}}, True),
    ],
)
def test_a_dotted_name_is_a_path_from_the_root(
    path: str, document: object, hidden: bool
) -> None:
    """A path narrows a name to one place; array items need no step."""
    found = sent_json(document, path)

    assert ("[REDACTED 1]" in json.dumps(found)) is hidden
    assert (found == document) is not hidden


def test_json_in_a_string_is_a_document_of_its_own_to_paths_too() -> None:
    """A path begins anew in a document within a document."""
    inner = json.dumps({"user": {"name": "owl"}, "name": "kept"})
    found = sent_json({"inner": inner, "user": {"name": "x"}}, "user.name")

    assert json.loads(found["inner"]) == {
        "user": {"name": "[REDACTED 3]"},
        "name": "kept",
    }
    assert found["user"] == {"name": "[REDACTED 1]"}


# Forms.


def test_form_parameters_are_hidden_by_name() -> None:
    """Duplicates, blanks and order stay."""
    params = [
        {"name": "a", "value": "1"},
        {"name": "password", "value": "hunter2"},
        {"name": "a", "value": ""},
        {"name": "user[Password]", "value": "x"},
    ]
    entry = denied(sent={"mimeType": FORM, "params": params})

    assert entry["request"]["postData"] == {
        "mimeType": FORM,
        "params": [
            {"name": "a", "value": "1"},
            {"name": "password", "value": "[REDACTED 7]"},
            {"name": "a", "value": ""},
            {"name": "user[Password]", "value": "[REDACTED 1]"},
        ],
    }


def test_a_form_laid_out_as_text_is_hidden_in_place() -> None:
    """Other writers may not take forms apart."""
    entry = denied(sent=text_body("a=1+2&password=hunter2&b=", FORM))

    assert entry["request"]["postData"] == text_body(
        "a=1+2&password=%5BREDACTED%207%5D&b=", FORM
    )


def test_json_in_a_form_parameter_is_searched() -> None:
    """A member does not hide in a parameter."""
    params = [{"name": "data", "value": '{"password":"hunter2","a":1}'}]
    entry = denied(sent={"mimeType": FORM, "params": params})

    value = entry["request"]["postData"]["params"][0]["value"]
    assert json.loads(value) == {"password": "[REDACTED 7]", "a": 1}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1;password=hunter2", "1;password=%5BREDACTED%207%5D"),
        ("1;password=", "1;password="),
        ("1; b=2", "1; b=2"),
    ],
)
def test_a_semicolon_parts_parameters_in_every_place(value: str, shown: str) -> None:
    """Some frameworks part at `;`: what the URL hides, its parts must not show."""
    pair = {"name": "a", "value": value}
    entry = denied(
        url=f"https://h/?a={value.replace(' ', '')}",
        query=[("a", value)],
        sent={"mimeType": FORM, "params": [pair]},
    )

    assert entry["request"]["queryString"] == [{"name": "a", "value": shown}]
    assert entry["request"]["postData"]["params"] == [{"name": "a", "value": shown}]


def test_a_semicolon_in_a_form_is_seen_without_its_url() -> None:
    """The scan looks into forms as the redactor does."""
    pair = {"name": "a", "value": "1;password=hunter2"}
    record = a_record(sent={"mimeType": FORM, "params": [pair]})

    assert DENY.apply(record) == DENY.rewrite(record)
    assert DENY.apply(record) != Redacted(record.entry)


OPEN = {"open": True}


def test_a_multipart_body_becomes_parameters_without_any_list() -> None:
    """ReadMe shows fields and files, not boundaries."""
    body = (
        part("owl", b"snowy")
        + part("pic", b"\x89PNG", b'; filename="o w.png"\r\nContent-Type: image/png')
        + b"--b--\r\n"
    )
    packed = base64.b64encode(b"\x89PNG").decode()
    record = a_record(envelope=OPEN, sent=binary_body(body, MULTIPART))

    assert redacted(Redactor(), record)["request"]["postData"] == {
        "mimeType": MULTIPART,
        "params": [
            {"name": "owl", "value": "snowy"},
            {
                "name": "pic",
                "value": f"data:image/png;name=o%20w.png;base64,{packed}",
                "fileName": "o w.png",
                "contentType": "image/png",
            },
        ],
    }


def test_a_multipart_part_is_hidden_by_its_name() -> None:
    """Name and file name of a listed part are hidden, its neighbours stay."""
    body = (
        part("password", b"hunter2")
        + part("a", b"kept")
        + part("Secret", b"{}", b'; filename="hunter2.txt"\r\nContent-Type: text/plain')
        + b"--b--"
    )
    record = a_record(envelope=OPEN, sent=text_body(body.decode(), MULTIPART))

    entry = redacted(Redactor(denylist=["password", "secret"]), record)

    first, second, third = entry["request"]["postData"]["params"]
    assert first == {"name": "password", "value": "[REDACTED 7]"}
    assert second == {"name": "a", "value": "kept"}
    assert third["fileName"] == "[REDACTED 11]"
    assert "hunter2" not in json.dumps(entry)


def test_json_in_an_uploaded_file_is_searched() -> None:
    """A file is a body of its own."""
    more = b'; filename="a.json"\r\nContent-Type: application/json'
    body = part("file", b'{"password":"hunter2","a":1}', more) + b"--b--"
    record = a_record(envelope=OPEN, sent=text_body(body.decode(), MULTIPART))

    param = redacted(DENY, record)["request"]["postData"]["params"][0]

    packed = param["value"].partition("base64,")[2]
    assert json.loads(base64.b64decode(packed)) == {"password": "[REDACTED 7]", "a": 1}


def test_an_uploaded_file_that_cannot_be_read_is_not_sent() -> None:
    """Other parts of the form go their way."""
    more = b'; filename="a.bin"\r\nContent-Type: application/octet-stream'
    body = part("file", b"\x00\xff", more) + part("a", b"kept") + b"--b--"
    record = a_record(envelope=OPEN, sent=binary_body(body, MULTIPART))

    params = redacted(DENY, record)["request"]["postData"]["params"]

    assert params[0]["value"] == "[NOT SENT: binary]"
    assert params[1] == {"name": "a", "value": "kept"}
    assert withheld(DENY, record) == ("binary",)


# Packed bodies.


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b'{"owl":7.0, "a":1}', mtime=0)),
        ("deflate", zlib.compress(b'{"owl":7.0, "a":1}')),
    ],
)
@pytest.mark.parametrize("redactor", [Redactor(), DENY])
def test_a_packed_body_is_sent_as_text(
    coding: str, packed: bytes, redactor: Redactor
) -> None:
    """The dashboard shows what the application said, on both sides."""
    headers = [("Content-Encoding", coding)]
    record = a_record(
        envelope=OPEN,
        request_headers=headers,
        response_headers=headers,
        sent=binary_body(packed, "application/json"),
        given=binary_content(packed, "application/json"),
    )

    entry = redacted(redactor, record)

    assert entry["request"]["postData"] == {
        "mimeType": "application/json",
        "text": '{"owl":7.0, "a":1}',
    }
    assert entry["response"]["content"] == {
        "size": 18,
        "mimeType": "application/json",
        "text": '{"owl":7.0, "a":1}',
    }


def test_a_packed_body_is_searched() -> None:
    """Packing hides nothing from the lists."""
    packed = gzip.compress(b'{"password":"hunter2","a":1}')
    record = a_record(
        envelope=OPEN,
        response_headers=[("content-encoding", "GZIP")],
        given=binary_content(packed, "application/json"),
    )

    content = redacted(DENY, record)["response"]["content"]

    assert content["text"] == '{"password":"[REDACTED 7]","a":1}'
    assert "encoding" not in content


def test_a_packed_form_becomes_parameters() -> None:
    """Forms are parameters, however they travelled."""
    record = a_record(
        envelope=OPEN,
        request_headers=[("Content-Encoding", "gzip")],
        sent=binary_body(gzip.compress(b"a=1+2&password=x&b="), FORM),
    )

    assert redacted(DENY, record)["request"]["postData"] == {
        "mimeType": FORM,
        "params": [
            {"name": "a", "value": "1 2"},
            {"name": "password", "value": "[REDACTED 1]"},
            {"name": "b", "value": ""},
        ],
    }


def test_a_body_that_cannot_be_unpacked_goes_as_it_is_without_a_list() -> None:
    """Nothing was asked to be hidden, so nothing is kept back."""
    record = a_record(
        envelope=OPEN,
        response_headers=[("Content-Encoding", "br")],
        given=binary_content(b"\xff\x00", "application/json"),
    )

    assert Redactor().apply(record) == Redacted(record.entry)


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_a_body_that_cannot_be_unpacked_is_not_sent_under_a_list(coding: str) -> None:
    """Nobody can say what is in it."""
    record = a_record(
        envelope=OPEN,
        request_headers=[("Content-Encoding", coding)],
        sent=binary_body(b"\x1f\x8b\x08\xff", "application/json"),
    )

    assert redacted(DENY, record)["request"]["postData"] == {
        "mimeType": "application/json",
        "text": "[NOT SENT: packed]",
    }
    assert withheld(DENY, record) == ("packed",)


def test_a_cut_packed_body_says_so() -> None:
    """A body that is not all there is marked as such."""
    record = a_record(
        envelope=OPEN,
        response_headers=[("Content-Encoding", "gzip")],
        given=binary_content(gzip.compress(b"a" * 1_000_000), "text/plain"),
    )

    content = redacted(Redactor(), record)["response"]["content"]

    assert content["comment"] == "cut: 262144 unpacked bytes kept"
    assert content["text"] == "a" * 262_144


# What cannot be decided.


@pytest.mark.parametrize(
    ("text", "mime_type"),
    [
        ('{"password":"hun', "application/json"),
        ('{"p\\u0061ssword":"hun', "application/json"),
        ("{password: 'hunter2'}", "application/json"),
        (')]}\'\n{"password":"x"}', "application/json"),
        ("<a>&lt;password&gt;hunter2</a>", "application/xml"),
        ("password=hunter2", "text/plain"),
        ("p%61ssword=hunter2", "text/plain"),
        ("the PASSWORD is hunter2", "text/plain"),
    ],
)
def test_a_text_that_names_a_listed_field_we_cannot_find_is_not_sent(
    text: str, mime_type: str
) -> None:
    """It fails closed: the body stays here, the rest goes, and it is counted."""
    record = a_record(given=text_content(text, mime_type))

    content = redacted(DENY, record)["response"]["content"]

    assert content["text"] == "[NOT SENT: unparsed]"
    assert content["size"] == len(text)
    assert withheld(DENY, record) == ("unparsed",)


@pytest.mark.parametrize(
    ("text", "mime_type"),
    [
        ('{"owl":"sno', "application/json"),
        ("<owl>snowy</owl>", "application/xml"),
        ("passwords and mypassword", "text/plain"),
        ("", "text/plain"),
        ('{"message":"wrong password"}', "application/json"),
    ],
)
def test_a_text_without_a_listed_name_is_sent_as_it_is(
    text: str, mime_type: str
) -> None:
    """A cut or foreign body that names nothing listed can be decided about."""
    record = a_record(given=text_content(text, mime_type))

    assert DENY.apply(record).__class__ is Redacted
    assert redacted(DENY, record)["response"]["content"]["text"] == text


def test_a_binary_body_is_not_sent_under_a_list() -> None:
    """A format we do not know may hold fields."""
    record = a_record(given=binary_content(b"\x00\xff", "application/octet-stream"))

    assert withheld(DENY, record) == ("binary",)


def test_a_picture_is_sent_under_a_denylist_unless_it_names_a_field() -> None:
    """Pictures have no fields; their annotations may."""
    plain = a_record(given=binary_content(b"\x89PNG\xff", "image/png"))
    naming = a_record(given=binary_content(b"\x89PNG\xffpassword=x", "image/png"))

    assert DENY.apply(plain) == Redacted(plain.entry)
    assert withheld(DENY, naming) == ("binary",)


def test_text_in_base64_is_searched() -> None:
    """Base64 is no hiding place; what is hidden in is sent as text."""
    content = '{"password":"hünter2","a":1}'.encode("latin-1")
    mime_type = "application/json; charset=latin-1"

    found = denied(given=binary_content(content, mime_type))["response"]["content"]

    assert found["text"] == '{"password":"[REDACTED 7]","a":1}'
    assert "encoding" not in found


def test_base64_that_is_none_is_not_sent_under_a_list() -> None:
    """Broken wrapping cannot be looked into."""
    content = {"size": 1, "mimeType": "x", "text": "!!!!", "encoding": "base64"}

    assert withheld(DENY, a_record(given=content)) == ("packed",)


def test_json_in_utf16_is_no_hiding_place() -> None:
    """Python's own json module reads it, so an application may have."""
    text = '{"password":"hunter2"}'.encode("utf-16-le").decode()
    record = a_record(given=text_content(text, "application/json"))

    assert "hunter2" not in json.dumps(redacted(DENY, record)).replace("\\u0000", "")


@pytest.mark.timeout(90)
@pytest.mark.parametrize("piece", ["a=1;", "a={;", "a=?", "a=%7B;", ";", "=", "?&#;"])
def test_hostile_text_takes_no_more_time_than_its_length(piece: str) -> None:
    """A client must not be able to hold the shipper up."""
    text = piece * (60_000 // len(piece)) + "&password=hunter2"

    found = given_text(text_content(text, FORM))

    assert "hunter2" not in found


@pytest.mark.timeout(90)
@pytest.mark.parametrize("piece", ["%23", "%23a=", "%23a=%7B", "a=", "%23?", "%"])
def test_a_hostile_url_takes_no_more_time_than_its_length(piece: str) -> None:
    """The same for a path full of what may be a fragment."""
    url = f"https://h/{piece * (60_000 // len(piece))}&password=hunter2"

    assert "hunter2" not in denied(url=url)["request"]["url"]


@pytest.mark.timeout(90)
def test_a_body_of_backslashes_takes_no_more_time_than_its_length() -> None:
    """Any of them may begin an escape."""
    found = given_text(text_content("\\" * 100_000 + "password", "text/plain"))

    assert found == "[NOT SENT: unparsed]"


def test_json_nested_beyond_reason_is_hidden_whole() -> None:
    """At the bottom of what is looked into, a doubtful string is hidden."""
    text = '{"password":"hunter2"}'
    for _ in range(8):
        text = json.dumps({"n": text})

    found = given_text(text_content(text, "application/json"))

    assert "hunter2" not in found
    assert "REDACTED" in found


def test_a_cut_packed_request_says_so_and_binary_stays_binary() -> None:
    """What was unpacked is sent unpacked, whatever it is."""
    headers = [("Content-Encoding", "gzip")]
    packed = gzip.compress(b"\xff\x00" * 200_000)
    record = a_record(
        envelope=OPEN,
        request_headers=headers,
        response_headers=headers,
        sent=binary_body(packed, "image/x-owl"),
        given=binary_content(packed, "image/x-owl"),
    )

    entry = redacted(Redactor(), record)

    body = entry["request"]["postData"]
    whole = base64.b64encode((b"\xff\x00" * 200_000)[:262_144]).decode()
    assert body["comment"] == "cut: 262144 unpacked bytes kept"
    assert body["text"] == f"data:image/x-owl;base64,{whole}"
    assert entry["response"]["content"]["text"] == whole


def test_an_untouched_multipart_text_stays_as_it_lies() -> None:
    """Only what the writer left open is taken apart without a need."""
    body = (part("a", b"1") + b"--b--").decode()
    hidden = denied("x-a", "a", sent=text_body(body, MULTIPART))
    kept = denied(
        "x-a", request_headers=[("X-A", "1")], sent=text_body(body, MULTIPART)
    )

    assert kept["request"]["postData"] == text_body(body, MULTIPART)
    assert hidden["request"]["postData"]["params"] == [
        {"name": "a", "value": "[REDACTED 1]"}
    ]


def test_many_names_are_forgotten_rather_than_hoarded() -> None:
    """Hostile names must not fill the memory, nor change the answers."""
    document = {f"name-{number}": 1 for number in range(9000)}
    found = sent_json({**document, "password": "x", "x" * 1000: 2})

    assert found == {**document, "password": "[REDACTED 1]", "x" * 1000: 2}


# The allowlist.


def test_an_allowlist_hides_every_other_name() -> None:
    """Only what is listed keeps its value, everywhere."""
    entry = allowed(
        "owl",
        url="https://h/p?owl=1&x=2",
        query=[("owl", "1"), ("x", "2")],
        request_headers=[("Host", "h"), ("Owl", "1"), ("X", "22")],
        sent=json_body({"owl": {"x": 1}, "x": [1, "ab", {"y": None}]}),
        given=json_content([{"owl": 1, "x": True}]),
    )

    request = entry["request"]
    assert request["url"] == "https://h/p?owl=1&x=%5BREDACTED%201%5D"
    assert [pair["value"] for pair in request["queryString"]] == ["1", "[REDACTED 1]"]
    assert [pair["value"] for pair in request["headers"]] == ["h", "1", "[REDACTED 2]"]
    assert json.loads(request["postData"]["text"]) == {
        "owl": {"x": 1},
        "x": ["[REDACTED]", "[REDACTED 2]", {"y": "[REDACTED]"}],
    }
    assert json.loads(entry["response"]["content"]["text"]) == [
        {"owl": 1, "x": "[REDACTED]"}
    ]


def test_an_allowlist_never_hides_what_the_url_is_built_from() -> None:
    """Without host and path the log would say nothing."""
    entry = allowed("owl", url="https://h/p", request_headers=[("HOST", "h")])

    assert entry["request"]["url"] == "https://h/p"
    assert header(entry["request"], "HOST") == "h"


def test_an_allowlist_sends_no_free_text_and_no_picture() -> None:
    """They have no name that could be listed."""
    text = a_record(given=text_content("an owl"))
    picture = a_record(given=binary_content(b"\x89PNG", "image/png"))
    redactor = Redactor(allowlist=["owl"])

    assert withheld(redactor, text) == ("unparsed",)
    assert withheld(redactor, picture) == ("binary",)


def test_an_allowlist_knows_paths() -> None:
    """A path keeps one place."""
    document = {"user": {"name": "owl", "mail": "x"}, "name": "y"}
    entry = allowed("user.name", sent=json_body(document))

    assert json.loads(entry["request"]["postData"]["text"]) == {
        "user": {"name": "owl", "mail": "[REDACTED 1]"},
        "name": "[REDACTED 1]",
    }


def test_an_allowlist_hides_forms_and_redirects() -> None:
    """Every place that has names obeys the list."""
    params = [{"name": "owl", "value": "1"}, {"name": "x", "value": "2"}]
    entry = allowed(
        "owl",
        sent={"mimeType": FORM, "params": params},
        response_headers=[("Location", "https://h/?a=1")],
    )

    values = [param["value"] for param in entry["request"]["postData"]["params"]]
    assert values == ["1", "[REDACTED 1]"]
    assert header(entry["response"], "Location") == "[REDACTED 14]"


def test_a_denylist_overrides_an_allowlist() -> None:
    """That is what the vendor's documentation promises."""
    redactor = Redactor(denylist=["password"], allowlist=["password"])
    record = a_record(sent=json_body({"password": "x", "other": 1}))

    text = redacted(redactor, record)["request"]["postData"]["text"]

    assert json.loads(text) == {"password": "[REDACTED 1]", "other": 1}


# Untouched records.


@pytest.mark.parametrize(
    "redactor", [Redactor(), DENY, Redactor(denylist=["not-there", "nor.this"])]
)
def test_a_record_without_a_listed_name_goes_out_as_it_lies(
    redactor: Redactor,
) -> None:
    """The very bytes of the disk."""
    record = a_record(sent=json_body({"a": "\u00e9 \\u0041"}), url="https://h/?a=%20")

    result = redactor.apply(record)

    assert isinstance(result, Redacted)
    assert result.entry == record.entry


def test_blank_names_are_no_names() -> None:
    """A stray comma in the configuration hides nothing and breaks nothing."""
    record = a_record(sent=json_body({"": 1}))

    assert Redactor(denylist=["", " "]).apply(record) == Redacted(record.entry)


def a_form(*params: tuple[str, str]) -> dict[str, Any]:
    """Return a form as the writer lays it out."""
    pairs = [{"name": name, "value": value} for name, value in params]
    return {"mimeType": FORM, "params": pairs}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (
            [('{"a": "x", "password": "hunter2"}', "")],
            '{"a": "x", "password": "[REDACTED 7]"}',
        ),
        (
            [('{"a": "x', "y"), ('z", "password": "hunter2"}', "")],
            '{"a": "x=y&z", "password": "[REDACTED 7]"}',
        ),
        (
            [("<u><password>hunter2</password><a>1</a></u>", "")],
            "<u><password>[REDACTED 7]</password><a>1</a></u>",
        ),
        ([('[{"password":1', "")], "[NOT SENT: unparsed]"),
    ],
)
def test_a_document_that_was_sent_as_a_form_is_a_document(
    params: list[tuple[str, str]], text: str
) -> None:
    """It stands in the names of parameters, where its own names count as well."""
    entry = denied(sent=a_form(*params))

    assert entry["request"]["postData"] == {"mimeType": FORM, "text": text}


def test_a_packed_document_that_was_sent_as_a_form_is_one_too() -> None:
    """Its packing changes nothing."""
    packed = gzip.compress(b'{"a":1,"password":"hunter2"}')
    entry = denied(
        request_headers=[("Content-Encoding", "gzip")], sent=binary_body(packed, FORM)
    )

    assert entry["request"]["postData"]["text"] == ('{"a":1,"password":"[REDACTED 7]"}')


def test_a_document_under_a_form_with_nothing_listed_stays_as_it_is() -> None:
    """Whatever it is called."""
    record = a_record(sent=a_form(('{"a": 1}', ""), ("password2", "1")))

    assert DENY.rewrite(record) == Redacted(record.entry)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("my password is hunter2", "", ("[REDACTED 22]", "")),
        ("password:hunter2", "", ("[REDACTED 16]", "")),
        ("form:password", "hunter2", ("[REDACTED 13]", "[REDACTED 7]")),
        ("password\0", "hunter2", ("[REDACTED 9]", "[REDACTED 7]")),
        ('{"password":"hunter2"}', "", ('{"password":"[REDACTED 7]"}', "")),
        ("user[password]", "hunter2", ("user[password]", "[REDACTED 7]")),
        ("password", "", ("password", "")),
        ("the password field", "on", ("the password field", "on")),
        ("a b", "", ("a b", "")),
        ("my passwords are safe", "", ("my passwords are safe", "")),
    ],
)
def test_a_text_in_the_place_of_a_name_is_searched(
    name: str, value: str, shown: tuple[str, str]
) -> None:
    """In a query as in a form; what is a name by its looks is told."""
    record = a_record(query=[(name, value)], sent=a_form(("a", "1"), (name, value)))
    entry = redacted(DENY, record)

    pair, field = entry["request"]["queryString"][0], entry["request"]["postData"]
    assert (pair["name"], pair["value"]) == shown
    assert field["params"][1] == {"name": shown[0], "value": shown[1]}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("my%20password%20is%20x&a=1", "%5BREDACTED%2016%5D&a=1"),
        ("my%20password%20is%20x=&a=1", "%5BREDACTED%2016%5D=&a=1"),
        (
            "a=1&%7B%22password%22:1%7D",
            "a=1&%7B%22password%22%3A%22%5BREDACTED%5D%22%7D",
        ),
        ("j:password=x&b", "%5BREDACTED%2010%5D=%5BREDACTED%201%5D&b"),
        ("password&a%20b", "password&a%20b"),
    ],
)
def test_a_text_in_the_place_of_a_name_is_searched_in_a_url(
    query: str, shown: str
) -> None:
    """The URL tells what its parameters tell."""
    entry = denied(url=f"https://h/p?{query}")

    assert entry["request"]["url"] == f"https://h/p?{shown}"


def test_removing_leaves_a_mark_in_the_place_of_a_text() -> None:
    """It has no name that it could go with."""
    redactor = Redactor(denylist=["password"], redaction="remove")
    texts = [("my password is x", ""), ("j:password", "y"), ("a", "1")]
    entry = redacted(redactor, a_record(query=texts, sent=a_form(*texts)))

    names = [pair["name"] for pair in entry["request"]["queryString"]]
    fields = [pair["name"] for pair in entry["request"]["postData"]["params"]]
    assert names == fields == ["[REDACTED 16]", "a"]


def test_an_allowlist_hides_a_text_in_the_place_of_a_name() -> None:
    """A short word may be a flag; a sentence or a document is data."""
    texts = [("flag", ""), ("owls are birds", ""), ("x" * 65, ""), ("my id", "")]
    entry = allowed("my id", query=texts, sent=a_form(*texts))

    names = [pair["name"] for pair in entry["request"]["queryString"]]
    fields = [pair["name"] for pair in entry["request"]["postData"]["params"]]
    assert names == fields == ["flag", "[REDACTED 14]", "[REDACTED 65]", "my id"]


@pytest.mark.parametrize("name", ["Referer", "Location", "Content-Location", "X-Url"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/app;password=hunter2", "/app;password=%5BREDACTED%207%5D"),
        ("https://h/a;password=x/b?c=1", "https://h/a;password=%5BREDACTED%207%5D"),
        ("/p?my%20password%20is%20x", "/p?%5BREDACTED%2016%5D"),
        ("/a;b=1", "/a;b=1"),
    ],
)
def test_a_url_in_a_header_is_scrubbed_as_the_url_is(
    name: str, value: str, shown: str
) -> None:
    """Behind semicolons, too, where servers of Java put the session."""
    entry = denied(response_headers=[(name, value)])

    assert header(entry["response"], name) == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (
            "Link",
            "</a;password=1>; rel=next",
            "</a;password=%5BREDACTED%201%5D>; rel=next",
        ),
        ("Refresh", "0; url=/a;password=1", "0; url=/a;password=%5BREDACTED%201%5D"),
        ("Accept", "text/html;password=1", "text/html;password=1"),
        ("Content-Type", "text/html; password=utf-8", "text/html; password=utf-8"),
    ],
)
def test_headers_that_hold_urls_are_known_by_their_values(
    name: str, value: str, shown: str
) -> None:
    """A parameter of a media type is none of a URL."""
    entry = denied(response_headers=[(name, value)])

    assert header(entry["response"], name) == shown


def test_packed_bytes_that_call_themselves_a_picture_stay_here() -> None:
    """A drawing may come packed (.svgz), and no name shows through."""
    packed = gzip.compress(b"<svg><password>hunter2</password></svg>")

    assert given_text(binary_content(packed, "image/svg+xml")) == "[NOT SENT: binary]"


@pytest.mark.parametrize(
    "text", ['"password=hunter2"', '"password"\n"hunter2"\n', ' "my password is x"']
)
@pytest.mark.parametrize("mime_type", ["application/json", "text/csv"])
def test_a_json_string_of_its_own_is_text(text: str, mime_type: str) -> None:
    """No member names it, so only the words in it can tell."""
    shown = given_text(text_content(text, mime_type))

    assert shown == "[NOT SENT: unparsed]"


@pytest.mark.parametrize(
    "text",
    ['"{\\"password\\":\\"hunter2\\",\\"a\\":1}"', '"a"\n{"password":"hunter2"}'],
)
def test_a_json_string_that_holds_json_is_json(text: str) -> None:
    """Some servers encode what they answer twice."""
    shown = given_text(text_content(text, "application/json"))

    assert "[REDACTED 7]" in shown


@pytest.mark.parametrize(
    ("xml", "shown"),
    [
        ("<u><password>x</password></u>", "<u><password>[REDACTED 1]</password></u>"),
        ("<u><password>x</u>", "[REDACTED 18]"),
        ("<p>my password</p>", "<p>my password</p>"),
        ("<u><a>1</a></u>", "<u><a>1</a></u>"),
        ("<unfinished", "<unfinished"),
    ],
)
def test_xml_in_a_field_is_scrubbed_as_xml(xml: str, shown: str) -> None:
    """In a part as in a form and in a query."""
    body = part("x", xml.encode(), b"\r\nContent-Type: text/xml") + b"--b--"
    multipart = denied(
        envelope={"open": True}, sent=text_body(body.decode(), MULTIPART)
    )
    record = denied(sent=a_form(("x", xml)), query=[("x", xml)])

    assert multipart["request"]["postData"]["params"][0]["value"] == shown
    assert record["request"]["postData"]["params"][0]["value"] == shown
    assert record["request"]["queryString"][0]["value"] == shown


@pytest.mark.parametrize(
    ("head", "content", "param"),
    [
        (
            b"\r\nContent-Transfer-Encoding: base64",
            base64.b64encode(b'{"password":"hunter2","a":1}'),
            {"name": "x", "value": '{"password":"[REDACTED 7]","a":1}'},
        ),
        (
            b"\r\nContent-Transfer-Encoding: quoted-printable",
            b'{=22password=22:"hunter2"}',
            {"name": "x", "value": '{"password":"[REDACTED 7]"}'},
        ),
        (
            b"\r\nContent-Transfer-Encoding: BASE64",
            b"?",
            {"name": "x", "value": "?"},
        ),
        (
            b"\r\nContent-Transfer-Encoding: base64",
            b"abcde",
            {"name": "x", "value": "abcde"},
        ),
        (
            b'; name="password"',
            b"hunter2",
            {"name": "[REDACTED 11]", "value": "[REDACTED 7]"},
        ),
    ],
)
def test_no_part_hides_behind_its_own_headers(
    head: bytes, content: bytes, param: dict[str, str]
) -> None:
    """Servers undo transfer encodings, and take one name or the other."""
    body = part("x", content, head) + b"--b--"

    entry = denied(envelope={"open": True}, sent=text_body(body.decode(), MULTIPART))

    assert entry["request"]["postData"]["params"] == [param]


@pytest.mark.parametrize("behind", ["", "\r\n", "\r\n--", "\r\n--bcd", "\r\n--bcdef"])
def test_no_part_that_was_cut_hides_in_base64(behind: str) -> None:
    """With its last odd characters, or the beginning of a delimiter, it is none."""
    head = '--bcdefg\r\nContent-Disposition: form-data; name="x"\r\n'
    head += "Content-Transfer-Encoding: base64\r\n\r\n"
    packed = base64.b64encode(b'{"a":1,"password":"hunter2","b":"cdef"}').decode()
    for end in range(len(packed) // 2, len(packed)):
        body = f"{head}{packed[:end]}{behind}"
        kind = "multipart/form-data; boundary=bcdefg"
        entry = denied(envelope={"open": True}, sent=text_body(body, kind))

        assert "hunter" not in readings(compact(entry))


def test_parts_within_a_part_that_name_something_listed_are_not_sent() -> None:
    """A part of type multipart/mixed is taken for a file."""
    inner = part("password", b"hunter2").replace(b"--b", b"--c")
    head = b"\r\nContent-Type: multipart/mixed; boundary=c"
    body = part("x", inner, head) + b"--b--"

    entry = denied(envelope={"open": True}, sent=text_body(body.decode(), MULTIPART))

    assert entry["request"]["postData"]["params"][0]["value"] == "[NOT SENT: unparsed]"


def spelled(change: str, instead: str, **record: Any) -> Record:
    """Return a record with a piece of its line written otherwise."""
    line = a_record_line(**record)
    assert line.count(change.encode()) == 1
    return parsed(line.replace(change.encode(), instead.encode()))


HIDDEN_COOKIE = '"cookies":[{"name":"password","value":"hunter2"}]'
HEADER = '[{"name":"password","value":"hunter2"}]'


@pytest.mark.parametrize("names", [["password"], ["header.password"]])
@pytest.mark.parametrize("comma", [",", " ,", "\n,\t"])
@pytest.mark.parametrize(
    "before", ['"redirectURL":""', '"content":{', '"postData":{', '"queryString":[]']
)
def test_cookies_are_seen_wherever_they_stand(
    before: str, comma: str, names: list[str]
) -> None:
    """HAR orders no members, and JSON allows blanks around a comma."""
    sent = text_body("a")
    moved = f"{comma}{HIDDEN_COOKIE}{comma}{before}"
    record = spelled(f",{before}", moved, sent=sent, given=text_content("a"))

    assert b"hunter2" not in apply(names, record)


@pytest.mark.parametrize("comma", [",", " ,"])
def test_a_comment_beside_a_body_stays(comma: str) -> None:
    """Also when the body itself is laid out anew."""
    given = json_content({"password": {"a": 1}})
    record = spelled(
        ',"redirectURL"', f'{comma}"comment":"stays"{comma}"redirectURL"', given=given
    )

    left = redacted(DENY, record)

    assert left["response"]["comment"] == "stays"
    assert left["response"]["content"]["text"] == '{"password":"[REDACTED]"}'


@pytest.mark.parametrize(
    ("change", "instead"),
    [
        ('"url":"https', '"url":"https://h/p?password=hunter2;a=1","url":"https'),
        ('"queryString":[]', f'"queryString":{HEADER},"queryString":[]'),
        ('"text":"a"', '"text":"{\\"password\\":\\"hunter2\\"}","text":"a"'),
        ('"postData":', '"postData":{"mimeType":"password"},"postData":'),
        ('"bodySize":1,', f'"bodySize":1,"headers":{HEADER},"headers":[],'),
        ('"method":', f'{HIDDEN_COOKIE},"method":'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("names", [["password"], ["header.password", "password"]])
@pytest.mark.parametrize("is_blind", [False, True])
def test_of_a_member_that_is_given_twice_one_leaves(
    change: str, instead: str, names: list[str], is_blind: bool
) -> None:
    """It is the last one, which is the one that decoders read."""
    tree = an_entry(sent=text_body("a"))
    tree["request"]["bodySize"] = 1
    line = compact({"v": 1, "id": RECORD_ID, "client": "203.0.113.9", "entry": tree})
    record = parsed(line.replace(change.encode(), instead.encode(), 1))

    left = apply([*names, "ä"] if is_blind else names, record)

    assert b"hunter2" not in left
    assert json.loads(left) == json.loads(record.entry)


def apply(names: list[str], record: Record) -> bytes:
    """Return the entry that may leave under a denylist."""
    result = Redactor(denylist=names).apply(record)
    assert isinstance(result, Redacted)
    return result.entry
