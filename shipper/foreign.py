"""One exchange as a log that is not ours tells of it; what it does not say is None.

The formats in `formats/` make these values from lines, and `adopt` makes records of
them. Nothing is masked yet: a value of this kind never leaves the process, and is
never written anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from msgspec import Struct

Header = tuple[str, str]


class Foreign(Struct, frozen=True, gc=False):
    """One HTTP request with its response.

    Strings are native ones, each character standing for one byte (PEP 3333), where
    the log has bytes that are no UTF-8; text otherwise.

    Attributes:
        started_ns: When the request began, nanoseconds since 1970.
        method: In the client's own spelling.
        target: As it was logged, still percent-encoded: a path with its query, or a
            whole URL. Without its leading slash too, if the log has it so.
        status: 100 to 599.
        duration_ms: From the request's first byte to the response's last.
        http_version: Such as ``HTTP/1.1``.
        scheme: ``http`` or ``https``.
        host: With its port, if any.
        client: Address of the client, without port.
        user: Who the server authenticated, in clear; the password is never here.
        reason: The status text.
        request_headers: In order, as far as they are known; `response_headers`
            likewise.
        request_size_bytes: Of the body alone.
        response_size_bytes: Of the body alone.
        request_body: The whole of it; `response_body` likewise.
        route: The template the request matched, such as ``/users/{id}``.
        remarks: What has to be said of the entry for readers, one sentence each.
    """

    started_ns: int
    method: str
    target: str
    status: int
    duration_ms: int | None = None
    http_version: str | None = None
    scheme: str | None = None
    host: str | None = None
    client: str | None = None
    user: str | None = None
    reason: str | None = None
    request_headers: tuple[Header, ...] = ()
    response_headers: tuple[Header, ...] = ()
    request_size_bytes: int | None = None
    response_size_bytes: int | None = None
    request_body: bytes | None = None
    response_body: bytes | None = None
    route: str | None = None
    remarks: tuple[str, ...] = ()


class Hints(Struct, frozen=True):
    """What an operator says of a log because the log does not say it.

    Attributes:
        zone: The time zone of stamps that name none; None: such a stamp is a reject.
        fields: For formats with a field map: member of the log by our name for it.
    """

    zone: tzinfo | None = None
    fields: Mapping[str, str] | None = None
