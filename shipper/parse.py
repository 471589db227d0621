r"""One line of the file becomes one typed record, or the reason why it cannot.

Any bytes come in, without their newline; a `Record`, a `Skip`, a `Reject` or an
`UnknownVersion` goes out. Nothing is ever raised, and nothing the published schema
(schemas/record.schema.json) refuses is accepted, unless a right checksum vouches for it
and is trusted. The entry's bytes are kept beside the typed view, so that a record
nothing has to be changed in goes out as it came in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Final
from zlib import crc32

import msgspec
from msgspec import Meta, Raw, Struct

from shipper import har
from shipper.explain import why_refused
from shipper.model import BLANK, BOM, Caller, Reject, Serial, Skip
from shipper.record import VERSION, Auth, Note, Record, UnknownVersion

__all__ = ["Record", "UnknownVersion", "parse"]

NUL: Final = "nul"
NOT_UTF8: Final = "not-utf8"
NOT_JSON: Final = "not-json"
SCHEMA: Final = "schema"

_ENTRY: Final = b',"entry":'
# As our writer begins a line: the checksum follows, then the counters of the file.
_HEAD: Final = b'{"v":1,"id":"'
_HEAD_BYTES: Final = len(_HEAD) + 36 + len('"')
_CRC: Final = b',"crc":'
_CLIENT: Final = b',"client":'
_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"
)
_MASK = re.compile(r"(?:hmac-)?sha512-[A-Za-z0-9+/]{86}==(?:\?[\s\S]{1,4})?\Z")


# What stands for a member that is left out; JSON's null is refused all the same.
_LEFT_OUT: Final[Any] = None


class _Envelope(Struct, frozen=True, gc=False):
    v: int
    id: str
    client: str
    caller: Caller = _LEFT_OUT
    auth: Auth = _LEFT_OUT
    notes: tuple[Note, ...] = ()
    dropped: Annotated[int, Meta(ge=1)] = 0
    w: Serial = _LEFT_OUT
    open: bool = _LEFT_OUT
    crc: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] = 0
    entry: Raw = Raw()


class _Version(Struct, frozen=True, gc=False):
    v: Any = None


_ENVELOPES = msgspec.json.Decoder(_Envelope)
_VERSIONS = msgspec.json.Decoder(_Version)


def parse(
    data: bytes, *, trusts_checksum: bool = False
) -> Record | Skip | Reject | UnknownVersion:
    """Read one line; a final carriage return and a byte order mark are tolerated.

    Args:
        data: The line without its newline.
        trusts_checksum: A line whose checksum is right is as our writer laid it out:
            its entry is decoded when somebody asks for it.
    """
    try:
        record = _vouched_for(data) if trusts_checksum else None
        if record is None:
            record = _read(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        record = None
    return record if record is not None else _refuse(data)


def _vouched_for(data: bytes) -> Record | None:
    """Read a line by its checksum, or None if that is wrong, or not there."""
    if not (data.startswith(_CRC, _HEAD_BYTES) and data.startswith(_HEAD)):
        return None
    crc_at = _HEAD_BYTES + len(_CRC)
    told = data[crc_at : data.find(b",", crc_at)]
    rest_at = data.find(_CLIENT, crc_at)
    view = memoryview(data)
    if rest_at < 0 or told != b"%d" % crc32(view[rest_at:], crc32(view[:_HEAD_BYTES])):
        return None
    cut = data.find(_ENTRY, rest_at)
    envelope = _ENVELOPES.decode(data[:cut] + b"}")
    return _joined(envelope, data[cut + len(_ENTRY) : -1])


def _read(data: bytes) -> Record | None:
    """Read a line as our own writer lays it out, or None if it is another's.

    The entry is the last member, so the line is cut before it: what stands before
    the cut is whole members, and what stands after is one whole value, exactly if
    both halves decode. That saves scanning the entry twice.
    """
    cut = data.find(_ENTRY)
    if cut < 0 or not data.endswith(b"}"):
        return None
    head = data[:cut]
    # msgspec checks the strings that it makes, all of the entry's among them. It leaves
    # those alone that nobody asks for, which may stand in a later writer's envelope.
    if not head.isascii():
        head.decode()
    envelope = _ENVELOPES.decode(head + b"}")
    entry = data[cut + len(_ENTRY) : -1]
    return _record(envelope, har.decode(entry), entry)


def _read_any_layout(data: bytes) -> Record | None:
    envelope = _ENVELOPES.decode(data)
    entry = bytes(envelope.entry)
    try:
        return _record(envelope, har.decode(entry), entry)
    except msgspec.ValidationError:
        # Perhaps a later writer's member: it is left out, the rest goes its way.
        known = har.decode_known(entry)
        return _record(envelope, known, har.encode(known))


def _record(envelope: _Envelope, decoded: har.HarEntry, entry: bytes) -> Record | None:
    """Check what the types cannot say, and put the two halves together."""
    notes = envelope.notes
    if (
        envelope.v != VERSION
        or _ID.match(envelope.id) is None
        or envelope.open is False
        or not _is_auth(envelope.auth)
        or (notes and len(set(notes)) != len(notes))
    ):
        return None
    return _joined(envelope, entry, decoded)


def _joined(
    envelope: _Envelope, entry: bytes, decoded: har.HarEntry | None = None
) -> Record:
    return Record(
        envelope.id,
        envelope.client,
        envelope.caller,
        envelope.auth,
        envelope.notes,
        envelope.dropped,
        envelope.w,
        envelope.open is True,
        entry,
        decoded,
    )


def _is_auth(auth: Auth | None) -> bool:
    if auth is None:
        return True
    if auth.id and not is_mask(auth.id):
        return False
    masks = (*auth.headers.values(), *auth.query.values(), *auth.cookies.values())
    return all(map(is_mask, masks))


@lru_cache(maxsize=4096)
def is_mask(text: str) -> bool:
    """Tell whether `text` has the shape of a masked key."""
    return _MASK.match(text) is not None


def _refuse(data: bytes) -> Record | Skip | Reject | UnknownVersion:
    """Read a line that is not laid out as our writer does, or say what it is."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(data, error)
    data = data.removeprefix(BOM).strip(b" \t\r\n")
    if not data:
        return Skip(BLANK)
    if b"\0" in data:
        return Reject(NUL, "the line holds NUL bytes: torn by a power loss, or UTF-16")
    try:
        version = _VERSIONS.decode(data).v
        if type(version) is int and version != VERSION:
            return UnknownVersion(version)
        record = _read_any_layout(data)
    except msgspec.ValidationError:
        record = None
    except msgspec.DecodeError:
        return Reject(NOT_JSON, "the line is no JSON, or not all of it")
    except RecursionError:
        return Reject(NOT_JSON, "the line is nested too deeply")
    return record if record is not None else Reject(SCHEMA, why_refused(data))


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> Reject:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Reject(NOT_UTF8, "the line is UTF-16; UTF-8 was expected")
    return Reject(NOT_UTF8, f"byte {error.start} of the line is not UTF-8")
