"""Uploaders for tests, and waiting for what they bring back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from shipper.network import NetworkSettings
from shipper.receipt import Deferred, Receipt
from shipper.transport import Witness
from shipper.upload import Uploader
from tests.support.clock import FakeClock

KEY = "rdme_t0psecretkey"
PATIENCE_SECONDS = 20.0


class RingingClock(FakeClock):
    """A fake clock whose bell can be awaited in real time by the test's thread."""

    def __init__(self) -> None:
        super().__init__()
        # Mutable state: rings so far, guarded by the condition.
        self._rings = threading.Condition()
        self.rung = 0

    def wake(self) -> None:
        """Count a ring."""
        super().wake()
        with self._rings:
            self.rung += 1
            self._rings.notify_all()

    def await_rings(self, count: int) -> None:
        """Wait until the bell was rung `count` times in all."""
        with self._rings:
            assert self._rings.wait_for(lambda: self.rung >= count, PATIENCE_SECONDS)


def without_hint(receipt: Receipt) -> Deferred:
    """Return what is wrong of a request that failed, without how to mend it."""
    assert isinstance(receipt, Deferred)
    return replace(receipt, hint=None)


@contextmanager
def an_uploader(
    url: str,
    clock: FakeClock,
    *,
    threads: int = 1,
    timeout_seconds: float = 5.0,
    settings: NetworkSettings | None = None,
    witness: Witness | None = None,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Uploader]:
    """Yield an uploader with the tests' key, closed at the end."""
    uploader = Uploader(
        endpoint=url,
        api_key=KEY,
        user_agent="hartail/1.0",
        threads=threads,
        timeout_seconds=timeout_seconds,
        network=settings or NetworkSettings(environ={}),
        clock=clock,
        witness=witness,
        beat=beat,
    )
    try:
        yield uploader
    finally:
        uploader.close(wait_seconds=0.0)


def receipt_of(
    url: str,
    *,
    payload: bytes = b"{}",
    timeout_seconds: float = 5.0,
    settings: NetworkSettings | None = None,
) -> Receipt:
    """Post one payload and return its receipt."""
    with an_uploader(
        url,
        FakeClock(),
        threads=0,
        timeout_seconds=timeout_seconds,
        settings=settings,
    ) as uploader:
        uploader.post(1, [payload])
        (answered,) = uploader.answered()
        return answered.receipt
