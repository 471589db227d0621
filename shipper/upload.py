"""Batches go out: each becomes one POST on one of a few threads.

`post` takes a ticket and payloads and returns at once; `answered` hands back
receipts with their tickets, in the order they came. Nothing is retried here and
nothing is kept: a failure is a `Deferred`, and the caller still has the batch.
The key and a proxy's credentials appear in no receipt.
"""

from __future__ import annotations

import base64
import queue
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from shipper.answers import receipt_for, without
from shipper.clock import Clock
from shipper.network import NetworkSettings, Route, route_to
from shipper.receipt import Deferred, Receipt

if TYPE_CHECKING:
    from shipper.channel import Channel

ANSWER_PER_CONNECT = 10  # an answer may take ten times as long as a connection
SLOWEST_BYTES_PER_SECOND = 16_000  # of an uplink that is still worth waiting for
INLINE_LOOK_SECONDS = 0.25  # how soon an inline POST notices that it is overdue
ABORT_AGAIN_SECONDS = 0.05  # a POST that was still connecting is aborted again
ABORT_TIMES = 10  # then a thread is inside the resolver, and is left behind
LEAST_CUT_CHARACTERS = 4  # of a secret; fewer may well be the end of a word


class Answered(Struct, frozen=True):
    """A receipt, with the ticket of the request it answers."""

    ticket: int
    receipt: Receipt


class Posted(Struct, frozen=True):
    """One POST that is over, for whoever keeps account of what left.

    Attributes:
        started: When it began.
        seconds: How long it took, up to its answer or failure.
        payloads: The log objects that were sent.
        body: The very bytes that were sent, in order.
        receipt: What came back.
    """

    started: datetime
    seconds: float
    payloads: Sequence[bytes]
    body: Sequence[bytes]
    receipt: Receipt


