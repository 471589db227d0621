"""Bodies opened: out of Base64, out of their packing, into text and parts."""

from __future__ import annotations

import base64
import gzip
import time
import zlib
from collections.abc import Callable

import pytest

from shipper.bodies import (
    MAX_UNPACKED_BYTES,
    as_text,
    codings_of,
    from_base64,
    from_data_url,
    is_data_url,
    read_media_type,
    to_data_url,
    unpack,
)
from shipper.har import Pair
from shipper.multipart import Part, read_parts

TEXT = b'{"owl": "snowy"}' * 40
ZSTANDARD = b"\x28\xb5\x2f\xfd\x04\x58\x09\x01" + b"zstd" * 4


def raw_deflated(content: bytes) -> bytes:
    """Return deflate without zlib's header, as some senders write it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def zstd_packed(content: bytes) -> bytes:
    """Return a zstd frame, or skip the test where zstd is not installed."""
    zstd = pytest.importorskip("backports.zstd")
    packed: bytes = zstd.compress(content)
    return packed


def packed(content: bytes) -> bytes:
    """Pack with gzip, the same bytes every time: they name a test."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("codings", "packed"),
    [
        (["gzip"], packed(TEXT)),
        (["x-gzip"], packed(TEXT)),
        (["gzip"], packed(TEXT[:30]) + packed(TEXT[30:])),
        (["deflate"], zlib.compress(TEXT)),
        (["deflate"], raw_deflated(TEXT)),
        (["deflate", "gzip"], packed(zlib.compress(TEXT))),
    ],
)
def test_a_known_coding_is_undone(codings: list[str], packed: bytes) -> None:
    """All of the body comes out, and it is known to be all."""
    unpacked = unpack(packed, codings)

    assert unpacked is not None
    assert (unpacked.content, unpacked.is_whole) == (TEXT, True)


def test_zstd_is_undone_where_it_is_installed() -> None:
    """The extra is optional; without it the body counts as closed."""
    unpacked = unpack(zstd_packed(TEXT), ["zstd"])

    assert unpacked is not None
    assert (unpacked.content, unpacked.is_whole) == (TEXT, True)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflated),
        ("zstd", zstd_packed),
    ],
)
def test_a_bomb_is_unpacked_up_to_the_bound_only(
    coding: str, pack: Callable[[bytes], bytes]
) -> None:
    """A few kilobytes must not become hundreds of megabytes of memory."""
    unpacked = unpack(pack(b"0" * 20_000_000), [coding])

    assert unpacked is not None
    assert (len(unpacked.content), unpacked.is_whole) == (MAX_UNPACKED_BYTES, False)


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_cut_body_gives_what_there_is(
    coding: str, pack: Callable[[bytes], bytes]
) -> None:
    """The writer keeps the first part of a body, packed or not."""
    packed = pack(bytes(range(256)) * 40)

    unpacked = unpack(packed[: len(packed) - 20], [coding])

    assert unpacked is not None
    assert not unpacked.is_whole
    assert unpacked.content
    assert (bytes(range(256)) * 40).startswith(unpacked.content)


@pytest.mark.parametrize(
    ("codings", "packed"),
    [
        (["br"], b"anything"),
        (["gzip"], b"not gzip at all"),
        (["deflate"], b"\xff\xff\xff\xff"),
        (["zstd"], b"not zstd"),
        (["gzip"], packed(TEXT) + b"trailing"),
        (["gzip"] * 4, packed(TEXT)),
        (["gzip"], b""),
    ],
)
def test_what_cannot_be_undone_is_none(codings: list[str], packed: bytes) -> None:
    """Unknown codings and wrong bytes are told, not guessed at."""
    assert unpack(packed, codings) is None


def test_codings_are_read_from_all_headers_in_order() -> None:
    """RFC 9110 section 8.4: a list, in the order of application."""
    headers = [
        Pair("Content-Encoding", "Deflate, identity"),
        Pair("Content-Type", "x"),
        Pair("content-encoding", " GZIP "),
    ]

    assert codings_of(headers) == ("deflate", "gzip")


def test_a_data_url_holds_bytes_type_and_file_name() -> None:
    """The shape is the one ReadMe's SDKs write for files."""
    url = to_data_url(b"\x00owl", "image/png", "snowy owl;.png")

    packed = base64.b64encode(b"\x00owl").decode()
    assert url == f"data:image/png;name=snowy%20owl%3B.png;base64,{packed}"
    assert from_data_url(url) == b"\x00owl"


@pytest.mark.parametrize("text", ["data:,plain", "hello", "", "data:text/plain,a=b"])
def test_other_text_is_no_data_url(text: str) -> None:
    """Only Base64 data URLs hold bodies."""
    assert not is_data_url(text)
    assert from_data_url(text) is None


