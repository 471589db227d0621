"""`shipper status --watch`: what a person sees, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipper.cli import watching
from shipper.config.settings import SourceSettings
from shipper.reports.losses import Losses
from shipper.reports.trend import Look, Trend
from shipper.store.examined import Holder
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.exchanges import an_exchange, encoded
from tests.support.standings import A_STANDING, NOW

WHEN = datetime.fromtimestamp(NOW, tz=UTC)
QUIET = replace(A_STANDING, losses=Losses(), waiting_bytes=0, oldest=None)


def trend_of(*waiting: int) -> Trend:
    """Return the trend of looks one second apart, with 10 records delivered in each."""
    trend = Trend()
    for at, count in enumerate(waiting):
        trend.add(Look(float(at), 10 * at, count))
    return trend


def test_a_page_says_what_a_person_asks() -> None:
    """Who ships, how fast, what waits, for how long, and when it will be done."""
    page = "\n".join(watching.page(A_STANDING, trend_of(8192, 4096), WHEN))

    for words in (
        "a shipper is running (pid 7); last delivery 1.0 minutes ago",
        "delivered      10   10.0 a second",
        "dead           2   2 letters kept",
        "waiting        4.0 KiB in 2 files, the oldest record for 30 seconds",
        "backlog        shrinks by 4.0 KiB/s, empty in about 1 second",
        "missing records: 9",
    ):
        assert words in page


def test_a_page_of_a_quiet_shipper_is_short() -> None:
    """No losses, nothing waiting, no speed at the first look."""
    page = "\n".join(watching.page(QUIET, trend_of(0), WHEN))

    assert "waiting        nothing" in page
    assert "backlog        empty" in page
    assert "a second" not in page


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        ((9,), "measured from the next look on"),
        ((9, 18), "grows by 9 bytes/s"),
        ((9, 9), "stays as it is"),
    ],
)
def test_one_line_says_where_the_backlog_is_going(
    waiting: tuple[int, ...], words: str
) -> None:
    """Whatever can be said by now."""
    one = replace(A_STANDING, waiting_files=1, oldest=None)

    assert watching.one_line(one, trend_of(*waiting), WHEN).endswith(words)
    assert "in 1 file\n" in "\n".join(watching.page(one, trend_of(*waiting), WHEN))


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (Holder(), "no shipper is running; none has delivered yet"),
        (Holder(is_known=False), "cannot be seen"),
    ],
)
def test_whether_a_shipper_is_running(holder: Holder, words: str) -> None:
    """Or that it is not known."""
    assert words in watching.shipping(holder, None, now=NOW)


@pytest.mark.parametrize("as_json", [False, True])
def test_every_look_is_a_line_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """One each two seconds, until somebody has seen enough."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(encoded(an_exchange()))
    clock = FakeClock()

    def interrupt(_: float) -> None:
        if len(clock.waits) == 3:
            raise KeyboardInterrupt

    clock.on_wait = interrupt
    with pytest.raises(KeyboardInterrupt):
        watching.keep_watching(
            str(tmp_path / "state"),
            [SourceSettings(paths=(str(log),))],
            as_json=as_json,
            events=RecordingEvents(),
            clock=clock,
        )
    lines = capsys.readouterr().out.splitlines()

    assert (len(lines), clock.waits) == (3, [2.0] * 3)
    if as_json:
        assert json.loads(lines[-1])["waiting_bytes"] == log.stat().st_size
    else:
        assert "2026-11-23T12:00:04Z delivered 0 (0.0/s)" in lines[-1]
