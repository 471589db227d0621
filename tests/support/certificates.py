"""TLS settings for servers of the tests, signed by the tests' own authority."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

_DIRECTORY = Path(__file__).parent.parent / "data" / "tls"
CA_FILE = str(_DIRECTORY / "ca.pem")
CLIENT_CERT = str(_DIRECTORY / "client.pem")


def server_tls(
    *,
    certificate: str = "server.pem",
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    is_ancient: bool = False,
    asks_client: bool = False,
) -> ssl.SSLContext:
    """Return the context of a server.

    Args:
        certificate: Of 127.0.0.1 unless told otherwise.
        newest: The newest version it speaks.
        is_ancient: It speaks TLS 1.1 and nothing newer.
        asks_client: Whether the client must show a certificate of the authority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_DIRECTORY / certificate)
    context.maximum_version = newest
    if is_ancient:
        # OpenSSL offers nothing so old at its usual level of security.
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    if asks_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CA_FILE)
    return context


class Authority:
    """An authority made for one test, and what it signs."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def write(self, path: Path) -> None:
        """Write the authority's own certificate."""
        self._ca.cert_pem.write_to_path(str(path))

    def expired_server(self) -> ssl.SSLContext:
        """Return the context of a server whose certificate ran out yesterday."""
        now = datetime.now(UTC)
        certificate = self._ca.issue_cert(
            "127.0.0.1",
            not_before=now - timedelta(days=30),
            not_after=now - timedelta(days=1),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context

    def write_client(self, path: Path) -> None:
        """Write a client's certificate with its key."""
        certificate = self._ca.issue_cert("client.example")
        certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
