"""The JSON of HAR's `postData` and `content`, once a body is masked.

A `Body` comes in, whose bytes and text may be written as they are, unless it is a
form: those are still whole, and their listed fields are masked here, as they are
taken apart.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted

from wsgi_writer.fields import FieldMask, looks_like_json
from wsgi_writer.media import MediaType, Shape
from wsgi_writer.params import Param, mask_within, read_params
from wsgi_writer.quoting import quote as quote_text

WITHHELD = "withheld: may hold a listed field and cannot be read"
PLAIN_TEXT = '"text/plain"'
# A body without a type that can be nothing but the pairs of a form: on one line, with
# blanks in its values at most, and neither JSON nor XML.
LOOSE_FORM = re.compile(r"(?!\[)[^\s={<]*+=[^\r\n]*+\s*+\Z")


@dataclass(slots=True)
class Body:
    """One body after masking. Built twice per request, hence not frozen."""

    content: bytes
    text: str | None
    size: int
    comment: str = ""
    is_cut: bool = False
    is_packed: bool = False
    is_withheld: bool = False

    def withhold(self) -> None:
        """Leave the body out, and say why."""
        self.content, self.text, self.comment = b"", None, WITHHELD
        self.is_withheld, self.is_packed = True, False

    def put_text(self, text: str) -> None:
        """Replace the body by its masked text, also where base64 will show it."""
        if text is not self.text:
            self.text, self.content = text, text.encode("utf-8")


def form_text(body: Body) -> str:
    """Return a form as text; what is no UTF-8 becomes U+FFFD."""
    return body.content.decode("utf-8", "replace")


def form_params(body: Body, fields: FieldMask) -> Iterator[Param]:
    """Return the fields of a form in their order, listed ones masked."""
    text = form_text(body)
    if body.is_cut:
        text = re.sub(r"%[0-9A-Fa-f]?\Z", "", text)
    # A document that calls itself a form has been masked as a whole.
    is_document = looks_like_json(text)
    for param in read_params(text, fields.forms):
        if param.masked or is_document:
            yield param
        else:
            yield mask_within(param, fields.mask_form_value)


def form_as_text(body: Body, fields: FieldMask) -> str:
    """Return a form as it was written, listed fields masked."""
    return "&".join(param.raw for param in form_params(body, fields))


def post_data(body: Body, media: MediaType, fields: FieldMask) -> str:
    """Return HAR `postData` with its comma and key, or nothing for no body."""
    if not body.content:
        return ""
    comment = f',"comment":{quoted(body.comment)}' if body.comment else ""
    if media.shape is Shape.FORM and not body.is_packed:
        params = ",".join(
            f'{{"name":{quoted(param.name)},"value":{quoted(param.value)}}}'
            for param in form_params(body, fields)
            if param.raw
        )
        return f',"postData":{{"mimeType":{media.json},"params":[{params}]{comment}}}'
    if body.text is not None:
        mime = media.json if media.given else PLAIN_TEXT
        return (
            f',"postData":{{"mimeType":{mime},"text":{quote_text(body.text)}{comment}}}'
        )
    kind = media.bare or "application/octet-stream"
    mime = media.json if media.given else f'"{kind}"'
    packed = base64.b64encode(body.content).decode("ascii")
    text = f"data:{kind};base64,{packed}"
    return f',"postData":{{"mimeType":{mime},"text":{quoted(text)}{comment}}}'


def content(body: Body, media: MediaType) -> str:
    """Return HAR `content`."""
    comment = f',"comment":{quoted(body.comment)}' if body.comment else ""
    size = body.size
    if not body.content:
        return f'{{"size":{size:d},"mimeType":{media.json}{comment}}}'
    if body.text is not None:
        mime = media.json if media.given else PLAIN_TEXT
        text = quote_text(body.text)
        return f'{{"size":{size:d},"mimeType":{mime},"text":{text}{comment}}}'
    mime = media.json if media.given else '"application/octet-stream"'
    text = base64.b64encode(body.content).decode("ascii")
    return (
        f'{{"size":{size:d},"mimeType":{mime},"text":"{text}",'
        f'"encoding":"base64"{comment}}}'
    )
