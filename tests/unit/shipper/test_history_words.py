"""The words of ``shipper backfill``, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pytest

from shipper.cli import history
from shipper.cli.history import Allowance

CONTEXT = click.Context(click.Command("backfill"))
OPTION = click.Option(["--word"])


def meant(word: Callable[[click.Context, click.Parameter, Any], Any], text: Any) -> Any:
    """Return what a word means."""
    return word(CONTEXT, OPTION, text)


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        (history.format_name, "auto", "auto"),
        (history.format_name, "har", "har"),
        (history.base_url, None, None),
        (history.base_url, "https://h:8443", "https://h:8443"),
        (history.rule, None, None),
        (history.rule, "client-ip", "client-ip"),
        (history.zone, None, None),
        (history.zone, "Europe/Berlin", "Europe/Berlin"),
        (history.moment, None, None),
        (history.moment, "2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        (history.moment, " 2026-11-01T12:00Z", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        (
            history.moment,
            "2026-11-01T12:00:00+02:00",
            datetime(2026, 11, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        ),
        (history.globs, ("/static/**",), ("/static/**",)),
        (history.field_map, None, None),
        (history.allowance, "20", Allowance(20.0, False)),
        (history.allowance, " 0.5%", Allowance(0.5, True)),
        (history.rate, None, None),
        (history.rate, "50", 50.0),
        (history.rate, "3000/m", 50.0),
        (history.rate, "7200/H", 2.0),
        (history.bandwidth, None, None),
        (history.bandwidth, "OFF", None),
        (history.bandwidth, "512k", 524_288.0),
        (history.bandwidth, "1.5MiB/s", 1_572_864.0),
        (history.bandwidth, "100", 100.0),
    ],
)
def test_a_word_means_what_it_says(
    word: Callable[[click.Context, click.Parameter, Any], Any], text: Any, expected: Any
) -> None:
    """Units may be left out where there is a usual one."""
    assert expected == meant(word, text)


@pytest.mark.parametrize(
    ("word", "text", "told"),
    [
        (history.format_name, "apache", "combined"),
        (history.base_url, "https://h/v1", "no path"),
        (history.rule, "ip", "client-ip"),
        (history.zone, "../etc/passwd", "Europe/Berlin"),
        (history.moment, "01.11.2026", "2026-11-01"),
        (history.globs, ("[",), "["),
        (history.allowance, "101%", "1%"),
        (history.allowance, "-1", "20"),
        (history.rate, "0/s", "50/s"),
        (history.bandwidth, "0k", "512k"),
        (history.bandwidth, "512x", "512k"),
    ],
)
def test_a_word_that_means_nothing_says_what_would(
    word: Callable[[click.Context, click.Parameter, Any], Any], text: Any, told: str
) -> None:
    """The error shows one that can be used."""
    with pytest.raises(click.BadParameter, match=r"[\s\S]") as found:
        meant(word, text)

    assert told in str(found.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("map.toml", b'\xef\xbb\xbfstatus = "http.code"\n"request_header.X" = "x"\n'),
        ("map.json", b'{"status": "http.code", "request_header.X": "x"}'),
    ],
)
def test_a_field_map_is_a_file(tmp_path: Path, name: str, content: bytes) -> None:
    """TOML, or JSON if it is called so."""
    path = tmp_path / name
    path.write_bytes(content)

    assert meant(history.field_map, str(path)) == {
        "status": "http.code",
        "request_header.X": "x",
    }


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("map.toml", b"status = ", "TOML"),
        ("map.json", b'{"status"', "JSON"),
        ("map.json", b"[1]", "map.json"),
        ("map.toml", b'stats = "code"\nhost = ""\n', "status"),
        ("map.toml", b"\xff", "map.toml"),
    ],
)
def test_a_field_map_that_is_none_is_told(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    """The error names the file, and what is wrong in it."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(click.BadParameter, match=name) as found:
        meant(history.field_map, str(path))

    assert told in str(found.value)


def test_a_field_map_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The error names it."""
    with pytest.raises(click.BadParameter, match="gone"):
        meant(history.field_map, str(tmp_path / "gone.toml"))


@pytest.mark.parametrize(
    ("allowance", "refused", "lines", "permits"),
    [
        (Allowance(5, True), 5, 100, True),
        (Allowance(5, True), 6, 100, False),
        (Allowance(5, True), 0, 0, True),
        (Allowance(5, False), 5, 5, True),
        (Allowance(5, False), 6, 6_000, False),
    ],
)
def test_so_many_refused_lines_are_put_up_with(
    allowance: Allowance, refused: int, lines: int, permits: bool
) -> None:
    """A number is one, a share is of all lines."""
    assert permits == allowance.permits(refused, lines)


def test_an_allowance_is_told_as_it_was_written() -> None:
    """Whoever wrote it knows it again."""
    assert f"{Allowance(0.5, True)} {Allowance(20, False)}" == "0.5% 20"
