"""Bodies as HAR holds them: opened, scrubbed, and laid out again.

`postData` or `content` comes in with the message's content codings; the same object
comes back when nothing in it had to change. A packed body becomes text, a multipart
body becomes parameters, and a body that cannot be decided about is replaced.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import parse_qsl

from msgspec import UNSET, Struct
from msgspec.structs import replace

from shipper import har
from shipper.bodies import (
    MediaType,
    as_text,
    codings_of,
    document_in,
    from_base64,
    from_data_url,
    is_archive,
    is_data_url,
    is_packed,
    read_media_type,
    to_data_url,
    unpack,
)
from shipper.lists import Lists, mark_of
from shipper.multipart import Part, read_parts
from shipper.scrub import Scrubber, Withheld

BINARY = "binary"
PACKED = "packed"

_Body = TypeVar("_Body", har.PostData, har.Content)


class _Opened(Struct, frozen=True, gc=False):
    """A body out of its wrappings.

    Attributes:
        content: Its bytes.
        is_cut: Some of it is missing at the end.
        was_packed: A content coding was undone.
    """

    content: bytes
    is_cut: bool
    was_packed: bool


class BodyScrubber:
    """Applies the lists of one side's bodies."""

    def __init__(self, lists: Lists, scrubber: Scrubber) -> None:
        self._lists = lists
        self._scrubber = scrubber

    def sent(
        self,
        body: har.PostData,
        headers: Iterable[har.Pair],
        withheld: list[str],
        *,
        is_open: bool,
    ) -> har.PostData:
        """Scrub the body of a request; reasons of what is withheld are appended."""
        if body.text is UNSET:
            assert body.params is not UNSET
            document = self._document(body.params)
            if document is not None:
                return _with_text(replace(body, params=UNSET), document, withheld)
            scrubbed = self._params(body.params, withheld)
            same = scrubbed == body.params
            return body if same else replace(body, params=scrubbed)
        media = read_media_type(body.mime_type)
        is_wrapped = is_data_url(body.text)
        if not is_wrapped and not media.is_multipart:
            return _with_text(body, self._scrubber.body(body.text, media), withheld)
        raw = from_data_url(body.text) if is_wrapped else body.text.encode()
        opened = self._open(raw, headers, is_cut=body.comment is not UNSET)
        if isinstance(opened, Withheld):
            return _with_text(body, opened, withheld)
        if opened.was_packed and opened.is_cut and body.comment is UNSET:
            body = replace(body, comment=_cut_note(opened))
        params = _read_form(opened, media)
        if params is not None:
            document = None if media.is_multipart else self._document(params)
            if document is not None:
                return _with_text(body, document, withheld)
            scrubbed = self._params(params, withheld)
            if is_open or opened.was_packed or scrubbed != params:
                return replace(body, text=UNSET, params=scrubbed)
            return body
        result = self._scrub(opened, media)
        if isinstance(result, bytes):
            result = to_data_url(result, media.bare)
        return body if result is None else _with_text(body, result, withheld)

    def given(
        self, body: har.Content, headers: Iterable[har.Pair], withheld: list[str]
    ) -> har.Content:
        """Scrub the body of a response; reasons of what is withheld are appended."""
        assert body.text is not UNSET
        media = read_media_type(body.mime_type)
        if body.encoding is UNSET:
            return _with_text(body, self._scrubber.body(body.text, media), withheld)
        is_cut = body.comment is not UNSET
        opened = self._open(from_base64(body.text), headers, is_cut=is_cut)
        if isinstance(opened, Withheld):
            return _with_text(replace(body, encoding=UNSET), opened, withheld)
        if opened.was_packed and not opened.is_cut:
            # HAR: the size of the content, not of what was transferred.
            body = replace(body, size=len(opened.content))
        elif opened.was_packed and not is_cut:
            body = replace(body, comment=_cut_note(opened))
        result = self._scrub(opened, media)
        if result is None:
            return body
        if isinstance(result, bytes):
            return replace(body, text=base64.b64encode(result).decode())
        return _with_text(replace(body, encoding=UNSET), result, withheld)

    def _open(
        self, raw: bytes | None, headers: Iterable[har.Pair], *, is_cut: bool
    ) -> _Opened | Withheld:
        if raw is None:
            return Withheld(PACKED)
        codings = codings_of(headers)
        # The writer stores a packed body unpacked when it had to mask it.
        if not raw or not codings or not is_packed(raw, codings[-1]):
            return _Opened(raw, is_cut, was_packed=False)
        unpacked = unpack(raw, codings)
        if unpacked is not None:
            is_cut = is_cut or not unpacked.is_whole
            return _Opened(unpacked.content, is_cut, was_packed=True)
        if self._lists.is_set:
            return Withheld(PACKED)
        return _Opened(raw, is_cut, was_packed=False)

    def _scrub(
        self, opened: _Opened, media: MediaType
    ) -> str | bytes | Withheld | None:
        """Return what is sent of an opened body; None if that is what lies there."""
        text = as_text(opened.content, media, is_cut=opened.is_cut)
        if text is None:
            if not self._may_send_binary(opened.content, media):
                return Withheld(BINARY)
            return opened.content if opened.was_packed else None
        scrubbed = self._scrubber.body(text, media)
        return None if scrubbed is text and not opened.was_packed else scrubbed

    def _may_send_binary(self, content: bytes, media: MediaType) -> bool:
        """Pictures and sound have no fields; other bytes may hold anything."""
        if not self._lists.is_set:
            return True
        if self._lists.is_allowlist or not media.is_media or is_archive(content):
            return False
        return not self._lists.occurs_in_bytes(content)

    def _document(self, params: list[har.Param]) -> str | Withheld | None:
        """Return what is sent of a document sent as a form; None if that is a form."""
        if not self._lists.is_set or (text := document_in(params)) is None:
            return None
        scrubbed = self._scrubber.body(text, read_media_type(""))
        return None if scrubbed is text else scrubbed

    def _params(self, params: list[har.Param], withheld: list[str]) -> list[har.Param]:
        if self._lists.removes:
            params = [param for param in params if not self._is_removed(param)]
        return [self._named(param, self._param(param, withheld)) for param in params]

    def _is_removed(self, param: har.Param) -> bool:
        is_bare = param.value is UNSET or not param.value
        if is_bare and self._lists.hides_bare[param.name]:
            return False  # a text has no name that it could go with
        return self._lists.hides_param[param.name]

    def _named(self, param: har.Param, scrubbed: har.Param) -> har.Param:
        """Return a scrubbed parameter with its name scrubbed too."""
        value = "" if param.value is UNSET else param.value
        name = self._scrubber.name(param.name, value)
        return scrubbed if name is param.name else replace(scrubbed, name=name)

    def _param(self, param: har.Param, withheld: list[str]) -> har.Param:
        value = param.value
        if value is UNSET or not value or not self._lists.is_set:
            return param
        if self._lists.hides_param[param.name]:
            file_name = param.file_name
            if file_name is not UNSET:
                file_name = mark_of(file_name)
            return replace(param, value=mark_of(value), file_name=file_name)
        if self._lists.is_allowlist:
            return param
        if not is_data_url(value):
            scrubbed = self._scrubber.parameter(value)
            return param if scrubbed == value else replace(param, value=scrubbed)
        kind = "" if param.content_type is UNSET else param.content_type
        name = None if param.file_name is UNSET else param.file_name
        content = from_data_url(value)
        result: str | bytes | Withheld | None = Withheld(PACKED)
        if content is not None:
            opened = _Opened(content, is_cut=False, was_packed=False)
            result = self._scrub(opened, read_media_type(kind))
        if result is None:
            return param
        if isinstance(result, Withheld):
            withheld.append(result.reason)
            return replace(param, value=result.mark)
        changed = result.encode() if isinstance(result, str) else result
        return replace(param, value=to_data_url(changed, kind, name))


