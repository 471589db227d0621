"""An exchange out of a JSON object, by a field map.

The presets of nginx, API Gateway and Envoy are maps; this is the one place that
follows them. What a map does not name, or the object does not have, is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

from msgspec import Struct

from shipper.foreign import Foreign, Header
from shipper.formats.checks import (
    MILLISECOND_NS,
    SECOND_NS,
    UNIT_UNKNOWN,
    Essentials,
    address,
    essentials,
    http_version,
    is_count,
    milliseconds,
    moment,
    scheme_of,
    started,
)
from shipper.formats.fields import FieldMap, Paths, all_paths
from shipper.formats.objects import ABSENT, LogObject
from shipper.formats.reasons import refuse
from shipper.formats.request_line import HTTP_0_9, read_request
from shipper.formats.stamps import Moment
from shipper.formats.texts import target_text
from shipper.model import Reject

IN_FILE: Final = "The server had put the request body into a file of its own."

_UNITS: Final[Mapping[str, int]] = {
    "s": SECOND_NS, "ms": MILLISECOND_NS, "us": 1_000, "ns": 1,
}  # fmt: skip
# The finest first; a stamp is often cut to the second.
_STARTS: Final = ("start_time_ns", "start_time_us", "start_time_ms", "start_time_s")
_ENDS: Final = ("end_time_ns", "end_time_us", "end_time_ms", "end_time_s")
_DURATIONS: Final = ("duration_ns", "duration_us", "duration_ms", "duration_s")
# nginx writes a body that was too large for memory into a file of these names.
_BODY_FILE: Final = re.compile(
    rb"/[^\s{}\"]*client_(?:body_)?temp/[\d/]+\Z"
    rb"|a client request body is buffered to a temporary file\b"
)
# A path or a URL, which may be all that a member called "request" holds.
_LONE_TARGET: Final = re.compile(rb"(?:/|https?://)[^ ]*+\Z", re.IGNORECASE)


class _Asked(Struct, frozen=True, gc=False):
    """What the request line says; all of it unknown if there is none.

    A whole one has a version.
    """

    method: str | None = None
    target: str | None = None
    http_version: str | None = None


class MappedReader:
    """Follows one field map, file after file and line after line."""

    def __init__(
        self, fields: FieldMap, *, zone: tzinfo | None, scheme: str | None = None
    ) -> None:
        self._fields = fields
        self._zone = zone
        self._scheme = scheme
        known = all_paths(fields.members.values())
        self._not_asked = known | all_paths(fields.request_headers.values())
        self._not_given = known | all_paths(fields.response_headers.values())

    def has(self, log: LogObject, *names: str) -> bool:
        """Tell whether the object has a member for any of these names."""
        return any(log.has(path) for name in names for path in self._fields.paths(name))

    def has_time(self, log: LogObject) -> bool:
        """Tell whether the object has a member for a time, whatever is in it."""
        return self.has(log, *_STARTS, *_ENDS, "start_time", "end_time")

    def exchange(self, log: LogObject) -> Foreign | Reject:
        """Read the exchange."""
        method = self._text(log, "method")
        line = _read_line(self._raw(log, "request_line"), has_method=method is not None)
        if isinstance(line, Reject):
            return line
        asked = essentials(
            method or line.method,
            self._target(log, line),
            self._integer(log, "status"),
        )
        if not isinstance(asked, Essentials):
            return asked
        duration_ns = self._duration_ns(log)
        if isinstance(duration_ns, Reject):
            return duration_ns
        is_untold = duration_ns is None and self._has_unknown_unit(log)
        start = self._start(log, duration_ns)
        if not isinstance(start, Moment):
            return start
        body = self._raw(log, "request_body")
        is_elsewhere = body is not None and _BODY_FILE.match(body) is not None
        version = self._text(log, "http_version") or line.http_version
        fields = self._fields
        return Foreign(
            started_ns=start.ns,
            method=asked.method,
            target=asked.target,
            status=asked.status,
            duration_ms=milliseconds(duration_ns),
            http_version=http_version(version),
            scheme=scheme_of(self._text(log, "scheme")) or self._scheme,
            host=self._host(log),
            client=address(self._text(log, "client")),
            user=self._text(log, "user"),
            request_headers=_headers(
                log,
                fields.request_headers,
                fields.request_prefixes,
                self._not_asked,
            ),
            response_headers=_headers(
                log,
                fields.response_headers,
                fields.response_prefixes,
                self._not_given,
            ),
            request_size_bytes=self._integer(log, "request_size_bytes"),
            response_size_bytes=self._integer(log, "response_size_bytes"),
            request_body=None if is_elsewhere else body,
            response_body=self._raw(log, "response_body"),
            route=self._text(log, "route"),
            remarks=(
                *start.remarks,
                *((IN_FILE,) if is_elsewhere else ()),
                *((UNIT_UNKNOWN,) if is_untold else ()),
            ),
        )

    def _text(self, log: LogObject, name: str) -> str | None:
        for path in self._fields.paths(name):
            if (text := log.text(path)) is not None:
                return text
        return None

    def _raw(self, log: LogObject, name: str) -> bytes | None:
        for path in self._fields.paths(name):
            if (raw := log.raw(path)) is not None:
                return raw
        return None

    def _integer(self, log: LogObject, name: str) -> int | None:
        for path in self._fields.paths(name):
            if (number := log.integer(path)) is not None:
                return number
        return None

    def _host(self, log: LogObject) -> str | None:
        """Return the host; nginx's name for a catch-all server is none."""
        for path in self._fields.paths("host"):
            host = log.text(path)
            if host is not None and host != "_" and "*" not in host:
                return host
        return None

    def _target(self, log: LogObject, line: _Asked) -> str | None:
        rewritten = self._fields.rewritten
        if line.http_version is not None and rewritten:
            paths = self._fields.paths("target")
            raws = (log.raw(path) for path in paths if path not in rewritten)
            raw = next((raw for raw in raws if raw is not None), None)
            # The whole of it: a query beside it is the server's own.
            return line.target if raw is None else target_text(raw)
        raw = self._raw(log, "target")
        target = line.target if raw is None else target_text(raw)
        query = self._raw(log, "query")
        if target is None or query is None or "?" in target:
            return target
        return f"{target}?{target_text(query.removeprefix(b'?'))}"

    def _has_unknown_unit(self, log: LogObject) -> bool:
        return any(is_count(log.value(path)) for path in self._fields.fractional)

    def _duration_ns(self, log: LogObject) -> int | Reject | None:
        for name in _DURATIONS:
            unit_ns = _UNITS[name.rpartition("_")[2]]
            for path in self._fields.paths(name):
                if path in self._fields.fractional and is_count(log.value(path)):
                    continue
                duration_ns = log.duration_ns(path, unit_ns)
                if duration_ns is not None:
                    return duration_ns
        return None

    def _start(self, log: LogObject, duration_ns: int | None) -> Moment | Reject:
        begun = self._moment(log, (*_STARTS, "start_time"))
        if begun is not None:
            return begun
        ended = self._moment(log, (*_ENDS, "end_time"))
        if not isinstance(ended, Moment):
            return ended or refuse("time")
        ns = started(ended.ns, duration_ns)
        return ns if isinstance(ns, Reject) else Moment(ns, ended.remarks)

    def _moment(self, log: LogObject, names: Paths) -> Moment | Reject | None:
        for name in names:
            unit_ns = _UNITS.get(name.rpartition("_")[2], SECOND_NS)
            for path in self._fields.paths(name):
                if log.text(path) is not None:
                    return moment(log.value(path), self._zone, unit_ns)
        return None


