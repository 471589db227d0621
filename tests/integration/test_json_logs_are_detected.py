"""Every JSON format is known by its lines, and none of them is taken for another."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.formats.detect import Detected, Undetected, detect
from tests.support.json_logs import (
    DATA,
    a_caddy_line,
    a_kong_line,
    a_traefik_line,
    an_apigateway_line,
    an_envoy_line,
    an_nginx_line,
    as_line,
    sample,
)
from tests.support.records import a_record_line

LINES: dict[str, Any] = {
    "own": a_record_line(),
    "nginx-json": an_nginx_line(),
    "caddy": a_caddy_line(),
    "traefik-json": a_traefik_line(),
    "envoy": an_envoy_line(),
    "apigateway": an_apigateway_line(),
    "kong": a_kong_line(),
}


@pytest.mark.parametrize("name", LINES)
def test_a_log_of_each_format_is_known(name: str) -> None:
    """The whole table is asked, text formats too."""
    assert detect([as_line(LINES[name])] * 3) == Detected(name, 1.0)


@pytest.mark.parametrize("name", ["caddy-json-lnav.log"])
def test_a_real_log_is_known(name: str) -> None:
    """By its own lines alone."""
    assert detect(sample(name)) == Detected("caddy", 1.0)


def test_a_real_log_with_another_programs_line_names_the_best() -> None:
    """Six lines of seven are less than 95 %."""
    found = detect(sample("traefik-json-crowdsec.log"))
    assert isinstance(found, Undetected)

    assert [one.name for one in found.candidates] == ["traefik-json"]


@pytest.mark.parametrize(
    "har", sorted((DATA / "har").glob("*.har")), ids=lambda path: path.stem
)
def test_a_real_har_is_known(har: Any) -> None:
    """A document is known by its beginning, with or without a byte order mark."""
    assert detect(har.read_bytes().split(b"\n")) == Detected("har", 1.0)


@pytest.mark.parametrize(
    "line",
    [
        {"level": "info", "ts": 1.5, "msg": "serving initial configuration"},
        {"level": "info", "time": "2026-07-31T12:00:00Z", "msg": "Starting provider"},
        {"level": "error", "ts": 1.5, "msg": "x", "path": "/x"},
        {"event": "login", "user": "owl"},
        {"status": "ok", "time": "2026-07-31T12:00:00Z"},
    ],
)
def test_json_without_exchanges_is_refused(line: dict[str, Any]) -> None:
    """Notices of a known program, and objects of unknown ones."""
    assert isinstance(detect([as_line(line)] * 3), Undetected)
