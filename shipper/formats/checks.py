"""What every exchange of a JSON log must have, and how its parts are spelled.

Values of one object come in; the same in the one spelling of `Foreign` go out, or
the reject, or None where the log does not know.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from functools import lru_cache
from typing import Final

from msgspec import Struct

from shipper.foreign import Header
from shipper.formats.native import client_of
from shipper.formats.reasons import refuse
from shipper.formats.stamps import (
    Moment,
    read_clf,
    read_common,
    read_epoch,
    read_iso,
)
from shipper.model import Reject

REDACTED: Final = "REDACTED"  # Caddy, Kong and Traefik, in place of what they hide
UNIT_UNKNOWN: Final = "The log does not say what the duration counts."
OTHER_UNIT: Final = (
    "the stamp is a number, and no time in the unit that is read here; where the "
    "format takes a field map, it can say another one"
)

_CREDENTIALS: Final = ("authorization", "proxy-authorization")
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{0,31}\Z")  # as in `request_line`
_VERSION: Final = re.compile(r"(?:HTTP/)?(\d(?:\.\d)?)\Z", re.ASCII)
_SHORT_VERSION: Final = re.compile(r"H([23])(?:C|-\w+)?\Z", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,30}(?:\.[0-9]{0,30})?\Z")
_EXPONENT: Final = re.compile(r"\d{1,24}(?:\.\d{1,24})?[eE][+-]?\d{1,2}\Z", re.ASCII)

SECOND_NS: Final = 1_000_000_000
MILLISECOND_NS: Final = 1_000_000


class Essentials(Struct, frozen=True, gc=False):
    """Without these three there is no exchange."""

    method: str
    target: str
    status: int


def essentials(
    method: str | None, target: str | None, status: int | None
) -> Essentials | Reject:
    """Check what an exchange must have; the first thing that is missing is told."""
    if method is None:
        return refuse("method")
    if not _METHOD.match(method):
        return refuse("method", "the request method is no word")
    if target is None:
        return refuse("url")
    if status is None or not 100 <= status <= 599:
        return refuse("status")
    return Essentials(method, target, status)


@lru_cache(maxsize=64)
def http_version(given: str | None) -> str | None:
    """Spell a protocol version as in a request line; None for what is no HTTP.

    ``h2`` and ``h3``, drafts too, are the versions 2.0 and 3.0, as servers write it.
    Digits alone are HTTP's, as the Elastic Common Schema has them.
    """
    upper = (given or "").upper()
    version = _VERSION.match(upper)
    if version:
        return f"HTTP/{version[1]}"
    short = _SHORT_VERSION.match(upper)
    return f"HTTP/{short[1]}.0" if short else None


def scheme_of(given: str | None) -> str | None:
    """Return ``http`` or ``https``; a WebSocket begins as an exchange of these."""
    match (given or "").lower():
        case "http" | "ws":
            return "http"
        case "https" | "wss":
            return "https"
        case _:
            return None


def address(given: str | None) -> str | None:
    """Return an IP address without its port; None for anything else.

    Of a list, as `X-Forwarded-For` is one, the first: the others are proxies.
    """
    return None if given is None else client_of(given.partition(",")[0].strip())


def without_hidden(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Leave out credentials of which the server has written no more than a word.

    Taken for a credential, the word would make one caller of all.
    """
    return tuple(
        header
        for header in headers
        if header[1] != REDACTED or header[0].lower() not in _CREDENTIALS
    )


def moment(given: object, zone: tzinfo | None, epoch_unit_ns: int) -> Moment | Reject:
    """Read a stamp of any usual form.

    Args:
        given: ``[17/May/2015:10:05:03 +0000]``, RFC 3339 and its relatives, or a
            count since 1970.
        zone: For stamps that name none.
        epoch_unit_ns: What a count counts; its size is never asked.
    """
    if type(given) is int:
        given = str(given)
    if not isinstance(given, str):
        return refuse("time")
    text = given.strip("[] ")
    ns = read_clf(text)
    if ns is None:
        exact = float(text) if _EXPONENT.match(text) else text
        ns = read_epoch(exact, epoch_unit_ns)
        if ns is None and _COUNT.match(text):
            return refuse("time", OTHER_UNIT)
    if ns is not None:
        return Moment(ns)
    if text[2:3] == "/":
        return read_common(text, zone)
    return read_iso(text.replace("/", "-"), zone)


def milliseconds(ns: int | None) -> int | None:
    """Round a duration to the nearest millisecond."""
    return None if ns is None else (ns + MILLISECOND_NS // 2) // MILLISECOND_NS


def is_count(duration: object) -> bool:
    """Tell a duration in whole numbers above 0, which seconds of a server are not.

    Those have a fraction, be it of zeros.
    """
    if isinstance(duration, str) and duration.isascii() and duration.isdecimal():
        return duration.strip("0") != ""
    return type(duration) is int and duration > 0


def started(stamp_ns: int, duration_ns: int | None) -> int | Reject:
    """Return when a request began whose end was stamped."""
    begun = stamp_ns - (duration_ns or 0)
    return begun if begun >= 0 else refuse("time")