def _read_line(raw: bytes | None, *, has_method: bool) -> _Asked | Reject:
    """Take a request line apart; one that is a lone path or URL is the target.

    Where the method has a member of its own, so has the target, and what else is
    called "request" does not matter.
    """
    if raw is None:
        return _Asked()
    if _LONE_TARGET.match(raw):
        return _Asked(target=target_text(raw))
    line = read_request(raw)
    if isinstance(line, Reject):
        return _Asked() if has_method else line
    # A request without its version was put together by the operator.
    is_whole = line.http_version != HTTP_0_9
    return _Asked(line.method, line.target, line.http_version if is_whole else None)


def _headers(
    log: LogObject, named: Mapping[str, Paths], prefixes: Paths, taken: frozenset[str]
) -> tuple[Header, ...]:
    """Return the headers a map names, then those whose members say so themselves."""
    headers: list[Header] = []
    for name, paths in named.items():
        for path in paths:
            value = log.value(path)
            if _is_given(value):
                log.add_header(headers, name, value)
                break
    if not prefixes:
        return tuple(headers)
    for member, value in log.members.items():
        if member in taken or not _is_given(value):
            continue
        for prefix in prefixes:
            if member.startswith(prefix):
                name = member[len(prefix) :].replace("_", "-")
                log.add_header(headers, name, value)
    return tuple(headers)


def _is_given(value: Any) -> bool:
    return value is not None and value not in ABSENT
