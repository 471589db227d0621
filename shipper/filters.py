"""Which records are shipped at all: a rule's name for each that is left out.

A parsed record comes in; the name of the rule that leaves it out goes out, or None.
Nothing is changed, and a record that cannot be decided about is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from shipper.record import Record

HOST: Final = "host"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Filters:
    """The rules of `[filter]` that keep or skip whole records.

    Args:
        allowed_http_hosts: Hosts that are shipped, as they stand in a Host header:
            ``api.example.com`` or ``localhost:8000``. A port that is the default of
            the URL's scheme may be left out. Empty means every host.
    """

    def __init__(self, *, allowed_http_hosts: Iterable[str] = ()) -> None:
        self._hosts = frozenset(host.strip().lower() for host in allowed_http_hosts)

    def reason_to_skip(self, record: Record) -> str | None:
        """Return the rule that leaves a record out, or None to keep it."""
        if self._hosts:
            # The origin ends at the third slash, or at a query without a path.
            origin = "/".join(record.url.split("/", 3)[:3])
            if self._hosts.isdisjoint(_hosts_of(origin)):
                return HOST
        return None


@lru_cache(maxsize=1024)
def _hosts_of(url: str) -> tuple[str, ...]:
    """Return the ways a URL's host may be written in a list."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ()
    host = parts.netloc.rpartition("@")[2].lower()
    default = _DEFAULT_PORTS.get(parts.scheme)
    if port is None:
        return (host, f"{host}:{default}") if default else (host,)
    return (host, host.rpartition(":")[0]) if port == default else (host,)
