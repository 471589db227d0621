"""What the errors of a POST become when nobody answered."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Any

import pytest
from urllib3.exceptions import ProtocolError, ProxyError
from urllib3.exceptions import SSLError as PoolSslError

from shipper.channel import Progress
from shipper.failures import Attempt, receipt_for_error
from shipper.receipt import Cause, Deferred
from tests.support.answering import without_hint

# What a resolver says of an address of the other version of IP; macOS's is EPERM too.
OTHER_FAMILY = getattr(socket, "EAI_ADDRFAMILY", socket.EAI_FAMILY)
SECRET_URL = "http://user:s3cret@proxy.example:3128"


def outcome(
    error: BaseException, *, proxy_name: str | None = None, **progress: Any
) -> Deferred:
    """Return the receipt of a POST to api.example that the error has ended."""
    attempt = Attempt(
        name="api.example:443",
        proxy_name=proxy_name,
        connect_seconds=3.0,
        progress=Progress(30.0, **progress),
        min_tls="1.2",
    )
    return receipt_for_error(error, attempt)


def tls_error(reason: str) -> ssl.SSLError:
    """Return what OpenSSL raises for a handshake that fails."""
    error = ssl.SSLError(1, f"[SSL: {reason}] text")
    error.reason = reason
    return error


def refused() -> OSError:
    """Return what the system says when nobody listens."""
    return OSError(errno.ECONNREFUSED, "library's words", SECRET_URL)


def bad_certificate(
    message: str = "self-signed certificate",
) -> ssl.SSLCertVerificationError:
    """Return what OpenSSL raises for a chain that it cannot follow."""
    error = ssl.SSLCertVerificationError(1, "[SSL] long text")
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused(), "tcp: api.example:443: Connection refused"),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "dns: api.example:443: Name or service not known",
        ),
        (TimeoutError("x"), "tcp: api.example:443: no connection within 3 s"),
        (
            PoolSslError(bad_certificate()),
            "tls: api.example:443: certificate not accepted: self-signed "
            "certificate; if a proxy re-signs traffic here, name its authority in "
            "network.ca_file",
        ),
        (
            PoolSslError(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] text")),
            "tls: api.example:443: handshake failed",
        ),
        (
            OSError(errno.ENETUNREACH, "x"),
            "tcp: api.example:443: Network is unreachable",
        ),
    ],
)
def test_failing_to_connect_is_the_networks_fault(
    error: BaseException, reason: str
) -> None:
    """Each layer is told apart, and none of it can be a record's fault."""
    assert Deferred(Cause.NETWORK, reason) == without_hint(outcome(error))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ProxyError(f"cannot connect to {SECRET_URL}", refused()),
            "proxy: proxy.example:3128: Connection refused",
        ),
        (
            ProxyError("x", TimeoutError()),
            "proxy: proxy.example:3128: no connection within 3 s",
        ),
        (
            OSError("Tunnel connection failed: 403 Forbidden"),
            "proxy: proxy.example:3128: answered 403 for api.example:443",
        ),
        (
            TimeoutError("x"),
            "proxy: proxy.example:3128: no way to api.example:443 within 3 s",
        ),
        (
            ConnectionResetError("x"),
            "proxy: proxy.example:3128: the connection was closed before an answer",
        ),
    ],
)
def test_a_failing_proxy_is_named(error: Exception, reason: str) -> None:
    """The operator learns that it was the proxy, and which."""
    receipt = outcome(error, proxy_name="proxy.example:3128")

    assert Deferred(Cause.NETWORK, reason) == without_hint(receipt)


def test_a_proxy_that_wants_credentials_needs_a_person() -> None:
    """407 from a tunnel is held like 407 from anywhere else."""
    error = ProtocolError(
        "aborted", OSError("Tunnel connection failed: 407 Proxy Authentication")
    )
    receipt = outcome(error, proxy_name="proxy.example:3128")

    reason = "proxy: proxy.example:3128: 407: the proxy wants credentials"
    assert Deferred(Cause.HOLD, reason, status=407) == without_hint(receipt)


@pytest.mark.parametrize(
    ("error", "proxy_name", "hint"),
    [
        (refused(), None, "firewall"),
        (OSError(errno.EADDRNOTAVAIL, "x"), None, "network.source_address"),
        (
            ProxyError("x", OSError(errno.EADDRNOTAVAIL, "x")),
            "p:1",
            "network.source_address",
        ),
        (socket.gaierror(OTHER_FAMILY, "x"), None, "network.source_address"),
        (OSError(OTHER_FAMILY, "x"), None, "firewall"),
        (TimeoutError("x"), None, "firewall"),
        (socket.gaierror(socket.EAI_NONAME, "x"), None, "resolver"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "proxy.example:1", "network.proxy"),
        (ProxyError("x", refused()), "proxy.example:1", "network.proxy"),
        (OSError("Tunnel connection failed: 403 No"), "p:1", "network.proxy"),
        (OSError("Tunnel connection failed: 407 No"), "p:1", "user and password"),
        (tls_error("UNSUPPORTED_PROTOCOL"), None, "TLS 1.2 or newer"),
        (tls_error("TLSV1_ALERT_PROTOCOL_VERSION"), None, "network.min_tls"),
        (tls_error("WRONG_VERSION_NUMBER"), None, "scheme and port"),
        (tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), None, "asks who we are"),
        (tls_error("SSLV3_ALERT_CERTIFICATE_EXPIRED"), None, "has run out"),
        (tls_error("SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"), None, "our certificate"),
        (tls_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), None, "if the server asks"),
        (tls_error("TLSV1_ALERT_UNKNOWN_CA"), None, "network.client_cert"),
    ],
)
def test_every_failure_says_how_it_can_be_mended(
    error: Exception, proxy_name: str | None, hint: str
) -> None:
    """The sentence ends with the key, or the thing, that an operator can change."""
    assert hint in (outcome(error, proxy_name=proxy_name).hint or "")


