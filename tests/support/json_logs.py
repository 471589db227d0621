"""Builders of lines of other people's JSON logs, one valid line of each format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS
from shipper.formats.har import read_har
from shipper.model import Reject, Skip

DATA = Path(__file__).parents[1] / "data"
STARTED_NS = 1_785_499_200_000_000_000  # 2026-07-31T12:00:00Z

Read = Foreign | Reject | Skip


def read_line(
    name: str,
    line: bytes | str | Mapping[str, Any],
    *,
    zone: tzinfo | None = None,
    fields: Mapping[str, str] | None = None,
) -> Read:
    """Read one line with a new reader of a format."""
    reader = FORMATS[name].open(Hints(zone=zone, fields=fields))
    return reader.read(as_line(line))


def read_foreign(
    name: str,
    line: bytes | str | Mapping[str, Any],
    *,
    zone: tzinfo | None = None,
    fields: Mapping[str, str] | None = None,
) -> Foreign:
    """Read one line that must be an exchange."""
    found = read_line(name, line, zone=zone, fields=fields)
    assert isinstance(found, Foreign), found
    return found


def why(found: Read) -> str:
    """Return the reason of a line that is no exchange."""
    assert isinstance(found, (Reject, Skip)), found
    return found.reason


def fitting(line: bytes | str | Mapping[str, Any]) -> list[str]:
    """Return the names of the JSON formats that a line fits."""
    names = (
        "own", "nginx-json", "caddy", "traefik-json", "envoy", "apigateway", "kong"
    )  # fmt: skip
    return [name for name in names if FORMATS[name].open(Hints()).fits(as_line(line))]


def as_line(line: bytes | str | Mapping[str, Any]) -> bytes:
    """Return the bytes of a line given in any handy form."""
    if isinstance(line, bytes):
        return line
    return line.encode() if isinstance(line, str) else json.dumps(line).encode()


def sample(name: str) -> list[bytes]:
    """Return the lines of a real log."""
    lines = (DATA / "logs" / name).read_bytes().split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def read_entries(content: bytes) -> list[Foreign | Reject]:
    """Return what the entries of a HAR that can be read are."""
    entries = read_har(content)
    assert not isinstance(entries, Reject), entries
    return [entry.found for entry in entries]


def without(tree: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return a copy of an object in which one member is missing."""
    changed: dict[str, Any] = json.loads(json.dumps(tree))
    *steps, last = path.split("/")
    node = changed
    for step in steps:
        node = node[step]
    del node[last]
    return changed


