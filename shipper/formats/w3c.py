"""W3C extended logs, as IIS and others write them; ``#Fields`` names the columns.

Fields are parted by blanks or tabs, and stamps are UTC. The date may stand only in
``#Date``; a line without any date is a reject, and so is one whose time of day is
earlier than that of ``#Date``, because a midnight lies between them. The stamp is the
end of the exchange (W3C WD-logfile, "time"), so the time taken is taken off: whole
numbers are milliseconds, as IIS writes them, numbers with a fraction seconds, as the
draft has them; ASP.NET Core has its own way (`w3c_header`). IIS writes ``+`` for a
blank in headers, and in stems, which it has decoded. Sizes include the headers.
IIS Advanced Logging may have the local time alone, of which the operator says the
zone. The FTP and SMTP services of IIS write such logs too, of no HTTP exchange.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from typing import Final

from shipper.foreign import Foreign, Header, Hints
from shipper.formats.checks import http_version
from shipper.formats.columns import Columns
from shipper.formats.native import client_of, duration_ns, milliseconds, target_of
from shipper.formats.reader import HEADER, Format
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import read_status
from shipper.formats.stamps import read_iso
from shipper.formats.texts import readable
from shipper.formats.w3c_header import W3cHeader
from shipper.model import BLANK, Reject, Skip

_DOUBLE: Final = r'"(?P<double>(?:[^"]|"")*+)"(?=[ \t]|\Z)'
_SINGLE: Final = r"""'(?P<single>(?:"'"|[^'])*+)'(?=[ \t]|\Z)"""
_BARE: Final = r"[^ \t]++"
_FIELD: Final = re.compile(f"{_DOUBLE}|{_BARE}")
_FIELD_OF_JAVA: Final = re.compile(f"{_DOUBLE}|{_SINGLE}|{_BARE}")
# How a quote is written inside quotes of its own kind.
_ESCAPED: Final = {"double": ('""', '"'), "single": ('"\'"', "'")}
_BLANKS: Final = re.compile(r"[ \t]+")
_DATE: Final = re.compile(r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})")
_TIME: Final = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?")
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{0,31}")
# Firewalls and mail servers write such logs too, without any of these.
_HTTP: Final = ("cs-method", "cs-uri", "cs-uri-stem", "sc-status")
_FTP: Final = ("x-session", "x-fullpath")
_OTHER_SERVICE: Final = re.compile(r"(?:MSFTP|FTP|SMTP|NNTP|POP3)SVC[0-9]*")
_TLS_PORT: Final = "443"
# Columns that IIS alone has; the status of Windows is one of its defaults.
_OF_IIS: Final = ("sc-win32-status", "s-sitename", "s-computername")
# Headers of which IIS writes a custom field under their own names.
_BARE_HEADERS: Final = ("X-Forwarded-For",)


