"""Names in certificates, read without OpenSSL's judgement."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.certificate import Names, names_in
from tests.support.certificates import CA_FILE

HERE = Path(CA_FILE).parent


def der_of(name: str) -> bytes:
    """Return a certificate of the tests as it goes over the wire."""
    text = (HERE / name).read_text()
    begin, end = text.index("-----BEGIN CERT"), text.index("-----END CERT")
    return ssl.PEM_cert_to_DER_cert(f"{text[begin:end]}-----END CERTIFICATE-----\n")


def element(tag: int, content: bytes) -> bytes:
    """Return one element of DER with a short length."""
    return bytes([tag, len(content)]) + content


def a_certificate(issuer: bytes) -> bytes:
    """Return the beginning of a version 1 certificate, with an issuer's name."""
    fields = element(2, b"\1") + element(0x30, b"") + issuer + element(0x30, b"")
    return element(0x30, element(0x30, fields + element(0x30, b"")))


def a_name(kind: bytes, tag: int, text: bytes) -> bytes:
    """Return a name of one attribute."""
    pair = element(0x30, element(6, kind) + element(tag, text))
    return element(0x30, element(0x31, pair))


def test_issuer_and_subject_are_named() -> None:
    """The most telling attribute comes first."""
    assert names_in(der_of("server.pem")) == Names(
        issuer="CN=Private Test Authority, O=hartail tests",
        subject="CN=127.0.0.1, O=hartail tests",
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (a_name(b"\x55\x04\x03", 0x1E, "Öwl".encode("utf-16-be")), "CN=Öwl"),
        (a_name(b"\x55\x04\x03", 0x0C, b"Owl\n\x1b[31m"), "CN=Owl\ufffd\ufffd[31m"),
        (a_name(b"\x55\x04\x03", 0x14, b"\xd6wl"), "CN=Öwl"),
        (a_name(b"\x2a\x03", 0x0C, b"odd"), "no name"),
        (element(0x30, b""), "no name"),
    ],
    ids=["wide", "hostile", "latin", "unknown kind", "empty"],
)
def test_names_in_every_spelling(name: bytes, shown: str) -> None:
    """Whatever the text is made of, one printable line comes out."""
    names = names_in(a_certificate(name))

    assert names is not None
    assert shown == names.issuer


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x05\x00",
        der_of("server.pem")[:200],
        a_certificate(element(4, b"no name")),
        element(0x30, element(0x30, b"\x02\x01\x01")),
    ],
)
def test_what_is_no_certificate_has_no_names(der: bytes) -> None:
    """It is no error: whoever shows a certificate may show anything."""
    assert names_in(der) is None


@given(st.binary(max_size=200), st.integers(0, 900))
def test_damaged_certificates_never_raise(noise: bytes, at: int) -> None:
    """Any bytes in the place of others end in names or in none."""
    der = bytearray(der_of("server.pem"))
    der[at : at + len(noise)] = noise

    names_in(bytes(der))
