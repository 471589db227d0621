"""A backfill by several workers: what they are given, when, and what they bring."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipper.backfill import crew, piece
from shipper.backfill.choices import Choices
from shipper.backfill.ledger import BlankLedger, places_of
from shipper.backfill.outcome import Progress
from shipper.backfill.pacing import Limits
from shipper.backfill.piece import Done, Task, ship
from shipper.backfill.survey import survey
from shipper.config.settings import ReadmeSettings, Settings
from tests.support.clock import FakeClock
from tests.support.combined import a_log
from tests.support.commands import KEY
from tests.support.events import RecordingEvents
from tests.support.loopback import LoopbackServer, Reply

CHOICES = Choices(
    format="combined", base_url="https://www.example.com", identity="client-ip"
)


class Scripted(Executor):
    """An engine whose pieces end at once, each as the script says.

    Args:
        script: What becomes of the pieces, in the order they are handed out.
        clock: Says when that was.
    """

    lost = ()

    def __init__(self, script: Sequence[Done], clock: FakeClock, *, slots: int) -> None:
        # Mutable state: what is left of the script, and when pieces were handed out.
        self._script = list(script)
        self._clock = clock
        self.slots = slots
        self.executor = self
        self.handed_out: list[float] = []

    def submit(self, fn: Callable[..., Any], /, *_: Any, **__: Any) -> Future[Any]:
        """Hand out a piece."""
        self.handed_out.append(self._clock.monotonic())
        future: Future[Any] = Future()
        future.set_result(self._script.pop(0))
        return future

    def close(self) -> None:
        """End nothing."""


def settings_of(directory: Path, endpoint: str) -> Settings:
    """Return settings of a project that takes records at an endpoint."""
    readme = ReadmeSettings(endpoint=endpoint, api_key=KEY)
    return Settings((), state_dir=str(directory / "state"), readme=readme)


def test_no_piece_is_handed_out_while_the_receiver_is_to_be_left_alone(
    tmp_path: Path,
) -> None:
    """What it has told one worker holds for all of them, from the next piece on."""
    clock = FakeClock()
    begun = clock.monotonic()
    paths = []
    for number in range(3):
        path = tmp_path / f"{number}.log"
        path.write_bytes(a_log(3, first=number))
        paths.append(str(path))
    held = Done((), (), 0, is_at_end=False, trouble="", closed_seconds=90.0)
    ended = Done((), (), 0, is_at_end=True, trouble="")
    engine = Scripted([held, ended, ended, ended], clock, slots=2)
    outcome = crew.run(
        engine,
        settings_of(tmp_path, "http://127.0.0.1:9/v1/request"),
        survey(paths, CHOICES),
        CHOICES,
        limits=Limits(),
        progress=Progress(lambda _: None),
        on_reject=lambda _: None,
        events=RecordingEvents(),
        clock=clock,
    )

    assert [at - begun for at in engine.handed_out] == [0.0, 0.0, 90.0, 90.0]
    assert outcome.is_complete


def a_task(directory: Path, url: str, records: int) -> Task:
    """Return a piece that is all of a log."""
    log = directory / "access.log"
    log.write_bytes(a_log(records))
    ((file, place),) = places_of(survey([str(log)], CHOICES), BlankLedger(), CHOICES)
    settings = settings_of(directory, url)
    return Task(settings, CHOICES, Limits(), file.path, file.name, place, lines=100)


def test_what_a_piece_has_sent_and_not_settled_is_not_sent_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch was halved, and its time was up between the halves."""
    monkeypatch.setattr(piece, "PIECE_SECONDS", 3.0)
    wish = Reply(429, headers=(("Retry-After", "3600"),))
    with LoopbackServer([Reply(413), Reply(), wish]) as server:
        task = a_task(tmp_path, server.url, records=2)
        first = ship(task)
        second = ship(replace(task, taken=first.taken))
        sent = [len(json.loads(heard.body)) for heard in server.heard]

    assert (first.commits, len(first.taken)) == ((), 1)
    assert sent == [2, 1, 1, 1]
    assert second.is_at_end
    (commit,) = second.commits
    assert [advance.delivered for advance in commit.advances] == [2]


def test_a_piece_tells_how_long_the_receiver_wished_to_be_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends before that time is over, so that a signal need not wait for it."""
    monkeypatch.setattr(piece, "PIECE_SECONDS", 0.2)
    wish = Reply(429, headers=(("Retry-After", "3600"),))
    with LoopbackServer([wish]) as server:
        done = ship(a_task(tmp_path, server.url, records=3))

    assert (done.commits, done.is_at_end) == ((), False)
    assert 3500 < done.closed_seconds <= 3600
