"""Listed parts of multipart bodies, replaced in place."""

from __future__ import annotations

import base64

import pytest

from wsgi_writer.fields import FieldMask
from wsgi_writer.mask import Masks
from wsgi_writer.parts import PartMask

PARTS = PartMask(FieldMask(Masks()))


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

    assert expected == PARTS.mask(multipart(before, part, after), "B", is_cut=False)


def test_json_in_a_part_is_masked() -> None:
    """A part may hold a document of its own."""
    body = multipart(field(b"meta", b'{"cvv":"1","a":"\xc3\xa9"}'))

    assert body.replace(b'"1"', b'"[REDACTED 1]"') == PARTS.mask(
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
    assert PARTS.mask(body, "B", is_cut=False) is body


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
    assert PARTS.mask(body, boundary, is_cut=is_cut) is None


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
        # For some, blanks behind a boundary make none of it, and a part needs headers.
        multipart(field(b"password", b"x\r\n--B \r\n" + field(b"a", b"hunter2"))),
        multipart(b"\r\nx\r\n" + SECRET_PART),
        multipart(SECRET_PART).replace(b"\r\n", b"\r"),
    ],
)
def test_a_body_that_servers_read_in_several_ways_is_refused(body: bytes) -> None:
    """Whichever way theirs is, what they take for a listed value is not written."""
    masked = PARTS.mask(body, "B", is_cut=False)

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
        b'name="a\r\n Content-Disposition: form-data; name="password"',
        b'name="a\r\n name=password\r\n "',
        b'name="a',
    ],
)
def test_a_name_that_servers_read_in_several_ways_is_listed(name: bytes) -> None:
    """One of them may read a listed name."""
    part = b"Content-Disposition: form-data; " + name + b"\r\n\r\nhunter2"
    body = multipart(field(b"a", b"1"), part)

    assert body.replace(b"hunter2", b"[REDACTED 7]") == PARTS.mask(
        body, "B", is_cut=False
    )
    assert PARTS.mask(body, "other", is_cut=False) is None


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"Content-Transfer-Encoding: base64", base64.b64encode(b'{"cvv":"123"}')),
        (b"Content-Transfer-Encoding: BASE64", b"eyJjdnYi"),
        (b"content-transfer-encoding:quoted-printable", b'{"c=76v": "123"}'),
    ],
)
def test_what_a_part_hides_is_looked_for(head: bytes, content: bytes) -> None:
    """Transfer encodings are undone, and what is none may be anything."""
    body = multipart(field(b"a", b"1"), head + b"\r\n\r\n" + content)
    masked = PARTS.mask(body, "B", is_cut=False)

    assert masked == body.replace(content, b"[REDACTED %d]" % len(content))
    assert PARTS.mask(body, "B", is_cut=True) is None


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (
            b"Content-Type: multipart/mixed; boundary=C",
            b"--C\r\n" + field(b"c%76v", b"123") + b"\r\n--C--",
        ),
        (
            b"Content-Type: application/http",
            b'POST / HTTP/1.1\r\nA: b\r\n\r\n{"cvv":"123"}',
        ),
        (b"content-type:Message/RFC822", b"cvv: 123"),
    ],
)
def test_parts_of_a_part_are_read_in_several_ways(head: bytes, content: bytes) -> None:
    """Some servers then read on behind the end of that part."""
    body = multipart(field(b"a", b"1"), head + b"\r\n\r\n" + content)

    assert PARTS.mask(body, "B", is_cut=False) is None


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"Content-Transfer-Encoding: base64", b"aGFybWxlc3M="),
        (b"Content-Transfer-Encoding: binary", b"\xff\x00"),
        (
            b"Content-Type: multipart/mixed; boundary=C",
            b"--C\r\nA: b\r\n\r\nx\r\n--C--",
        ),
    ],
)
def test_what_a_part_hides_stays_if_it_is_harmless(head: bytes, content: bytes) -> None:
    """Files in Base64 and parts in parts are no reason by themselves."""
    body = multipart(head + b"\r\n\r\n" + content)

    assert PARTS.mask(body, "B", is_cut=False) is body
