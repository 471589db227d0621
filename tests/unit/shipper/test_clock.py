"""Waiting ends at its time or with the bell, whoever rings it."""

from __future__ import annotations

import signal
import threading
from datetime import UTC

from shipper.clock import SystemClock


def test_now_is_aware_and_utc() -> None:
    """Wall time never comes without its zone."""
    assert SystemClock().now().tzinfo is UTC


def test_wait_ends_by_itself() -> None:
    """A wait lasts as long as asked when nobody rings."""
    clock = SystemClock()
    start = clock.monotonic()

    clock.wait(0.02)

    assert clock.monotonic() - start >= 0.02


def test_ring_before_the_wait_is_not_lost() -> None:
    """A bell rung between two waits ends the next one at once."""
    clock = SystemClock()
    clock.wake()
    start = clock.monotonic()

    clock.wait(30)

    assert clock.monotonic() - start < 10


def test_several_rings_are_one() -> None:
    """Rings do not pile up: the wait after the next one lasts its time."""
    clock = SystemClock()
    for _ in range(5):
        clock.wake()
    clock.wait(30)
    start = clock.monotonic()

    clock.wait(0.02)

    assert clock.monotonic() - start >= 0.02


def test_ring_from_a_thread_ends_the_wait() -> None:
    """An upload thread that finishes wakes the pipeline."""
    clock = SystemClock()
    start = clock.monotonic()
    threading.Timer(0.02, clock.wake).start()

    clock.wait(30)

    assert clock.monotonic() - start < 10


def test_ring_from_a_signal_handler_ends_the_wait() -> None:
    """SIGTERM's handler may ring while this very thread is waiting."""
    clock = SystemClock()
    before = signal.signal(signal.SIGALRM, lambda *_: clock.wake())
    start = clock.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        clock.wait(30)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert clock.monotonic() - start < 10


def test_no_time_only_empties_the_bell() -> None:
    """Waiting for nothing returns at once."""
    assert not SystemClock().wait(0)


def test_a_wait_says_whether_somebody_rang() -> None:
    """Time alone does not tell: a ring may come with the end of the wait."""
    clock = SystemClock()
    heard = []
    for seconds in (0.0, 0.01, 30.0):
        clock.wake()
        heard.append((clock.wait(seconds), clock.wait(0.01)))

    assert heard == [(True, False)] * 3
