"""Field maps: which member of a JSON log holds what, by our name for it.

A preset of a format, and what an operator says on top of it, become one `FieldMap`.
Reading the operator's file is somebody else's; here its content is checked, every
fault at once. Names say their unit, because a number alone does not.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

Paths = tuple[str, ...]

REQUEST_HEADER: Final = "request_header."
RESPONSE_HEADER: Final = "response_header."
# Our name, and what the member holds; docs/formats.md has the same list.
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "start_time": "when the request began: a stamp, or seconds since 1970",
        "start_time_s": "the same in seconds since 1970",
        "start_time_ms": "the same in milliseconds since 1970",
        "start_time_us": "the same in microseconds since 1970",
        "start_time_ns": "the same in nanoseconds since 1970",
        "end_time": "when the response ended: a stamp, or seconds since 1970",
        "end_time_s": "the same in seconds since 1970",
        "end_time_ms": "the same in milliseconds since 1970",
        "end_time_us": "the same in microseconds since 1970",
        "end_time_ns": "the same in nanoseconds since 1970",
        "duration_s": "how long it took, in seconds",
        "duration_ms": "the same in milliseconds",
        "duration_us": "the same in microseconds",
        "duration_ns": "the same in nanoseconds",
        "request_line": "method, target and version in one",
        "method": "the request method",
        "target": "path and query, or the whole URL",
        "query": "the query, if the target has none",
        "http_version": "such as HTTP/1.1",
        "scheme": "http or https",
        "host": "host with its port",
        "client": "address of the client",
        "user": "who was authenticated",
        "status": "the response status",
        "request_size_bytes": "of the request body alone",
        "response_size_bytes": "of the response body alone",
        "request_body": "the whole request body as text",
        "response_body": "the whole response body as text",
        "route": "the template that matched, such as /users/{id}",
    }
)
# One member of a family is enough; naming one replaces the preset's whole family.
_TIMES: Final = tuple(name for name in NAMES if "_time" in name)
_DURATIONS: Final = tuple(name for name in NAMES if name.startswith("duration_"))


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where a log has what.

    Attributes:
        members: Paths by our name, the first that has a value counts.
        request_headers: Paths by header name; `response_headers` likewise.
        request_prefixes: Members that begin so are request headers, the rest of the
            name with dashes for underscores; `response_prefixes` likewise.
        rewritten: Targets that may not be what the client asked for; a whole request
            line comes before them.
        fractional: Durations of which the program writes the fraction always; whole
            numbers are of another unit.
    """

    members: Mapping[str, Paths]
    request_headers: Mapping[str, Paths] = field(default_factory=dict)
    response_headers: Mapping[str, Paths] = field(default_factory=dict)
    request_prefixes: Paths = ()
    response_prefixes: Paths = ()
    rewritten: Paths = ()
    fractional: Paths = ()

    def paths(self, name: str) -> Paths:
        """Return where to look for something, perhaps nowhere."""
        return self.members.get(name, ())


@dataclass(frozen=True, slots=True)
class MapFault:
    """What is wrong with one line of an operator's field map."""

    name: str
    why: str
    hint: str


def faults_in(fields: Mapping[str, object]) -> tuple[MapFault, ...]:
    """Return every fault of a field map, in its own order; none if it is good."""
    return tuple(
        fault
        for name, member in fields.items()
        for fault in (*_faults_of_name(name), *_faults_of_member(name, member))
    )


def with_fields(preset: FieldMap, fields: Mapping[str, str] | None) -> FieldMap:
    """Lay an operator's field map over a preset.

    Args:
        preset: What the format looks for by itself.
        fields: Without faults. What it names replaces the preset's choice; a time
            replaces every time, a duration every duration.
    """
    if not fields:
        return preset
    members = dict(preset.members)
    is_timed = any(name in fields for name in _DURATIONS)
    for family in (_TIMES, _DURATIONS):
        if any(name in fields for name in family):
            members = {name: at for name, at in members.items() if name not in family}
    client = fields.get("client")
    if client is not None and "host" in members:
        # Some logs call the client `host`, and no member is both.
        members["host"] = tuple(at for at in members["host"] if at != client)
    members.update({name: (at,) for name, at in fields.items() if name in NAMES})
    return replace(
        preset,
        members=members,
        rewritten=() if "target" in fields else preset.rewritten,
        fractional=() if is_timed else preset.fractional,
        request_headers=_over(preset.request_headers, fields, REQUEST_HEADER),
        response_headers=_over(preset.response_headers, fields, RESPONSE_HEADER),
    )


def all_paths(paths: Iterable[Paths]) -> frozenset[str]:
    """Return every member that several entries of a map name."""
    return frozenset(path for group in paths for path in group)


def _over(
    headers: Mapping[str, Paths], fields: Mapping[str, str], prefix: str
) -> Mapping[str, Paths]:
    named = {
        name.removeprefix(prefix): (at,)
        for name, at in fields.items()
        if name.startswith(prefix)
    }
    replaced = {name.lower() for name in named}
    kept = {name: at for name, at in headers.items() if name.lower() not in replaced}
    return {**kept, **named}


def _faults_of_name(name: str) -> tuple[MapFault, ...]:
    for prefix in (REQUEST_HEADER, RESPONSE_HEADER):
        if name.startswith(prefix) and name != prefix:
            return ()
    if name in NAMES:
        return ()
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(NAMES)}"
    return (MapFault(name, "there is no such field", hint),)


def _faults_of_member(name: str, member: object) -> tuple[MapFault, ...]:
    if isinstance(member, str) and member and all(member.split(".")):
        return ()
    hint = "give the name of a member of the log, or a path with dots"
    why = "it is empty" if isinstance(member, str) else "it is no text"
    return (MapFault(name, why, hint),)
