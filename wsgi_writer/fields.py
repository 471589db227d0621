"""Listed fields in JSON documents and HTML forms.

A whole body comes in; the same body with the values of listed fields replaced goes
out, every other byte as it was, or None when it cannot be decided where its listed
values are. Nothing here recurses into what a client nested.
"""

from __future__ import annotations

import json
import re
from json.decoder import JSONDecoder

from wsgi_writer.listed import ListedNames
from wsgi_writer.mask import Masks, redacted
from wsgi_writer.params import ParamNames

MAX_EMBEDDED_DEPTH = 3  # JSON in a JSON string in a JSON string; then it is replaced

_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"([ \t\n\r]*:)?', re.DOTALL)
_VALUE = re.compile(
    r'[ \t\n\r]*:[ \t\n\r]*(?:("(?:[^"\\]++|\\.)*+")|([{\[])|([^,}\]\s]+))',
    re.DOTALL,
)
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|([{\[])|([}\]])', re.DOTALL)
# RFC 7464 separates documents by 0x1E; NDJSON by newlines.
_BETWEEN = re.compile("[ \t\n\r\x1e]*")
_LOOKS_JSON = re.compile(r"[\s\x00\x1e\ufeff\ufffe\xef\xbb\xbf\xff\xfe]*[{\[]")
# A string of JSON that was made twice.
_LOOKS_QUOTED = re.compile(r'[ \t\n\r]*"')
_SURROGATE = re.compile("[\ud800-\udfff]")
# Documents are read to be thrown away, so that fractions need not be worked out.
_DECODER = JSONDecoder(parse_float=str)
_REDACTED_OTHER = '"[REDACTED]"'


class FieldMask:
    """Finds and replaces the listed fields of bodies."""

    def __init__(self, masks: Masks) -> None:
        names = masks.fields or frozenset()
        self.names = ListedNames(names)
        self.forms = ParamNames(dict.fromkeys(names, redacted))

    def mask_json(self, text: str) -> str | None:
        """Replace the listed values of JSON documents in place, at any depth.

        Returns:
            The text; the very same object if no key is listed. None if it is no
            JSON, or nested too deeply or with numbers too long to be read.
        """
        if not _is_json(text):
            return None
        low = text.lower()
        if len(low) != len(text) or "\\" in text or self.names.odd:
            return self._mask_json(text, MAX_EMBEDDED_DEPTH)
        return self._mask_plain_json(text, low, self.names.places_in(low))

    def mask_places(self, text: str, places: list[int]) -> str | None:
        """Do as `mask_json` to a text of ASCII without backslashes.

        Args:
            text: The text.
            places: What `ListedNames.places_in` says of it in lower case.
        """
        if not _is_json(text):
            return None
        return self._mask_plain_json(text, text.lower(), places)

    def _mask_plain_json(self, text: str, low: str, places: list[int]) -> str:
        """Do what `_mask_json` does to a text without one backslash, faster.

        In such a text every double quote begins or ends a string, so what stands
        between two of them is a key if it is listed and a colon follows.
        """
        values = []
        listed = self.names.lower
        seen = 0
        for at in places:
            if at < seen:
                continue  # the same string again, such as a long one of many names
            seen = low.find('"', at)
            if seen < 0:
                break
            if low[low.rfind('"', 0, at) + 1 : seen] in listed:
                value = _VALUE.match(text, seen + 1)
                if value is not None:
                    values.append(value)
        return _replace(text, values)

    def _mask_json(self, text: str, depth: int) -> str:
        pieces: list[str] = []
        done = 0
        for found in _STRING.finditer(text):
            if found.start() < done:
                continue
            raw = found[1]
            if found[2] is None:
                if '\\"' in raw or "\\u0022" in raw:
                    shown = self._mask_embedded(raw, depth)
                    if shown is not None:
                        pieces += (text[done : found.start()], shown)
                        done = found.end()
                continue
            if _unquote(raw) in self.names:
                value = _VALUE.match(text, found.end(1) + 1)
                assert value is not None  # a key of valid JSON has a value
                start, end, shown = _replacement(text, value)
                pieces += (text[done:start], shown)
                done = end
        return "".join(pieces) + text[done:] if pieces else text

    def _mask_embedded(self, raw: str, depth: int) -> str | None:
        """Return what replaces a string that holds JSON text; None leaves it."""
        inner = _unquote(raw)
        masked = self._mask_text(inner, depth - 1)
        if masked is inner:
            return None
        # Half of a surrogate pair, undone, could be encoded nowhere.
        is_lone = _SURROGATE.search(masked) is not None
        return json.dumps(masked, ensure_ascii=is_lone)

    def _mask_text(self, text: str, depth: int) -> str:
        """Mask a text that may be JSON; the very same object if it stays."""
        is_quoted = _LOOKS_QUOTED.match(text) is not None
        if not (is_quoted or looks_like_json(text)):
            return text
        if self.names.may_hide_in(text):
            return redacted(text)
        if not self.names.occur_in(text):
            return text
        if not _is_json(text):
            # What only begins like JSON may speak of passwords.
            is_hidden = not is_quoted and self.names.quoted_in(text)
            return redacted(text) if is_hidden else text
        return self._mask_json(text, depth) if depth > 0 else redacted(text)

    def mask_form_value(self, value: str) -> str:
        """Mask the JSON that the value of an unlisted form field may hold."""
        if "{" in value or "[" in value:  # within a string too
            return self._mask_text(value, MAX_EMBEDDED_DEPTH)
        return value


def looks_like_json(text: str) -> bool:
    """Tell whether a text begins as a JSON object or array does."""
    return _LOOKS_JSON.match(text) is not None


def _unquote(raw: str) -> str:
    """Decode the inside of a JSON string literal that is known to be valid."""
    return str(_DECODER.decode(f'"{raw}"')) if "\\" in raw else raw


def _is_json(text: str) -> bool:
    """Tell whether the text is one JSON document or several, and nothing else."""
    at = 0
    if not text.startswith(("{", "[")):
        at = _BETWEEN.match(text, 1 if text.startswith("\ufeff") else 0).end()  # type: ignore[union-attr]  # matches the empty text
    if at == len(text):
        return False
    try:
        while at < len(text):
            at = _DECODER.raw_decode(text, at)[1]
            if at < len(text):
                at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # as above
    except (ValueError, RecursionError):
        return False
    return True


def _replace(text: str, values: list[re.Match[str]]) -> str:
    """Replace values that are given in their order; one may lie inside another."""
    pieces: list[str] = []
    done = 0
    for value in values:
        if value.start() >= done:
            start, end, shown = _replacement(text, value)
            pieces += (text[done:start], shown)
            done = end
    return "".join(pieces) + text[done:] if pieces else text


def _replacement(text: str, value: re.Match[str]) -> tuple[int, int, str]:
    """Return start and end of a key's value, and the mark that replaces it."""
    if value[1] is not None:
        return value.start(1), value.end(1), f'"{redacted(_unquote(value[1][1:-1]))}"'
    if value[2] is not None:
        return value.start(2), _container_end(text, value.start(2)), _REDACTED_OTHER
    return value.start(3), value.end(3), _REDACTED_OTHER


def _container_end(text: str, start: int) -> int:
    """Return where an object or array ends, without recursion."""
    depth = 0
    for found in _BRACKET.finditer(text, start):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth == 0 and (found[1] or found[2]):
            return found.end()
    return len(text)
