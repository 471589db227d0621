"""Bodies that are plainly text, laid out in the shortest way there is.

Captured bytes and what their headers say come in; the members of HAR's `postData` or
`content` go out, masked. This is the way of nearly every body, and nothing but a
shorter one of `bodies`: whatever is not plainly text, or holds a listed field that
cannot be replaced, is left to that room.
"""

from __future__ import annotations

from json.encoder import encode_basestring as quoted
from typing import Protocol

from wsgi_writer.fields import FieldMask, looks_like_json
from wsgi_writer.headers import HeaderBlock
from wsgi_writer.mask import Masks, Remembered, holds_noncharacter
from wsgi_writer.media import MediaType, read_media_type
from wsgi_writer.quoting import LONG, quote


class Kept(Protocol):
    """What was captured of a body: its first bytes, and the size of the whole."""

    size: int

    @property
    def content(self) -> bytes:
        """The first bytes."""


class PlainTexts:
    """Masks and lays out plain texts under one set of masks."""

    def __init__(self, masks: Masks, fields: FieldMask) -> None:
        # Mutable state: the memory of a pure function, which any thread may fill.
        self._fields = fields
        self._is_on = masks.fields is not None
        self.media_types = Remembered(read_media_type)

    def one(
        self, captured: bytes, size: int, content_type: str, coding: str, limit: int
    ) -> str | None:
        """Lay out one body as `"mimeType":…,"text":…`, or return None.

        Args:
            captured: The first bytes of the body.
            size: How many bytes it had.
            content_type: Its Content-Type header, empty if none.
            coding: Its Content-Encoding in lower case, empty if none.
            limit: The most bytes to keep.
        """
        media = self.media_types[content_type]
        text = _plain_text(captured, size, media, coding, limit)
        if text is None:
            return None
        if self._is_on and (media.is_json or looks_like_json(text)):
            text = self._masked(text, is_cut=size > len(captured))
            if text is None:
                return None
        return _laid_out("", media, text, _comment(len(captured), size), "")

    def both(
        self,
        asked: HeaderBlock,
        sent: Kept,
        given: HeaderBlock,
        answer: Kept,
        limit: int,
    ) -> tuple[str, str] | None:
        """Lay out the bodies of a request and its response, or neither.

        They are returned as HAR's `,"postData":{…}`, empty if there is none, and as
        its `content`. Each character is one byte of the line: other scripts are
        written as the bytes of their UTF-8, so that no line is widened for a few of
        their characters.

        Args:
            asked: The request's headers.
            sent: The request's body.
            given: The response's headers.
            answer: The response's body.
            limit: The most bytes to keep of either.
        """
        media = other_media = self.media_types[given.content_type]
        body, content = sent.content, b""
        text: str | None = ""
        other: str | None = ""
        if body:
            media = self.media_types[asked.content_type]
            coding = asked.content_encoding
            text = _plain_text(body, sent.size, media, coding, limit)
        if answer.size:
            content, coding = answer.content, given.content_encoding
            other = _plain_text(content, answer.size, other_media, coding, limit)
        elif not other_media.json.isascii():
            return None  # it is shown all the same, and is no byte of UTF-8 yet
        if text is None or other is None:
            return None
        if self._is_on:
            is_json = media.is_json or looks_like_json(text)
            is_other_json = other_media.is_json or looks_like_json(other)
            searched = text if is_json else ""
            also = other if is_other_json else ""
            places = self._places(searched, also)
            if places is None or places:
                start = len(searched) + 1 if searched else 0
                if is_json:
                    ours = places and [at for at in places if at < start]
                    text = self._masked(text, ours, is_cut=sent.size > len(body))
                if is_other_json:
                    ours = places and [at - start for at in places if at >= start]
                    is_cut = answer.size > len(content)
                    other = self._masked(other, ours, is_cut=is_cut)
                if text is None or other is None:
                    return None
        return (
            _laid_out(
                ',"postData":{',
                media,
                text if text.isascii() else _as_bytes(text),
                _comment(len(body), sent.size),
                "}",
            )
            if body
            else "",
            _laid_out(
                f'{{"size":{answer.size},',
                other_media,
                other if other.isascii() else _as_bytes(other),
                _comment(len(content), answer.size),
                "}",
            )
            if answer.size
            else f'{{"size":0,"mimeType":{other_media.json}}}',
        )

    def _places(self, text: str, other: str) -> list[int] | None:
        """Return where two texts, one behind the other, hold listed names.

        None is returned if either may hold hidden ones. One search through both costs
        less than two. The newline between them keeps an escape at the end of the one
        from hiding the beginning of the other.
        """
        names = self._fields.names
        joined = f"{text}\n{other}" if text else other
        if not joined.isascii() or "\\" in joined or names.odd:
            return None if names.occur_in(joined) else []
        return names.places_in(joined.lower())

    def _masked(
        self, text: str, places: list[int] | None = None, *, is_cut: bool
    ) -> str | None:
        """Return a text without its listed values, or None if some might stay.

        Args:
            text: The text.
            places: Where it holds listed names, if that is known.
            is_cut: Whether it is the beginning of a longer one.
        """
        if not (self._fields.names.occur_in(text) if places is None else places):
            return text
        if is_cut:
            return None
        if places is None:
            return self._fields.mask_json(text)
        return self._fields.mask_places(text, places)


def _plain_text(
    captured: bytes, size: int, media: MediaType, coding: str, limit: int
) -> str | None:
    count = len(captured)
    if not media.is_plain or coding or not 0 < count <= size or count > limit:
        return None
    if count < size:
        text = decoded(captured, is_cut=True)
        if text is None:
            return None
    else:
        try:
            text = captured.decode("utf-8")
        except UnicodeDecodeError:
            return None
    if "\0" in text or (not text.isascii() and holds_noncharacter(captured, text)):
        return None
    return text


def _as_bytes(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")


def _laid_out(
    opening: str, media: MediaType, text: str, comment: str, closing: str
) -> str:
    # In one step: a long text is copied once.
    shown = quoted(text) if len(text) < LONG else quote(text)
    return f'{opening}"mimeType":{media.json},"text":{shown}{comment}{closing}'


def _comment(count: int, size: int) -> str:
    return f',"comment":"{cut_comment(count, size)}"' if size > count else ""


def cut_comment(count: int, size: int) -> str:
    """Return what a record says of a body of which it does not hold all."""
    return f"cut: {count} of {size} bytes kept"


def decoded(content: bytes, *, is_cut: bool) -> str | None:
    """Decode UTF-8; a cut may have left the beginning of a character at the end."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if is_cut and error.reason == "unexpected end of data":
            return content[: error.start].decode("utf-8")
        return None
