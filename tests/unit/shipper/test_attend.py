"""What happens between two turns of the pipeline: signals, and word to the manager."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shipper.attend import Attendant, Vitals
from shipper.errors import ConfigError, Fault
from shipper.notify import Notifier
from shipper.parts import Plan
from shipper.pulse import Pulse
from shipper.signals import Signals
from shipper.sums import Sums
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.service_manager import ServiceManager, service_manager


class Engine:
    """Implements `shipper.attend.Attended`; counting what waits takes time."""

    def __init__(self, clock: FakeClock) -> None:
        # Mutable state: how it stands, and what it was told.
        self._clock = clock
        self.is_ready = True
        self.sums = Sums()
        self.trouble = ""
        self.records_in_flight = 0
        self.counting_seconds = 0.0
        self.pauses = 0
        self.stopped_by: list[str] = []

    def pending_bytes(self) -> int:
        """Take the time it takes."""
        self._clock.advance(self.counting_seconds)
        return 0

    def pause(self) -> None:
        """Count."""
        self.pauses += 1

    def stop(self, signal_name: str) -> None:
        """Remember."""
        self.stopped_by.append(signal_name)


class Bench:
    """An attendant with everything around it."""

    def __init__(self, manager: ServiceManager, signals: Signals) -> None:
        # Mutable state: that of its parts, and what a reload finds.
        self.manager = manager
        self.clock = FakeClock()
        self.events = RecordingEvents()
        self.engine = Engine(self.clock)
        self.fault: Fault | None = None
        self.plans = 0
        notifier = Notifier(manager.environ, events=self.events, clock=self.clock)
        self.attendant = Attendant(
            signals=signals,
            notifier=notifier,
            pulse=Pulse(watchdog=notifier, every_seconds=None, events=self.events),
            events=self.events,
            clock=self.clock,
            plan_again=self._plan_again,
        )

    def _plan_again(self) -> Plan:
        self.plans += 1
        if self.fault is not None:
            raise ConfigError((self.fault, self.fault))
        # Nothing looks into it here.
        return Plan(None, None, (), None, None, ExitStack())  # type: ignore[arg-type]  # opaque

    def heard(self) -> list[dict[str, str]]:
        """Return what the manager has heard since the last call."""
        self.manager.heard.clear()
        return self.manager.listen(0.0)

    def turn(self, times: int = 1, *, seconds: float = 0.0) -> None:
        """Come round, with some time between."""
        for _ in range(times):
            self.clock.advance(seconds)
            self.attendant.turned()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """One whose first pipeline has come round once."""
    with service_manager(tmp_path) as manager, Signals(lambda: None) as signals:
        bench = Bench(manager, signals)
        bench.attendant.attend(bench.engine)
        bench.turn()
        yield bench


def test_the_first_turn_is_what_ready_means(bench: Bench) -> None:
    """Later ones say it no more."""
    first = bench.heard()
    bench.turn(3)

    assert [sorted(message) for message in first] == [["READY", "STATUS"]]
    assert bench.heard() == []


def test_news_is_told_within_a_second_and_trouble_at_once(bench: Bench) -> None:
    """Many commits in one second are one line for the manager."""
    bench.heard()
    for count in range(1, 6):
        bench.engine.sums = Sums(delivered=count)
        bench.turn(seconds=0.3)
    deliveries = bench.heard()
    bench.engine.trouble = "status 503"
    bench.turn()

    assert [message["STATUS"].split()[0] for message in deliveries] == ["4"]
    assert bench.heard()[0]["STATUS"].endswith("trouble: status 503")


def test_counting_very_many_files_does_not_take_our_time(bench: Bench) -> None:
    """What took a second to find out is not asked again for fifty."""
    bench.heard()
    bench.engine.counting_seconds = 1.0
    for count in range(1, 101):
        bench.engine.sums = Sums(delivered=count)
        bench.turn(seconds=1.0)

    told = [message["STATUS"].split()[0] for message in bench.heard()]
    assert told == ["1", "50", "99"]


def test_a_refused_reload_pauses_nothing(bench: Bench) -> None:
    """The manager hears its end all the same, and the log every fault."""
    bench.heard()
    bench.fault = Fault("FILE:1", "watch", "expected text")
    signal.raise_signal(signal.SIGHUP)
    bench.turn()

    told = [next(iter(message)) for message in bench.heard()]
    assert told == ["RELOADING", "READY"]
    fault = "FILE:1: watch: expected text"
    assert bench.events.told == [("reload_refused", {"why": f"{fault}; {fault}"})]
    assert bench.engine.pauses == 0
    assert bench.attendant.take_plan() is None


def test_a_reload_ends_when_the_next_engine_has_come_round(bench: Bench) -> None:
    """Sums go on counting, and a second wish waits for the next engine."""
    bench.heard()
    bench.engine.sums = Sums(delivered=2)
    for _ in range(2):
        signal.raise_signal(signal.SIGHUP)
        bench.turn()
    announced = bench.heard()
    plans = bench.plans
    following = Engine(bench.clock)
    following.sums = Sums(delivered=1)
    plan = bench.attendant.take_plan()
    bench.attendant.attend(following)
    bench.turn()

    assert ["RELOADING" in message for message in announced] == [True]
    assert (plans, bench.engine.pauses, plan is None) == (1, 1, False)
    assert bench.heard()[0]["STATUS"].startswith("3 delivered")
    assert (bench.plans, following.pauses) == (2, 1)


def test_an_engine_that_comes_after_the_signal_is_stopped(bench: Bench) -> None:
    """A signal between two engines is not lost, and the end is told once."""
    bench.heard()
    signal.raise_signal(signal.SIGTERM)
    following = Engine(bench.clock)
    bench.attendant.attend(following)
    bench.turn(3)

    assert bench.engine.stopped_by == ["SIGTERM"]
    assert following.stopped_by == ["SIGTERM"]
    assert [sorted(message) for message in bench.heard()] == [["STATUS", "STOPPING"]]


@pytest.mark.parametrize(
    ("vitals", "sentence"),
    [
        (Vitals(Sums(), 0, 0, ""), "0 delivered; waiting: nothing"),
        (
            Vitals(Sums(delivered=1234, blank=5), 0, 7, ""),
            "1,234 delivered; waiting: 7 records in flight",
        ),
        (
            Vitals(Sums(1, 2, 3), 4096, 7, "status 503"),
            "1 delivered, 2 skipped, 3 dead; waiting: 4,096 bytes and 7 records in "
            "flight; trouble: status 503",
        ),
    ],
)
def test_the_sentence_leaves_out_what_is_nothing(vitals: Vitals, sentence: str) -> None:
    """A quiet shipper says little, and one in trouble says why."""
    assert vitals.sentence == sentence
