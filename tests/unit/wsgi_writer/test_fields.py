"""Listed fields in JSON, forms and multipart bodies, replaced in place."""

from __future__ import annotations

import base64
import json

import pytest

from wsgi_writer.fields import FieldMask, looks_like_json
from wsgi_writer.mask import Masks

FIELDS = FieldMask(Masks())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"password":"hunter2"}', '{"password":"[REDACTED 7]"}'),
        (
            ' { "a" : [ { "PassWord" :\n"hunter2" , "b" : 1.50 } ] } ',
            ' { "a" : [ { "PassWord" :\n"[REDACTED 7]" , "b" : 1.50 } ] } ',
        ),
        ('{"cvv":123,"x":1e999}', '{"cvv":"[REDACTED]","x":1e999}'),
        ('{"cvv":null}', '{"cvv":"[REDACTED]"}'),
        ('{"secret":{"a":["}",{"b":"\\""}]},"c":1}', '{"secret":"[REDACTED]","c":1}'),
        ('{"secret":[["]"]],"c":1}', '{"secret":"[REDACTED]","c":1}'),
        ('{"secret":["password"],"c":[]}', '{"secret":"[REDACTED]","c":[]}'),
        (
            '{"password":"a","password":"bc"}',
            '{"password":"[REDACTED 1]","password":"[REDACTED 2]"}',
        ),
        (
            '[{"cvv":"1"},{"cvv":"12"}]',
            '[{"cvv":"[REDACTED 1]"},{"cvv":"[REDACTED 2]"}]',
        ),
        ('{"p\\u0061ssword":"h\\u0075nter2"}', '{"p\\u0061ssword":"[REDACTED 7]"}'),
        ('{"cvv":"🦉é"}', '{"cvv":"[REDACTED 2]"}'),
        ('{"cvv":"\\"\\\\"}', '{"cvv":"[REDACTED 2]"}'),
        ('{"cvv":NaN,"a":Infinity}', '{"cvv":"[REDACTED]","a":Infinity}'),
        ('{"a":1}\n{"cvv":"1"}\n', '{"a":1}\n{"cvv":"[REDACTED 1]"}\n'),
        ('\x1e{"cvv":"1"}\n', '\x1e{"cvv":"[REDACTED 1]"}\n'),
        ('\ufeff{"cvv":"1"}', '\ufeff{"cvv":"[REDACTED 1]"}'),
        ('{"İ":1,"cvv":"1"}', '{"İ":1,"cvv":"[REDACTED 1]"}'),
    ],
)
def test_listed_values_are_replaced_and_nothing_else(given: str, expected: str) -> None:
    """At any depth, in any case, and every other byte stays as it was."""
    assert expected == FIELDS.mask_json(given)


@pytest.mark.parametrize(
    "given",
    [
        '{"a":"password","b":["secret"],"password_hint":"x","keys":1}',
        '{"say \\"password":"x"}',
        '{"\\\\u0063vv":"x"}',
        '"password"',
        '{"a":"{\\"b\\":\\"password\\"}"}',
    ],
)
def test_a_text_without_listed_keys_is_returned_as_it_is(given: str) -> None:
    """A name in a value, or within a longer name, is not listed."""
    assert FIELDS.mask_json(given) is given


@pytest.mark.parametrize(
    "given",
    [
        '{"password":"hunt',
        '{"password":"hunter2"',
        '{"password":"x"} and more',
        "{'password': 'x'}",
        "",
        "   ",
        '{"password":"' + "\n" + '"}',
        '{"password":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"password":' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_json_is_not_guessed_at(given: str) -> None:
    """Cut, nested too deeply, or not JSON at all: None, and no exception."""
    assert FIELDS.mask_json(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            '{"Message":"{\\"cvv\\":\\"1\\",\\"a\\":\\"é\\"}"}',
            '{"Message":"{\\"cvv\\":\\"[REDACTED 1]\\",\\"a\\":\\"é\\"}"}',
        ),
        ('{"a":"[\\"cvv\\" is short"}', '{"a":"[REDACTED 15]"}'),
    ],
)
def test_json_inside_a_json_string_is_masked(given: str, expected: str) -> None:
    """A message wrapped in a message; what only looks like one is replaced."""
    assert expected == FIELDS.mask_json(given)


def test_half_a_character_in_json_inside_a_json_string_stays_escaped() -> None:
    """Undone it could be written nowhere, and the record would be lost."""
    given = r'{"a":"{\"cvv\":1,\"b\":\"\ud83e é\"}"}'
    masked = FIELDS.mask_json(given)

    assert masked is not None
    assert masked.encode("utf-8")
    inner = json.loads(json.loads(masked)["a"])
    assert inner == {"cvv": "[REDACTED]", "b": "\ud83e é"}


