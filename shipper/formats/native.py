"""Native fields, a character for each byte, as text or as what they stand for.

A field of a line that was decoded as Latin-1 comes in; readable text goes out, or
None where a log writes `-`, or nothing, for "there is none".
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from shipper.foreign import Header
from shipper.formats.reasons import refuse
from shipper.formats.texts import readable, target_text, unescape
from shipper.model import Reject

ABSENT: Final = frozenset({"-", ""})
MAX_DIGITS: Final = 15  # of a size or a duration; more is no number of this world


def text_of(field: str | None) -> str | None:
    """Return a field whose backslashes stand for themselves."""
    if field is None or field in ABSENT:
        return None
    return field if field.isascii() else readable(field.encode("latin-1"))


def unescaped(field: str | None) -> str | None:
    """Return a field in which Apache's and nginx's escapes are undone."""
    if field is None or field in ABSENT:
        return None
    if "\\" not in field and field.isascii():
        return field
    return readable(unescape(field.encode("latin-1")))


def target_of(field: str) -> str:
    """Return a target in ASCII, bytes beyond it percent-encoded."""
    return target_text(field.encode("latin-1"))


def size_of(field: str | None) -> int | Reject | None:
    """Return a count of bytes; absent and negative ones are not known."""
    if field is None or field in ABSENT or field.startswith("-"):
        return None
    digits = field.removeprefix("+")
    if digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS:
        return int(digits)
    return refuse("number")


def known_headers(referer: str | None, agent: str | None) -> tuple[Header, ...]:
    """Return the two request headers that access logs know, as far as they do."""
    if agent is None:
        return () if referer is None else (("Referer", referer),)
    if referer is None:
        return (("User-Agent", agent),)
    return (("Referer", referer), ("User-Agent", agent))


@lru_cache(maxsize=4096)
def client_of(field: str) -> str | None:
    """Return an IP address without port and zone; host names are no addresses.

    A socket for both families shows a client of IPv4 as ``::ffff:203.0.113.9``.
    """
    text = field
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return text.partition("%")[0]


@lru_cache(maxsize=4096)
def is_address(text: str) -> bool:
    """Tell whether a text is an IPv4 or IPv6 address and nothing else."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def duration_ns(seconds: str) -> int | None:
    """Return seconds with a fraction as nanoseconds; None if they are no number."""
    whole, _, fraction = seconds.removeprefix("+").partition(".")
    digits = whole + fraction
    if not digits.isascii() or not digits.isdecimal() or len(digits) > MAX_DIGITS:
        return None
    return int((digits + "0" * 9)[: len(whole) + 9])


def milliseconds(ns: int) -> int:
    """Round nanoseconds to the nearest millisecond."""
    return (ns + 500_000) // 1_000_000
