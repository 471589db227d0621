"""Bodies on disk: text as text, the rest as base64, and nothing listed in clear."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from wsgi_writer.bodies import BodyMask, Laid
from wsgi_writer.fields import FieldMask
from wsgi_writer.mask import Masks

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
LISTED = b'{"password":"hunter2","a":1}'
MASKED = '{"password":"[REDACTED 7]","a":1}'
PART = b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--B--\r\n'


class Side:
    """One side of an exchange, laid out under some masks."""

    def __init__(self, masks: Masks | None = None) -> None:
        masks = masks or Masks()
        self._bodies = BodyMask(masks, FieldMask(masks))

    def request(
        self, body: bytes, media: str = "", coding: str = "", **more: int
    ) -> Laid:
        """Lay out a request's body."""
        size, limit = more.get("size", len(body)), more.get("limit", 16384)
        return self._bodies.request(body, size, media, coding, limit)

    def response(
        self, body: bytes, media: str = "", coding: str = "", **more: int
    ) -> Laid:
        """Lay out a response's body."""
        size, limit = more.get("size", len(body)), more.get("limit", 16384)
        return self._bodies.response(body, size, media, coding, limit)


def post_data(laid: Laid) -> Any:
    """Return `postData`, or None if there is none."""
    return json.loads(f"{{{laid.json[1:]}}}").get("postData")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (JSON, b' {"a": 1.0,\n"b":"\\u00e9"} '),
        ("application/problem+json", b'{"a":1}'),
        ("text/plain; charset=utf-8", 'é\x00\n\t"\\\u2028'.encode()),
        ("application/json", b"no json at all"),
        ("application/octet-stream", b"text after all"),
    ],
)
def test_text_is_kept_byte_for_byte(media: str, body: bytes) -> None:
    """`{mimeType, text}` and `{size, mimeType, text}`, with no other key."""
    text = body.decode()

    assert {"mimeType": media, "text": text} == post_data(Side().request(body, media))
    assert {"size": len(body), "mimeType": media, "text": text} == json.loads(
        Side().response(body, media).json
    )


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("image/png", b"\x89PNG\r\n"),
        ("text/plain; charset=latin-1", b"m\xfcll"),
        ("application/octet-stream", b"\x00\x01\x02"),
        ("text/plain", "\ufdd0\uffff".encode()),
        (JSON, b'{"a":"\xff"}'),
    ],
)
def test_what_is_no_text_is_base64(media: str, body: bytes) -> None:
    """Responses say `encoding`, requests hold a data URL."""
    packed = base64.b64encode(body).decode()
    bare = media.partition(";")[0]

    assert {
        "size": len(body), "mimeType": media, "text": packed, "encoding": "base64",
    } == json.loads(Side().response(body, media).json)  # fmt: skip
    assert {
        "mimeType": media, "text": f"data:{bare};base64,{packed}",
    } == post_data(Side().request(body, media))  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind"), [(b"hoot", "text/plain"), (b"\xff", "application/octet-stream")]
)
def test_a_body_without_a_type_gets_the_one_it_looks_like(
    body: bytes, kind: str
) -> None:
    """An empty `mimeType` may be refused by the receiver."""
    assert kind == post_data(Side().request(body))["mimeType"]
    assert kind == json.loads(Side().response(body).json)["mimeType"]


def test_a_type_that_is_no_type_makes_no_data_url() -> None:
    """The header is kept as it was; the data URL needs a real type."""
    found = post_data(Side().request(b"\xff", "owl, hoot"))

    assert found["mimeType"] == "owl, hoot"
    assert found["text"].startswith("data:application/octet-stream;base64,")


def test_no_body_is_told_from_an_empty_text() -> None:
    """A GET has no `postData`; `content` is always there."""
    assert Side().request(b"", JSON).json == ""
    assert json.loads(Side().response(b"", JSON).json) == {"size": 0, "mimeType": JSON}
    assert json.loads(Side().response(b"").json) == {"size": 0, "mimeType": ""}


def test_a_form_becomes_its_params() -> None:
    """Order, duplicates and blanks are kept; listed fields are masked."""
    body = b"a=1&a=&b&&m%C3%BCll=%ff+x&user%5BPassword%5D=hunter2&m={%22cvv%22:%221%22}"
    expected = [
        ("a", "1"), ("a", ""), ("b", ""), ("müll", "\ufffd x"),
        ("user[Password]", "[REDACTED 7]"), ("m", '{"cvv":"[REDACTED 1]"}'),
    ]  # fmt: skip

    found = post_data(Side().request(body, FORM))

    assert {
        "mimeType": FORM,
        "params": [{"name": name, "value": value} for name, value in expected],
    } == found


