"""When a request may go out: free flow, or one probe at a time; no I/O, no clock.

The gate is free while requests are answered. Trouble closes it: from then on a
single probe may go out, each time after a pause that the kind of trouble sets.
One good answer to a probe frees it again. Times are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

from shipper.events import Events
from shipper.receipt import Cause, Deferred

FAILURES_TO_OPEN_CIRCUIT = 8
BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_CAP_SECONDS = 60.0
HOLD_FIRST_SECONDS = 1.0
BUSY_FIRST_SECONDS = 60.0  # a 429 without Retry-After
CAP_PER_FIRST = 60  # a minute and an hour, to which they double

_HINTS = {
    401: "check the project key (api_key_file, credential or README_API_KEY)",
    402: "the ReadMe plan does not take more logs",
    403: "the project key is blocked, or a gateway on the way refuses it",
    407: "give user and password in network.proxy, http://USER:PASSWORD@HOST:PORT",
}
_HINT_OTHERWISE = "check that readme.endpoint is the right address"
_HINT_REFUSALS = "compare `shipper dead-letter list` with docs/record-format.md"
_HINT_BUSY = "nothing is lost while the log's disk budget lasts"


class Trouble(StrEnum):
    """Why the gate is closed."""

    DOUBT = "doubt"  # one 403: the next request tells a bad record from a bad key
    CIRCUIT = "circuit"  # too many failures in a row
    BUSY = "busy"  # the receiver asked us to wait
    HOLD = "hold"  # needs a person
    REFUSALS = "refusals"  # it refuses every record: the fault is not the record's


def backoff_seconds(failures: int, jitter: float) -> float:
    """Return full-jitter back-off: up to 0.1 s, doubling, at most 60 s.

    Args:
        failures: How many have happened so far, 1 or more.
        jitter: A random number in [0, 1).
    """
    ceiling: float = min(
        BACKOFF_CAP_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(failures - 1, 20)
    )
    return ceiling * jitter


class Gate:
    """Counts answers and says whether the next request may go out."""

    def __init__(self, *, events: Events, jitter: Callable[[], float]) -> None:
        # Mutable state, touched by the pipeline thread alone: the trouble we are
        # in and since when, failures in a row and the last one, failed probes, the
        # next probe.
        self._events = events
        self._jitter = jitter
        self._trouble: Trouble | None = None
        self._since = 0.0
        self._failures = 0
        self._probes = 0
        self._probe_at = 0.0
        self._why = ""
        self._last_failure = ""

    @property
    def is_free(self) -> bool:
        """True while any number of requests may go out."""
        return self._trouble is None

    @property
    def why_closed(self) -> str:
        """The sentence for people, or empty when free."""
        return "" if self._trouble is None else self._why

    @property
    def why_failing(self) -> str:
        """What is wrong by the last answer; a few failures do not close the gate."""
        return self.why_closed or self._last_failure

    def probe_in(self, now: float) -> float:
        """Return the seconds until the next probe may go out; 0 when free."""
        return 0.0 if self._trouble is None else max(0.0, self._probe_at - now)

    def delivered(self, now: float, *, is_probe: bool) -> bool:
        """Note an acceptance; True if it has freed the gate."""
        self._forget_failures()
        # A late answer to a request from before the trouble proves nothing about
        # it: a Retry-After must be obeyed whatever else was under way.
        if is_probe or self._trouble in {Trouble.DOUBT, Trouble.REFUSALS}:
            return self._free(now)
        return False

    def refused(self, now: float, *, is_probe: bool) -> bool:
        """Note a refusal: the receiver is alive and knows us; True if it freed."""
        self._forget_failures()
        if is_probe and self._trouble is not Trouble.REFUSALS:
            return self._free(now)
        if is_probe:
            self._pause(now, self._doubling(Trouble.REFUSALS, HOLD_FIRST_SECONDS))
        return False

    def refuses_everything(self, now: float, why: str) -> None:
        """Close after too many lone refusals with no acceptance between."""
        self._close(Trouble.REFUSALS, why, now, HOLD_FIRST_SECONDS, _HINT_REFUSALS)

    def deferred(self, receipt: Deferred, now: float, *, is_probe: bool) -> None:
        """Note a request that nobody answered for, and close if it is time."""
        self._last_failure = receipt.reason
        match receipt.cause:
            case Cause.HOLD:
                self._hold(receipt, now)
            case Cause.FORBIDDEN:
                if is_probe:
                    self._hold(receipt, now)
                elif self._trouble is None:
                    self._close(Trouble.DOUBT, receipt.reason, now, 0.0, None)
            case Cause.BUSY:
                self._wait_as_told(receipt, now, is_probe=is_probe)
            case Cause.UNAVAILABLE | Cause.TIMEOUT | Cause.NETWORK:
                self._failures += 1
                pause = backoff_seconds(self._failures, self._jitter())
                if self._trouble is not None:
                    if is_probe:
                        # Counted by itself: it makes no other wait longer.
                        self._probe_at = now + pause
                elif self._failures >= FAILURES_TO_OPEN_CIRCUIT:
                    self._close(Trouble.CIRCUIT, receipt.reason, now, pause, None)
                    self._events.emit("circuit_opened", failures=self._failures)
            case _ as never:
                assert_never(never)

    def _forget_failures(self) -> None:
        self._failures = 0
        self._last_failure = ""

    def _hold(self, receipt: Deferred, now: float) -> None:
        hint = receipt.hint or _HINTS.get(receipt.status or 0, _HINT_OTHERWISE)
        pause = self._doubling(Trouble.HOLD, HOLD_FIRST_SECONDS)
        self._close(Trouble.HOLD, receipt.reason, now, pause, hint)

    def _wait_as_told(self, receipt: Deferred, now: float, *, is_probe: bool) -> None:
        pause = receipt.retry_after_seconds
        is_told = pause is not None and pause >= HOLD_FIRST_SECONDS
        if self._trouble is Trouble.BUSY and not is_probe and not is_told:
            return  # it was out with the one that began this wait
        if pause is None:
            pause = self._doubling(Trouble.BUSY, BUSY_FIRST_SECONDS)
        elif not is_told:
            # Not a second ahead, as every date is for a clock that is ahead of theirs:
            # obeyed alone, it would have us ask without a pause.
            pause = self._doubling(Trouble.BUSY, HOLD_FIRST_SECONDS)
        self._close(Trouble.BUSY, receipt.reason, now, pause, _HINT_BUSY)

    def _close(
        self, trouble: Trouble, why: str, now: float, pause: float, hint: str | None
    ) -> None:
        is_news = self._trouble is not trouble
        # Of several waits the longest rules: a wish is obeyed whatever else is wrong.
        pause = max(pause, self.probe_in(now))
        if self._trouble is None:
            self._since = now
        if is_news:
            self._probes = 0
        self._trouble = trouble
        self._why = why
        if is_news or self.probe_in(now) == 0 or trouble is Trouble.BUSY:
            self._pause(now, pause)
        if is_news and hint is not None:
            self._events.emit("uploads_held", why=why, hint=hint)

    def _pause(self, now: float, seconds: float) -> None:
        self._probe_at = now + seconds
        self._probes += 1

    def _free(self, now: float) -> bool:
        if self._trouble is None:
            return False
        if self._trouble is not Trouble.DOUBT:
            self._events.emit("uploads_resumed", seconds=now - self._since)
        self._trouble = None
        self._probes = 0
        self._why = ""
        return True

    def _doubling(self, trouble: Trouble, first: float) -> float:
        """Return the next pause: doubled by each probe that met the same trouble."""
        times = self._probes if self._trouble is trouble else 0
        return float(min(CAP_PER_FIRST * first, first * 2.0 ** min(times, 20)))
