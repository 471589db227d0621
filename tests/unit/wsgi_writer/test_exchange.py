"""Exchanges before they are laid out: made plain, and made small."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.exchanges import an_exchange
from wsgi_writer.exchange import made_plain, plain_text, without_bodies, without_headers


def test_a_plain_exchange_stays_as_it_is() -> None:
    """Making it plain changes nothing that was right."""
    exchange = an_exchange(request_body=b"hoot", notes=("aborted",), route="/{id}")

    assert exchange == made_plain(exchange)


def test_the_parts_of_an_odd_exchange_become_plain() -> None:
    """Numbers are read where there are some, and nothing else is invented."""
    odd: dict[str, Any] = {
        "status": "404 Not Found",
        "duration_ms": "12",
        "wait_ms": float("inf"),
        "request_body": bytearray(b"a"),
        "response_body": "é",
        "request_headers": "nonsense",
        "response_headers": [("X-A", 1, 2), ["X-B", True], "nonsense"],
        "notes": ["error", "owl"],
        "caller": "owl",
    }
    found = made_plain(replace(an_exchange(), **odd))

    assert (found.status, found.duration_ms, found.wait_ms) == (0, 12, 0)
    assert (found.request_body, found.response_body) == (b"a", "é".encode())
    assert found.request_headers == []
    assert found.response_headers == [("X-B", "True")]
    assert (found.notes, found.caller) == (("error",), None)


def test_an_object_is_named_and_not_called() -> None:
    """Its methods may raise, or do worse."""

    class Owl:
        """Something that must be left alone."""

        def __str__(self) -> str:
            """Refuse."""
            raise RuntimeError("do not look")

        __repr__ = __bytes__ = __int__ = __str__

    assert plain_text(Owl()) == "[Owl]"


def test_shedding_keeps_what_happened() -> None:
    """Bodies go and their sizes stay; the exchange itself is not changed."""
    exchange = an_exchange(request_body=b"hoot", notes=("aborted",))
    found = without_bodies(exchange)

    assert (found.request_body, found.request_body_size) == (b"", 4)
    assert found.notes == ("aborted", "shed")
    assert exchange.request_body == b"hoot"


def test_the_last_shedding_cuts_every_text() -> None:
    """Whatever was too long, it is not any more; a secret cannot be cut in half."""
    exchange = an_exchange(
        target="/" + "x" * 5000 + "?token=secret", reason="r" * 5000, route="/" * 5000
    )
    found = without_headers(exchange)

    assert found.request_headers == found.response_headers == []
    assert found.target == "/" + "x" * 1023
    assert (len(found.reason), len(found.route or "")) == (1024, 1024)