def test_json_called_a_form_is_masked_too() -> None:
    """Some clients, curl first, send JSON as a form unless it is told otherwise."""
    (param,) = post_data(Side().request(LISTED, FORM))["params"]

    assert param == {"name": MASKED, "value": ""}


def test_a_form_without_a_type_is_masked_as_a_text() -> None:
    """Some clients post pairs and forget to say so."""
    found = post_data(Side().request(b"a=%41+&p%61ssword=hunter2"))["text"]

    assert found == "a=%41+&p%61ssword=%5BREDACTED%207%5D"


def test_a_form_in_a_response_stays_a_text() -> None:
    """Token endpoints answer so; all but the secret is kept as it was sent."""
    body = b"a=%41+&&access_token=hunter2&m=%7B%22cvv%22%3A%221%22%7D&b="
    found = json.loads(Side().response(body, FORM).json)["text"]

    assert found == (
        "a=%41+&&access_token=%5BREDACTED%207%5D"
        "&m=%7B%22cvv%22%3A%22%5BREDACTED%201%5D%22%7D&b="
    )


@pytest.mark.parametrize(
    ("media", "body"),
    [(JSON, LISTED), ("text/plain", LISTED), ("", LISTED), ("a/b; x", b" " + LISTED)],
)
def test_a_document_is_masked_whatever_it_is_called(media: str, body: bytes) -> None:
    """A text that begins as JSON does is read as JSON."""
    found = Side().request(body, media)

    assert post_data(found)["text"].strip() == MASKED
    assert not found.is_withheld


def test_sizes_are_those_of_the_original() -> None:
    """Masking changes the text and not what was sent."""
    assert len(LISTED) == json.loads(Side().response(LISTED, JSON).json)["size"]


def test_a_masked_text_shown_as_base64_is_masked_there() -> None:
    """I-JSON forbids the character; the secret must not come back with it."""
    body = '{"password":"hunter2","a":"\uffff"}'.encode()
    packed = json.loads(Side().response(body, JSON).json)["text"]

    assert body.replace(b"hunter2", b"[REDACTED 7]") == base64.b64decode(packed)


@pytest.mark.parametrize(
    ("media", "body", "size"),
    [
        (JSON, b'{"password":"hunt', 99),
        (JSON, LISTED, 99),
        (JSON, b'{"p\\u0061ssword":"hunt', 99),
        (JSON, b'{"password":"hunter2"', 21),
        (JSON, b"{'password': 'hunter2'}", 23),
        (JSON, b'{"password":"\xff"}', 16),
        (JSON, '{"password":"hunter2"}'.encode("utf-16"), 46),
        ("text/plain", '{"password":"hunter2"}'.encode("utf-16"), 46),
        ("text/plain", b'{"password":"hunter2"', 21),
        (f"{JSON}; charset=cp037", '{"password":"x"}'.encode("cp037"), 16),
        (f"{FORM}; charset=cp037", b"\x97\x81", 2),
        (f"{MULTIPART}; charset=utf-7", PART % (b"a", b"b"), 75),
        (FORM, b"a=1&password=hunt", 99),
        ("", b"a=1&password=hunt", 99),
        (FORM, b"p\0a\0s\0s\0w\0o\0r\0d\0=\0x\0", 20),
        (FORM, b'{"password":"hunt', 99),
        (FORM, b"%7B%22password%22:%22x%3Dhunter2%22%7D", 38),
        (MULTIPART, PART % (b"password", b"hunter2"), 999),
        ("multipart/form-data", PART % (b"password", b"hunter2"), 82),
    ],
)
def test_a_listed_name_in_a_body_nobody_can_read_drops_it(
    media: str, body: bytes, size: int
) -> None:
    """Cut, broken, or in an unknown character set: the body stays off the disk."""
    asked = Side().request(body, media, size=size)
    given = Side().response(body, media, size=size)

    assert asked.is_withheld and post_data(asked) is None
    assert "withheld" in asked.json
    assert given.is_withheld
    assert {"size", "mimeType", "comment"} == set(json.loads(given.json))


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/plain", b"[INFO] password changed"),
        ("text/html", b"<input name=password value=x>"),
        (JSON, b'{"a": "cut here'),
        (FORM, b"[0]=1&[1]=password"),
    ],
)
def test_free_text_is_not_searched(media: str, body: bytes) -> None:
    """What speaks of passwords holds none, as far as we can know."""
    found = Side().request(body, media, size=len(body) + 1)

    assert not found.is_withheld
    assert post_data(found) is not None


