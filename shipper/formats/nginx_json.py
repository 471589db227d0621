r"""Access logs that nginx or Apache write as one JSON object a line.

There are no standard names: the preset knows the variables of nginx and the names
that are often given to them, a field map says the rest. nginx stamps the end of a
request, may rewrite its `$uri` and `$args`, and writes seconds to three places: whole
numbers are another program's. Where `escape=json` was forgotten, and in every log of
Apache, the line is no JSON until `\xHH`, bare ``-`` and missing values are mended;
nothing else is.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from shipper.foreign import Foreign, Hints
from shipper.formats.checks import address
from shipper.formats.fields import FieldMap, with_fields
from shipper.formats.lines import ObjectReader
from shipper.formats.mapped import MappedReader
from shipper.formats.objects import LogObject, read_object
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import MAX_LINE_BYTES
from shipper.model import Reject, Skip

PRESET: Final = FieldMap(
    members={
        "end_time_s": ("msec", "time_msec"),
        "end_time": (
            "time_iso8601", "time_local", "@timestamp", "timestamp", "time",
            "datetime", "date", "ts",
        ),
        "duration_s": (
            "request_time", "request_time_s", "duration_s", "responsetime",
        ),
        "duration_ms": ("request_time_ms", "duration_ms"),
        "duration_us": ("request_time_us", "duration_us"),
        "request_line": ("request",),
        "method": ("request_method", "requestMethod", "http_method", "method", "verb"),
        "target": (
            "request_uri", "requestUri", "http_uri", "uri", "url", "request_path",
            "http_path", "path",
        ),
        "query": ("args", "query_string", "request_query", "query"),
        "http_version": (
            "server_protocol", "http_version", "request_proto", "http_protocol",
            "protocol", "proto", "httpversion",
        ),
        "scheme": ("scheme", "http_scheme"),
        "host": (
            "http_host", "vhost", "virtual_host", "domain", "host", "server_name",
        ),
        "client": (
            "remote_addr", "remote_ip", "remoteIP", "remoteIp", "remote_address",
            "client_ip", "clientip", "clientIp", "client", "remote", "real_ip",
            "realip", "ip",
        ),
        "user": ("remote_user", "remoteUser", "user"),
        "status": (
            "status", "http_status", "status_code", "response_code", "response", "code",
        ),
        "request_size_bytes": ("content_length", "http_content_length"),
        "response_size_bytes": (
            "body_bytes_sent", "bodyBytesSent", "body_bytes", "bytes", "size",
        ),
        "request_body": ("request_body",),
        "response_body": ("response_body", "resp_body"),
    },
    request_headers={
        "Host": ("http_host",),
        "User-Agent": (
            "http_user_agent", "user_agent", "userAgent", "useragent", "agent", "ua",
        ),
        "Referer": ("http_referer", "http_referrer", "referer", "referrer"),
        "Content-Type": ("http_content_type", "content_type"),
        "X-Forwarded-For": (
            "http_x_forwarded_for", "x_forwarded_for", "x_forward_for",
            "x-forward-for", "xff",
        ),
    },
    response_headers={
        "Content-Type": ("sent_http_content_type",),
        "Location": ("sent_http_location",),
    },
    request_prefixes=("http_",),
    response_prefixes=("sent_http_",),
    rewritten=("http_uri", "uri", "url", "request_path", "http_path", "path"),
    fractional=("request_time", "responsetime"),
)  # fmt: skip

# Escapes that JSON does not know, or any that it does: the order is the reading.
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(v)|(.))", re.DOTALL)
_NAMED: Final = {0x22: b'\\"', 0x5C: b"\\\\"}
# A string, or a colon with what follows it bare. Either is consumed as far as it goes,
# whole or not: otherwise a hostile line would be looked at once for each of its quotes.
_PIECE: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?+'
    rb"|:\s*+((?:[-\d.]++(?:\s*+[,:]\s*+(?=[-\d.])[-\d.]++)*+)?+)\s*+((?=[,}]))?+",
    re.DOTALL,
)
_NUMBER: Final = re.compile(rb"-?(?:0|[1-9]\d*)(?:\.\d+)?\Z")


def _open(hints: Hints) -> LineReader:
    mapped = MappedReader(with_fields(PRESET, hints.fields), zone=hints.zone)

    def is_ours(log: LogObject) -> bool:
        return (
            mapped.has_time(log)
            and mapped.has(log, "status")
            and mapped.has(log, "target", "request_line")
            and (bool(hints.fields) or not _is_others(log))
        )

    def exchange(log: LogObject) -> Foreign | Reject:
        found = mapped.exchange(log)
        if isinstance(found, Reject):
            return found
        if found.client is None and log.text("vhost") is not None:
            # In LTSV, whose names logs in JSON have taken over, `host` is the client.
            client = address(log.text("host"))
            found = msgspec.structs.replace(found, client=client)
        if found.scheme is not None or not _is_tls(log):
            return found
        return msgspec.structs.replace(found, scheme="https")

    return ObjectReader(is_ours=is_ours, exchange=exchange, read=read_lenient_object)


def _is_tls(log: LogObject) -> bool:
    """Tell by nginx's variables that are empty without TLS, and by the port."""
    return (
        log.text("ssl_protocol") is not None
        or log.text("https") == "on"
        or log.text("server_port") == "443"
    )


def _is_others(log: LogObject) -> bool:
    """Tell another format's line by members that an operator may have as well."""
    return isinstance(log.value("request"), dict) or log.has("response_flags")


def read_lenient_object(line: bytes) -> LogObject | Reject | Skip:
    """Read one line; one that is no JSON is mended once, and read again."""
    found = read_object(line)
    if (
        not isinstance(found, Reject)
        or len(line) > MAX_LINE_BYTES
        or not line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{")
    ):
        return found
    again = read_object(_PIECE.sub(_mend, line))
    return again if isinstance(again, LogObject) else found


def _mend(piece: re.Match[bytes]) -> bytes:
    text = piece[0]
    if text.startswith(b'"'):
        return _ESCAPE.sub(_unescape, text) if b"\\" in text else text
    bare = piece[1].strip()
    if piece[2] is None or _NUMBER.match(bare):
        return text
    return b":null" if bare in (b"", b"-") else b':"' + bare + b'"'


def _unescape(found: re.Match[bytes]) -> bytes:
    r"""Turn ``\xHH`` into its byte, as JSON writes it; leave JSON's own alone."""
    if found[1] is None:
        return b"\\u000b" if found[2] else found[0]
    byte = int(found[1], 16)
    if byte in _NAMED:
        return _NAMED[byte]
    return b"\\u%04x" % byte if byte < 0x20 or byte == 0x7F else bytes((byte,))


NGINX_JSON: Final = Format(
    "nginx-json", _open, "nginx and Apache, in JSON", takes_fields=True
)
