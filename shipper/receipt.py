"""What came back for a request: delivered, refused, or nobody answered for it.

Whoever posts makes a `Receipt`; whoever waits for one decides by its kind, and by its
`Cause`, what becomes of the records. Frozen values; nothing here does anything.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Delivered(Struct, frozen=True):
    """The receiver has taken every entry of the request."""

    status: int


class Refused(Struct, frozen=True):
    """The receiver will not take this body: some record in it is at fault.

    Attributes:
        status: HTTP status (400, 413, 422, or a 2xx that carries errors).
        reason: The receiver's words, shortened.
        is_too_large: 413: smaller batches are wanted from now on.
    """

    status: int
    reason: str
    is_too_large: bool = False


class Cause(StrEnum):
    """Why a request was not answered for; decides how we wait."""

    HOLD = "hold"  # needs a person: key, quota, redirect, captive portal
    FORBIDDEN = "forbidden"  # 403: a hold when a probe meets it too
    BUSY = "busy"  # 429, or 503 that says when
    UNAVAILABLE = "unavailable"  # 408, 425, 5xx
    TIMEOUT = "timeout"
    NETWORK = "network"  # DNS, TCP, TLS, proxy, reset


class Deferred(Struct, frozen=True):
    """Nobody answered for this body; it will be sent again, with the same ids.

    Attributes:
        cause: The family of the failure.
        reason: One sentence for people, without credentials.
        status: HTTP status, or None when there was no answer.
        retry_after_seconds: The receiver's own wish, at most 24 h, or None.
        body_sent: A time-out after the whole body had been sent.
        hint: How a person can mend it, where that is known.
    """

    cause: Cause
    reason: str
    status: int | None = None
    retry_after_seconds: float | None = None
    body_sent: bool = False
    hint: str | None = None


Receipt = Delivered | Refused | Deferred