def test_a_long_text_is_cut_at_a_character() -> None:
    """The true size stays, and a comment says how much was kept."""
    body = "é".encode() * 100
    found = json.loads(Side().response(body, "text/plain", size=500, limit=33).json)

    assert found == {
        "size": 500, "mimeType": "text/plain", "text": "é" * 16,
        "comment": "cut: 33 of 500 bytes kept",
    }  # fmt: skip


def test_a_long_binary_is_cut_too() -> None:
    """In a request the data URL holds what was kept."""
    found = post_data(Side().request(b"\xff" * 50, "a/b", limit=3))

    assert found["text"] == "data:a/b;base64,////"
    assert found["comment"] == "cut: 3 of 50 bytes kept"


def test_a_cut_form_keeps_its_whole_escapes() -> None:
    """Half an escape is no value."""
    found = post_data(Side().request(b"a=1&b=%C3%A", FORM, size=99))

    assert (found["params"]) == [
        {"name": "a", "value": "1"},
        {"name": "b", "value": "\ufffd"},
    ]


def test_a_body_that_was_not_captured_says_so() -> None:
    """Its size is known, its text is not."""
    found = json.loads(Side().response(b"", "text/plain", size=500).json)

    assert found == {
        "size": 500, "mimeType": "text/plain", "comment": "cut: 0 of 500 bytes kept",
    }  # fmt: skip


def raw_deflate(body: bytes) -> bytes:
    """Deflate without the zlib header, as some senders do."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "x-deflate": raw_deflate,
}


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_body_without_listed_names_stays_packed(coding: str) -> None:
    """The shipper opens it: `open` says that it has to."""
    packed = PACKERS[coding](b'{"a":1}' * 50)
    given = Side().response(packed, JSON, coding)
    asked = Side().request(packed, JSON, coding)

    assert given.is_open and asked.is_open
    assert packed == base64.b64decode(json.loads(given.json)["text"])
    assert post_data(asked)["text"].startswith(f"data:{JSON};base64,")


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("media", [JSON, "text/plain", ""])
def test_a_packed_body_with_a_listed_name_is_stored_unpacked(
    coding: str, media: str
) -> None:
    """Masked, as text, with the size it unpacks to."""
    found = Side().response(PACKERS[coding](LISTED), media, coding)

    assert (MASKED, len(LISTED)) == (
        json.loads(found.json)["text"],
        json.loads(found.json)["size"],
    )
    assert not found.is_open


@pytest.mark.parametrize("media", [JSON, "application/problem+json"])
def test_a_packed_body_is_known_without_its_coding(media: str) -> None:
    """A sender that forgets Content-Encoding must not hide a field."""
    found = Side().request(gzip.compress(LISTED), media)

    assert post_data(found)["text"] == MASKED


def test_a_packed_multipart_body_is_known_without_its_coding() -> None:
    """The same for the parts of a form; neither gzip nor base64 hides them."""
    found = Side().response(gzip.compress(PART % (b"cvv", b"123")), MULTIPART)

    assert json.loads(found.json)["text"].encode() == PART % (b"cvv", b"[REDACTED 3]")


def test_a_packed_file_is_no_packed_body() -> None:
    """An archive is what its type says: bytes, and nobody opens it."""
    packed = gzip.compress(LISTED)
    found = Side().response(packed, "application/gzip")

    assert base64.b64decode(json.loads(found.json)["text"]) == packed
    assert not found.is_open


def test_a_packed_form_is_stored_as_its_params() -> None:
    """Its listed fields are masked like any form's."""
    found = Side().request(gzip.compress(b"a=1&cvv=123"), FORM, "gzip")

    assert [param["value"] for param in post_data(found)["params"]] == [
        "1",
        "[REDACTED 3]",
    ]
    assert not found.is_open


def test_a_packed_multipart_body_is_masked() -> None:
    """It stays open, for its params are still to be read."""
    body = gzip.compress(PART % (b"cvv", b"123"))
    found = Side().request(body, MULTIPART, "gzip")

    assert (PART % (b"cvv", b"[REDACTED 3]")).decode() == post_data(found)["text"]
    assert found.is_open


