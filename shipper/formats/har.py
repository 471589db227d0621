"""HAR 1.2: what browsers, proxies and HTTP clients export; a document, not lines.

The bytes of a whole file come in; its entries go out one by one, each an exchange or
the reason why it is none. The document is scanned once and an entry decoded when its
turn comes, so no tree of the whole file is ever built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from shipper.foreign import Foreign, Header, Hints
from shipper.formats import har_body
from shipper.formats.checks import (
    MILLISECOND_NS,
    Essentials,
    essentials,
    http_version,
    milliseconds,
    scheme_of,
)
from shipper.formats.objects import LogObject, decode_object
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import refuse
from shipper.formats.stamps import Moment, read_iso
from shipper.model import BOM, Reject, Skip

NO_HAR: Final = "the file is JSON, but no HAR"

_WIDE: Final = re.compile("[^\x00-\xff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class HarEntry(Struct, frozen=True, gc=False):
    """One entry of a HAR.

    Attributes:
        index: Its place in `entries`, from 0.
        data: Its bytes in the file; what an id is made of.
        found: What it is.
    """

    index: int
    data: bytes
    found: Foreign | Reject


class _Log(Struct, frozen=True, gc=False):
    entries: list[Raw] | UnsetType = UNSET


class _Document(Struct, frozen=True, gc=False):
    log: _Log | UnsetType = UNSET


_DOCUMENTS: Final = msgspec.json.Decoder(_Document)


def read_har(content: bytes, zone: tzinfo | None = None) -> Iterator[HarEntry] | Reject:
    """Read a whole HAR.

    Args:
        content: Must not change while the entries are taken.
        zone: For stamps that name none; HAR 1.2 forbids them.

    Returns:
        The entries in their order; or why the file as a whole is no HAR.
    """
    pieces = split_har(content)
    if isinstance(pieces, Reject):
        return pieces
    return (
        HarEntry(index, data, _read_entry(data, zone))
        for index, data in enumerate(pieces)
    )


def split_har(content: bytes) -> Iterator[bytes] | Reject:
    """Return the bytes of each entry of a HAR; or why the file as a whole is none.

    Args:
        content: Must not change while the entries are taken.
    """
    content = content.removeprefix(BOM)
    try:
        document = _DOCUMENTS.decode(content)
    except msgspec.ValidationError:
        return refuse("shape", NO_HAR)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _split_lenient(content)
    if document.log is UNSET or document.log.entries is UNSET:
        return refuse("shape", NO_HAR)
    return map(bytes, document.log.entries)


class HarEntries:
    """A HAR has no lines; what is read here are entries, as `split_har` gives them."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def fits(self, line: bytes) -> bool:
        """Tell that no line of a file is a HAR."""
        return False

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read the bytes of one entry."""
        return _read_entry(line, self._zone)


def _open(hints: Hints) -> LineReader:
    return HarEntries(hints.zone)


def _split_lenient(content: bytes) -> Iterator[bytes] | Reject:
    """Read a HAR that only a lenient decoder takes, such as one with raw tabs.

    This one does build the whole tree, and lays each entry out again.
    """
    document = decode_object(content.strip())
    if document is None:
        return refuse("not-json", "the file is no JSON, or not all of it")
    entries = document.value("log.entries")
    if not isinstance(entries, list):
        return refuse("shape", NO_HAR)
    is_native = document.is_native
    return (_lay_out(entry, is_native=is_native) for entry in entries)


def _lay_out(entry: Any, *, is_native: bool) -> bytes:
    """Return JSON that is decoded to the same entry again."""
    text = json.dumps(entry, ensure_ascii=False)
    no_byte, encoding = (_WIDE, "latin-1") if is_native else (_SURROGATE, "utf-8")
    return no_byte.sub(_escape, text).encode(encoding)


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _read_entry(data: bytes, zone: tzinfo | None) -> Foreign | Reject:
    entry = decode_object(data)
    return refuse("shape") if entry is None else _exchange(entry, zone)


def _exchange(entry: LogObject, zone: tzinfo | None) -> Foreign | Reject:
    asked = essentials(
        entry.text("request.method"),
        entry.target("request.url"),
        entry.integer("response.status"),
    )
    if not isinstance(asked, Essentials):
        return asked
    url = _url(asked.target)
    if isinstance(url, Reject):
        return url
    if "?" not in url and (query := har_body.query(entry)):
        # Insomnia leaves the URL as it was typed, and adds its fields on the way.
        url = f"{url}?{query}"
    start = read_iso((entry.text("startedDateTime") or "").strip(), zone)
    if not isinstance(start, Moment):
        return start
    duration_ns = entry.duration_ns("time", MILLISECOND_NS)
    if isinstance(duration_ns, Reject):
        return duration_ns
    sent = har_body.sent(entry, _headers(entry, "request.headers"))
    received = har_body.received(entry, _headers(entry, "response.headers"))
    return Foreign(
        started_ns=start.ns,
        method=asked.method,
        target=url,
        status=asked.status,
        duration_ms=milliseconds(duration_ns),
        http_version=http_version(entry.text("request.httpVersion"))
        or http_version(entry.text("response.httpVersion")),
        host=_host(url, sent.headers),
        reason=entry.text("response.statusText"),
        request_headers=sent.headers,
        response_headers=received.headers,
        request_size_bytes=sent.size_bytes,
        response_size_bytes=received.size_bytes,
        request_body=sent.content,
        response_body=received.content,
        remarks=(*start.remarks, *sent.remarks, *received.remarks),
    )


def _url(given: str) -> str | Reject:
    """Return the URL that went to the server: no fragment, no password.

    A browser lists `data:` and `blob:` URLs as well; nobody was asked for these.
    """
    without_fragment = given.partition("#")[0]
    try:
        parts = urlsplit(without_fragment)
    except ValueError:
        return refuse("url", "the URL cannot be taken apart")
    scheme = scheme_of(parts.scheme)
    if parts.scheme and parts.netloc and scheme is not None:
        host = parts.netloc.rpartition("@")[2]
        rest = without_fragment[len(parts.scheme) + len("://") + len(parts.netloc) :]
        return f"{scheme}://{host}{rest}" if host else refuse("url")
    if given.startswith("/"):
        return without_fragment
    return refuse("not-http", "the URL is not one of HTTP")


def _host(url: str, headers: tuple[Header, ...]) -> str | None:
    """Return the host of a path alone; any other URL has its own."""
    if not url.startswith("/"):
        return None
    hosts = (value for name, value in headers if name.lower() == "host")
    return next(filter(None, hosts), None)


def _headers(entry: LogObject, path: str) -> tuple[Header, ...]:
    given = entry.value(path)
    headers: list[Header] = []
    for header in given if isinstance(given, list) else []:
        if isinstance(header, dict):
            pair: dict[str, Any] = header
            entry.add_header(headers, pair.get("name"), pair.get("value"))
    return tuple(headers)


HAR: Final = Format("har", _open, "HAR 1.2", is_document=True)