class W3cReader:
    """Reads the lines of one file, in their order."""

    def __init__(self, *, zone: tzinfo | None) -> None:
        # Mutable state: what the header lines said, used by one reader.
        self._zone = zone
        self._header = W3cHeader()

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the shape, whatever the request is."""
        text = line.decode("latin-1").strip("\r\n\t ")
        if text.startswith("#"):
            self._header.note(text)
            return True
        return self._fields(text) is not None

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1").strip("\r\n\t ")
        if not text:
            return Skip(BLANK)
        if text.startswith("#"):
            self._header.note(text)
            return Skip(HEADER)
        columns = self._header.columns
        if columns is None:
            return refuse("columns")
        fields = self._fields(text)
        if fields is None:
            return refuse("shape")
        return self._exchange(columns, fields)

    def _fields(self, text: str) -> list[str] | None:
        columns = self._header.columns
        if columns is None or "x-edge-location" in columns:
            return None  # the latter is CloudFront's
        if not any(name in columns for name in _HTTP):
            return None
        field = _FIELD_OF_JAVA if self._header.is_of_java else _FIELD
        for fields in (_split(text, field), _BLANKS.split(text)):
            # A quote may be no more than a character, as IIS writes one.
            if len(fields) == len(columns):
                return fields
        return None

    def _exchange(self, columns: Columns, fields: list[str]) -> Foreign | Reject:
        if not _is_http(columns, fields):
            return refuse("not-http", "the line tells of another service than HTTP")
        method = columns.value(fields, "cs-method")
        if method is None or not _METHOD.fullmatch(method):
            return refuse("method")
        is_of_core = self._header.is_of_asp_net_core
        is_decoded = not is_of_core and any(name in columns for name in _OF_IIS)
        has_mark = is_of_core or self._header.is_of_java
        target = _target(columns, fields, is_decoded=is_decoded, has_mark=has_mark)
        if target is None:
            return refuse("url")
        status = read_status(columns.value(fields, "sc-status") or "")
        if isinstance(status, Reject):
            return status
        stamp_ns = self._stamp_ns(columns, fields)
        if isinstance(stamp_ns, Reject):
            return stamp_ns
        taken = columns.value(fields, "time-taken", "timetakenms")
        has_seconds = taken is not None and "." in taken and not is_of_core
        taken_ns = None if taken is None else _taken_ns(taken, has_seconds=has_seconds)
        if taken is not None and taken_ns is None:
            return refuse("number")
        given = [
            (name, readable(value.encode("latin-1")))
            for name, value in columns.headers(fields, "sc")
        ]
        is_tls = columns.value(fields, "s-port") == _TLS_PORT
        return Foreign(
            started_ns=stamp_ns if is_of_core else max(stamp_ns - (taken_ns or 0), 0),
            method=method,
            target=target,
            status=status,
            duration_ms=None if taken_ns is None else milliseconds(taken_ns),
            http_version=http_version(columns.value(fields, "cs-version")),
            scheme="https" if is_tls else None,
            host=columns.value(fields, "cs-host", "cs(host)"),
            client=client_of(columns.value(fields, "c-ip") or "-"),
            user=_spaced(columns.value(fields, "cs-username")),
            request_headers=_request_headers(
                columns, fields, has_blanks=self._header.is_of_java
            ),
            response_headers=tuple(given),
        )

    def _stamp_ns(self, columns: Columns, fields: list[str]) -> int | Reject:
        zone: tzinfo | None = UTC
        time = columns.value(fields, "time")
        date = columns.value(fields, "date")
        if time is None and "time-local" in columns:
            zone = self._zone
            time = columns.value(fields, "time-local")
            date = columns.value(fields, "date-local")
        if time is None or not _TIME.fullmatch(time):
            return refuse("time")
        if date is None:
            date = self._header.date
            if date is None:
                return refuse("date")
            if time < self._header.since:
                return refuse("date", "the day has changed since the last #Date")
        found = _DATE.fullmatch(date)
        if found is None:
            return refuse("date")
        seconds = time if time.count(":") == 2 else f"{time}:00"
        moment = read_iso(f"{'-'.join(found.groups())}T{seconds}", zone)
        return moment if isinstance(moment, Reject) else moment.ns


def _split(text: str, field: re.Pattern[str]) -> list[str]:
    """Return the fields; those in quotes without them."""
    has_quotes = '"' in text or "'" in text
    if not has_quotes and "\t" not in text and "  " not in text:  # nearly always
        return text.split(" ")
    return [_unquoted(found) for found in field.finditer(text)]


def _unquoted(found: re.Match[str]) -> str:
    kind = found.lastgroup
    return found[0] if kind is None else found[kind].replace(*_ESCAPED[kind])


def _is_http(columns: Columns, fields: list[str]) -> bool:
    """Tell an exchange from what the FTP and mail services of IIS have done."""
    if any(name in columns for name in _FTP):
        return False
    version = columns.value(fields, "cs-version")
    service = columns.value(fields, "s-sitename")
    return (version is None or version.upper().startswith("HTTP")) and (
        service is None or not _OTHER_SERVICE.fullmatch(service)
    )


def _target(
    columns: Columns, fields: list[str], *, is_decoded: bool, has_mark: bool
) -> str | None:
    stem = columns.value(fields, "cs-uri-stem")
    query = columns.value(fields, "cs-uri-query")
    if stem is not None and is_decoded:
        # A plus in a path is refused by IIS (404.11), so this one was a blank.
        stem = stem.replace("+", "%20")
    if stem is None:
        stem = columns.value(fields, "cs-uri")
        if stem is None:
            return None
        query = None if "?" in stem else query
    if query is not None and has_mark:
        query = query.removeprefix("?")
    return target_of(stem if query is None else f"{stem}?{query}")


def _request_headers(
    columns: Columns, fields: list[str], *, has_blanks: bool
) -> tuple[Header, ...]:
    headers: list[Header] = []
    host = columns.value(fields, "cs-host")
    if host is not None and "cs(host)" not in columns:
        headers.append(("Host", host))
    for name, value in columns.headers(fields, "cs"):
        # A URL may hold a plus of its own, which means the same there.
        is_plain = has_blanks or name.lower() == "referer"
        shown = readable(value.encode("latin-1")) if is_plain else _spaced(value)
        headers.append((name, shown or ""))
    for name in _BARE_HEADERS:
        bare = columns.value(fields, name.lower())
        if bare is not None and f"cs({name.lower()})" not in columns:
            headers.append((name, _spaced(bare) or ""))
    return tuple(headers)


def _taken_ns(taken: str, *, has_seconds: bool) -> int | None:
    ns = duration_ns(taken)
    return ns if ns is None or has_seconds else ns // 1000


def _spaced(value: str | None) -> str | None:
    if value is None:
        return None
    # Where blanks were left as they are, so was a plus.
    shown = value if " " in value else value.replace("+", " ")
    return readable(shown.encode("latin-1"))


def _open(hints: Hints) -> W3cReader:
    return W3cReader(zone=hints.zone)


W3C: Final = Format(
    "w3c", _open, "W3C extended logs, such as those of IIS", has_headers=True
)
