"""A monitor is called while records are delivered: the one other host we ever call.

Deliveries come in, at most one GET an interval goes out, on a thread of its own:
shipping never waits for it. It carries no key, no body and no credentials, and the
address, which often holds a token, is in no event. Silence is what raises the alarm.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from shipper.clock import Clock
from shipper.events import Events
from shipper.network import Route
from shipper.receipt import Delivered
from shipper.upload import Answered

if TYPE_CHECKING:
    from shipper.channel import Channel

TIMEOUT_SECONDS = 3.0  # to connect, and to answer
OVERDUE_SECONDS = 15.0  # a monitor that drips its answer is cut then
CLOSE_SECONDS = 5.0  # a short run must not end before its only call has been made


class Poster(Protocol):
    """Where requests go; answers come back later."""

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send the payloads as one request."""
        ...

    def answered(self) -> Sequence[Answered]:
        """Return every answer since the last call."""
        ...


class Beating:
    """Passes requests and answers on, and tells a heartbeat of each delivery."""

    def __init__(self, poster: Poster, heartbeat: Heartbeat) -> None:
        self._poster = poster
        self._heartbeat = heartbeat

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send the payloads as one request."""
        self._poster.post(ticket, payloads)

    def answered(self) -> Sequence[Answered]:
        """Return every answer since the last call."""
        answers = self._poster.answered()
        if any(isinstance(answer.receipt, Delivered) for answer in answers):
            self._heartbeat.beat()
        return answers


class Heartbeat:
    """Calls one URL.

    Args:
        route: The way to it.
        user_agent: Such as ``hartail/1.0``.
        interval_seconds: Between the beginnings of two calls, at least.
        clock: Measures intervals.
        events: Told when calls begin to fail, and when they are answered again.
    """

    def __init__(
        self,
        *,
        route: Route,
        user_agent: str,
        interval_seconds: float,
        clock: Clock,
        events: Events,
    ) -> None:
        # Mutable state. Of the caller's thread: the thread, when the last call began
        # and the next one may. Of the heartbeat's thread: whether calls fail. Guarded
        # by `_lock`: the call under way, and how many were asked for and not made.
        self._route = route
        self._headers = {"User-Agent": user_agent}
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._events = events
        self._thread: threading.Thread | None = None
        self._began_at = 0.0
        self._due_at = clock.monotonic()
        self._is_hurried = False
        self._is_failing = False
        self._lock = threading.Condition()
        self._channel: Channel | None = None
        self._asked = 0
        self._calls: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def beat(self) -> None:
        """Have the monitor called, unless that was done within the interval."""
        now = self._clock.monotonic()
        with self._lock:
            is_under_way = self._asked > 0
            if is_under_way and now - self._began_at >= OVERDUE_SECONDS:
                self._abort()
        if is_under_way or now < self._due_at:
            return
        self._began_at, self._due_at = now, now + self._interval_seconds
        if self._thread is None and not self._start_thread():
            return
        with self._lock:
            self._asked += 1
        self._calls.put(True)

    def wait(self, seconds: float) -> bool:
        """Let a call under way end; True if it did."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._asked, seconds)

    def hurry(self) -> None:
        """Wait for no call when closing; safe in a signal handler."""
        self._is_hurried = True

    def close(self) -> None:
        """Let a call under way end, but not for long; ends the thread."""
        if self._thread is None:
            return
        self._calls.put(False)
        if not self.wait(0.0 if self._is_hurried else CLOSE_SECONDS):
            with self._lock:
                self._abort()

    def _start_thread(self) -> bool:
        """Start the thread; False if there is none left for it."""
        thread = threading.Thread(
            target=self._work,
            name="heartbeat",
            daemon=True,  # a hung monitor must not hold the process
        )
        try:
            thread.start()
        except RuntimeError as error:
            self._tell(f"thread: {error}")
            return False
        self._thread = thread
        return True

    def _abort(self) -> None:
        if self._channel is not None:
            self._channel.abort()

    def _work(self) -> None:
        while self._calls.get():
            self._call()
            with self._lock:
                self._asked -= 1
                self._lock.notify_all()

    def _call(self) -> None:
        # Late, as in `upload`: nobody is called before something was delivered.
        from shipper.channel import FAILURES  # noqa: PLC0415
        from shipper.failures import Attempt, receipt_for_error  # noqa: PLC0415

        channel = self._route.channel(self._headers, connect_seconds=TIMEOUT_SECONDS)
        with self._lock:
            self._channel = channel
        why = ""
        try:
            answer = channel.get(answer_seconds=TIMEOUT_SECONDS)
            if not 200 <= answer.status < 300:
                why = f"answered {answer.status}"
        except FAILURES as error:
            proxy = self._route.proxy
            attempt = Attempt(
                name=self._route.name,
                proxy_name=proxy.name if proxy is not None else None,
                connect_seconds=TIMEOUT_SECONDS,
                progress=channel.progress,
            )
            why = receipt_for_error(error, attempt).reason
        finally:
            with self._lock:
                self._channel = None
            channel.close()
        self._tell(why)

    def _tell(self, why: str) -> None:
        if why and not self._is_failing:
            self._events.emit("heartbeat_failed", host=self._route.name, why=why)
        elif self._is_failing and not why:
            self._events.emit("heartbeat_resumed", host=self._route.name)
        self._is_failing = bool(why)
