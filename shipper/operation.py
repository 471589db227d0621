"""Which operation of an API an entry is about, in words that hold no id.

A typed entry comes in; its method and its route go out, such as ``GET /users/{id}``.
The route is the app's own where it gave one; otherwise each segment of the path that
may be an id, a key or a person stands as ``{id}``.
"""

from __future__ import annotations

import re

from msgspec import UNSET

from shipper import har
from shipper.patterns import path_of

MOST_SEGMENTS = 12  # a longer path is not one of an API

# Words of paths, versions among them: users, v1, 2fa, oauth2, user-settings, x.json
_WORD = re.compile(
    r"(?:v[0-9]{1,3}|[0-9]?[A-Za-z][A-Za-z_.-]{0,30}[0-9]?)\Z|\{[A-Za-z_]{1,32}\}\Z"
)
_METHOD = re.compile(r"[A-Za-z-]{1,16}\Z")


def operation_of(entry: har.HarEntry) -> str:
    """Return method and route of an entry."""
    method = entry.request.method
    shown = method if _METHOD.match(method) else "?"
    pageref = entry.pageref
    if pageref is UNSET or not pageref:
        route = path_of(entry.request.url)
    else:
        route = path_of(pageref) if "://" in pageref else pageref.partition("?")[0]
    segments = route.strip("/").split("/")
    words = [
        segment if not segment or _WORD.match(segment) else "{id}"
        for segment in segments[:MOST_SEGMENTS]
    ]
    more = "/…" if len(segments) > MOST_SEGMENTS else ""
    return f"{shown} /{'/'.join(words)}{more}"
