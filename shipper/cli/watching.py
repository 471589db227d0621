"""``shipper status --watch``: rates and what waits, until somebody has seen enough.

On a terminal a page is drawn anew every two seconds; elsewhere each look is one
line, or one JSON object. Only sizes are looked at, so that watching costs little.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from shipper.cli import console, losses
from shipper.reports.amounts import in_bytes, in_time
from shipper.reports.trend import Look, Trend

if TYPE_CHECKING:
    from datetime import datetime

    from shipper.clock import Clock
    from shipper.events import Events
    from shipper.reports.standing import Standing
    from shipper.source import Followed
    from shipper.store.examined import Holder

INTERVAL_SECONDS = 2.0
_LABEL = 15  # characters before a value


def keep_watching(
    state_dir: str,
    sources: Sequence[Followed],
    *,
    as_json: bool,
    events: Events,
    clock: Clock,
) -> NoReturn:
    """Look and tell, again and again; Ctrl-C ends it.

    Raises:
        StateError: The state cannot be read.
        KeyboardInterrupt: Somebody has seen enough.
    """
    from shipper.reports.standing import take_standing  # noqa: PLC0415 - late: heavy

    trend = Trend()
    is_terminal = sys.stdout.isatty()
    while True:
        standing = take_standing(state_dir, sources, events=events, clock=clock)
        now = clock.now()
        look = Look(clock.monotonic(), standing.lines.delivered, standing.waiting_bytes)
        trend.add(look)
        if as_json:
            console.say_json(_result(standing, trend, now))
        elif is_terminal:
            click.clear()
            for line in page(standing, trend, now):
                console.say(line)
        else:
            console.say(one_line(standing, trend, now))
        clock.wait(INTERVAL_SECONDS)


def page(standing: Standing, trend: Trend, now: datetime) -> Iterator[str]:
    """Yield the lines of a page for a terminal."""
    lines, rate = standing.lines, trend.delivered_per_second
    yield console.emphasise(
        f"{'shipper':<{_LABEL}}{_stamp(now)}, every {INTERVAL_SECONDS:g} s, "
        "Ctrl-C ends it"
    )
    yield shipping(standing.holder, standing.last_delivery, now=now.timestamp())
    yield ""
    speed = "" if rate is None else f"   {rate:,.1f} a second"
    yield f"{'delivered':<{_LABEL}}{lines.delivered:,}{speed}"
    yield f"{'skipped':<{_LABEL}}{lines.skipped:,}"
    yield f"{'dead':<{_LABEL}}{lines.dead:,}   {standing.letters:,} letters kept"
    yield f"{'waiting':<{_LABEL}}{_waiting(standing, now)}"
    yield f"{'backlog':<{_LABEL}}{_course(standing, trend)}"
    told = list(losses.sentences(standing.losses))
    yield from ["", *told] if told else []


def one_line(standing: Standing, trend: Trend, now: datetime) -> str:
    """Return a look as one line."""
    rate = trend.delivered_per_second or 0.0
    lines = standing.lines
    return (
        f"{_stamp(now)} delivered {lines.delivered:,} ({rate:,.1f}/s), "
        f"dead {lines.dead:,}, waiting {in_bytes(standing.waiting_bytes)}: "
        f"{_course(standing, trend)}"
    )


def shipping(holder: Holder, last_delivery: float | None, *, now: float) -> str:
    """Say whether a shipper is running, and when it delivered last."""
    if not holder.is_known:
        word = "whether a shipper is running cannot be seen here"
    elif holder.pid is None:
        word = "no shipper is running"
    else:
        word = f"a shipper is running (pid {holder.pid})"
    if last_delivery is None:
        return f"{word}; none has delivered yet"
    return f"{word}; last delivery {in_time(max(0.0, now - last_delivery))} ago"


def _waiting(standing: Standing, now: datetime) -> str:
    if not standing.waiting_bytes:
        return "nothing"
    files = standing.waiting_files
    text = f"{in_bytes(standing.waiting_bytes)} in {files:,} file{'s' * (files != 1)}"
    if standing.oldest is not None:
        age = max(0.0, now.timestamp() - standing.oldest)
        text += f", the oldest record for {in_time(age)}"
    return text


def _course(standing: Standing, trend: Trend) -> str:
    """Say where the backlog is going."""
    growth, left = trend.growth_per_second, trend.seconds_left
    if not standing.waiting_bytes:
        return "empty"
    if growth is None:
        return "measured from the next look on"
    if left is not None:
        return f"shrinks by {in_bytes(-growth)}/s, empty in about {in_time(left)}"
    if growth > 0:
        return f"grows by {in_bytes(growth)}/s"
    return "stays as it is"


def _result(standing: Standing, trend: Trend, now: datetime) -> dict[str, object]:
    lines = standing.lines
    return {
        "time": _stamp(now),
        "pid": standing.holder.pid,
        "last_delivery": standing.last_delivery,
        "delivered": lines.delivered,
        "skipped": lines.skipped,
        "dead": lines.dead,
        "waiting_bytes": standing.waiting_bytes,
        "waiting_files": standing.waiting_files,
        "oldest": standing.oldest,
        "delivered_per_second": trend.delivered_per_second,
        "growth_bytes_per_second": trend.growth_per_second,
        "seconds_left": trend.seconds_left,
    }


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")
