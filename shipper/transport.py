"""One POST on its way: timed, witnessed, and turned into a receipt.

A body comes in, on the channel of the thread that posts it; a receipt goes out,
whatever happens. How long a POST may take is known here, and how it is cut. The key
and a proxy's credentials appear in no receipt.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from shipper.answers import receipt_for, without
from shipper.clock import Clock
from shipper.network import Route
from shipper.receipt import Cause, Deferred, Delivered, Receipt

if TYPE_CHECKING:
    from shipper.channel import Channel

ANSWER_PER_CONNECT = 10  # an answer may take ten times as long as a connection
SLOWEST_BYTES_PER_SECOND = 16_000  # of an uplink that is still worth waiting for
MAX_IDLE_SECONDS = 60.0  # firewalls forget a quiet connection, and tell nobody
LEAST_CUT_CHARACTERS = 4  # of a secret; fewer may well be the end of a word


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


class Transport:
    """Posts to one endpoint, for any number of threads; each has its own channel.

    Args:
        route: The way to the endpoint.
        api_key: The project key.
        user_agent: Such as ``hartail/1.0``.
        timeout_seconds: How long connecting may take.
        clock: Says when a POST is overdue, and when it was made.
        witness: Asked before every POST and told of it after, or None.
    """

    def __init__(
        self,
        *,
        route: Route,
        api_key: str,
        user_agent: str,
        timeout_seconds: float,
        clock: Clock,
        witness: Witness | None,
    ) -> None:
        # Mutable state, guarded by `_lock`: when each channel's POST is overdue, and
        # when its last one ended.
        self._route = route
        credentials = base64.b64encode(f"{api_key}:".encode("latin-1")).decode()
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/json",
            "User-Agent": user_agent,
        }
        self._secrets = _secrets(route, api_key, credentials)
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._witness = witness
        self._lock = threading.Lock()
        self._deadlines: dict[Channel, float] = {}
        self._ended_at: dict[Channel, float] = {}

    def channel(self) -> Channel:
        """Return a channel to post on; whoever asked for it closes it."""
        return self._route.channel(self._headers, connect_seconds=self._timeout_seconds)

    def post(self, channel: Channel, body: bytes, payloads: Sequence[bytes]) -> Receipt:
        """Send a body, wait for the answer, and return what it means.

        Args:
            channel: Used by no other POST meanwhile.
            body: What is sent.
            payloads: The log objects in it, for the witness.
        """
        receipt = self._witnessed(channel, body, payloads)
        if not channel.was_stale:
            return receipt
        # The body goes out once more on a new connection: it carries the same ids,
        # so this is what a later retry would do, at once. A new connection that
        # breaks is a failure like any other.
        return self._witnessed(channel, body, payloads)

    def may_be_answered(self, now: float) -> bool:
        """Return whether a POST is under way that is not overdue."""
        with self._lock:
            return any(now < deadline for deadline in self._deadlines.values())

    def abort(self, *, overdue_at: float = float("inf")) -> None:
        """Cut every POST that is overdue by then, or all of them."""
        # Under the lock no POST ends, so that a channel's next one is never cut.
        with self._lock:
            for channel, deadline in self._deadlines.items():
                if deadline <= overdue_at:
                    channel.abort()

    def _witnessed(
        self, channel: Channel, body: bytes, payloads: Sequence[bytes]
    ) -> Receipt:
        witness = self._witness
        if witness is None:
            return self._try(channel, body)
        if (objection := witness.objection()) is not None:
            return objection
        started, since = self._clock.now(), self._clock.monotonic()
        receipt = self._try(channel, body)
        seconds = self._clock.monotonic() - since
        # Before the receipt is handed over: what is known to have left is on record.
        witness.note(Posted(started, seconds, payloads, (body,), receipt))
        return receipt

    def _try(self, channel: Channel, body: bytes) -> Receipt:
        # Late: they bring urllib3, which whoever posts nothing should not pay.
        from shipper.channel import FAILURES  # noqa: PLC0415
        from shipper.failures import Attempt, receipt_for_error  # noqa: PLC0415

        answer_seconds = max(
            ANSWER_PER_CONNECT * self._timeout_seconds,
            len(body) / SLOWEST_BYTES_PER_SECOND,
        )
        allowed = self._timeout_seconds + answer_seconds
        now = self._clock.monotonic()
        with self._lock:
            idle_seconds = now - self._ended_at.get(channel, now)
            self._deadlines[channel] = now + allowed
        if idle_seconds > MAX_IDLE_SECONDS:
            channel.hang_up()
        try:
            answer = channel.post(body, answer_seconds=answer_seconds)
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
                del self._deadlines[channel]
                self._ended_at[channel] = self._clock.monotonic()
        receipt = receipt_for(
            answer.status, answer.headers, answer.body, now=self._clock.now()
        )
        if isinstance(receipt, Delivered) and not channel.progress.is_sent:
            # Whatever stands in between has read the head alone.
            what = f"answered {answer.status} before the body was sent"
            return Deferred(Cause.NETWORK, f"http: {self._route.name}: {what}")
        return without(self._secrets, receipt)


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