def _with_text(body: _Body, result: str | Withheld, withheld: list[str]) -> _Body:
    if isinstance(result, Withheld):
        withheld.append(result.reason)
        return replace(body, text=result.mark)
    return body if result == body.text else replace(body, text=result)


def _read_form(opened: _Opened, media: MediaType) -> list[har.Param] | None:
    """Return the parameters of a form that was in parts or packed, else None."""
    if media.is_multipart:
        parts = read_parts(opened.content, media.boundary)
        return None if parts is None else [_param_of(part) for part in parts]
    if not media.is_form or not opened.was_packed:
        return None
    text = opened.content.decode("utf-8", "replace")
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    return [har.Param(name, value) for name, value in pairs]


def _param_of(part: Part) -> har.Param:
    is_field = (
        part.file_name is None and not read_media_type(part.content_type).is_multipart
    )
    if is_field and (text := _plain_text(part.content)) is not None:
        return har.Param(part.name, text)
    kind = part.content_type or "application/octet-stream"
    return har.Param(
        part.name,
        to_data_url(part.content, kind, part.file_name),
        UNSET if part.file_name is None else part.file_name,
        kind,
    )


def _plain_text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _cut_note(opened: _Opened) -> str:
    return f"cut: {len(opened.content)} unpacked bytes kept"
