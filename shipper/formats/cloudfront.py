"""Standard logs of CloudFront: tabs, and a ``#Fields`` line that names the columns.

Lines without that header are read in the documented order, of which there must be
the first twelve at least. Date and time are when the response was over, in UTC; the
time taken is taken off them. What CloudFront percent-encodes is decoded once (a
target ``%2520`` was ``%20``), User-Agents a second time, because years of logs have
them encoded twice. Sizes include the headers, but for ``sc-content-len``. In the JSON
form the members are named like the columns, and their values are encoded alike.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from shipper.foreign import Foreign, Header, Hints
from shipper.formats.columns import Columns, named_columns
from shipper.formats.native import (
    client_of,
    duration_ns,
    milliseconds,
    size_of,
    target_of,
)
from shipper.formats.objects import LogObject, read_object
from shipper.formats.reader import HEADER, Format
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import read_status
from shipper.formats.stamps import read_iso
from shipper.formats.texts import readable
from shipper.model import BLANK, Reject, Skip

ORDER: Final = Columns(
    (
        "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)",
        "cs-uri-stem", "sc-status", "cs(Referer)", "cs(User-Agent)", "cs-uri-query",
        "cs(Cookie)", "x-edge-result-type", "x-edge-request-id", "x-host-header",
        "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol",
        "ssl-cipher", "x-edge-response-result-type", "cs-protocol-version",
        "fle-status", "fle-encrypted-fields", "c-port", "time-to-first-byte",
        "x-edge-detailed-result-type", "sc-content-type", "sc-content-len",
        "sc-range-start", "sc-range-end",
    )
)  # fmt: skip
MIN_COLUMNS: Final = 12
_MEMBERS: Final = ("date", "time", "cs-method", "cs-uri-stem", "sc-status")

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?")
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{0,31}")
_ENCODED_PERCENT: Final = re.compile(r"%25(?=[0-9A-Fa-f]{2})")
_SCHEMES: Final = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


class CloudfrontReader:
    """Reads the lines of one file, in their order."""

    def __init__(self) -> None:
        # Mutable state: the columns of the last header line, and the members of the
        # last object; used by one reader.
        self._columns: Columns | None = None
        self._members = Columns(())

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the shape, whatever the request is."""
        text = line.decode("latin-1").strip("\r\n")
        if text.startswith("#"):
            self._note(text)
            return True
        if text.startswith("{"):
            found = read_object(line)
            return isinstance(found, LogObject) and self._values(found) is not None
        return isinstance(self._fields(text), list)

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1").strip("\r\n")
        if not text.strip():
            return Skip(BLANK)
        if text.startswith("#"):
            self._note(text)
            return Skip(HEADER)
        if text.startswith("{"):
            return self._read_object(line)
        fields = self._fields(text)
        if isinstance(fields, Reject):
            return fields
        return _exchange(self._columns or ORDER, fields)

    def _read_object(self, line: bytes) -> Foreign | Reject | Skip:
        found = read_object(line)
        if not isinstance(found, LogObject):
            return found
        values = self._values(found)
        return refuse("shape") if values is None else _exchange(self._members, values)

    def _values(self, found: LogObject) -> list[str] | None:
        """Return the members' values, and remember their names."""
        if not all(map(found.has, _MEMBERS)):
            return None
        names = tuple(found.members)
        if names != self._members.names:
            self._members = Columns(names)
        values = [_native(found, value) for value in found.members.values()]
        return values if _is_stamped(self._members, values) else None

    def _note(self, text: str) -> None:
        columns = named_columns(text)
        if columns is not None:
            self._columns = columns

    def _fields(self, text: str) -> list[str] | Reject:
        """Return a value for every column, absent ones at the end as `-`."""
        fields = text.split("\t")
        columns = self._columns
        if columns is None:
            columns = ORDER
            if MIN_COLUMNS <= len(fields) < len(columns):
                fields += ["-"] * (len(columns) - len(fields))
            # CloudFront may append columns that this program does not know.
            fields = fields[: len(columns)]
        elif 1 < len(fields) < len(columns) and "x-edge-location" in columns:
            return refuse("half-line", "the line has fewer fields than #Fields names")
        if len(fields) != len(columns) or "x-edge-location" not in columns:
            return refuse("shape")
        return fields if _is_stamped(columns, fields) else refuse("shape")


