"""Who issued a certificate and whose it is, as its bytes say; pure.

DER comes in, two names go out. OpenSSL tells them of certificates it trusts alone,
and they are wanted of one that is not trusted: to say who stands in between.
Nothing is verified here, and hostile bytes are no certificate rather than an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_NAME_CHARACTERS = 200  # a line of a report; a name has some forty

_SEQUENCE, _VERSION = 0x30, 0xA0  # X.690; the version is an explicit tag [0]
_STRINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii"}
_WIDE_STRING = 0x1E
# RFC 4519: the attributes that people know an authority by, most telling first.
_COMMON_NAME = b"\x55\x04\x03"
_SHOWN = {
    _COMMON_NAME: "CN",
    b"\x55\x04\x0b": "OU",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x06": "C",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a certificate, such as ``CN=Owl Root CA, O=Owl``.

    Attributes:
        issuer: Whose key has signed it.
        subject: Whose it is.
    """

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    content: bytes


def names_in(der: bytes) -> Names | None:
    """Return the names in a certificate, or None if these bytes are none.

    Source: RFC 5280, section 4.1.
    """
    try:
        certificate = next(_elements(der))
        signed = next(_elements(certificate.content))
        fields = list(_elements(signed.content))
        if fields[0].tag == _VERSION:
            del fields[0]
        # serialNumber, signature, issuer, validity, subject
        issuer, subject = fields[2], fields[4]
        if issuer.tag != _SEQUENCE or subject.tag != _SEQUENCE:
            return None
        return Names(_name(issuer), _name(subject))
    except (IndexError, StopIteration, ValueError):
        return None


def _name(name: _Element) -> str:
    """Return a Name (RFC 5280, section 4.1.2.4) on one line."""
    found: dict[bytes, str] = {}
    for group in _elements(name.content):
        for pair in _elements(group.content):
            kind, text = _elements(pair.content)
            found.setdefault(kind.content, _text(text))
    shown = [f"{word}={found[kind]}" for kind, word in _SHOWN.items() if kind in found]
    return ", ".join(shown)[:MAX_NAME_CHARACTERS] or "no name"


def _text(string: _Element) -> str:
    encoding = _STRINGS.get(string.tag, "latin-1")
    if string.tag == _WIDE_STRING:
        encoding = "utf-16-be"
    text = string.content.decode(encoding, errors="replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _elements(der: bytes) -> Iterator[_Element]:
    """Yield the elements that stand one after the other.

    Raises:
        ValueError: They are not laid out as X.690 wants it.
    """
    at = 0
    while at < len(der):
        if len(der) < at + 2:
            raise ValueError("cut short")
        tag, length = der[at], der[at + 1]
        at += 2
        if length >= 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[at : at + size])
            at += size
        if at + length > len(der):
            raise ValueError("cut short")
        yield _Element(tag, der[at : at + length])
        at += length
