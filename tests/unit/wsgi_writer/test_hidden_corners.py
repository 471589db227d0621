"""Listed values in the corners where somebody who builds a body twice puts them."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.exchanges import an_exchange, encoded
from wsgi_writer.mask import Masks

SECRET = "hunter2-unique"
PLAIN = json.dumps({"password": SECRET})
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def line_of(masks: Masks | None = None, **exchange: Any) -> bytes:
    """Return a record with everything in Base64 and in packings laid open."""
    line = encoded(an_exchange(**exchange), masks)
    shown = [line]
    for found in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", line):
        content = base64.b64decode(found[: len(found) // 4 * 4])
        for _ in range(3):
            shown.append(content)
            try:
                content = zlib.decompress(content, 47)
            except zlib.error:
                break
    return b"\n".join(shown)


def both_sides(body: bytes, kind: str, coding: str = "") -> list[dict[str, Any]]:
    """Return a body as that of a request, and as that of a response."""
    headers = [("Content-Encoding", coding)] if coding else []
    return [
        {f"{side}_body": body, f"{side}_type": kind, f"{side}_headers": headers}
        for side in ("request", "response")
    ]


@pytest.mark.parametrize("times", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("is_nested", [False, True])
def test_json_that_was_made_a_string_more_than_once(
    times: int, is_nested: bool
) -> None:
    """Each time it is a string in a string."""
    text = PLAIN
    for _ in range(times):
        text = json.dumps(text)
    body = json.dumps({"a": json.loads(text)}) if is_nested else text

    for exchange in both_sides(body.encode(), JSON):
        assert SECRET.encode() not in line_of(**exchange)


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("times", [1, 2])
def test_what_is_packed_more_often_than_it_says_stays_out(
    pack: Any, coding: str, times: int
) -> None:
    """Or not as it says."""
    body = PLAIN.encode()
    for _ in range(times):
        body = pack(body)

    for exchange in both_sides(body, JSON, coding):
        assert SECRET.encode() not in line_of(**exchange)


@pytest.mark.parametrize(
    "kind",
    [JSON, "text/plain", "application/x-amz-json-1.0", "application/octet-stream", ""],
)
@pytest.mark.parametrize("coding", ["amz-1.0", "utf-8", "gzip", "identity, identity"])
def test_json_that_is_not_packed_is_masked_whatever_its_coding(
    kind: str, coding: str
) -> None:
    """Some clients write there what they like."""
    for exchange in both_sides(PLAIN.encode(), kind, coding):
        line = line_of(**exchange)
        assert SECRET.encode() not in line
        assert b"[REDACTED 14]" in line


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (f"a=1; Path=/, sid={SECRET}; Path=/",
         "a=[REDACTED 1]; Path=/, sid=[REDACTED 14]; Path=/"),
        (f"a=1; expires=Thu, 01 Jan 2030 00:00:00 GMT, sid={SECRET}; HttpOnly",
         "a=[REDACTED 1]; expires=Thu, 01 Jan 2030 00:00:00 GMT, "
         "sid=[REDACTED 14]; HttpOnly"),
        ("a=1; expires=Thu, 01 Jan 2030 00:00:00 GMT",
         "a=[REDACTED 1]; expires=Thu, 01 Jan 2030 00:00:00 GMT"),
    ],
)  # fmt: skip
def test_cookies_that_a_proxy_has_joined(value: str, shown: str) -> None:
    """Each is one of its own."""
    line = line_of(response_headers=[("Set-Cookie", value)])

    assert json.dumps(shown).encode() in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Referer", f"https://x/p?token={SECRET}&q=<b>"),
        ("Referer", f"https://x/p?q=<b>&token={SECRET}"),
        ("Referer", f"https://u:{SECRET}@x/p?q=<b>"),
        ("Location", f"https://x/p?token={SECRET}<b>"),
        ("Link", f'</a>; anchor="https://x/?token={SECRET}"'),
        ("Link", f"</a>; rel=next, <https://x/?token={SECRET}>; rel=last"),
    ],
)
def test_a_bracket_in_a_url_hides_nothing(name: str, value: str) -> None:
    """Only Link has its URLs between brackets."""
    for side in ("request_headers", "response_headers"):
        exchange: dict[str, Any] = {side: [(name, value)]}
        assert SECRET.encode() not in line_of(**exchange)


@pytest.mark.parametrize(
    "body",
    [
        f"password={SECRET}\n",
        f"a=1&password={SECRET}\r\n",
        f"&password={SECRET}",
        f"flag&password={SECRET}",
        f"=&password={SECRET}",
        f"user[password]={SECRET}&a=1",
        f"user[name]=a&user[password]={SECRET}",
        f"password=a {SECRET} b",
        f"q=a b&password={SECRET}",
    ],
)
def test_a_form_without_a_type_as_it_comes_from_a_file(body: str) -> None:
    """With a newline at its end, names without values, brackets and blanks."""
    exchange = an_exchange(request_body=body.encode(), request_headers=[])

    assert SECRET.encode() not in encoded(exchange)


@pytest.mark.parametrize(
    "head",
    [
        'X-Content-Disposition: form-data; name="a"\r\n',
        'Content-Type: text/plain; x="content-disposition: name=a"\r\n',
    ],
)
def test_a_parts_name_is_that_of_its_own_header(head: str) -> None:
    """And not what looks like it in another one."""
    body = (
        f'--b\r\n{head}Content-Disposition: form-data; name="password"\r\n\r\n'
        f"{SECRET}\r\n--b--"
    )
    kind = "multipart/form-data; boundary=b"

    assert SECRET.encode() not in line_of(request_body=body.encode(), request_type=kind)


@pytest.mark.parametrize("name", ["social_number", "social-number", "socialNumber"])
@pytest.mark.parametrize("given", ["social_number", "social-number", "socialNumber"])
def test_an_added_name_has_all_its_spellings(name: str, given: str) -> None:
    """However it was given."""
    masks = Masks(fields=[given], query=[given])
    body = json.dumps({name: SECRET}).encode()

    line = line_of(
        masks, target=f"/?{name}={SECRET}", request_body=body, request_type=JSON
    )

    assert SECRET.encode() not in line


@pytest.mark.parametrize("name", ["contraseña", "my.pin", "パス"])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_an_odd_name_is_found_through_escapes(name: str, times: int) -> None:
    """As Python writes them, once for each string around."""
    body: object = {name: SECRET}
    for _ in range(times):
        body = {"a": json.dumps(body)}

    for exchange in both_sides(json.dumps(body).encode(), JSON):
        assert SECRET.encode() not in line_of(Masks(fields=[name]), **exchange)


@pytest.mark.parametrize("before", ["?", "?a=1&", "#", "#/r?"])
@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"[{PLAIN}]",
        json.dumps({"input": {"user": PLAIN}}),
        json.dumps({"contrase\u00f1a": SECRET}),
        json.dumps({"contrase\u00f1a": SECRET}, ensure_ascii=False),
        PLAIN[:-1],
    ],
)
@pytest.mark.parametrize("escaped", ["", "%7B", "%7b"])
def test_json_in_a_parameter_of_a_url(before: str, text: str, escaped: str) -> None:
    """As GraphQL has its variables, percent-encoded or not."""
    shown = quote(text).replace("%7B", escaped) if escaped else text
    url = f"/graphql{before}variables={shown}&operationName=Login"
    native = url.encode().decode("latin-1")

    for exchange in (
        {"target": native},
        {"route": native},
        {"request_headers": [("Referer", f"https://h{native}")]},
        {"response_headers": [("Location", native)]},
        {"response_headers": [("Link", f"<{native}>; rel=next")]},
    ):
        line = line_of(Masks(fields=["contrase\u00f1a"]), **exchange)
        assert SECRET.encode() not in line
        assert b"operationName=Login" in line


ODD_NAMES = [
    ("contraseña", "utf-8"), ("contraseña", "latin-1"), ("contraseña", "mac-roman"),
    ("пароль", "utf-8"), ("пароль", "cp1251"), ("пароль", "koi8-r"),
    ("パス", "utf-8"), ("パス", "shift-jis"), ("パス", "utf-16-le"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "charset"), ODD_NAMES)
def test_an_odd_name_is_found_in_every_charset(name: str, charset: str) -> None:
    """As some clients still write it: percent-encoded or not, in a query or a form."""
    raw, escaped = name.encode(charset), quote(name, encoding=charset)
    native, secret = raw.decode("latin-1"), SECRET.encode()
    disposition = b'Content-Disposition: form-data; name="%b"'
    form, parts = {"request_type": FORM}, {"request_type": "multipart/x; boundary=b"}
    exchanges: list[dict[str, Any]] = [
        {"target": f"/?a=1&{escaped}={SECRET}"},
        {"target": f"/?{native}={SECRET}"},
        {"target": f"/?u[{escaped}]={SECRET}"},
        {"request_headers": [("Referer", f"https://h/?a=1&{escaped}={SECRET}")]},
        {"response_headers": [("Location", f"/?{native}={SECRET}")]},
        form | {"request_body": f"a=1&{escaped}={SECRET}".encode()},
        form | {"request_body": b"a=1&%b=%b" % (raw, secret)},
        form | {"request_body": b"%b=%b" % (raw, secret), "request_body_size": 999},
        {"response_type": FORM, "response_body": b"%b=%b" % (raw, secret)},
        {"request_headers": [], "request_body": b"a=1&%b=%b" % (raw, secret)},
    ]
    for head in (
        disposition % raw,
        disposition % escaped.encode(),
        f"Content-Disposition: x; name*={charset}''{escaped}".encode(),
    ):
        body = b"--b\r\n%b\r\n\r\n%b\r\n--b--" % (head, secret)
        exchanges += [
            parts | {"request_body": body},
            parts | {"request_body": body[:-2]},
            parts | {"request_body": body, "request_body_size": 999},
        ]

    for exchange in exchanges:
        masks = Masks(fields=[name], query=[name])
        assert SECRET.encode() not in line_of(masks, **exchange)


@pytest.mark.parametrize(("name", "charset"), ODD_NAMES)
@pytest.mark.parametrize("kind", [JSON, "text/plain", FORM, "multipart/x; boundary=b"])
def test_an_odd_key_of_json_is_found_or_the_body_stays_out(
    name: str, charset: str, kind: str
) -> None:
    """JSON is UTF-8, but not everybody knows."""
    text = json.dumps({name: SECRET, "b": "\xe9"}, ensure_ascii=False)
    bodies = [
        text.encode(charset, "replace"),
        text.encode(charset, "replace") + b"\xff",
        text.encode().replace("\xe9".encode(), b"\xff"),
    ]
    if kind.startswith("multipart"):
        bodies = [
            b"--b\r\n%b\r\n%b\r\n--b--" % (head, body)
            for head in (b"", b"A: b\r\n")
            for body in bodies
        ]

    for body in bodies:
        for exchange in both_sides(body, kind):
            assert SECRET.encode() not in line_of(Masks(fields=[name]), **exchange)


def test_other_names_beyond_ascii_are_shown() -> None:
    """As long as they are UTF-8, or no listed name is beyond ASCII."""
    known = Masks(fields=["contraseña"], query=["contraseña"])
    target, body = f"/?a%C3%B1o={SECRET}", f"a%C3%B1o={SECRET}".encode()
    latin = f"/?a%F1o={SECRET}"

    for masks, given in ((known, target), (None, latin)):
        line = line_of(masks, target=given, request_body=body, request_type=FORM)
        assert line.count(SECRET.encode()) == 3


@pytest.mark.parametrize("coding", ["", "gzip", "amz-1.0"])
@pytest.mark.parametrize("kind", [JSON, "", FORM, "multipart/x; boundary=b"])
def test_half_a_character_loses_no_record(coding: str, kind: str) -> None:
    """JSON may name it, in a document inside a document too."""
    inner = json.dumps({"password": SECRET, "b": "\ud83e"}, ensure_ascii=False)
    body = json.dumps({"a": inner}).encode()
    if kind == FORM:
        body = b"a=" + quote(body).encode()
    if kind.startswith("multipart"):
        body = b"--b\r\n\r\n%b\r\n--b--" % body
    if coding == "gzip":
        body = gzip.compress(body)

    for exchange in both_sides(body, kind, coding):
        assert SECRET.encode() not in line_of(**exchange)


def test_a_location_may_be_masked_whole() -> None:
    """HAR repeats it under a name of its own."""
    headers = [("Location", f"https://h/{SECRET}")]

    line = line_of(Masks(headers=["Location"]), response_headers=headers)

    assert SECRET.encode() not in line
    assert b'"redirectURL":"[REDACTED 24]"' in line