@pytest.mark.parametrize(
    ("message", "mend"),
    [
        ("self-signed certificate", "network.ca_file"),
        ("certificate has expired", "has to be renewed"),
        ("certificate is not yet valid", "set it"),
        ("IP address mismatch, it is not valid for '1.2.3.4'.", "readme.endpoint"),
        ("Hostname mismatch, it is not valid for 'a.example'.", "readme.endpoint"),
    ],
)
def test_a_certificate_is_refused_with_its_own_mend(message: str, mend: str) -> None:
    """An authority does not help where the name is another."""
    reason = outcome(PoolSslError(bad_certificate(message))).reason

    assert f"{message.removesuffix('.')}; " in reason
    assert mend in reason


@pytest.mark.parametrize("kind", [ssl.SSLEOFError, ConnectionResetError])
@pytest.mark.parametrize("is_fresh", [True, False])
def test_a_new_connection_that_is_closed_may_want_a_certificate(
    kind: type[OSError], is_fresh: bool
) -> None:
    """One that was in use already had none to show, and needs none."""
    receipt = outcome(kind(8, "x"), is_connected=True, is_fresh=is_fresh)

    assert receipt.reason.endswith("the connection was closed before an answer")
    assert ("network.client_cert" in (receipt.hint or "")) is is_fresh


def test_a_certificate_that_has_run_out_is_told_apart() -> None:
    """No authority that is named would make it good."""
    receipt = outcome(PoolSslError(bad_certificate("certificate has expired")))

    assert "certificate has expired; if it is the server's, it has" in receipt.reason
    assert "network.ca_file" not in receipt.reason


def test_what_openssl_does_not_explain_has_no_mend() -> None:
    """A guess would send the operator the wrong way."""
    assert outcome(tls_error("BAD_RECORD_TYPE")).hint is None


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_late_answer_tells_whether_the_body_was_sent(is_sent: bool) -> None:
    """Only a time-out behind the whole body is a reason for smaller batches."""
    receipt = outcome(TimeoutError(), is_connected=True, is_sent=is_sent)

    assert (Cause.TIMEOUT, is_sent) == (receipt.cause, receipt.body_sent)


def test_a_connection_cut_by_ourselves_is_a_time_out() -> None:
    """However a cut shows itself, it was lateness that made us cut."""
    receipt = outcome(
        ConnectionResetError(), is_connected=True, is_sent=True, is_aborted=True
    )

    assert receipt.cause == Cause.TIMEOUT


@pytest.mark.parametrize(
    ("error", "layer"),
    [
        (ConnectionResetError(errno.ECONNRESET, "x"), "tcp"),
        (BrokenPipeError(errno.EPIPE, "x"), "tcp"),
        (ssl.SSLError(1, "x"), "tls"),
        (ProtocolError("Connection aborted."), "http"),
    ],
)
def test_a_break_names_its_layer(error: Exception, layer: str) -> None:
    """A connection that breaks in use is the network's fault."""
    receipt = outcome(error, is_connected=True, is_sent=True)

    assert receipt.cause == Cause.NETWORK
    assert receipt.reason.startswith(f"{layer}: api.example:443: ")


@pytest.mark.parametrize("proxy_name", [None, "proxy.example:3128"])
@pytest.mark.parametrize("is_connected", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        OSError(SECRET_URL),
        OSError(errno.EHOSTUNREACH, SECRET_URL),
        ProtocolError(SECRET_URL, OSError(SECRET_URL)),
        ProxyError(SECRET_URL, ConnectionResetError(SECRET_URL)),
        PoolSslError(SECRET_URL),
        ssl.SSLError(SECRET_URL),
    ],
)
def test_libraries_are_never_quoted(
    error: Exception, is_connected: bool, proxy_name: str | None
) -> None:
    """A message of theirs may hold a proxy's password; ours never does."""
    receipt = outcome(error, proxy_name=proxy_name, is_connected=is_connected)

    assert "s3cret" not in receipt.reason


def test_an_unknown_error_number_is_told_in_the_systems_words() -> None:
    """Whatever the kernel returns has a sentence."""
    receipt = outcome(OSError(errno.EMFILE, "x"))

    assert f"tcp: api.example:443: {os.strerror(errno.EMFILE)}" == receipt.reason
