"""Which records are shipped at all: a rule's name for each that is left out.

A parsed record comes in; the name of the rule that leaves it out goes out, or None.
Nothing is changed, and a record that cannot be decided about is left out. A rule that
is not set costs nothing: it is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET

from shipper import patterns
from shipper.record import Record

HOST: Final = "host"
METHOD: Final = "method"
PATH: Final = "path"
STATUS: Final = "status"
CONTENT_TYPE: Final = "content-type"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Leaves = Callable[[Record], bool]


class Filters:
    """The rules of `[filter]` that keep or skip whole records.

    A record is shipped when no rule leaves it out; the first that does is named. What
    is excluded stays excluded, whatever includes it.

    Args:
        allowed_http_hosts: Hosts that are shipped, as they stand in a Host header:
            ``api.example.com`` or ``localhost:8000``. A port that is the default of
            the URL's scheme may be left out. Empty means every host.
        skip_methods: Methods that are left out, in any case.
        include_paths: Only paths that match one of these are shipped; empty is all.
        exclude_paths: Paths that are left out. See `patterns.paths`.
        include_statuses: Only these are shipped; empty is all.
        exclude_statuses: Statuses that are left out, such as ``3xx``.
        include_content_types: Only responses of these types are shipped, and those
            without a body; empty is all.
        exclude_content_types: Types of responses that are left out.
    """

    def __init__(
        self,
        *,
        allowed_http_hosts: Iterable[str] = (),
        skip_methods: Iterable[str] = (),
        include_paths: Iterable[str] = (),
        exclude_paths: Iterable[str] = (),
        include_statuses: Iterable[str] = (),
        exclude_statuses: Iterable[str] = (),
        include_content_types: Iterable[str] = (),
        exclude_content_types: Iterable[str] = (),
    ) -> None:
        rules: dict[str, Leaves | None] = {
            METHOD: _method_rule(skip_methods),
            HOST: _host_rule(allowed_http_hosts),
            STATUS: _status_rule(include_statuses, exclude_statuses),
            PATH: _path_rule(include_paths, exclude_paths),
            CONTENT_TYPE: _type_rule(include_content_types, exclude_content_types),
        }
        self._rules = tuple((word, rule) for word, rule in rules.items() if rule)

    def reason_to_skip(self, record: Record) -> str | None:
        """Return the rule that leaves a record out, or None to keep it."""
        for word, leaves in self._rules:
            if leaves(record):
                return word
        return None


def _method_rule(skip: Iterable[str]) -> Leaves | None:
    methods = frozenset(method.strip().upper() for method in skip)

    def leaves(record: Record) -> bool:
        return record.method.upper() in methods

    return leaves if methods else None


def _host_rule(allowed: Iterable[str]) -> Leaves | None:
    hosts = frozenset(host.strip().lower() for host in allowed)

    def leaves(record: Record) -> bool:
        # The origin ends at the third slash, or at a query without a path.
        origin = "/".join(record.url.split("/", 3)[:3])
        return hosts.isdisjoint(_hosts_of(origin))

    return leaves if hosts else None


def _status_rule(include: Iterable[str], exclude: Iterable[str]) -> Leaves | None:
    included, excluded = patterns.statuses(include), patterns.statuses(exclude)

    def leaves(record: Record) -> bool:
        status = record.status
        return status in excluded or (bool(included) and status not in included)

    return leaves if included or excluded else None


def _path_rule(include: Iterable[str], exclude: Iterable[str]) -> Leaves | None:
    included, excluded = patterns.paths(include), patterns.paths(exclude)

    def leaves(record: Record) -> bool:
        return _is_out(patterns.path_of(record.url), included, excluded)

    return leaves if included or excluded else None


def _type_rule(include: Iterable[str], exclude: Iterable[str]) -> Leaves | None:
    included = patterns.content_types(include)
    excluded = patterns.content_types(exclude)

    def leaves(record: Record) -> bool:
        content = record.har.response.content
        kind = patterns.bare_content_type(content.mime_type)
        if content.size <= 0 and (content.text is UNSET or not content.text):
            # Nothing came back, and nothing has no type that could be wrong.
            return excluded is not None and excluded.match(kind) is not None
        return _is_out(kind, included, excluded)

    return leaves if included or excluded else None


def _is_out(
    text: str, included: re.Pattern[str] | None, excluded: re.Pattern[str] | None
) -> bool:
    if excluded is not None and excluded.match(text) is not None:
        return True
    return included is not None and included.match(text) is None


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
