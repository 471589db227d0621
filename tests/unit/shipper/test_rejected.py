"""Refused lines are shown without listed secrets, or not at all."""

from __future__ import annotations

import base64
import json

import pytest

from shipper.rejected import MAX_SHOWN_BYTES, RejectedText
from wsgi_writer.mask import Masks

SHOWN = RejectedText(Masks(query=["ssn_no"], headers=["x-mine"], fields=["iban"]))
SECRET = "hunter2S3CR3T"
UNSURE = r"/?pass\u0077ord=x"  # nothing of a line is shown that shows it


@pytest.mark.parametrize(
    "line",
    [
        "GET /?api_key=~ HTTP/1.1",
        "GET /?password=a ~ b HTTP/1.1",
        'GET /?password=a" ~ HTTP/1.1" 200 5',
        "GET /?user[password]=~&x=1",
        "GET /?password[]=~",
        "GET /?token[0][a b]=~&x=1",
        "GET /?token%5B0%5D=~",
        "GET /?u=%252F%253Ftoken%255B0%255D%253D~",
        "GET /?user.password.value=~",
        "GET /?%61pi_key=~",
        "GET /?api%5Fkey=~",
        "GET /?ssn-no=~",
        "GET /?u=http%3A%2F%2Fx%2F%3Fapi_key%3D~%26x%3D1",
        "GET /?u=http%253A%252F%252Fx%253Ftoken%253D~",
        '"http://u:~@x.test/"',
        '"http://~@x.test/"',
        "Authorization: Bearer ~",
        "authorization=Basic%20~",
        "bearer ~",
        '1 - - [x] "Basic ~"',
        "X-Mine: ~",
        "HTTP_X_API_KEY: ~",
        "Cookie: sid=~; t=~",
        "Set-Cookie: a=b; sid=~",
        "2019\t12\tsid=~;%20t=~\tHit",
        "- - sid=~ - ----",
        "eyJhbGciOiJIUzI1NiJ9.~.~",
        '{"password":"~',
        '{"level":"x","password":"~"}',
        '{"a":{"iban":["~"]}}',
        '{"request":{"headers":{"Authorization":["Bearer ~"],"Cookie":["a=~"]}}}',
        '{"name":"X-Api-Key","value":"~"}',
        '{"body":"{\\"password\\":\\"~\\"}"}',
        '{"uri":"/a?code=~"}',
        '{"request_Authorization":"Bearer ~","downstream_Set-Cookie":"a=~"}',
        '{"msg":"failed: password: ~"}',
        r"{\x22password\x22:\x22~\x22}",
        r'{"pass\u0077ord":"~',
        r"/?pass\u0077ord=~",
        '[{"client_secret":12,"x":"token=~"}]',
        '{"request":{"cookies":[{"name":"sid","value":"~"}],"method":""}}',
        '{"cookies":{"sid":"~"},"status":0}',
        '{"cookie_sid":"~","status":0}',
        r'{"body":"--b\r\ncontent-disposition: form-data; name=\"iban\"\r\n\r\n~\r\n"}',
        r'{"body":"--b\nContent-Disposition: form-data; name = password\n\n~"}',
        r"{\x22body\x22:\x22--b\x0D\x0A: form-data; name=\x22iban\x22\x0D\x0A\x0D\x0A~",
        """{"body":"--b\\r\\n: form-data; name*=utf-8''iban\\r\\n\\r\\n~"}""",
        r'{"body":"--b\r\n: form-data; name=\"ib%61n\"; x\r\n\r\n~\r\n"}',
        r'{"body":"--b\r\n: form-data; name=\"user[iban][]\"\r\n\r\n~\r\n"}',
        '{"queryString":[{"name":"user[password]","value":"~"}]}',
        '{"queryString":[{"name":"password[]","value":"~"}]}',
        '{"params":[{"name":"token[0].value","value":"~"}]}',
        '{"headers":[{"name":"X-Api-Key","value":"~',
        '{"form":{"iban[0]":"~"},"status":0}',
        '{"form":{"iban[0]":"~',
        '{"queryString":[{"name":"user%5B%70assword%5D","value":"~"}]}',
    ],
)
def test_no_listed_secret_is_shown(line: str) -> None:
    """Whatever the line is, and wherever the secret stands in it."""
    shown = SHOWN.show(line.replace("~", SECRET).encode())

    assert SECRET not in shown
    assert "[" in shown


