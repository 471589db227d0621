"""A body as it lies on disk: as text, as form parameters or as base64, and masked.

Captured bytes, their content type and content coding come in; the JSON of HAR's
`postData` or `content` goes out. A body that may hold a listed field and cannot be
read is left out whole, and says so. Nothing is unpacked beyond the limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wsgi_writer.contents import (
    LOOSE_FORM,
    WITHHELD,
    Body,
    content,
    form_as_text,
    form_text,
    post_data,
)
from wsgi_writer.fields import FieldMask, looks_like_json
from wsgi_writer.mask import Masks, holds_noncharacter
from wsgi_writer.media import MediaType, Shape, unpack
from wsgi_writer.params import decode, read_params
from wsgi_writer.parts import PartMask
from wsgi_writer.texts import PlainTexts, cut_comment, decoded

_LISTED_SHAPES = frozenset({Shape.JSON, Shape.FORM, Shape.MULTIPART})


@dataclass(slots=True)
class Laid:
    """The JSON of one body, and what its record has to say about it.

    Built twice per request, hence not frozen.
    """

    json: str
    is_open: bool = False
    is_withheld: bool = False


# How packed bytes begin, and no text (RFC 1952 section 2.3.1, RFC 1950 section 2.2).
_PACKINGS = {
    b"\x1f\x8b": "gzip",
    b"x\x01": "deflate",
    b"x\x9c": "deflate",
    b"x\xda": "deflate",
}


# What begins as JSON does shows it within so many unpacked bytes.
_GLANCE_BYTES = 512
_LETTER = re.compile("[A-Za-z]")
_NO_BODY = Laid("")
_NO_SIZE = "no size in the log"


class BodyMask:
    """Masks and lays out bodies under one set of masks."""

    def __init__(self, masks: Masks, fields: FieldMask) -> None:
        self._fields = fields
        self._parts = PartMask(fields)
        self._is_on = masks.fields is not None
        self.texts = PlainTexts(masks, fields)
        self._media_types = self.texts.media_types

    def request(
        self, captured: bytes, size: int, content_type: str, coding: str, limit: int
    ) -> Laid:
        """Lay out a request's body as `,"postData":{…}`, or nothing if it has none.

        Args:
            captured: The first bytes of the body.
            size: How many bytes it had.
            content_type: Its Content-Type header, empty if none.
            coding: Its Content-Encoding in lower case, empty if none.
            limit: The most bytes to keep, and to unpack.
        """
        if not captured:
            return _NO_BODY
        plain = self.texts.one(captured, size, content_type, coding, limit)
        if plain is not None:
            return Laid(f',"postData":{{{plain}}}')
        media = self._media_types[content_type]
        body = self._read(captured, size, media, coding, limit)
        if body.is_withheld:
            # HAR has no postData without text or params; the request says why.
            return Laid(f',"comment":"body {WITHHELD}"', is_withheld=True)
        is_open = body.is_packed or media.shape is Shape.MULTIPART
        return Laid(post_data(body, media, self._fields), is_open=is_open)

    def response(
        self, captured: bytes, size: int, content_type: str, coding: str, limit: int
    ) -> Laid:
        """Lay out a response's body as HAR `content`; arguments as `request`."""
        media = self._media_types[content_type]
        if not size:
            return Laid(f'{{"size":0,"mimeType":{media.json}}}')
        plain = self.texts.one(captured, size, content_type, coding, limit)
        if plain is not None:
            return Laid(f'{{"size":{size:d},{plain}}}')
        body = self._read(captured, size, media, coding, limit)
        if media.shape is Shape.FORM and not body.is_packed:
            # HAR knows no params here: the form stays a text.
            body.text = form_as_text(body, self._fields)
        return Laid(content(body, media), body.is_packed, body.is_withheld)

    def unseen(self, size: int, content_type: str) -> Laid:
        """Lay out a response's body of which at most the size is known.

        HAR has no word for a content of unknown size, so a comment says it.
        """
        mime = self._media_types[content_type].json
        if size >= 0:
            return Laid(f'{{"size":{size:d},"mimeType":{mime}}}')
        return Laid(f'{{"size":0,"mimeType":{mime},"comment":"{_NO_SIZE}"}}')

    def _read(
        self, captured: bytes, size: int, media: MediaType, coding: str, limit: int
    ) -> Body:
        """Return what may be written of a captured body."""
        kept = captured[:limit]
        body = Body(kept, None, size, is_cut=size > len(kept))
        if body.is_cut:
            body.comment = cut_comment(len(kept), size)
        if not coding and media.shape in _LISTED_SHAPES:
            coding = _PACKINGS.get(kept[:2], "")  # some senders forget to say so
        if coding and coding != "identity" and not _is_plain_json(body):
            self._open(body, media, coding, limit)
        else:
            self._mask(body, media)
        return body

    def _mask(self, body: Body, media: MediaType) -> None:
        body.text = decoded(body.content, is_cut=body.is_cut)
        if self._is_on and body.content:
            if media.shape is Shape.MULTIPART:
                self._mask_multipart(body, media)
            elif media.shape is Shape.FORM:
                self._check_form(body, media)
            else:
                self._mask_text(body, media)
        if not _is_shown_as_text(body, media):
            body.text = None

    def _mask_text(self, body: Body, media: MediaType) -> None:
        text = body.text if body.text is not None else body.content.decode("latin-1")
        names = self._fields.names
        is_json = media.shape is Shape.JSON
        is_hidden = bool(names.odd) and names.may_hide_in(form_text(body))
        if not media.is_readable and is_json:
            body.withhold()
        elif not media.given and LOOSE_FORM.match(text):
            shown = form_as_text(body, self._fields)
            if shown != text and body.is_cut:
                body.withhold()
            elif shown != body.text:
                body.put_text(shown)
        elif (is_json or looks_like_json(text)) and (names.occur_in(text) or is_hidden):
            whole = body.text if not body.is_cut else None
            masked = None if whole is None else self._fields.mask_json(whole)
            if masked is not None:
                body.put_text(masked)
            # A text that only begins like JSON may speak of passwords.
            elif is_json or is_hidden or names.quoted_in(text):
                body.withhold()

    def _mask_multipart(self, body: Body, media: MediaType) -> None:
        masked = self._parts.mask(body.content, media.boundary, is_cut=body.is_cut)
        if masked is None or not media.is_readable:
            body.withhold()
        elif masked is not body.content:
            body.content = masked
            body.text = decoded(masked, is_cut=body.is_cut)

    def _check_form(self, body: Body, media: MediaType) -> None:
        """Withhold a form that is cut or unreadable and has a listed field."""
        text = form_text(body)
        if not media.is_readable or (
            body.is_cut
            and any(param.masked for param in read_params(text, self._fields.forms))
        ):
            body.withhold()
            return
        # Some clients send JSON and call it a form; it would become a field's name.
        # What begins with a letter is no JSON, however it is written.
        plain = text if _LETTER.match(text) else decode(text)
        names = self._fields.names
        if looks_like_json(plain) and names.may_hide_in(plain):
            body.withhold()
        elif looks_like_json(plain) and names.occur_in(plain):
            masked = None if body.is_cut else self._fields.mask_json(text)
            if masked is not None:
                body.put_text(masked)
            elif names.quoted_in(plain):
                body.withhold()
        elif "\0" in text and names.occur_in(text):
            body.withhold()

    def _open(self, body: Body, media: MediaType, coding: str, limit: int) -> None:
        """Look into a packed body; keep it packed unless it holds a listed field."""
        body.is_packed = bool(body.content)
        if not (self._is_on and body.content):
            return
        is_listed_type = (
            media.shape in _LISTED_SHAPES
            or not media.bare
            or _begins_as_json(body.content, coding)
        )
        if not is_listed_type and media.bare != "text/plain":
            return
        unpacked = unpack(body.content, coding, limit)
        if unpacked is None:
            if is_listed_type:
                body.withhold()
            return
        if is_listed_type and unpacked.content[:2] in _PACKINGS:
            body.withhold()  # packed more often than it says
            return
        is_whole = unpacked.is_whole and not body.is_cut
        inner = Body(unpacked.content, None, body.size, is_cut=not is_whole)
        self._mask(inner, media)
        if inner.is_withheld:
            body.withhold()
            return
        is_same = inner.content is unpacked.content and media.shape is not Shape.FORM
        if is_whole and is_same:
            return
        body.is_packed = False
        body.content, body.text = inner.content, inner.text
        if is_whole:
            body.size = len(unpacked.content)
        else:
            body.is_cut = True
            body.comment = f"cut: {len(inner.content)} unpacked bytes kept"


def _is_plain_json(body: Body) -> bool:
    """Tell whether a body is JSON as it lies, whatever its coding is said to be."""
    text = decoded(body.content, is_cut=body.is_cut)
    return text is not None and looks_like_json(text)


def _begins_as_json(content: bytes, coding: str) -> bool:
    """Tell whether a packed body is read as JSON, whatever its type."""
    glance = unpack(content, coding, _GLANCE_BYTES)
    return glance is not None and looks_like_json(glance.content.decode("latin-1"))


def _is_shown_as_text(body: Body, media: MediaType) -> bool:
    text = body.text
    if text is None:
        return False
    if "\0" in text and (media.shape is Shape.OTHER or not media.given):
        return False
    return not holds_noncharacter(body.content, text)
