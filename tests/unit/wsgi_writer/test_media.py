"""Media types and content codings: what a body says it is."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import pytest

from wsgi_writer.media import Shape, read_media_type, unpack


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ("application/json", Shape.JSON),
        ("Application/JSON ; charset=UTF-8", Shape.JSON),
        ("text/x-json", Shape.JSON),
        ("application/vnd.owl+json", Shape.JSON),
        ("application/x-ndjson", Shape.JSON),
        ("application/x-www-form-urlencoded", Shape.FORM),
        ("multipart/form-data; boundary=B", Shape.MULTIPART),
        ("multipart/related", Shape.MULTIPART),
        ("text/plain", Shape.TEXT),
        ("application/xml", Shape.TEXT),
        ("image/svg+xml", Shape.TEXT),
        ("", Shape.TEXT),
        ("image/png", Shape.OTHER),
        ("application/jsonp-owl", Shape.OTHER),
    ],
)
def test_a_type_has_a_shape(given: str, shape: Shape) -> None:
    """It decides how listed fields are looked for."""
    assert shape == read_media_type(given).shape


@pytest.mark.parametrize(
    ("given", "boundary"),
    [
        ("multipart/form-data; boundary=a-b_c", "a-b_c"),
        ('multipart/form-data; Boundary="a b;c\\"d"', 'a b;c"d'),
        ("multipart/form-data; xboundary=a", ""),
        ("multipart/form-data; boundary=a; boundary=b", ""),
        ('multipart/form-data; x="; boundary=a"; boundary=b', ""),
        ("multipart/form-data; boundary=a; boundary*=utf-8''b", ""),
        ("multipart/form-data; boundary*0=a", ""),
        ("multipart/form-data", ""),
    ],
)
def test_a_boundary_is_read_quoted_or_not(given: str, boundary: str) -> None:
    """RFC 2046 section 5.1.1 allows spaces and semicolons in quotes; two are none."""
    assert boundary == read_media_type(given).boundary


@pytest.mark.parametrize(
    ("charset", "is_readable"),
    [
        ("utf-8", True),
        ('"UTF8"', True),
        ("ISO-8859-1", True),
        ("windows-1252", True),
        ("utf-16le", True),
        ("utf-7", False),
        ("cp037", False),
        ("owl", False),
    ],
)
def test_a_character_set_is_readable_if_ascii_shows(
    charset: str, is_readable: bool
) -> None:
    """In any other one a listed name would not be recognised."""
    media = read_media_type(f"application/json; charset={charset}")

    assert is_readable == media.is_readable


def test_a_charset_of_blanks_takes_no_more_time_than_its_length() -> None:
    """A client cannot hold the application up with a Content-Type."""
    started = time.process_time()
    media = read_media_type("text/plain; charset=" + " " * 40_000 + ";")

    assert time.process_time() - started < 1
    assert media.is_readable


def test_the_bare_type_is_a_type_or_nothing() -> None:
    """It goes into a data URL."""
    assert read_media_type("Text/Plain; x=y").bare == "text/plain"
    assert read_media_type("text/plain, a/b").bare == "text/plain"
    assert read_media_type("owl").bare == ""
    assert read_media_type("a b/c").bare == ""


@pytest.mark.parametrize(
    ("limit", "is_whole"), [(6, True), (7, True), (5, False), (0, False)]
)
def test_no_more_than_the_limit_is_unpacked(limit: int, is_whole: bool) -> None:
    """And it is known whether that was all."""
    found = unpack(gzip.compress(b"hoot! "), "gzip", limit)

    assert found is not None
    assert (b"hoot! "[:limit], is_whole) == (found.content, found.is_whole)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_does_not_go_off(coding: str) -> None:
    """50 MB packed into 50 KB cost no more memory than the limit allows."""
    pack = gzip.compress if coding == "gzip" else zlib.compress
    bomb = pack(b"\0" * 50_000_000)
    tracemalloc.start()

    found = unpack(bomb, coding, 16_384)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found is not None and not found.is_whole
    assert peak_bytes < 500_000