def test_cut_base64_gives_what_there_is() -> None:
    """Characters without a whole group are dropped; wrong ones are told."""
    assert from_base64("b3dsb3ds"[:-1]) == b"owl"
    assert from_base64("b3 s") is None


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("é".encode(), "text/plain", "é"),
        (b"\xe9", "text/plain; charset=ISO-8859-1", "é"),
        (b"\xe9", "text/plain", None),
        (b"\xe9", "text/plain; charset=rot13", None),
        ("é".encode("utf-16"), 'application/json; charset="utf-16"', "é"),
        ("e".encode("utf-16-le"), "application/json; charset=utf-16le", "e"),
        ("e".encode("utf-16-le"), "application/json", None),
        (b"a\0b", "text/plain", None),
    ],
)
def test_text_is_told_from_bytes(
    content: bytes, content_type: str, text: str | None
) -> None:
    """UTF-8 is text; other charsets must be declared and be known; NULs are bytes."""
    assert text == as_text(content, read_media_type(content_type))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-32", "iso-8859-1"])
@pytest.mark.parametrize(
    "content", [gzip.compress(TEXT, mtime=0), ZSTANDARD], ids=["gzip", "zstd"]
)
def test_packed_bytes_are_no_text_whatever_charset_they_claim(
    content: bytes, charset: str
) -> None:
    """Read so, they have no names that a list could find."""
    assert as_text(content, read_media_type(f"text/plain; charset={charset}")) is None


def test_text_in_single_bytes_is_no_utf_16() -> None:
    """Two letters read as one have no names that a list could find."""
    media = read_media_type("application/json; charset=utf-16")

    assert as_text('{"owl":"é"}'.encode("latin-1") + b" ", media) is None
    assert as_text('{"owl":"é"}'.encode("utf-16"), media) == '{"owl":"é"}'


def test_a_charset_of_blanks_takes_no_more_time_than_its_length() -> None:
    """One client's Content-Type does not hold up the records of all others."""
    started = time.process_time()
    media = read_media_type("text/plain; charset=" + " " * 40_000 + ";")

    assert time.process_time() - started < 1
    assert media.charset == ""


def test_a_character_cut_in_the_middle_is_dropped() -> None:
    """A cut at a byte must not turn text into binary."""
    content = "aé".encode()[:-1]
    media = read_media_type("text/plain")

    assert as_text(content, media, is_cut=True) == "a"
    assert as_text(content, media) is None


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("application/json; charset=utf-8", "is_json"),
        ("text/x-json", "is_json"),
        ("Application/HAL+JSON", "is_json"),
        ("application/x-www-form-urlencoded;charset=UTF-8", "is_form"),
        ("multipart/form-data; boundary=x", "is_multipart"),
        ("image/png", "is_media"),
    ],
)
def test_a_media_type_is_known_whatever_its_spelling(given: str, kind: str) -> None:
    """Types and parameters have no case (RFC 9110 section 8.3.1)."""
    assert getattr(read_media_type(given), kind)


MULTIPART = (
    b"preamble\r\n--b\r\n"
    b'Content-Disposition: form-data; name="owl"\r\n\r\nsnowy\r\n\r\n--b \r\n'
    b'content-disposition: form-data; filename="a \\"b\\".png"; name=pic\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--b\r\n"
    b"Content-Disposition: form-data;\r\n name*=utf-8''na%C3%AFve\r\n\r\n\r\n"
    b"--b--\r\nepilogue"
)


def test_parts_come_in_order_with_names_and_bytes() -> None:
    """Preamble and epilogue are no parts; line breaks inside a part stay."""
    assert read_parts(MULTIPART, "b") == (
        Part("owl", None, "", b"snowy\r\n"),
        Part("pic", 'a "b".png', "image/png", b"\x89PNG"),
        Part("naïve", None, "", b""),
    )


def test_a_cut_multipart_body_gives_the_parts_it_names() -> None:
    """The last part is what there is of it; one cut in its headers has no name."""
    cut_in_content = MULTIPART[: MULTIPART.index(b"PNG") + 1]
    cut_in_headers = MULTIPART[: MULTIPART.index(b"name=pic")]

    content = read_parts(cut_in_content, "b")
    headers = read_parts(cut_in_headers, "b")

    assert content is not None
    assert content[1].content == b"\x89P"
    assert headers == (Part("owl", None, "", b"snowy\r\n"),)


@pytest.mark.parametrize("boundary", ["", "other"])
def test_a_body_without_its_boundary_is_no_multipart(boundary: str) -> None:
    """What cannot be told apart is told so."""
    assert read_parts(MULTIPART, boundary) is None
