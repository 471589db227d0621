"""Batches go out: each becomes one POST on one of a few threads.

`post` takes a ticket and payloads and returns at once; `answered` hands back
receipts with their tickets, in the order they came. Nothing is retried here and
nothing is kept: a failure is a `Deferred`, and the caller still has the batch.
What a POST is, and what its answer comes to, is known to `transport`.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

from shipper.clock import Clock
from shipper.network import NetworkSettings, route_to
from shipper.receipt import Cause, Deferred, Receipt
from shipper.transport import Transport, Witness

if TYPE_CHECKING:
    from shipper.channel import Channel

INLINE_LOOK_SECONDS = 0.25  # how soon an inline POST notices that it is overdue
ABORT_AGAIN_SECONDS = 0.05  # a POST that was still connecting is aborted again
ABORT_TIMES = 10  # then a thread is inside the resolver, and is left behind

_THREAD_HINT = "raise the limit on processes (TasksMax=) or on memory"


class Answered(Struct, frozen=True):
    """A receipt, with the ticket of the request it answers."""

    ticket: int
    receipt: Receipt


class _Job(Struct, frozen=True):
    ticket: int
    payloads: Sequence[bytes]
    body: bytes


class Uploader:
    """Posts to one endpoint.

    Args:
        endpoint: The URL.
        api_key: The project key.
        user_agent: Such as ``hartail/1.0``.
        threads: How many POSTs may be under way; 0 makes `post` wait for its own.
        timeout_seconds: How long connecting may take.
        network: How the endpoint may be reached.
        clock: Woken by every answer.
        witness: Asked before every POST and told of it after, or None.
        beat: Called now and then while `post` waits for a receipt that may still
            come; not when a POST is overdue and its thread does not end.

    Raises:
        ConfigError: The endpoint cannot be reached in the way that was asked for.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        api_key: str,
        user_agent: str,
        threads: int,
        timeout_seconds: float,
        network: NetworkSettings,
        clock: Clock,
        witness: Witness | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        # Mutable state. Of the caller's thread: the threads, how many were posted,
        # whether to hurry. Guarded by `_lock`: how many have ended, how many threads
        # are left. Between threads: jobs one way, answers and one bug the other.
        self._transport = Transport(
            route=route_to(endpoint, network),
            api_key=api_key,
            user_agent=user_agent,
            timeout_seconds=timeout_seconds,
            clock=clock,
            witness=witness,
        )
        self._clock = clock
        self._beat = beat
        self._is_inline = threads == 0
        self._max_threads = max(1, threads)
        self._threads: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._answers: deque[Answered] = deque()
        self._bug: Exception | None = None
        self._lock = threading.Condition()
        self._posted = 0
        self._ended = 0
        self._working = 0
        self._is_hurried = False
        self._is_closed = False

    def load(self) -> None:
        """Import what the first POST needs, which otherwise does so.

        For whoever runs long: packages that are upgraded meanwhile must not be
        mixed with those of the start.
        """
        for name in ("adapter", "channel", "failures"):
            import_module(f"shipper.{name}")

    @property
    def in_flight(self) -> int:
        """How many requests were posted and have no receipt yet."""
        return self._posted - self._ended

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send the payloads as one JSON array; waits for the receipt when inline."""
        if self._is_closed:
            raise RuntimeError("post after close")
        self._posted += 1
        # No more threads than were ever needed at once: an idle connection costs
        # both sides something, and a quiet log needs but one.
        if len(self._threads) < min(self.in_flight, self._max_threads):
            why = self._add_thread()
            if not self._threads:
                receipt = Deferred(Cause.NETWORK, f"thread: {why}", hint=_THREAD_HINT)
                self._answer(Answered(ticket, receipt))
                return
        self._jobs.put(_Job(ticket, payloads, body_of(payloads)))
        if self._is_inline:
            self._await_receipts()

    def answered(self) -> list[Answered]:
        """Return every receipt since the last call, and cut what is overdue.

        A server that drips its answer never trips a socket's time-out; the whole
        exchange has a deadline too, and this is where it is looked at.
        """
        self._transport.abort(overdue_at=self._clock.monotonic())
        if self._bug is not None:
            raise self._bug
        answers = []
        while self._answers:
            answers.append(self._answers.popleft())
        return answers

    def hurry(self) -> None:
        """Wait for no receipt inline from now on; safe in a signal handler."""
        self._is_hurried = True

    def close(self, *, wait_seconds: float) -> None:
        """Let requests end for `wait_seconds`, then cut them; ends the threads.

        A thread that is stuck in the resolver is left to the end of the process.
        """
        self._is_closed = True
        for _ in self._threads:
            self._jobs.put(None)
        has_ended = self._await_threads(wait_seconds)
        for _ in range(ABORT_TIMES):
            if has_ended:
                break
            self._transport.abort()
            has_ended = self._await_threads(ABORT_AGAIN_SECONDS)

    def _add_thread(self) -> str:
        """Start one more thread; return why it cannot be, or nothing."""
        thread = threading.Thread(
            target=self._work,
            name=f"upload-{len(self._threads) + 1}",
            daemon=True,  # a hung POST must not hold the process
        )
        with self._lock:
            self._working += 1
        try:
            thread.start()
        except RuntimeError as error:
            # Those that are there take up every request; out of threads is not out
            # of order.
            with self._lock:
                self._working -= 1
            return str(error)
        self._threads.append(thread)
        return ""

    def _await_threads(self, seconds: float) -> bool:
        with self._lock:
            return self._lock.wait_for(lambda: not self._working, seconds)

    def _await_receipts(self) -> None:
        # Real time, not the clock's: a ring meant for the pipeline must neither
        # end this wait nor be swallowed by it.
        while self.in_flight and self._bug is None and not self._is_hurried:
            with self._lock:
                if self._transport.may_be_answered(self._clock.monotonic()):
                    self._beat()
                self._lock.wait_for(lambda: not self.in_flight, INLINE_LOOK_SECONDS)
            self._transport.abort(overdue_at=self._clock.monotonic())

    def _work(self) -> None:
        try:
            with closing(self._transport.channel()) as channel:
                self._work_on(channel)
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            self._bug = error
            self._clock.wake()
        finally:
            with self._lock:
                self._working -= 1
                self._lock.notify_all()

    def _work_on(self, channel: Channel) -> None:
        while (job := self._jobs.get()) is not None:
            receipt = self._transport.post(channel, job.body, job.payloads)
            self._answer(Answered(job.ticket, receipt))

    def _answer(self, answered: Answered) -> None:
        self._answers.append(answered)
        with self._lock:
            self._ended += 1
            self._lock.notify_all()
        self._clock.wake()


def body_of(payloads: Sequence[bytes]) -> bytes:
    """Return the payloads as one JSON array.

    The brackets are joined to the outer payloads, which are small: adding them to
    the joined body would copy it whole, and ask the kernel for fresh pages.
    """
    if len(payloads) < 2:
        return b"[" + b"".join(payloads) + b"]"
    first, last = b"[" + payloads[0], payloads[-1] + b"]"
    return b",".join((first, *payloads[1:-1], last))
