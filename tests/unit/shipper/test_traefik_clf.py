"""Traefik's own extension of Common."""

from __future__ import annotations

import pytest

from tests.support.foreign_logs import a_reader, outcome, outcomes, read_one, sample

LINE = (
    b'172.17.1.2 - owl [24/Nov/2024:13:38:04 +0000] "GET /b HTTP/2" 200 352 '
    rb'"-" "Ni\x41kto" 244 "t@docker -> leaf@docker" "http://172.17.0.3:80" 42ms'
)


def test_a_line_gives_all_it_has() -> None:
    """The duration too; a backslash stands for itself."""
    found = read_one(a_reader("traefik-clf"), LINE)

    assert (
        found.client,
        found.user,
        found.duration_ms,
        found.http_version,
        found.response_size_bytes,
        found.started_ns,
        found.request_headers,
    ) == (
        "172.17.1.2",
        "owl",
        42,
        "HTTP/2",
        352,
        1_732_455_484_000_000_000,
        (("User-Agent", r"Ni\x41kto"),),
    )


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (b"203.0.113.9, 10.0.0.7", "203.0.113.9"),
        (b"2001:db8::1,10.0.0.7, 10.0.0.8", "2001:db8::1"),
        (b"unknown, 10.0.0.7", None),
        (b"-", None),
    ],
)
def test_behind_a_trusted_proxy_the_client_is_the_first_hop(
    hops: bytes, client: str | None
) -> None:
    """Traefik writes all of X-Forwarded-For in the client's place."""
    line = LINE.replace(b"172.17.1.2", hops)

    assert a_reader("traefik-clf").fits(line)
    assert read_one(a_reader("traefik-clf"), line).client == client


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE.replace(b" 200 352", b" - -"), "status"),
        (LINE.replace(b"Ni", b'"Ni'), "quotes"),
        (LINE.replace(b"/b", b'/"'), "quotes"),
        (LINE[:-4], "shape"),
        (LINE[:60], "half-line"),
        (LINE.replace(b"GET /b HTTP/2", b"- - -"), "method"),
        (LINE.replace(b"24/Nov", b"44/Nov"), "time"),
        (b"", "blank"),
        (b"x" * 1_048_577, "too-long"),
    ],
)
def test_what_cannot_be_read_is_refused(line: bytes, reason: str) -> None:
    """Traefik escapes nothing, so a quote inside a field is never guessed at."""
    assert reason == outcome(a_reader("traefik-clf").read(line))


def test_the_real_log_gives_its_counts() -> None:
    """Seven lines, one without a status, and two blank ones."""
    assert outcomes(a_reader("traefik-clf"), sample("traefik-clf-crowdsec.log")) == {
        "exchange": 6,
        "status": 1,
        "blank": 2,
    }
