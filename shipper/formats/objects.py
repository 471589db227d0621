"""One JSON object of a log: any bytes come in, members by dotted path go out.

Decoding is strict first. What is left to be lenient about is what other programs
write all the same: bytes that are no UTF-8, half of a surrogate pair, a raw tab
inside a string, NaN. Numbers with a fraction stay as they were written, so that a
stamp keeps its last digit.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

import msgspec

from shipper.foreign import Header
from shipper.formats.durations import spelled_ns
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.texts import readable, target_text
from shipper.model import BLANK, BOM, Reject, Skip

ABSENT: Final = ("", "-")  # what servers write for "there is none"

_BLANKS: Final = b" \t\r\n"
_NUMBER: Final = re.compile(
    r"-?\d{1,24}(?:\.\d{1,24})?(?:[eE][+-]?\d{1,2})?\Z", re.ASCII
)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_LONGEST_NS: Final = 366 * 86_400 * 1_000_000_000  # no exchange takes a year
_DECODER: Final = msgspec.json.Decoder(float_hook=str)


class LogObject:
    """The members of one JSON object, asked for by path.

    A path names a member, or with dots a member of a member; a member whose own name
    has the dots comes first. `is_native` says that the line was no UTF-8: each
    character of its strings stands for one byte.
    """

    __slots__ = ("is_native", "members")

    def __init__(self, members: dict[str, Any], *, is_native: bool = False) -> None:
        self.members = members
        self.is_native = is_native

    def value(self, path: str) -> Any:
        """Return what stands at a path, None if nothing does."""
        found = self.members.get(path)
        if found is not None or "." not in path:
            return found
        node: Any = self.members
        for step in path.split("."):
            if not isinstance(node, dict):
                return None
            node = node.get(step)
        return node

    def has(self, path: str) -> bool:
        """Tell whether a member is there, be it null."""
        if path in self.members:
            return True
        parent, _, name = path.rpartition(".")
        inner = self.value(parent) if parent else None
        return isinstance(inner, dict) and name in inner

    def text(self, path: str) -> str | None:
        """Return a string or a number as text; None if it is absent or empty."""
        return self.as_text(self.value(path))

    def as_text(self, value: Any) -> str | None:
        """Return a value as text, None if it is none or says so (``-``)."""
        if isinstance(value, str) and value.isascii():  # nearly always
            return None if value in ABSENT else value
        raw = self._raw(value)
        return None if raw is None else readable(raw)

    def raw(self, path: str) -> bytes | None:
        """Return the bytes of a string, None if it is absent or empty."""
        return self._raw(self.value(path))

    def target(self, path: str) -> str | None:
        """Return a request target in ASCII, None if it is absent or empty."""
        raw = self._raw(self.value(path))
        return None if raw is None else target_text(raw)

    def integer(self, path: str) -> int | None:
        """Return a whole number that is not negative; None if it is none."""
        value = self.value(path)
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            value = int(value) if len(value) <= 18 else None
        if type(value) is not int or value < 0:
            return None
        return value

    def duration_ns(self, path: str, unit_ns: int) -> int | Reject | None:
        """Return a duration in nanoseconds, by its own units if it names any.

        Returns:
            None if it is absent or negative: servers write -1 for "not known".
        """
        value = self.value(path)
        if type(value) is int:
            value = str(value)
        if value is None or value in ABSENT:
            return None
        text = self.as_text(value) if isinstance(value, str) else None
        if text is not None and _NUMBER.match(text):
            ns: int | None = int(Decimal(text) * unit_ns)
        else:
            ns = None if text is None else spelled_ns(text)
        if ns is None:
            return refuse("number", "the duration is no number")
        if ns < 0:
            return None
        return ns if ns < _LONGEST_NS else refuse("number")

    def headers(self, path: str) -> tuple[Header, ...]:
        """Return an object of headers, each a string or a list of them."""
        given = self.value(path)
        if not isinstance(given, dict):
            return ()
        headers: list[Header] = []
        for name, values in given.items():
            self.add_header(headers, name, values)
        return tuple(headers)

    def add_header(self, headers: list[Header], name: Any, values: Any) -> None:
        """Append a header, or each of a list; HTTP/2's own are none.

        Some programs join several headers of one name by newlines; they are taken
        apart here, so that each is masked as what it is.
        """
        name = self.as_text(name)
        if name is None or name.startswith(":"):
            return
        for value in values if isinstance(values, list) else [values]:
            given = "" if value == "" else self.as_text(value)
            if value == "-":
                given = "-"  # a client may send that: a header is never "absent" so
            if given is not None:
                headers.extend((name, line.strip("\r")) for line in given.split("\n"))

    def encode(self, text: str) -> bytes:
        """Return the bytes that a string of this object stands for."""
        if self.is_native:
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError:
                pass  # written as an escape in the JSON: it is a character
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _SURROGATES.sub("\ufffd", text).encode()

    def _raw(self, value: Any) -> bytes | None:
        if type(value) is int:
            return str(value).encode()
        if not isinstance(value, str) or value in ABSENT:
            return None
        return self.encode(value)


def read_object(line: bytes) -> LogObject | Reject | Skip:
    """Read one line as a JSON object; a byte order mark is tolerated."""
    if len(line) > MAX_LINE_BYTES:
        return refuse("too-long")
    line = line.removeprefix(BOM).strip(_BLANKS)
    if not line:
        return Skip(BLANK)
    if not line.startswith(b"{"):
        return refuse("not-json")
    return decode_object(line) or refuse("not-json")


def decode_object(text: bytes) -> LogObject | None:
    """Decode one JSON object, or return None."""
    is_native = False
    try:
        members = _DECODER.decode(text)
    except UnicodeDecodeError:
        is_native = True
        members = _decode_leniently(text.decode("latin-1"))
    except (msgspec.DecodeError, RecursionError):
        try:
            members = _decode_leniently(text.decode())
        except UnicodeDecodeError:
            is_native = True
            members = _decode_leniently(text.decode("latin-1"))
    if not isinstance(members, dict):
        return None
    return LogObject(members, is_native=is_native)


def _decode_leniently(text: str) -> Any:
    try:
        return json.loads(text, strict=False, parse_float=str, parse_constant=_nothing)
    except (ValueError, RecursionError):
        return None


def _nothing(_: str) -> None:
    """NaN and the infinities are no numbers in JSON."""
