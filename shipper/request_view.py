"""What a user's function sees of a request, and cannot change.

A record goes in; its facts come out under the names the function asks for. Nothing
is worked out before it is asked for. Values stand as they lie on disk, so what is a
credential stands masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

from msgspec import Struct

from shipper.record import Auth, Record
from shipper.request_body import fields_of, text_of
from shipper.secretive import Secretive

_NO_AUTH = Auth()


class AuthView(Struct, frozen=True):
    """What the credentials said before they were masked.

    Attributes:
        scheme: Lower case, such as ``bearer``, or empty.
        id: Mask of the token, or empty.
        user: Name of Basic authentication, unverified, or empty.
        claims: Claims of a JWT, unverified.
        headers: Masks by lower-case name; `query` and `cookies` likewise.
    """

    scheme: str
    id: str
    user: str
    claims: Mapping[str, str | int]
    headers: Mapping[str, str]
    query: Mapping[str, str]
    cookies: Mapping[str, str]


class RequestView(Secretive, frozen=True):
    """One request, read only."""

    hidden: ClassVar = ("_record",)

    _record: Record

    @property
    def method(self) -> str:
        """The method, in the client's own spelling."""
        return self._record.method

    @property
    def url(self) -> str:
        """The full URL, percent-encoded, query included."""
        return self._record.url

    @property
    def status(self) -> int:
        """The status of the response."""
        return self._record.status

    @property
    def client(self) -> str:
        """Address of the client."""
        return self._record.client

    @property
    def headers(self) -> Mapping[str, str]:
        """Request headers by lower-case name, the first of each."""
        pairs = self._record.har.request.headers
        return _first((pair.name.lower(), pair.value) for pair in pairs)

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the query by name, decoded, the first of each."""
        pairs = self._record.har.request.query_string
        return _first((pair.name, pair.value) for pair in pairs)

    @property
    def form(self) -> Mapping[str, str]:
        """Fields of a form by name, the first of each; empty for no form."""
        return _first(fields_of(self._record.har.request) or ())

    @property
    def body(self) -> str | None:
        """The body if it is text and no urlencoded form, perhaps cut, or None."""
        return text_of(self._record.har.request)

    @property
    def auth(self) -> AuthView:
        """What the credentials said; all of it empty when there were none."""
        auth = self._record.auth or _NO_AUTH
        return AuthView(
            scheme=auth.scheme,
            id=auth.id,
            user=auth.user,
            claims=MappingProxyType(auth.claims),
            headers=MappingProxyType(auth.headers),
            query=MappingProxyType(auth.query),
            cookies=MappingProxyType(auth.cookies),
        )


def _first(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return MappingProxyType(found)
