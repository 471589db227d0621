"""Read the request out of what the server put into the environment.

In goes a copy of the WSGI environment, taken before the application could change
it; out come the header list, the raw target and the origin. Nothing is decoded
here: strings stay the native latin-1 strings of PEP 3333.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from wsgi_writer.proxies import UNKNOWN_PEER, Origin

Headers = list[tuple[str, str]]

# The names of RFC 3875 for two headers, which come last.
CGI_HEADERS: Final = (
    ("CONTENT_TYPE", "Content-Type"),
    ("CONTENT_LENGTH", "Content-Length"),
)

# RFC 3986 section 3.3: what may stand in a path as it is.
_PATH_SAFE: Final = "/-._~!$&'()*+,;=:@"
_NEEDS_QUOTING: Final = re.compile(r"[^A-Za-z0-9/\-._~!$&'()*+,;=:@]")
_ABSOLUTE_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_REMEMBERED_NAMES: Final = 1024  # a service sees a few dozen
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class HeaderReader:
    """Turns environment keys back into header names, remembering the common ones."""

    def __init__(self) -> None:
        # Mutable state: _names, replaced as a whole by any thread, never changed.
        self._names: dict[str, str] = {}

    def read(self, received: Mapping[str, Any]) -> Headers:
        """Return the request's headers, repeated ones joined as the server did.

        `HTTP_X_API_KEY` becomes `X-Api-Key`: the client's own spelling is lost.
        """
        try:
            headers = _named(received, self._names)
        except KeyError:
            names = {key: header_name(key) for key in received}
            headers = _named(received, names)
            # Clients choose the names: remember a bounded number.
            if len(self._names) < _REMEMBERED_NAMES:
                self._names = {**self._names, **names}
        # A server may write "" for "there was none".
        for key, name in CGI_HEADERS:
            if value := received.get(key):
                headers.append((name, value))
        return headers


def _named(received: Mapping[str, Any], names: dict[str, str]) -> Headers:
    return [(name, value) for key, value in received.items() if (name := names[key])]


def only_text(received: Mapping[Any, Any]) -> dict[str, str]:
    """Return what is text under a text key: all that PEP 3333 promises to be so.

    The readers below trust their input, being on the hot path; after one of them
    failed, this is what they are given.
    """
    return {
        key: value
        for key, value in received.items()
        if isinstance(key, str) and isinstance(value, str)
    }


def read_path(received: Mapping[str, Any]) -> str:
    """Return the decoded path, mount point included."""
    path: str = received.get("SCRIPT_NAME", "") + received.get("PATH_INFO", "")
    return path


def read_target(received: Mapping[str, Any]) -> str:
    """Return path and query as they stood in the request line.

    Servers keep the raw target under one of two names; without it the path is
    quoted again, and `%2F` in it has become `/`.
    """
    target: str = received.get("RAW_URI") or received.get("REQUEST_URI") or ""
    if target:
        if target[0] == "/":
            return target
        # RFC 9112 section 3.2.2: a proxy's form, with scheme and host in front.
        # Looked for at the beginning alone: anywhere else it may stand in a query, and
        # a search would try it at each letter of a target as long as a server lets in.
        form = _ABSOLUTE_FORM.match(target)
        return target if form is None else target[form.end() :] or "/"
    path = read_path(received) or "/"
    if _NEEDS_QUOTING.search(path):
        path = quote(path.encode("latin-1", "replace"), safe=_PATH_SAFE)
    query = received.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def read_origin(received: Mapping[str, Any]) -> Origin:
    """Return client, scheme and host as this server saw them."""
    scheme = received.get("wsgi.url_scheme") or "http"
    host = received.get("HTTP_HOST")
    if not host:
        host = received.get("SERVER_NAME") or "localhost"
        port = received.get("SERVER_PORT")
        if port and port != _DEFAULT_PORTS.get(scheme):
            host = f"{host}:{port}"
    return Origin(received.get("REMOTE_ADDR") or UNKNOWN_PEER, scheme, host)


def read_length(received: Mapping[str, Any]) -> int | None:
    """Return the announced size of the body, or None if there is none to trust."""
    text = received.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def is_chunked(received: Mapping[str, Any]) -> bool:
    """Whether the body's end is marked in the stream rather than announced."""
    return "chunked" in (received.get("HTTP_TRANSFER_ENCODING") or "").lower()


def header_name(key: object) -> str:
    """Return the header that a key of the environment stands for, or nothing."""
    # HTTP_CONTENT_TYPE and HTTP_CONTENT_LENGTH repeat the CGI names on some servers.
    if (
        not isinstance(key, str)
        or not key.startswith("HTTP_")
        or key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")
    ):
        return ""
    return "-".join(part.capitalize() for part in key[5:].split("_"))
