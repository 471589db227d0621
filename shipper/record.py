"""What a line of the file is once it is parsed: a record, typed.

`parse` makes these values and every later room reads them. The entry is here twice:
typed, for the rules to look at, and as the bytes of the disk, to be sent on.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from shipper import har
from shipper.model import Caller, Serial

VERSION: Final = 1

Note = Literal[
    "aborted",
    "unread-body",
    "unstarted",
    "error",
    "sendfile",
    "unclosed",
    "upgrade",
    "identify-failed",
    "shed",
    "body-withheld",
]


# No other member of an entry has these names, and within a string the quotes would have
# backslashes.
_METHOD = re.compile(rb'"method":"([^"\\]*+)"')
_URL = re.compile(rb'"url":"([^"\\]*+)"')


class Auth(Struct, frozen=True, gc=False):
    """What the credentials said before they were masked (DESIGN "auth").

    Attributes:
        scheme: Lower case, such as ``bearer``; empty when unknown.
        id: Mask of the token without its scheme word, or empty; of Basic authentication
            without a password, of the name.
        user: Name of Basic authentication with a password, in clear, or empty.
        claims: The JWT claims the writer was told to keep.
        headers: Masks by lower-case header name; `query` and `cookies` likewise.
    """

    scheme: str = ""
    id: Annotated[str, Meta(min_length=1)] = ""
    user: str = ""
    claims: dict[str, str | int] = {}
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    cookies: dict[str, str] = {}


class Record(Struct, frozen=True, gc=False):
    """One exchange, parsed.

    Attributes:
        id: The record's identity for ever.
        client: Address of the client.
        caller: Who the application says it was, masked, or None.
        auth: What the credentials said, or None.
        notes: What was unusual; never sent.
        dropped: Records lost just before this one.
        w: Writer and number, or None.
        is_open: A body has to be rewritten before it is sent.
        entry: The entry's bytes, exactly as on disk.
        decoded: The entry, typed, once somebody has asked for `har`.
    """

    id: str
    client: str
    caller: Caller | None
    auth: Auth | None
    notes: tuple[str, ...]
    dropped: int
    w: Serial | None
    is_open: bool
    entry: bytes
    decoded: har.HarEntry | None = None

    @property
    def har(self) -> har.HarEntry:
        """The entry, typed.

        Raises:
            msgspec.DecodeError: It is none, whatever its checksum says.
        """
        if self.decoded is None:
            force_setattr(self, "decoded", har.decode(self.entry))
            assert self.decoded is not None
        return self.decoded

    @property
    def method(self) -> str:
        """The request's method, in the client's own spelling."""
        found = _METHOD.search(self.entry) if self.decoded is None else None
        return self.har.request.method if found is None else found[1].decode()

    @property
    def url(self) -> str:
        """The full URL, percent-encoded, query included."""
        found = _URL.search(self.entry) if self.decoded is None else None
        return self.har.request.url if found is None else found[1].decode()

    @property
    def status(self) -> int:
        """The response's status code."""
        return self.har.response.status


class UnknownVersion(Struct, frozen=True, gc=False):
    """A record of a format this program does not know; its file must wait."""

    v: int

    @property
    def why(self) -> str:
        """One sentence for people."""
        return f"it holds records of format version {self.v}, and this is {VERSION}"


def request_header(record: Record, name: str) -> str | None:
    """Return the first value of a request header on disk, by lower-case name."""
    for header in record.har.request.headers:
        if len(header.name) == len(name) and header.name.lower() == name:
            return header.value
    return None