def _is_stamped(columns: Columns, fields: list[str]) -> bool:
    day, time = columns.value(fields, "date"), columns.value(fields, "time")
    if day is None or time is None:
        return False
    return bool(_DATE.fullmatch(day) and _TIME.fullmatch(time))


def _native(found: LogObject, value: Any) -> str:
    """Return a member as a field of text has it; `-` for none."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        return "-"
    return value if value.isascii() else found.encode(value).decode("latin-1")


def _exchange(columns: Columns, fields: list[str]) -> Foreign | Reject:
    method = columns.value(fields, "cs-method")
    if method is None or not _METHOD.fullmatch(method):
        return refuse("method")
    stem = columns.value(fields, "cs-uri-stem")
    if stem is None:
        return refuse("url")
    status = read_status(columns.value(fields, "sc-status") or "")
    if isinstance(status, Reject):
        return status
    day, time = columns.value(fields, "date"), columns.value(fields, "time")
    ended = read_iso(f"{day}T{time}Z")
    if isinstance(ended, Reject):
        return ended
    taken = columns.value(fields, "time-taken")
    taken_ns = None if taken is None else duration_ns(taken)
    if taken is not None and taken_ns is None:
        return refuse("number")
    size_bytes = size_of(columns.value(fields, "sc-content-len"))
    if isinstance(size_bytes, Reject):
        return size_bytes
    query = columns.value(fields, "cs-uri-query")
    target = stem if query is None else f"{stem}?{query}"
    content_type = columns.value(fields, "sc-content-type")
    protocol = columns.value(fields, "cs-protocol") or ""
    return Foreign(
        started_ns=max(ended.ns - (taken_ns or 0), 0),
        method=method,
        target=target_of(_ENCODED_PERCENT.sub("%", target)),
        status=status,
        duration_ms=None if taken_ns is None else milliseconds(taken_ns),
        http_version=columns.value(fields, "cs-protocol-version"),
        scheme=_SCHEMES.get(protocol.lower()),
        host=columns.value(fields, "x-host-header", "cs(host)"),
        client=client_of(columns.value(fields, "c-ip") or "-"),
        request_headers=_request_headers(columns, fields),
        response_headers=(("Content-Type", _decoded(content_type)),)
        if content_type
        else (),
        response_size_bytes=size_bytes,
    )


def _request_headers(columns: Columns, fields: list[str]) -> tuple[Header, ...]:
    headers: list[Header] = []
    host = columns.value(fields, "x-host-header")
    if host is not None:
        headers.append(("Host", host))
    for name, value in columns.headers(fields, "cs"):
        word = name.lower()
        if word == "user-agent":
            headers.append((name, _decoded(_decoded_once(value))))
        elif word != "host":  # that one is the distribution's, not the client's
            headers.append((name, _decoded(value)))
    forwarded = columns.value(fields, "x-forwarded-for")
    if forwarded is not None:
        headers.append(("X-Forwarded-For", _decoded(forwarded)))
    return tuple(headers)


def _decoded(value: str) -> str:
    return readable(unquote_to_bytes(value.encode("latin-1")))


def _decoded_once(value: str) -> str:
    return unquote_to_bytes(value.encode("latin-1")).decode("latin-1")


def _open(hints: Hints) -> CloudfrontReader:
    return CloudfrontReader()


CLOUDFRONT: Final = Format(
    "cloudfront", _open, "CloudFront's standard logs", has_headers=True
)