@pytest.mark.parametrize(
    ("media", "coding", "body"),
    [
        (JSON, "br", b"whatever"),
        (JSON, "gzip, gzip", gzip.compress(b"{}", mtime=0)),
        (FORM, "zstd", b"whatever"),
        ("", "br", b"whatever"),
        (JSON, "gzip", b"no gzip"),
        (JSON, "deflate", b"\xff\xff"),
        (JSON, "gzip", gzip.compress(b"{}", mtime=0) + b"garbage"),
        (JSON, "gzip", gzip.compress(LISTED, mtime=0)[:-9]),
        (
            JSON,
            "gzip",
            gzip.compress(b'{"password":"' + b"x" * 50_000 + b'"}', mtime=0),
        ),
    ],
)
def test_a_packed_body_that_cannot_be_opened_is_dropped(
    media: str, coding: str, body: bytes
) -> None:
    """What we cannot look into may hold anything."""
    assert Side().response(body, media, coding).is_withheld
    assert Side().request(body, media, coding).is_withheld


@pytest.mark.parametrize(
    ("media", "coding"),
    [("text/html", "br"), ("text/plain", "br"), ("image/svg+xml", "gzip")],
)
def test_a_packed_text_of_another_type_is_left_alone(media: str, coding: str) -> None:
    """Free text is not searched, packed or not."""
    found = Side().response(b"packed somehow", media, coding)

    assert found.is_open and not found.is_withheld


OTHER_TYPES = ["application/vnd.acme.v2", "application/json-rpc", "text/html"]


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("media", OTHER_TYPES)
def test_what_begins_as_json_is_json_packed_or_not(coding: str, media: str) -> None:
    """A type that does not say so hides no field, as it hides none unpacked."""
    found = Side().response(PACKERS[coding](b" \n" + LISTED), media, coding)

    assert json.loads(found.json)["text"] == " \n" + MASKED
    assert not found.is_open


def test_damage_behind_a_listed_name_shows_it_in_no_type() -> None:
    """What can be unpacked in part by anybody is not kept."""
    damaged = gzip.compress(LISTED + b" " * 9000, mtime=0)[:-9] + b"\xff" * 9

    assert Side().response(damaged, OTHER_TYPES[0], "gzip").is_withheld


@pytest.mark.parametrize("content", [b"<p>password</p>", b"%PDF password", b""])
def test_what_begins_otherwise_stays_packed(content: bytes) -> None:
    """It is no JSON, and the shipper opens it."""
    packed = gzip.compress(content)
    found = Side().response(packed, OTHER_TYPES[0], "gzip")

    assert base64.b64decode(json.loads(found.json)["text"]) == packed
    assert found.is_open


def test_a_bomb_is_kept_up_to_the_limit() -> None:
    """Its beginning is stored unpacked, because nobody has seen the rest."""
    bomb = gzip.compress(b"[" + b"1," * 5_000_000)
    found = Side().response(bomb, JSON, "gzip", limit=100)

    assert "cut: 100 unpacked bytes kept" in found.json or found.is_withheld
    assert not found.is_open


def test_two_gzip_members_are_one_body() -> None:
    """RFC 1952 section 2.2 allows several."""
    packed = gzip.compress(LISTED[:9]) + gzip.compress(LISTED[9:])

    assert json.loads(Side().response(packed, JSON, "gzip").json)["text"] == MASKED


def test_identity_is_no_coding() -> None:
    """Some senders name it."""
    assert json.loads(Side().response(LISTED, JSON, "identity").json)["text"] == MASKED


@pytest.mark.parametrize(
    ("media", "body", "coding"),
    [(JSON, LISTED, ""), (JSON, b'{"password":"hunt', ""), (JSON, b"whatever", "br")],
)
def test_with_the_list_switched_off_bodies_are_kept(
    media: str, body: bytes, coding: str
) -> None:
    """`mask_fields=None` is a decision, and it is obeyed."""
    found = Side(Masks(fields=None)).response(body, media, coding)

    assert not found.is_withheld
    assert bool(coding) == found.is_open
    assert "REDACTED" not in found.json


def test_a_multipart_request_is_open() -> None:
    """Its params are for the shipper to read; binary parts make it a data URL."""
    text = Side().request(PART % (b"a", b"b"), MULTIPART)
    binary = Side().request(PART % (b"a", b"\xff"), MULTIPART)

    assert text.is_open and binary.is_open
    assert (PART % (b"a", b"b")).decode() == post_data(text)["text"]
    assert post_data(binary)["text"].startswith("data:multipart/form-data;base64,")
