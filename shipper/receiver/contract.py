"""What the receiver asks of a request body: ReadMe's required fields, pure.

A body comes in; the log objects as they came, or what is wrong with each, go
out. Fields are those of ReadMe's OpenAPI document and of HAR 1.2, and the
patterns those of the vendor's own test suite. Fields unknown here are let pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

MAX_REASONS = 20  # an answer names the first few records at fault

_Filled = Annotated[str, Meta(min_length=1)]
_Uuid = Annotated[
    str, Meta(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
]
_Stamp = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$"),
]
_Url = Annotated[str, Meta(pattern=r"^https?://[!-~]+$")]
_Count = Annotated[int, Meta(ge=-1)]


class _Pair(Struct, gc=False):
    name: str
    value: str


class _Parameter(Struct, gc=False):
    name: str
    value: str = ""
    fileName: str = ""  # noqa: N815 - the wire's own name
    contentType: str = ""  # noqa: N815 - the wire's own name


class _PostData(Struct, gc=False):
    mimeType: str  # noqa: N815 - the wire's own name
    text: str | None = None
    params: list[_Parameter] | None = None


class _Content(Struct, gc=False):
    size: _Count = 0
    mimeType: str = ""  # noqa: N815 - the wire's own name
    text: str = ""
    encoding: str = ""


class _Request(Struct, gc=False, rename="camel"):
    method: _Filled
    url: _Url
    http_version: _Filled
    headers: list[_Pair]
    query_string: list[_Pair]
    cookies: list[_Pair] = []
    headers_size: _Count = -1
    body_size: _Count = -1
    post_data: _PostData | None = None


class _Response(Struct, gc=False, rename="camel"):
    status: Annotated[int, Meta(ge=100, le=599)]
    status_text: str
    headers: list[_Pair]
    content: _Content
    headers_size: _Count = -1
    body_size: _Count = -1


class _Entry(Struct, gc=False, rename="camel"):
    started_date_time: _Stamp = msgspec.field(name="startedDateTime")
    time: Annotated[int, Meta(ge=0)]
    request: _Request
    response: _Response
    pageref: _Filled = "-"


class _Creator(Struct, gc=False):
    name: Annotated[
        str, Meta(pattern=r"readme-metrics \((dotnet|node|php|python|ruby)\)")
    ]
    version: _Filled


class _Log(Struct, gc=False):
    creator: _Creator
    entries: Annotated[list[_Entry], Meta(min_length=1)]
    version: str = "1.2"


class _Har(Struct, gc=False):
    log: _Log


class _Group(Struct, gc=False):
    id: _Filled | int
    label: str = ""
    email: str = ""


class _LogObject(Struct, gc=False):
    client_ip_address: _Filled = msgspec.field(name="clientIPAddress")
    group: _Group
    request: _Har
    id: _Uuid | None = msgspec.field(name="_id", default=None)
    version: Literal[3] = msgspec.field(name="_version", default=3)
    development: bool = True


class Reason(Struct, frozen=True):
    """What is wrong with one record.

    Attributes:
        record: Its index in the array, or None when the body itself is at fault.
        field: Path of the field, such as ``request.log.entries[0].time``.
        expected: What was expected there.
    """

    record: int | None
    field: str
    expected: str


class Accepted(Struct, frozen=True):
    """The log objects of a request, each as it came, and their ids."""

    log_objects: tuple[bytes, ...]
    ids: tuple[str | None, ...]


class Faulty(Struct, frozen=True):
    """The records at fault; the whole request is refused."""

    reasons: tuple[Reason, ...]


_AS_ARRAY = msgspec.json.Decoder(list[Raw])
_AS_LOG_OBJECT = msgspec.json.Decoder(_LogObject)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile("Object missing required field `(.*)`")


def check(body: bytes) -> Accepted | Faulty:
    """Return the log objects of `body`, or why they are not taken."""
    try:
        raws = _AS_ARRAY.decode(body)
        body.decode()  # the decoder above leaves strings unread
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Faulty((Reason(None, "", "Expected a JSON array of log objects"),))
    if not raws:
        return Faulty((Reason(None, "", "Expected at least one log object"),))
    reasons: list[Reason] = []
    ids: list[str | None] = []
    for index, raw in enumerate(raws):
        try:
            log_object = _AS_LOG_OBJECT.decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            reasons.append(_reason(index, str(error)))
            continue
        ids.append(log_object.id)
        for field, expected in _faults_between_fields(log_object):
            reasons.append(Reason(index, field, expected))
    if reasons:
        return Faulty(tuple(reasons[:MAX_REASONS]))
    return Accepted(tuple(_on_one_line(raw) for raw in raws), tuple(ids))


def as_errors(reasons: Sequence[Reason]) -> object:
    """Return the reasons as the JSON of an answer."""
    return {
        "message": "the body does not hold what the contract requires",
        "errors": [
            {
                "record": reason.record,
                "field": reason.field,
                "message": _sentence(reason),
            }
            for reason in reasons
        ],
    }


def _sentence(reason: Reason) -> str:
    record = "body" if reason.record is None else f"record {reason.record}"
    return ": ".join(part for part in (record, reason.field, reason.expected) if part)


def _reason(record: int, message: str) -> Reason:
    """Split the decoder's ``WHAT - at `$.PATH` `` into its parts."""
    found = _PLACE.match(message)
    assert found is not None  # every part of the pattern may be empty
    path, what = (found["path"] or "").removeprefix("."), found["what"]
    missing = _MISSING.match(what)
    if missing is not None:
        path = f"{path}.{missing[1]}".removeprefix(".")
        what = "Expected a value, got none"
    return Reason(record, path, what)


def _faults_between_fields(log_object: _LogObject) -> Iterable[tuple[str, str]]:
    """Yield what a field's own type cannot say."""
    for index, entry in enumerate(log_object.request.log.entries):
        here = f"request.log.entries[{index}]"
        try:
            datetime.fromisoformat(entry.started_date_time)
        except ValueError:
            yield f"{here}.startedDateTime", "Expected a date and time that exist"
        posted = entry.request.post_data
        if posted and posted.text is not None and posted.params is not None:
            yield f"{here}.request.postData", "Expected `text` or `params`, not both"


def _on_one_line(raw: Raw) -> bytes:
    """Return the object's bytes; a line break can only stand between its tokens."""
    log_object = bytes(raw)
    if b"\n" in log_object or b"\r" in log_object:
        return msgspec.json.format(log_object, indent=-1)
    return log_object