def test_json_in_json_in_json_ends_somewhere() -> None:
    """Too many wrappings are replaced as a whole."""
    text = '{"cvv":"hunter2"}'
    for _ in range(6):
        text = json.dumps({"m": text})

    masked = FIELDS.mask_json(text)

    assert masked is not None
    assert "hunter2" not in masked


def test_a_name_in_another_script_is_masked() -> None:
    """`mask_fields` takes any name."""
    fields = FieldMask(Masks(fields=["contraseña"]))

    assert fields.mask_json('{"CONTRASEÑA":"x"}') == '{"CONTRASEÑA":"[REDACTED 1]"}'


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", "plain"),
        ('{"a":1}', '{"a":1}'),
        ('{"cvv":"1"}', '{"cvv":"[REDACTED 1]"}'),
        ('{"cvv":"1', "[REDACTED 9]"),
        ("[password]", "[password]"),
    ],
)
def test_json_in_a_form_value_is_masked(given: str, expected: str) -> None:
    """Webhooks send JSON as the value of a field."""
    assert expected == FIELDS.mask_form_value(given)


def test_what_begins_like_json_is_told() -> None:
    """After white space, NULs and byte order marks too."""
    assert all(map(looks_like_json, ("{", " \r\n[", "\ufeff{", "\xff\xfe\0{")))
    assert not any(map(looks_like_json, ("", "a{", '"a"')))


def multipart(*parts: bytes) -> bytes:
    """Return a multipart body with the boundary `B`."""
    return b"".join(b"--B\r\n" + part + b"\r\n" for part in parts) + b"--B--\r\n"


def field(name: bytes, content: bytes, more: bytes = b"") -> bytes:
    """Return one part."""
    head = b'Content-Disposition: form-data; name="' + name + b'"' + more
    return head + b"\r\n\r\n" + content


@pytest.mark.parametrize(
    "part",
    [
        field(b"password", b"hunter2"),
        field(b"PassWord", b"hunter2", b'; filename="a.txt"\r\nContent-Type: a/b'),
        field(b"user[password]", b"hunter2"),
        field(b"pass%77ord", b"hunter2"),
        field(b"pass\\word", b"hunter2"),
        b"Content-Disposition: form-data; name=password\r\n\r\nhunter2",
        b"Content-Disposition: form-data;\r\n name=password\r\n\r\nhunter2",
        b"content-disposition:form-data;name*=utf-8''p%61ssword\r\n\r\nhunter2",
        b'Content-Disposition: form-data; name*0="pass"; name*1="word"\r\n\r\nhunter2',
        b"Content-Disposition: form-data; name==?utf-8?q?password?=\r\n\r\nhunter2",
    ],
)
def test_a_listed_part_is_emptied_in_place(part: bytes) -> None:
    """However its name is written; its neighbours stay byte for byte."""
    before, after = (
        field(b"a", b"\xff\x00--b \r\n"),
        field(b"b", b"", b'; filename="p"'),
    )
    expected = multipart(before, part.replace(b"hunter2", b"[REDACTED 7]"), after)

    assert expected == FIELDS.mask_multipart(
        multipart(before, part, after), "B", is_cut=False
    )


def test_json_in_a_part_is_masked() -> None:
    """A part may hold a document of its own."""
    body = multipart(field(b"meta", b'{"cvv":"1","a":"\xc3\xa9"}'))

    assert body.replace(b'"1"', b'"[REDACTED 1]"') == FIELDS.mask_multipart(
        body, "B", is_cut=False
    )


@pytest.mark.parametrize(
    "body",
    [
        multipart(field(b"a", b"password"), field(b"b", b"1")),
        multipart(field(b"password", b"")),
        multipart(b"Content-Type: a/b\r\n\r\nno name"),
        b"no multipart",
    ],
)
def test_an_unlisted_multipart_body_is_the_same_object(body: bytes) -> None:
    """Names in contents are free text, and nothing is as empty as nothing."""
    assert FIELDS.mask_multipart(body, "B", is_cut=False) is body


@pytest.mark.parametrize(
    ("body", "boundary", "is_cut"),
    [
        (multipart(field(b"password", b"hunter2")), "B", True),
        (multipart(field(b"password", b"hunter2"))[:-9], "B", False),
        (multipart(field(b"pass%77ord", b"hunter2"))[:-9], "B", True),
        (multipart(field(b"password", b"hunter2")), "other", False),
        (multipart(field(b"password", b"hunter2")), "", False),
        (b"--B\r\nname=password\r\n--B--", "B", False),
    ],
)
def test_a_broken_multipart_body_with_a_listed_name_is_refused(
    body: bytes, boundary: str, is_cut: bool
) -> None:
    """What cannot be read is not written."""
    assert FIELDS.mask_multipart(body, boundary, is_cut=is_cut) is None