class Witness(Protocol):
    """Who has to know of every POST; called on the thread that makes it."""

    def objection(self) -> Deferred | None:
        """Return why nothing may be posted now, or None."""
        ...

    def note(self, posted: Posted) -> None:
        """Take note of a POST."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    ticket: int
    payloads: Sequence[bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Run:
    channel: Channel
    deadline: float


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
        # whether to hurry. Guarded by `_lock`: what is running, how many have ended,
        # how many threads are left. Between threads: jobs one way, answers and one
        # bug the other.
        self._route = route_to(endpoint, network)
        credentials = base64.b64encode(f"{api_key}:".encode("latin-1")).decode()
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/json",
            "User-Agent": user_agent,
        }
        self._secrets = _secrets(self._route, api_key, credentials)
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._witness = witness
        self._beat = beat
        self._is_inline = threads == 0
        self._max_threads = max(1, threads)
        self._threads: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._answers: deque[Answered] = deque()
        self._bug: Exception | None = None
        self._lock = threading.Condition()
        self._runs: dict[int, _Run] = {}
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
        self._jobs.put(_Job(ticket, payloads, body_of(payloads)))
        # No more threads than were ever needed at once: an idle connection costs
        # both sides something, and a quiet log needs but one.
        if len(self._threads) < min(self.in_flight, self._max_threads):
            thread = threading.Thread(
                target=self._work,
                name=f"upload-{len(self._threads) + 1}",
                daemon=True,  # a hung POST must not hold the process
            )
            self._threads.append(thread)
            with self._lock:
                self._working += 1
            thread.start()
        if self._is_inline:
            self._await_receipts()

    def answered(self) -> list[Answered]:
        """Return every receipt since the last call, and cut what is overdue.

        A server that drips its answer never trips a socket's time-out; the whole
        exchange has a deadline too, and this is where it is looked at.
        """
        self._abort(overdue_at=self._clock.monotonic())
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
            self._abort()
            has_ended = self._await_threads(ABORT_AGAIN_SECONDS)

    def _await_threads(self, seconds: float) -> bool:
        with self._lock:
            return self._lock.wait_for(lambda: not self._working, seconds)

    def _await_receipts(self) -> None:
        # Real time, not the clock's: a ring meant for the pipeline must neither
        # end this wait nor be swallowed by it.
        while self.in_flight and self._bug is None and not self._is_hurried:
            with self._lock:
                now = self._clock.monotonic()
                if any(now < run.deadline for run in self._runs.values()):
                    self._beat()
                self._lock.wait_for(lambda: not self.in_flight, INLINE_LOOK_SECONDS)
            self._abort(overdue_at=self._clock.monotonic())

    def _abort(self, *, overdue_at: float = float("inf")) -> None:
        # Under the lock no run ends, so that a channel's next POST is never cut.
        with self._lock:
            for run in self._runs.values():
                if run.deadline <= overdue_at:
                    run.channel.abort()

    def _work(self) -> None:
        channel = self._route.channel(
            self._headers, connect_seconds=self._timeout_seconds
        )
        try:
            while (job := self._jobs.get()) is not None:
                receipt = self._receipt_of(job, channel)
                self._answers.append(Answered(job.ticket, receipt))
                with self._lock:
                    self._ended += 1
                    self._lock.notify_all()
                self._clock.wake()
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            self._bug = error
            self._clock.wake()
        finally:
            channel.close()
            with self._lock:
                self._working -= 1
                self._lock.notify_all()

    def _receipt_of(self, job: _Job, channel: Channel) -> Receipt:
        receipt = self._witnessed(job, channel)
        if not channel.was_stale:
            return receipt
        # The body goes out once more on a new connection: it carries the same ids,
        # so this is what a later retry would do, at once. A new connection that
        # breaks is a failure like any other.
        return self._witnessed(job, channel)

    def _witnessed(self, job: _Job, channel: Channel) -> Receipt:
        witness = self._witness
        if witness is None:
            return self._try(job, channel)
        if (objection := witness.objection()) is not None:
            return objection
        started, since = self._clock.now(), self._clock.monotonic()
        receipt = self._try(job, channel)
        seconds = self._clock.monotonic() - since
        # Before the receipt is handed over: what is known to have left is on record.
        witness.note(Posted(started, seconds, job.payloads, (job.body,), receipt))
        return receipt

    def _try(self, job: _Job, channel: Channel) -> Receipt:
        # Late: they bring urllib3, which whoever posts nothing should not pay.
        from shipper.channel import FAILURES  # noqa: PLC0415
        from shipper.failures import Attempt, receipt_for_error  # noqa: PLC0415

        answer_seconds = max(
            ANSWER_PER_CONNECT * self._timeout_seconds,
            len(job.body) / SLOWEST_BYTES_PER_SECOND,
        )
        allowed = self._timeout_seconds + answer_seconds
        with self._lock:
            deadline = self._clock.monotonic() + allowed
            self._runs[job.ticket] = _Run(channel, deadline)
        try:
            answer = channel.post(job.body, answer_seconds=answer_seconds)
        except FAILURES as error:
            proxy = self._route.proxy
            attempt = Attempt(
                name=self._route.name,
                proxy_name=proxy.name if proxy is not None else None,
                connect_seconds=self._timeout_seconds,
                progress=channel.progress,
                min_tls=self._route.min_tls,
            )
            return receipt_for_error(error, attempt)
        finally:
            with self._lock:
                del self._runs[job.ticket]
        receipt = receipt_for(
            answer.status, answer.headers, answer.body, now=self._clock.now()
        )
        return without(self._secrets, receipt)


def body_of(payloads: Sequence[bytes]) -> bytes:
    """Return the payloads as one JSON array.

    The brackets are joined to the outer payloads, which are small: adding them to
    the joined body would copy it whole, and ask the kernel for fresh pages.
    """
    if len(payloads) < 2:
        return b"[" + b"".join(payloads) + b"]"
    first, last = b"[" + payloads[0], payloads[-1] + b"]"
    return b",".join((first, *payloads[1:-1], last))


def _secrets(route: Route, api_key: str, credentials: str) -> re.Pattern[str]:
    """Return what matches everything that no message may hold."""
    secrets = {credentials, api_key}
    if route.proxy is not None:
        secrets.update(route.proxy.secrets)
    longest_first = sorted(secrets - {""}, key=len, reverse=True)
    whole = map(re.escape, longest_first)
    # A reason is cut to one line, maybe in the middle of what it must not hold.
    cut = (
        re.escape(secret[:length]) + "(?=…?'?$)"
        for secret in longest_first
        for length in range(len(secret) - 1, LEAST_CUT_CHARACTERS - 1, -1)
    )
    return re.compile("|".join((*whole, *cut)))