@pytest.mark.parametrize("line", ["~", "\u00e9~", '{"a":"~"}', '{"~":1}'])
def test_what_is_shown_ends_before_a_password_whose_end_is_not(line: str) -> None:
    """The `@` that makes it one stands behind the end."""
    start = "x" * (MAX_SHOWN_BYTES - 20)

    shown = SHOWN.show(line.replace("~", f"{start} http://owl:{SECRET}@h/").encode())

    assert SECRET[:4] not in shown


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["eyJ", "&", "password[", "name=name[["])
def test_a_long_value_takes_no_more_time_than_what_is_shown(piece: str) -> None:
    """A client chooses it, and one that looks like many tokens took minutes."""
    long = piece * (1_048_576 // len(piece))

    shown = SHOWN.show(json.dumps({long: long}).encode())

    assert len(shown) <= MAX_SHOWN_BYTES


@pytest.mark.parametrize("value", ["", "a", 1, [], '{"name":1}', {"a.b": 1}])
def test_no_more_values_are_looked_at_than_can_be_shown(value: object) -> None:
    """They would be masked, at ten seconds for 1 MiB, to be cut off again."""
    many = [value] * MAX_SHOWN_BYTES
    lines = [
        [*many, UNSURE],
        dict(enumerate([*many, UNSURE])),
        [json.dumps([*many, UNSURE])],
    ]

    shown = [SHOWN.show(json.dumps(line).encode()) for line in lines]

    assert [len(text) for text in shown] == [MAX_SHOWN_BYTES] * 3


@pytest.mark.parametrize(
    "line",
    [
        '203.0.113.9 - owl [23/Nov/2026:12:00:00 +0000] "GET /a?b=c&d=e HTTP/1.1" 0 5',
        "Feb 25 16:19:38 192.168.4.2 haproxy[1]: Proxy in started.",
        "\u00e9 monkey: fine",
        "",
    ],
)
def test_what_holds_no_secret_is_shown_whole(line: str) -> None:
    """An operator has to see what is wrong with it."""
    assert SHOWN.show(line.encode()) == line


@pytest.mark.parametrize(
    "body",
    [
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n~\r\n--b--',
        "<user><password>~</password></user>",
        base64.b64encode(f'{{"password":"{SECRET}"}}'.encode()).decode(),
    ],
)
def test_a_body_in_a_har_is_not_shown(body: str) -> None:
    """It is of any type and may be packed, and no entry is refused for its sake."""
    text = body.replace("~", SECRET)
    post = {"mimeType": "x/y", "text": text, "encoding": "base64"}
    entry = {"request": {"postData": post}, "response": {"content": post}}

    assert json.loads(SHOWN.show(json.dumps(entry).encode())) == {
        "request": {"postData": "[REDACTED]"},
        "response": {"content": "[REDACTED]"},
    }


def test_a_document_that_is_no_utf_8_is_one_all_the_same() -> None:
    """As free text its pairs of name and value would not be known as such."""
    line = b'{"a":"\xe9","headers":[{"name":"X-Api-Key","value":"hunter2"}]}'

    assert (
        SHOWN.show(line)
        == '{"a": "\u00e9", "headers": [{"name": "X-Api-Key", "value": "[REDACTED]"}]}'
    )


def test_neighbours_of_a_secret_stay() -> None:
    """A value ends at the next parameter, and at the end of the target."""
    line = b'"GET /?a=1&token=x&b=2 HTTP/1.1" 200 "https://x.test/?sig=y&c=3"'

    assert (
        SHOWN.show(line)
        == '"GET /?a=1&token=[REDACTED]&b=2 HTTP/1.1" 200 '
        + '"https://x.test/?sig=[REDACTED]&c=3"'
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"a\x00b", "[NOT SHOWN: binary data, or text in UTF-16]"),
        (rb"/?pass\u0077ord=x", "[NOT SHOWN: a listed name may be hidden in it]"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "[NOT SHOWN: nested too deeply]"),
        (b"\xff\xe9 {", "\u00ff\u00e9 {"),
        (b'{"a":"' + b"x" * 9000 + b'"}', '{"a": "' + "x" * (MAX_SHOWN_BYTES - 7)),
        (b"x" * 9000, "x" * MAX_SHOWN_BYTES),
        (b'{"a": 1, "b": [true, null]}', '{"a": 1, "b": [true, null]}'),
        (b'{"a\\ud800": "\\udfffb"}', '{"a\ufffd": "\ufffdb"}'),
    ],
)
def test_what_cannot_be_decided_is_not_shown(line: bytes, shown: str) -> None:
    """The reason stands in its place; long lines are cut."""
    assert SHOWN.show(line) == shown


def test_without_a_field_list_headers_and_queries_are_still_masked() -> None:
    """Those two lists cannot be switched off."""
    shown = RejectedText(Masks(fields=None)).show(b"/?token=x&iban=y")

    assert shown == "/?token=[REDACTED]&iban=y"
