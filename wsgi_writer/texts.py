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
        plain = _plain(captured, size, media, coding, limit)
        if plain is None:
            return None
        text = _as_text(plain)
        if self._is_on and (media.is_json or looks_like_json(text)):
            masked = self._masked(text, is_cut=size > len(captured))
            if masked is None:
                return None
            text = masked
        return _laid_out("", media, text, len(captured), size, "")

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
        searched, quoted and written as the bytes of their UTF-8, of which none is one
        of ASCII. That takes half as long, and widens no line for a few characters.

        Args:
            asked: The request's headers.
            sent: The request's body.
            given: The response's headers.
            answer: The response's body.
            limit: The most bytes to keep of either.
        """
        media = other_media = self.media_types[given.content_type]
        kept, other_kept = sent.content, answer.content
        body: str | None = ""
        other: str | None = ""
        if kept:
            media = self.media_types[asked.content_type]
            coding = asked.content_encoding
            body = _plain(kept, sent.size, media, coding, limit)
        if answer.size and body is not None:
            coding = given.content_encoding
            other = _plain(other_kept, answer.size, other_media, coding, limit)
        elif not other_media.json.isascii():
            return None  # it is shown all the same, and is no byte of UTF-8 yet
        if body is None or other is None:
            return None
        if self._is_on:
            is_json = media.is_json or looks_like_json(_as_text(body))
            is_other_json = other_media.is_json or looks_like_json(_as_text(other))
            searched = body if is_json else ""
            also = other if is_other_json else ""
            places = self._places(searched, also)
            if places is None or places:
                start = len(searched) + 1 if searched else 0
                if searched:
                    is_cut = sent.size > len(kept)
                    body = self._masked_in_bytes(body, places, 0, is_cut=is_cut)
                if also:
                    is_cut = answer.size > len(other_kept)
                    other = self._masked_in_bytes(other, places, start, is_cut=is_cut)
                if body is None or other is None:
                    return None
        count, size = len(other_kept), answer.size
        return (
            _laid_out(',"postData":{', media, body, len(kept), sent.size, "}")
            if kept
            else "",
            _laid_out(f'{{"size":{size},', other_media, other, count, size, "}")
            if size
            else f'{{"size":0,"mimeType":{other_media.json}}}',
        )

    def _places(self, body: str, other: str) -> list[int] | None:
        """Return where two bodies, one behind the other, hold listed names.

        None is returned if either may hold hidden ones, or some in a text of another
        script. One search through both costs less than two. The newline between them
        keeps an escape at the end of the one from hiding the beginning of the other.
        """
        names = self._fields.names
        joined = f"{body}\n{other}" if body else other
        if "\\" in joined or names.odd:
            return None if names.occur_in(_as_text(joined)) else []
        if joined.isascii():
            return names.places_in(joined.lower())
        low = joined.encode("latin-1").lower().decode("latin-1")
        return None if names.places_in(low) else []

    def _masked_in_bytes(
        self, body: str, places: list[int] | None, start: int, *, is_cut: bool
    ) -> str | None:
        """Do as `_masked` to a body that was searched from `start` on."""
        if places:
            end = start + len(body)
            places = [at - start for at in places if start <= at < end]
        masked = self._masked(_as_text(body), places, is_cut=is_cut)
        if masked is None or masked.isascii():
            return masked
        encoded = masked.encode()
        # Escapes in a document inside of another one are undone where it is masked.
        return None if holds_noncharacter(encoded, masked) else _in_bytes(encoded)

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


def _plain(
    captured: bytes, size: int, media: MediaType, coding: str, limit: int
) -> str | None:
    """Return the bytes of a body that is plainly text, each as a character, or None.

    A character that was cut at the end is left out.
    """
    count = len(captured)
    if not media.is_plain or coding or not 0 < count <= size or count > limit:
        return None
    shown = _in_bytes(captured)
    if not shown.isascii():
        text = decoded(captured, is_cut=count < size)
        if text is None or holds_noncharacter(captured, text):
            return None
        if count < size:
            shown = _in_bytes(text.encode())
    return None if "\0" in shown else shown


def _in_bytes(encoded: bytes) -> str:
    return encoded.decode("latin-1")


def _as_text(shown: str) -> str:
    return shown if shown.isascii() else shown.encode("latin-1").decode()


def _laid_out(  # noqa: PLR0917 - keywords would cost a third more per request
    opening: str, media: MediaType, text: str, count: int, size: int, closing: str
) -> str:
    # In one step: a long text is copied once.
    shown = quoted(text) if len(text) < LONG else quote(text)
    comment = f',"comment":"{cut_comment(count, size)}"' if size > count else ""
    return f'{opening}"mimeType":{media.json},"text":{shown}{comment}{closing}'


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
