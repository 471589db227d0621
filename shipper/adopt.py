"""A foreign exchange becomes a record of our own, through the writer's own masks.

A `Foreign` comes in; one line of record format v1 goes out, laid out and masked by
the rooms that lay out and mask our own records, or the reject that says what is
missing. Nothing is invented: what the log does not tell is left out, or said not to
be known. Here too: the id of such a record, the same for the same line for ever.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shipper.foreign import Foreign, Header
from shipper.model import Reject
from wsgi_writer.mask import Masks

if TYPE_CHECKING:
    from wsgi_writer.record import Exchange

NO_HOST: Final = "no-host"
UNKNOWN_CLIENT: Final = "127.0.0.1"  # the receiver demands an address
UNKNOWN_VERSION: Final = "unknown"  # what browsers write into HAR
UNKNOWN_SIZE: Final = -1  # HAR 1.2: not available

_ID_VERSION: Final = b"hartail-id-v1"
_BASE_URL: Final = re.compile(
    r"(https?)://((?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~]+)(?::[0-9]{1,5})?)/?",
    re.IGNORECASE,
)
_AUTHORITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://([^/?#]*)")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
# A delimiter (RFC 2046 section 5.1.1), and what every part of a form has (RFC 7578).
_FORM_OF_PARTS: Final = re.compile(
    rb"--([0-9A-Za-z'()+_,\-./:=?]{1,70})[ \t]*\r?\n"
    rb"(?:[!-9;-~]{1,64}:[^\r\n]{0,512}\r?\n){0,8}?"
    rb"content-disposition[ \t]*:[ \t]*form-data\b",
    re.IGNORECASE,
)
_PORT_SCHEMES: Final = {"443": "https", "80": "http"}


class Adopter:
    """Makes records of foreign exchanges, under one set of masks.

    Args:
        masks: The writer's lists.
        base_url: Scheme and host of exchanges whose log names none, such as
            ``https://api.example.com``.
        max_body_bytes: The most of a body that is kept.
        max_record_bytes: The most of a record; see the writer.

    Raises:
        ValueError: `base_url` is not a scheme and a host alone.
    """

    def __init__(
        self,
        *,
        masks: Masks,
        base_url: str | None = None,
        max_body_bytes: int = 16_384,
        max_record_bytes: int = 262_144,
    ) -> None:
        # Late: whoever follows own records alone starts a tenth sooner without it.
        from wsgi_writer import record  # noqa: PLC0415 - see above

        self._layout = record
        self._masks = masks
        self._max_body_bytes = max_body_bytes
        self._max_record_bytes = max_record_bytes
        self._scheme: str | None = None
        self._host: str | None = None
        if base_url is not None:
            found = _BASE_URL.fullmatch(base_url)
            if found is None:
                raise ValueError(
                    "base_url: expected http:// or https:// and a host, perhaps with "
                    "a port, and no path"
                )
            self._scheme, self._host = found[1].lower(), found[2]

    def adopt(self, foreign: Foreign, id_: str) -> bytes | Reject:
        """Return the record as one line, without its newline.

        Args:
            foreign: What the log tells.
            id_: The record's id, a uuid4; see `record_id`.
        """
        target = _NOT_ASCII.sub(_percent, foreign.target)
        authority = _AUTHORITY.match(target)
        if authority is not None and not authority[1]:
            # A URL without a host names a path, and nothing else.
            target = target[authority.end() :]
            authority = None
        host = foreign.host or self._host
        if host is None and authority is None:
            return Reject(NO_HOST, "the line has no host, and no base URL was given")
        head, tail = self._layout.encode_record(
            self._exchange(foreign, id_, target, host or ""),
            self._masks,
            max_body_bytes=self._max_body_bytes,
            max_record_bytes=self._max_record_bytes,
        )
        return head + tail[:-1]

    def _exchange(self, foreign: Foreign, id_: str, target: str, host: str) -> Exchange:
        sent, given = foreign.request_body, foreign.response_body
        duration_ms = foreign.duration_ms
        return self._layout.Exchange(
            id=id_,
            started_ns=foreign.started_ns,
            duration_ms=duration_ms or 0,
            wait_ms=duration_ms or 0,
            client=foreign.client or UNKNOWN_CLIENT,
            method=foreign.method,
            scheme=foreign.scheme or self._scheme_of(host),
            host=host,
            target=target,
            http_version=foreign.http_version or UNKNOWN_VERSION,
            request_headers=[*foreign.request_headers, *_own_type(foreign)],
            request_body=sent or b"",
            request_body_size=_size(sent, foreign.request_size_bytes),
            status=foreign.status,
            reason=foreign.reason or "",
            response_headers=list(foreign.response_headers),
            response_body=given or b"",
            response_body_size=_size(given, foreign.response_size_bytes),
            route=foreign.route,
            caller=None,
            notes=(),
            hearsay=self._layout.Hearsay(
                user=foreign.user,
                has_duration=duration_ms is not None,
                has_response_body=given is not None,
                comment=" ".join(foreign.remarks),
            ),
        )

    def _scheme_of(self, host: str) -> str:
        """Tell the scheme by the host's port, else as the base URL says."""
        port = host.rpartition(":")[2]
        return _PORT_SCHEMES.get(port) or self._scheme or "http"


def record_id(label: str, head_digest: bytes, place: int, line: bytes) -> str:
    """Return the id of the record that a foreign line becomes.

    It has the shape of a uuid4 and depends on nothing but what is given, so that the
    same log gives the same ids under any name, packed or not, live or as history.

    Args:
        label: Tells hosts apart whose logs begin alike; empty by default.
        head_digest: Digest of the file's fingerprint (`fileid.Head`).
        place: Offset of the line in the unpacked stream, or index in a document.
        line: Its bytes, without newline and wrapper.
    """
    digest = sha256(_ID_VERSION)
    # Every part has a fixed length, so that none can run into the next.
    digest.update(sha256(label.encode("utf-8", "surrogatepass")).digest())
    digest.update(sha256(head_digest).digest())
    digest.update(place.to_bytes(8, "big"))
    digest.update(sha256(line).digest())
    return str(UUID(bytes=digest.digest()[:16], version=4))


def _own_type(foreign: Foreign) -> tuple[Header, ...]:
    """Return the type that a form of parts shows by itself, if the log has none.

    Without one it would be a text, in which no part is looked for, listed or not.
    """
    found = _FORM_OF_PARTS.match(foreign.request_body or b"")
    if found is None:
        return ()
    if any(name.lower() == "content-type" for name, _ in foreign.request_headers):
        return ()
    boundary = found[1].decode("ascii")
    return (("Content-Type", f'multipart/form-data; boundary="{boundary}"'),)


def _size(body: bytes | None, told: int | None) -> int:
    if body is not None:
        return len(body)
    return UNKNOWN_SIZE if told is None else told


def _percent(found: re.Match[str]) -> str:
    raw = found[0].encode("utf-8", "replace")
    return "".join(f"%{byte:02X}" for byte in raw)
