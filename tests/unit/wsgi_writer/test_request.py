"""Promises of `request`: what the server said of the request, said again."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.wsgi import an_environ
from wsgi_writer.proxies import Origin
from wsgi_writer.request import (
    HeaderReader,
    is_chunked,
    only_text,
    read_length,
    read_origin,
    read_target,
)


def test_headers_get_their_names_back() -> None:
    """T17: header names are rebuilt, values stay the native strings they were."""
    environ = an_environ(HTTP_X_API_KEY="caf\xe9", HTTP_ETAG="", HTTP_DNT="1")

    assert HeaderReader().read(environ) == [
        ("Host", "api.example.com"),
        ("X-Api-Key", "caf\xe9"),
        ("Etag", ""),
        ("Dnt", "1"),
    ]


def test_the_body_headers_have_no_prefix() -> None:
    """CGI gives Content-Type and Content-Length their own names; no duplicates."""
    environ = {
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_CONTENT_TYPE": "text/plain",
        "HTTP_CONTENT_LENGTH": "3",
    }

    assert HeaderReader().read(environ) == [
        ("Content-Type", "text/plain"),
        ("Content-Length", "3"),
    ]


def test_empty_body_headers_were_not_sent() -> None:
    """An empty CONTENT_LENGTH means that there was none."""
    assert HeaderReader().read({"CONTENT_LENGTH": "", "CONTENT_TYPE": ""}) == []


def test_invented_header_names_do_not_fill_the_memory() -> None:
    """Clients may send any names for ever: what is remembered is bounded."""
    reader = HeaderReader()
    for number in range(3000):
        name = f"HTTP_X_{number}"

        assert reader.read({name: "1"}) == [(f"X-{number}", "1")]
    assert len(reader._names) <= 1024


@pytest.mark.parametrize(
    ("more", "target"),
    [
        ({"RAW_URI": "/a%2Fb?x=%ff&x=1"}, "/a%2Fb?x=%ff&x=1"),
        ({"REQUEST_URI": "/a%2Fb"}, "/a%2Fb"),
        ({"RAW_URI": "http://api.example.com/a?b"}, "/a?b"),
        ({"RAW_URI": "http://api.example.com"}, "/"),
        ({"RAW_URI": "*"}, "*"),
        ({"RAW_URI": "a?next=https://b/c"}, "a?next=https://b/c"),
        ({}, "/"),
        ({"PATH_INFO": ""}, "/"),
        ({"PATH_INFO": "/b", "SCRIPT_NAME": "/a"}, "/a/b"),
        ({"PATH_INFO": "/caf\xc3\xa9 %?#"}, "/caf%C3%A9%20%25%3F%23"),
        ({"PATH_INFO": "/a", "QUERY_STRING": "a=1&a=2&b=%ff&c"}, "/a?a=1&a=2&b=%ff&c"),
    ],
)
def test_the_target_is_the_raw_one_where_there_is_one(
    more: dict[str, Any], target: str
) -> None:
    """T20: path and query are those of the request line, never parsed and rebuilt."""
    assert read_target(an_environ(**more)) == target


def test_a_target_without_a_slash_takes_no_more_time_than_its_length() -> None:
    """A client cannot hold the application up with a request line of letters."""
    environ = an_environ(RAW_URI="a" * 100_000)
    started = time.process_time()
    target = read_target(environ)

    assert time.process_time() - started < 1
    assert target == environ["RAW_URI"]


@pytest.mark.parametrize(
    ("more", "host"),
    [
        ({}, "api.example.com"),
        ({"HTTP_HOST": ""}, "localhost"),
        ({"HTTP_HOST": "", "SERVER_PORT": "8080"}, "localhost:8080"),
        (
            {"HTTP_HOST": "", "SERVER_PORT": "443", "wsgi.url_scheme": "https"},
            "localhost",
        ),
    ],
)
def test_a_request_without_host_names_the_server(
    more: dict[str, Any], host: str
) -> None:
    """HTTP/1.0 clients send no Host: then it is the server's own name and port."""
    assert read_origin(an_environ(**more)).host == host


def test_a_peer_without_address_is_local() -> None:
    """A UNIX socket has no address, and the record must have one."""
    environ = an_environ(REMOTE_ADDR="")

    assert read_origin(environ) == Origin("127.0.0.1", "http", "api.example.com")


@pytest.mark.parametrize(
    ("text", "length"),
    [("12", 12), ("0", 0), ("", None), ("-1", None), ("1e3", None), ("9" * 30, None)],
)
def test_only_a_real_number_is_a_length(text: str, length: int | None) -> None:
    """A Content-Length that is none is no promise of a body."""
    assert read_length({"CONTENT_LENGTH": text}) == length


def test_chunked_is_seen_in_the_header() -> None:
    """T14: a body without length is announced by its transfer coding."""
    assert is_chunked({"HTTP_TRANSFER_ENCODING": "gzip, Chunked"})
    assert not is_chunked({})


def test_only_text_survives_a_hostile_environment() -> None:
    """T1: keys and values that are no strings are left out, the rest is kept."""
    hostile: dict[Any, Any] = {"PATH_INFO": "/", 7: "x", "HTTP_X": None, None: None}

    assert only_text(hostile) == {"PATH_INFO": "/"}
