"""The straight way of usual exchanges from recorder to line."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.support.recorded import Exchanges
from tests.support.wsgi import an_environ
from wsgi_writer.headers import REMEMBERED_PLANS
from wsgi_writer.mask import REMEMBERED_VALUES

HEADERS = [("Content-Type", "application/json")]


def both(exchanges: Exchanges, **more: Any) -> tuple[object, object]:
    """Return the lines of one exchange as the straight and the plain way give it."""
    recorder = exchanges.serve(an_environ(**more), "200 OK", HEADERS, [b"{}"])
    usual = exchanges.journal.usual_line(recorder, recorder.verdict())
    plain = exchanges.journal.plain_line(recorder, recorder.received, recorder.headers)
    return usual, plain


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"HTTP_X_API_KEY": "key_1"},
        {"HTTP_X_API_KEY": "key_1", "HTTP_AUTHORIZATION": "Basic a2V5OnNlY3JldA=="},
        {"HTTP_COOKIE": "session=0123456789"},
        {"QUERY_STRING": "api_key=0123456789&a=1"},
        {"CONTENT_TYPE": "", "CONTENT_LENGTH": ""},
        {"HTTP_HOST": "caf\xe9"},
        {"wsgi_writer.route": "/users/{id}"},
        {"wsgi_writer.caller": {"api_key": "0123456789", "label": "Owl"}},
        {"body": b'{"password": "hunter2"}', "CONTENT_TYPE": "application/json"},
        {"body": b'{"password": ', "CONTENT_TYPE": "application/json"},
        {"body": b"\x1f\x8b", "HTTP_CONTENT_ENCODING": "gzip"},
    ],
)
def test_a_usual_exchange_has_the_bytes_of_the_plain_way(more: dict[str, Any]) -> None:
    """Known or not yet known, an exchange is laid out as the plain way would."""
    exchanges = Exchanges()
    for _ in range(2):
        usual, plain = both(exchanges, **more)

        assert plain == usual


def test_a_response_cut_short_is_left_to_the_plain_way() -> None:
    """Whether it was aborted is for the plain way to say."""
    exchanges = Exchanges()
    environ = an_environ()
    recorder = exchanges.serve(environ, "200 OK", HEADERS, [b"1", b"2"], is_cut=True)

    assert exchanges.journal.usual_line(recorder, recorder.verdict()) is None
    assert b'"notes":["aborted"]' in exchanges.file.lines[0][1]


@pytest.mark.parametrize(
    "more",
    [
        {"CONTENT_LENGTH": "5"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_X_A": 7},
        {"wsgi_writer.caller": 7},
        {"HTTP_X_A": "a" * 3000},
    ],
)
def test_an_unusual_exchange_is_left_to_the_plain_way(more: dict[str, Any]) -> None:
    """Unread, chunked, not text, without a known caller, or too long for a line."""
    exchanges = Exchanges(max_record_bytes=2000)
    recorder = exchanges.serve(an_environ(**more), "200 OK", HEADERS, [b"{}"])

    assert exchanges.journal.usual_line(recorder, recorder.verdict()) is None
    assert len(exchanges.file.lines) == 1


def test_what_is_remembered_of_one_exchange_is_not_told_of_another() -> None:
    """Whatever a line shows of a request is of that very request."""
    exchanges = Exchanges()
    first = {
        "HTTP_HOST": "one.example.com",
        "HTTP_AUTHORIZATION": "Bearer 0123456789abcdef",
        "HTTP_X_API_KEY": "key_1",
        "REMOTE_ADDR": "192.0.2.7",
        "QUERY_STRING": "a=1",
        "RAW_URI": "/one?a=1",
        "REQUEST_METHOD": "PUT",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "wsgi.url_scheme": "https",
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "0",
    }
    both(exchanges, **first)
    for key, value in first.items():
        other = first | {key: "text/plain" if key == "CONTENT_TYPE" else "2" + value}
        if key == "CONTENT_LENGTH":
            other[key] = ""
        usual, plain = both(exchanges, **other)

        assert plain == usual


def test_each_line_tells_its_own_status() -> None:
    """The same request may be answered otherwise the next time."""
    exchanges = Exchanges()
    for status in ("200 OK", "404 Not Found"):
        exchanges.serve(an_environ(), status, HEADERS, [b"{}"])
    lines = [json.loads(b"".join(line)) for line in exchanges.file.lines]

    assert [line["entry"]["response"]["status"] for line in lines] == [200, 404]


def test_a_body_that_stays_packed_is_marked_open() -> None:
    """The shipper has to look into what the writer left packed."""
    exchanges = Exchanges()
    packed = gzip.compress(b'{"a": 1}')
    usual, plain = both(
        exchanges,
        body=packed,
        CONTENT_TYPE="application/json",
        HTTP_CONTENT_ENCODING="gzip",
    )

    assert plain == usual
    assert b',"open":true,' in exchanges.file.lines[0][1]


@pytest.mark.parametrize("peer", ["::ffff:192.0.2.1", "localhost", "fe80::1%1", ""])
def test_a_peer_is_told_as_the_plain_way_does(peer: str) -> None:
    """As an address, also where the server has another word for it."""
    exchanges = Exchanges()
    usual, plain = both(exchanges, REMOTE_ADDR=peer)

    assert plain == usual


def test_forwarded_origins_are_told_as_the_plain_way_does() -> None:
    """What trusted proxies forward is read anew for each exchange."""
    exchanges = Exchanges(("192.0.2.0/24",))
    for client in ("203.0.113.1", "203.0.113.2"):
        usual, plain = both(exchanges, HTTP_X_FORWARDED_FOR=client)

        assert plain == usual
        assert f'"client":"{client}"'.encode() in exchanges.file.lines[-1][1]


def test_clients_cannot_fill_the_memory_with_header_names() -> None:
    """With more orders of names than are remembered, lines stay right."""
    exchanges = Exchanges()
    for number in range(REMEMBERED_PLANS + 2):
        usual, plain = both(exchanges, **{f"HTTP_X_{number}": "1"})

    assert plain == usual


def test_long_header_names_are_laid_out() -> None:
    """Names too long to be remembered are worked out each time."""
    exchanges = Exchanges()
    for _ in range(2):
        usual, plain = both(exchanges, **{"HTTP_X_" + "A" * 5000: "1"})

        assert plain == usual


def test_clients_cannot_fill_the_memory_with_keys_and_targets() -> None:
    """With more keys and targets than are remembered, lines stay right."""
    exchanges = Exchanges()
    for number in range(REMEMBERED_VALUES + 2):
        environ = an_environ(f"/{number}", HTTP_X_API_KEY=f"key_{number}")
        recorder = exchanges.serve(environ, "200 OK", HEADERS, [b"{}"])
    usual = exchanges.journal.usual_line(recorder, recorder.verdict())

    assert usual == exchanges.file.lines[-1]
    assert json.loads(b"".join(usual))["entry"]["request"]["url"].endswith("/1025")


def test_a_target_too_long_to_be_remembered_is_laid_out() -> None:
    """A long URL is worked out each time rather than kept."""
    exchanges = Exchanges()
    for _ in range(2):
        usual, plain = both(exchanges, QUERY_STRING="a=" + "b" * 5000)

        assert plain == usual
