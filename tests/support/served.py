"""A whole shipper in the test's own thread, with an operator in another one.

Signal handlers belong to the main thread, so the shipper runs there and the test's
script runs beside it: it writes files, waits for what is told, and sends signals to
this very process. Nothing waits for time.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from threading import Condition, Thread

from shipper.clock import SystemClock
from shipper.config import load
from shipper.events import EVENTS, Value
from shipper.service import run
from tests.support.commands import KEY, Shop

PATIENCE_SECONDS = 60.0  # far above what any of these waits takes


class Served:
    """One run over a shop, and what an operator does meanwhile.

    Attributes:
        told: Every event, in order.
        code: The exit code, once the run is over.
    """

    def __init__(self, shop: Shop) -> None:
        # Mutable state, guarded by `_news`: the events. Of the test: code, failure.
        self._shop = shop
        self._news = Condition()
        self._failure: BaseException | None = None
        self.told: list[tuple[str, dict[str, Value]]] = []
        self.code: int | None = None
        self.on_event: Callable[[str], None] = lambda _: None

    def run(self, script: Callable[[Served], None]) -> None:
        """Run the shipper, and beside it the script; the end of it ends the run."""
        operator = Thread(target=self._operate, args=(script,), daemon=True)
        environ = {"README_API_KEY": KEY}
        path = str(self._shop.config)
        operator.start()
        self.code = run(
            load(path, environ),
            once=False,
            max_duration_seconds=PATIENCE_SECONDS,
            events=self,
            clock=SystemClock(),
            read_again=lambda: load(path, environ),
        )
        operator.join(PATIENCE_SECONDS)
        if self._failure is not None:
            raise self._failure

    def emit(self, name: str, **fields: Value) -> None:
        """Remember the event; fails if its sentence lacks a field."""
        EVENTS[name].sentence.format(**fields)
        self.on_event(name)
        with self._news:
            self.told.append((name, fields))
            self._news.notify_all()

    def named(self, name: str) -> list[dict[str, Value]]:
        """Return the fields of all events of this name."""
        with self._news:
            return [fields for told, fields in self.told if told == name]

    def await_event(self, name: str, count: int = 1) -> None:
        """Wait until an event was told so often."""
        with self._news:
            came = self._news.wait_for(
                lambda: sum(told == name for told, _ in self.told) >= count,
                PATIENCE_SECONDS,
            )
        assert came, f"no {name}: {self.told}"

    def await_received(self, count: int, shop: Shop | None = None) -> None:
        """Wait until so many records have arrived, here or at another shop's."""
        end = time.monotonic() + PATIENCE_SECONDS
        while len((shop or self._shop).received()) < count:
            assert time.monotonic() < end, f"too few came: {self.told}"
            with self._news:
                self._news.wait(0.02)  # a receiver tells nobody of what it takes

    def await_status(self, is_it: Callable[[dict[str, Value]], bool]) -> None:
        """Ask for the status until it is what was waited for."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            count = len(self.named("status")) + 1
            self.send(signal.SIGUSR1)
            self.await_event("status", count)
            if is_it(self.named("status")[-1]):
                return
            assert time.monotonic() < end, f"it is not so: {self.told}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process, whose handlers are the shipper's now."""
        os.kill(os.getpid(), number)

    def reload(self) -> None:
        """Ask for a reload, and wait until it is over."""
        over = len(self.named("reloaded")) + 1
        self.send(signal.SIGHUP)
        self.await_event("reloaded", over)

    def _operate(self, script: Callable[[Served], None]) -> None:
        try:
            # Before, a signal would meet the handlers of the test's runner.
            self.await_event("started")
            script(self)
        except BaseException as error:
            self._failure = error
        finally:
            if self.named("started") and not self.named("stopped"):
                self.send(signal.SIGTERM)