SECRET_PART = field(b"password", b"hunter2")
OPENING = b"--B\r\n" + field(b"a", b"x")
CLOSING = b"\r\n--B--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        # A line that only begins like the boundary, within a listed part and outside.
        multipart(field(b"password", b"x\r\n--Bell\r\n\r\nhunter2")),
        multipart(field(b"a", b"x\r\n--Bell\r\n" + SECRET_PART)),
        multipart(field(b"password", b"x\n--B\n" + field(b"a", b"hunter2"))),
        multipart(field(b"password", b"x\r--B\r" + field(b"a", b"hunter2"))),
        # For some servers it may stand anywhere.
        OPENING + b"--B\r\n" + SECRET_PART + CLOSING,
        # Or they read on behind the end, and begin before the beginning.
        OPENING + CLOSING + SECRET_PART,
        OPENING + CLOSING + b"--B\r\n" + SECRET_PART + CLOSING,
        SECRET_PART + b"\r\n" + OPENING + CLOSING,
        # Bare line ends, and blank lines of blanks.
        multipart(b"X: y\r" + SECRET_PART),
        multipart(b"X: y\n" + SECRET_PART),
        multipart(b"X: y\n\n" + SECRET_PART),
        multipart(b"X: y\r\r" + SECRET_PART),
        multipart(b"X: y\r\n \r\n" + SECRET_PART),
        multipart(SECRET_PART.replace(b"\r\n\r\n", b"\r\n \r\n")),
        multipart(b" " + SECRET_PART),
        multipart(b"no header\r\n" + SECRET_PART),
        multipart(field(b"pass\0word", b"hunter2")),
        multipart(SECRET_PART).replace(b"\r\n", b"\r"),
    ],
)
def test_a_body_that_servers_read_in_several_ways_is_refused(body: bytes) -> None:
    """Whichever way theirs is, what they take for a listed value is not written."""
    masked = FIELDS.mask_multipart(body, "B", is_cut=False)

    assert masked is None or b"hunter2" not in masked


@pytest.mark.parametrize(
    "name",
    [
        b'name="a\\"; name="password"',
        b'filename="C:\\"; name="password"; x=""',
        b"name='password'",
        b"name*=utf-16le''p%00a%00s%00s%00w%00o%00r%00d%00",
        b"name*=utf-7''%2BAHA-assword",
        b"name*=\"utf-8''p%61ssword\"",
        b"name*=iso-8859-1'en'password",
        b"name*=password",
        b"name=\"a\"; name*=utf-8''password",
        b'name="a"\r\nContent-Disposition: form-data; name="password"',
        b'name="password"\r\nContent-Disposition: form-data; name="a"',
        b'name="a =?utf-8?q?password?="',
        b'x="y"name="password"',
    ],
)
def test_a_name_that_servers_read_in_several_ways_is_listed(name: bytes) -> None:
    """One of them may read a listed name."""
    part = b"Content-Disposition: form-data; " + name + b"\r\n\r\nhunter2"
    body = multipart(field(b"a", b"1"), part)

    assert body.replace(b"hunter2", b"[REDACTED 7]") == FIELDS.mask_multipart(
        body, "B", is_cut=False
    )
    assert FIELDS.mask_multipart(body, "other", is_cut=False) is None


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"Content-Transfer-Encoding: base64", base64.b64encode(b'{"cvv":"123"}')),
        (b"Content-Transfer-Encoding: BASE64", b"eyJjdnYi"),
        (b"content-transfer-encoding:quoted-printable", b'{"c=76v": "123"}'),
        (b"Content-Type: multipart/mixed; boundary=C",
         b"--C\r\n" + field(b"c%76v", b"123") + b"\r\n--C--"),
        (b"Content-Type: application/http",
         b'POST / HTTP/1.1\r\nA: b\r\n\r\n{"cvv":"123"}'),
        (b"Content-Type: message/rfc822", b"cvv: 123"),
    ],
)  # fmt: skip
def test_what_a_part_hides_is_looked_for(head: bytes, content: bytes) -> None:
    """In a transfer encoding, in parts of its own, in a message."""
    body = multipart(field(b"a", b"1"), head + b"\r\n\r\n" + content)
    masked = FIELDS.mask_multipart(body, "B", is_cut=False)

    assert masked == body.replace(content, b"[REDACTED %d]" % len(content))
    assert FIELDS.mask_multipart(body, "B", is_cut=True) is None


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"Content-Transfer-Encoding: base64", b"aGFybWxlc3M="),
        (b"Content-Transfer-Encoding: binary", b"\xff\x00"),
        (b"Content-Type: multipart/mixed; boundary=C", b"--C\r\n\r\nx\r\n--C--"),
    ],
)
def test_what_a_part_hides_stays_if_it_is_harmless(head: bytes, content: bytes) -> None:
    """Files in Base64 and parts in parts are no reason by themselves."""
    body = multipart(head + b"\r\n\r\n" + content)

    assert FIELDS.mask_multipart(body, "B", is_cut=False) is body