def changed(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of an object with members set, by paths with slashes."""
    copy: dict[str, Any] = json.loads(json.dumps(tree))
    for path, value in changes.items():
        *steps, last = path.split("/")
        node = copy
        for step in steps:
            node = node.setdefault(step, {})
        node[last] = value
    return copy


def a_caddy_line(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an access line of Caddy; paths of changes have slashes."""
    return changed(
        {
            "level": "info",
            "ts": 1785499200.25,
            "logger": "http.log.access.log0",
            "msg": "handled request",
            "request": {
                "remote_ip": "203.0.113.9",
                "client_ip": "203.0.113.9",
                "proto": "HTTP/2.0",
                "method": "GET",
                "host": "api.example.com",
                "uri": "/owls?page=2",
                "headers": {"User-Agent": ["curl/8"], "Accept": ["a/b", "c/d"]},
            },
            "bytes_read": 3,
            "user_id": "",
            "duration": 0.25,
            "size": 42,
            "status": 200,
            "resp_headers": {"Content-Type": ["application/json"]},
        },
        changes or {},
    )


def a_traefik_line(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an access line of Traefik."""
    return changed(
        {
            "ClientAddr": "203.0.113.9:39496",
            "ClientHost": "203.0.113.9",
            "ClientUsername": "-",
            "DownstreamContentSize": 42,
            "DownstreamStatus": 404,
            "Duration": 12_600_000,
            "OriginStatus": 0,
            "RequestAddr": "api.example.com:8443",
            "RequestContentSize": 3,
            "RequestHost": "api.example.com",
            "RequestMethod": "POST",
            "RequestPath": "/owls?page=2",
            "RequestProtocol": "HTTP/1.1",
            "RequestScheme": "https",
            "StartUTC": "2026-07-31T12:00:00.123456789Z",
            "downstream_Content-Type": "application/json",
            "origin_Server": "hidden",
            "request_User-Agent": "curl/8",
            "level": "info",
            "msg": "",
            "time": "2026-07-31T12:00:01Z",
        },
        changes or {},
    )


def a_kong_line(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a line of Kong's file-log."""
    return changed(
        {
            "started_at": 1785499200123,
            "client_ip": "203.0.113.9",
            "latencies": {"kong": 2, "proxy": 170, "request": 172},
            "request": {
                "method": "GET",
                "uri": "/owls?page=2",
                "url": "https://gateway.example.com:8443/owls?page=2",
                "size": "98",
                "headers": {"host": "api.example.com", "apikey": "s3cret-s3cret"},
            },
            "response": {
                "status": 200,
                "size": 9982,
                "headers": {"content-length": "9593", "via": ["1.1 a", "1.1 b"]},
            },
            "consumer": {"username": "owl", "id": "1"},
        },
        changes or {},
    )


def an_nginx_line(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a line of nginx with the variables' own names."""
    return changed(
        {
            "time_iso8601": "2026-07-31T12:00:01+00:00",
            "msec": "1785499201.500",
            "remote_addr": "203.0.113.9",
            "remote_user": "-",
            "request_method": "POST",
            "request_uri": "/owls?page=2",
            "server_protocol": "HTTP/1.1",
            "scheme": "https",
            "host": "api.example.com",
            "http_host": "api.example.com:8443",
            "status": 201,
            "body_bytes_sent": "42",
            "bytes_sent": "412",
            "request_length": "700",
            "request_time": "1.500",
            "http_user_agent": "curl/8",
            "http_x_api_key": "s3cret-s3cret",
            "sent_http_x_cache": "HIT",
            "request_id": "chosen-by-somebody",
        },
        changes or {},
    )


def an_apigateway_line(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a line of API Gateway in the form its console proposes, and more."""
    return changed(
        {
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "ip": "203.0.113.9",
            "caller": "-",
            "user": "-",
            "requestTime": "31/Jul/2026:12:00:00 +0000",
            "requestTimeEpoch": 1785499200123,
            "httpMethod": "GET",
            "resourcePath": "/owls/{id}",
            "path": "/prod/owls/7",
            "status": "200",
            "protocol": "HTTP/1.1",
            "responseLength": "42",
            "responseLatency": "17",
            "domainName": "api.example.com",
        },
        changes or {},
    )


def an_envoy_line(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a line as Istio configures Envoy."""
    return changed(
        {
            "authority": "api.example.com",
            "bytes_received": 3,
            "bytes_sent": 42,
            "downstream_remote_address": "203.0.113.9:45678",
            "duration": 45,
            "method": "GET",
            "path": "/owls?page=2",
            "protocol": "HTTP/2",
            "request_id": "abc-123-def",
            "response_code": 200,
            "response_flags": "-",
            "start_time": "2026-07-31T12:00:00.123Z",
            "upstream_transport_failure_reason": None,
            "user_agent": "curl/8",
            "x_forwarded_for": "-",
        },
        changes or {},
    )


def a_har(*entries: Mapping[str, Any]) -> bytes:
    """Return a HAR of entries."""
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def a_har_entry(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an entry as browsers export it."""
    return changed(
        {
            "startedDateTime": "2026-07-31T14:00:00.123+02:00",
            "time": 12.6,
            "request": {
                "method": "GET",
                "url": "https://api.example.com/owls?page=2",
                "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Host", "value": "api.example.com"}],
                "bodySize": 0,
            },
            "response": {
                "status": 200,
                "statusText": "OK",
                "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Content-Type", "value": "text/plain"}],
                "content": {"size": 5, "mimeType": "text/plain", "text": "hello"},
                "bodySize": 5,
            },
        },
        changes or {},
    )
