"""Traefik's access log in its own extension of Common.

Combined, then the number of the request, the router, the server's URL and the
duration: ``500 "web@docker" "http://172.17.0.3:80" 12ms``. Traefik escapes nothing,
so a quote inside a field makes the line a reject, and backslashes stand for
themselves. The stamp is the start. Old versions log status and size of the server
behind, new ones those of the answer. Behind a trusted proxy all hops stand in the
client's place, as `X-Forwarded-For` has them.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.foreign import Foreign, Hints
from shipper.formats.clf import why_no_line
from shipper.formats.native import client_of, known_headers, size_of, text_of
from shipper.formats.reader import Format
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import read_request, read_status
from shipper.formats.stamps import read_clf
from shipper.model import Reject, Skip

_FIELD: Final = r'"([^"]*+)"'
_LINE: Final = re.compile(
    r"((?:[^ ,]++, ?)*+[^ ,]++) - ([^ ]++) \[([^\]\"]{1,64})\] "
    + _FIELD
    + r' "?([0-9]{1,3}|-)"? "?([0-9]{1,15}|-)"? (?:"([^"]*+)"|-) (?:"([^"]*+)"|-) '
    + r'(?:[0-9]{1,15}|-) (?:"[^"]*+"|-) (?:"[^"]*+"|-) ([0-9]{1,12})ms',
    re.DOTALL,
)

_QUOTES: Final = 10  # of a line whose fields hold none


class TraefikClfReader:
    """Reads the lines of one file; no line depends on another."""

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the shape, whatever the request is."""
        return _LINE.fullmatch(line.decode("latin-1").rstrip("\r")) is not None

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1").strip("\r\n\t ")
        found = _LINE.fullmatch(text)
        return _why_no_line(text) if found is None else _exchange(found)


def _why_no_line(text: str) -> Reject | Skip:
    quotes = text.count('"')
    if text.endswith("ms") and (quotes > _QUOTES or quotes % 2):
        return refuse("quotes")
    return why_no_line(text)


def _exchange(found: re.Match[str]) -> Foreign | Reject:
    client, user, stamp, asked, status_text, size, referer, agent, duration = (
        found.groups()
    )
    request = read_request(asked.encode("latin-1"))
    if isinstance(request, Reject):
        return request
    status = read_status(status_text)
    if isinstance(status, Reject):
        return status
    started_ns = read_clf(stamp)
    if started_ns is None:
        return refuse("time")
    size_bytes = size_of(size)
    if isinstance(size_bytes, Reject):
        return size_bytes
    return Foreign(
        started_ns=started_ns,
        method=request.method,
        target=request.target,
        status=status,
        duration_ms=int(duration),
        http_version=request.http_version,
        client=client_of(client.partition(",")[0]),
        user=text_of(user),
        request_headers=known_headers(text_of(referer), text_of(agent)),
        response_size_bytes=size_bytes,
    )


def _open(hints: Hints) -> TraefikClfReader:
    return TraefikClfReader()


TRAEFIK_CLF: Final = Format("traefik-clf", _open, "Traefik's common log format")
