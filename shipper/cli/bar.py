"""How far a long command has come: a bar on a terminal, else one line a minute.

All of it goes to stderr. Nothing is shown to a log, or when the operator wants quiet.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Protocol

import click

from shipper.cli import console
from shipper.clock import Clock

BAR_SECONDS = 0.2
LINE_SECONDS = 60.0
WIDTH = 24


class Far(Protocol):
    """How far something has come."""

    @property
    def total_bytes(self) -> int:
        """All there is."""
        ...

    @property
    def done_bytes(self) -> int:
        """What is behind us."""
        ...

    @property
    def records(self) -> int:
        """Settled so far."""
        ...


class Bar:
    """Shows progress.

    Args:
        is_quiet: Show nothing.
        clock: For rates, and how often it is shown.
    """

    def __init__(self, *, is_quiet: bool, clock: Clock) -> None:
        # Mutable state: when it was shown last, and whether a bar stands there.
        self._is_quiet = is_quiet
        self._clock = clock
        self._is_terminal = sys.stderr.isatty()
        self._began_at = clock.monotonic()
        self._shown_at = self._began_at
        self._has_bar = False

    def tick(self, far: Far) -> None:
        """Show how far it is, unless that was done a moment ago."""
        now = self._clock.monotonic()
        pause = BAR_SECONDS if self._is_terminal else LINE_SECONDS
        if self._is_quiet or now - self._shown_at < pause:
            return
        self._shown_at = now
        text = self._text(far, now - self._began_at)
        if self._is_terminal:
            self._has_bar = True
            click.echo(f"\r{_bar(far)} {text}\x1b[K", err=True, nl=False)
        else:
            console.notice(text)

    def close(self) -> None:
        """Leave the line of the bar."""
        if self._has_bar:
            click.echo(err=True)

    @staticmethod
    def _text(far: Far, seconds: float) -> str:
        rate = far.records / seconds if seconds > 0 else 0.0
        share = _share(far)
        text = f"{far.records:,} records, {far.done_bytes:,} bytes, {rate:,.0f}/s"
        if 0 < share < 1:
            left = timedelta(seconds=round(seconds / share * (1 - share)))
            text += f", {share:.0%}, {left} left"
        return text


def _share(far: Far) -> float:
    return min(1.0, far.done_bytes / far.total_bytes) if far.total_bytes else 1.0


def _bar(far: Far) -> str:
    full = int(_share(far) * WIDTH)
    return f"[{'#' * full}{'-' * (WIDTH - full)}]"
