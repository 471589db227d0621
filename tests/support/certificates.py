"""TLS settings for servers of the tests, signed by the tests' own authority."""

from __future__ import annotations

import ssl
from pathlib import Path

_DIRECTORY = Path(__file__).parent.parent / "data" / "tls"
CA_FILE = str(_DIRECTORY / "ca.pem")
CLIENT_CERT = str(_DIRECTORY / "client.pem")


def server_tls(
    *,
    certificate: str = "server.pem",
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    asks_client: bool = False,
) -> ssl.SSLContext:
    """Return the context of a server.

    Args:
        certificate: Of 127.0.0.1 unless told otherwise.
        newest: The newest version it speaks.
        asks_client: Whether the client must show a certificate of the authority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_DIRECTORY / certificate)
    context.maximum_version = newest
    if asks_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CA_FILE)
    return context
