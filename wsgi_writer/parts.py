"""Listed fields in multipart bodies.

A whole body comes in; the same body with the content of listed parts replaced goes
out, every other byte as it was, or None when it cannot be decided where its parts
are, and a listed one may be among them.
"""

from __future__ import annotations

from wsgi_writer.fields import FieldMask
from wsgi_writer.mask import redacted
from wsgi_writer.multipart import (
    Part,
    hides_content,
    read_content,
    read_names,
    read_parts,
)


class PartMask:
    """Finds and replaces the listed parts of multipart bodies."""

    def __init__(self, fields: FieldMask) -> None:
        self._fields = fields

    def mask(self, body: bytes, boundary: str, *, is_cut: bool) -> bytes | None:
        """Replace the content of listed parts (RFC 7578), the rest byte for byte.

        Returns:
            The body; the very same object if no part is listed. None if it is cut,
            or servers might read it in several ways, and it may hold a listed name.
        """
        mark = b"" if is_cut else boundary.encode("latin-1", "replace")
        parts = read_parts(body, mark)
        if parts is None:
            return None if self._may_hold_listed(body, is_cut=is_cut) else body
        pieces: list[bytes] = []
        done = 0
        for part in parts:
            content = body[part.start : part.end]
            shown = self._part_content(part, content)
            if shown is not content:
                pieces += (body[done : part.start], shown)
                done = part.end
        return b"".join(pieces) + body[done:] if pieces else body

    def _part_content(self, part: Part, content: bytes) -> bytes:
        plain = read_content(part, content)
        text = content.decode("utf-8", "replace")
        if self._is_listed_part(part.name) or plain is None:
            return redacted(text).encode("ascii") if content else content
        inner = text if plain is content else plain.decode("utf-8", "replace")
        masked = self._fields.mask_form_value(inner)
        if masked is inner:
            return content
        shown = masked if plain is content else redacted(text)
        return shown.encode("utf-8", "replace")

    def _is_listed_part(self, name: str | None) -> bool:
        # A name that is written in a way we do not read may be any name.
        return name is None or self._fields.forms.replacement(name) is not None

    def _may_hold_listed(self, body: bytes, *, is_cut: bool) -> bool:
        """Tell whether there may be a listed name in a body without sure parts."""
        names = self._fields.names
        text = body.decode("utf-8", "replace") if names.odd else ""
        return (
            names.occur_in(body.decode("latin-1"))
            or (bool(text) and names.occur_in(text))
            or any(map(self._is_listed_part, read_names(body)))
            or hides_content(body)
            # Large uploads are cut, and mostly no text at all.
            or (not is_cut and names.may_hide_in(text))
        )
