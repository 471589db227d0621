"""How far a long command has come, on a terminal and elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from shipper.cli.bar import Bar
from tests.support.clock import FakeClock


@dataclass
class Far:
    """How far something has come."""

    total_bytes: int = 1_000
    done_bytes: int = 0
    records: int = 0


def make_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a terminal of the stderr that is captured."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


def told(
    capsys: pytest.CaptureFixture[str], *, seconds: float, is_quiet: bool = False
) -> str:
    """Return what is shown of a run half way, after so long."""
    clock = FakeClock()
    bar = Bar(is_quiet=is_quiet, clock=clock)
    clock.advance(seconds)
    bar.tick(Far(done_bytes=500, records=3_000))
    bar.tick(Far(done_bytes=510, records=3_001))
    bar.close()
    return capsys.readouterr().err


def test_a_terminal_has_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records, bytes, rate, and the time that is left, on one line."""
    make_a_terminal(monkeypatch)
    shown = told(capsys, seconds=30)

    assert shown == (
        "\r[############------------] 3,000 records, 500 bytes, 100/s, 50%, "
        "0:00:30 left\x1b[K\n"
    )


@pytest.mark.parametrize(
    ("far", "bar"),
    [
        (Far(total_bytes=0), "[########################] 0 records, 0 bytes, 0/s\x1b"),
        (Far(done_bytes=2_000), "[########################] 0 records, 2,000 bytes"),
        (Far(), "[------------------------] 0 records, 0 bytes, 0/s\x1b"),
    ],
    ids=["nothing to do", "more than there was", "just begun"],
)
def test_an_end_and_a_beginning_tell_no_time(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    far: Far,
    bar: str,
) -> None:
    """What is left is a guess, and not made of nothing."""
    make_a_terminal(monkeypatch)
    clock = FakeClock()
    shown = Bar(is_quiet=False, clock=clock)
    clock.advance(1)
    shown.tick(far)

    assert bar in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "lines"), [(59.0, 0), (60.0, 1)])
def test_a_log_has_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], seconds: float, lines: int
) -> None:
    """Whoever reads it later wants no bar."""
    shown = told(capsys, seconds=seconds)

    assert shown.count("\n") == shown.count("3,000 records") == lines
    assert "\r" not in shown


def test_quiet_shows_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even on a terminal."""
    make_a_terminal(monkeypatch)
    assert told(capsys, seconds=600, is_quiet=True) == ""
