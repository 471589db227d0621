"""The HAR 1.2 entry of a record as types, and back to bytes.

Bytes come in once, in `parse`; everybody else sees these frozen values. Only what
record format v1 knows has a place here: a member it does not know cannot be
redacted, so it never gets past `decode_known`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, get_args, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Count = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(ge=-1)]  # HAR 1.2: -1 says "not known"
Text = str | UnsetType


class Pair(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A header, or a query parameter, decoded."""

    name: str
    value: str
    comment: Text = UNSET


class Cookie(Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename="camel"):
    """A cookie, with the attributes of Set-Cookie if there are any."""

    name: str
    value: str
    path: Text = UNSET
    domain: Text = UNSET
    expires: str | UnsetType | None = UNSET
    http_only: bool | UnsetType = UNSET
    secure: bool | UnsetType = UNSET
    comment: Text = UNSET


class Param(Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename="camel"):
    """A field of a form; a file has a name and a content type beside its value."""

    name: str
    value: Text = UNSET
    file_name: Text = UNSET
    content_type: Text = UNSET
    comment: Text = UNSET


class PostData(
    Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename="camel"
):
    """A request body: `text`, or `params` when it is a form."""

    mime_type: str
    text: Text = UNSET
    params: list[Param] | UnsetType = UNSET
    comment: Text = UNSET


class Request(
    Struct,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    rename="camel",
    kw_only=True,
):
    """What the client sent; its members stand as our writer lays them out."""

    method: str
    url: str
    http_version: str
    cookies: list[Cookie]
    headers: list[Pair]
    query_string: list[Pair]
    post_data: PostData | UnsetType = UNSET
    headers_size: Size
    body_size: Size
    comment: Text = UNSET


class Content(
    Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename="camel"
):
    """A response body; `text` is Base64 when `encoding` says so."""

    size: Size
    mime_type: str
    text: Text = UNSET
    encoding: Literal["base64"] | UnsetType = UNSET
    compression: int | UnsetType = UNSET
    comment: Text = UNSET


class Response(
    Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename="camel"
):
    """What the application answered."""

    status: Annotated[int, Meta(ge=0, le=999)]
    status_text: str
    http_version: str
    cookies: list[Cookie]
    headers: list[Pair]
    content: Content
    redirect_url: str = msgspec.field(name="redirectURL")
    headers_size: Size
    body_size: Size
    comment: Text = UNSET


class Timings(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Milliseconds of each phase; -1 for one that does not apply."""

    send: Size
    wait: Size
    receive: Size
    blocked: Size | UnsetType = UNSET
    dns: Size | UnsetType = UNSET
    connect: Size | UnsetType = UNSET
    ssl: Size | UnsetType = UNSET
    comment: Text = UNSET


class Cache(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Always empty: a server's log knows nothing of the client's cache."""


class HarEntry(
    Struct,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    rename="camel",
    kw_only=True,
):
    """One exchange (HAR 1.2 section "entries"), laid out like `Request`."""

    pageref: Text = UNSET
    started_date_time: str
    time: Count
    request: Request
    response: Response
    cache: Cache
    timings: Timings
    server_ip_address: Text = msgspec.field(name="serverIPAddress", default=UNSET)
    connection: Text = UNSET
    comment: Text = UNSET


# What HAR calls the members of an entry, at any depth.
KEYS: Final = frozenset(
    name
    for struct in (
        HarEntry, Request, PostData, Param, Response, Content, Pair, Cookie, Timings
    )
    for name in struct.__struct_encode_fields__
)  # fmt: skip

# What a member of an entry may hold.
Value = str | list[Pair] | PostData | Content | UnsetType

_DECODER = msgspec.json.Decoder(HarEntry)
_VALUE_DECODERS: Final[dict[type, msgspec.json.Decoder[Any]]] = {
    str: msgspec.json.Decoder(str),
    list: msgspec.json.Decoder(list[Pair]),
    PostData: msgspec.json.Decoder(PostData),
    Content: msgspec.json.Decoder(Content),
}
_ENCODER = msgspec.json.Encoder()

_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z\Z"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[!-~]*\Z")


def decode(entry: bytes) -> HarEntry:
    """Decode an entry that holds known members only.

    Raises:
        msgspec.DecodeError: No JSON, or not of this shape.
        RecursionError: Nested deeper than the decoder goes.
    """
    return _checked(_DECODER.decode(entry))


def decode_value(value: bytes, like: Value) -> Value:
    """Decode what stands where a value of the same type stood; raises as `decode`."""
    return _VALUE_DECODERS[type(like)].decode(value)  # type: ignore[no-any-return]


def decode_text(value: bytes) -> str:
    """Decode a string alone; raises as `decode` does."""
    return _VALUE_DECODERS[str].decode(value)  # type: ignore[no-any-return]


def encode(value: HarEntry | Value) -> bytes:
    """Lay an entry out again, or the value of a member: compact JSON in UTF-8."""
    return _ENCODER.encode(value)


def decode_known(entry: bytes) -> HarEntry:
    """Decode an entry, leaving out the members that this format does not know.

    Raises:
        msgspec.DecodeError: No JSON, or not of this shape.
        RecursionError: Nested deeper than the decoder goes.
    """
    tree = _prune(msgspec.json.decode(entry), HarEntry)
    return _checked(msgspec.convert(tree, HarEntry))


def _checked(entry: HarEntry) -> HarEntry:
    """Return an entry if it is all that its types cannot say."""
    sent, given = entry.request.post_data, entry.response.content
    if (
        _STAMP.match(entry.started_date_time) is None
        or _URL.match(entry.request.url) is None
        or (sent is not UNSET and (sent.text is UNSET) == (sent.params is UNSET))
        or (given.encoding is not UNSET and given.text is UNSET)
    ):
        raise msgspec.ValidationError("no entry of record format v1")
    return entry


def _prune(tree: Any, kind: Any) -> Any:
    if isinstance(tree, list):
        return [_prune(item, _part_of(kind, list)) for item in tree]
    struct = _part_of(kind, dict)
    if not isinstance(tree, dict) or struct is None:
        return tree
    hints = get_type_hints(struct)
    known = {field.encode_name: field.name for field in msgspec.structs.fields(struct)}
    return {
        name: _prune(value, hints[known[name]])
        for name, value in tree.items()
        if name in known
    }


def _part_of(kind: Any, shape: type) -> Any:
    """Return the item type of a list, or the struct of an object, within a type."""
    for option in (kind, *get_args(kind)):
        if shape is list and getattr(option, "__origin__", None) is list:
            return get_args(option)[0]
        if shape is dict and isinstance(option, type) and issubclass(option, Struct):
            return option
    return None
