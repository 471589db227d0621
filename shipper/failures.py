"""What it means that nobody answered: the errors of a POST become a `Deferred`.

An error of the libraries and the circumstances of the attempt come in; a cause
and one sentence go out. The sentence begins with the layer that failed (dns,
tcp, proxy, tls, http) and is built from host names and the system's own words:
never from a library's message, which may quote a URL with credentials.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as PoolSslError

from shipper.channel import Progress, chain_of
from shipper.receipt import Cause, Deferred

_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")
_RESIGNED = "if a proxy re-signs traffic here, name its authority in network.ca_file"
_EXPIRED = "if it is the server's, it has to be renewed; if the clock is wrong, set it"
_MISNAMED = "it is for another name: mend readme.endpoint, or the certificate"
# What OpenSSL says when the two sides have no version of TLS in common.
_VERSION = frozenset(
    {
        "NO_PROTOCOLS_AVAILABLE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_SSL_VERSION",
    }
)
# No cipher in common, too; before TLS 1.3 also a certificate of ours that is missing.
_NOTHING_FITS = "SSLV3_ALERT_HANDSHAKE_FAILURE"
_NOT_TLS = "WRONG_VERSION_NUMBER"
# An address to start from of the other version of IP, for which not every C library
# has a number of its own.
_OTHER_FAMILY = getattr(socket, "EAI_ADDRFAMILY", socket.EAI_FAMILY)
# What a server says of the certificate that it wants to see, or of the one it saw.
_MISSING = re.compile(r"ALERT_(?:CERTIFICATE_REQUIRED|NO_CERTIFICATE)")
_OURS = re.compile(r"ALERT_(?:CERTIFICATE_|(?:BAD|UNSUPPORTED)_CERTIFICATE|UNKNOWN_CA)")
_HINTS = {
    "dns": "check the name and this host's resolver; behind a proxy, set network.proxy",
    "tcp": "see whether a firewall lets this host through; behind a proxy, set "
    "network.proxy",
    "source": "if network.source_address is set, name an address of this machine "
    "there, of IPv4 or IPv6 as the other side's",
    "proxy": "check network.proxy, and that the proxy allows the endpoint",
    "407": "give user and password in network.proxy, http://USER:PASSWORD@HOST:PORT",
    "asked": "if the server asks who we are, name a certificate in network.client_cert",
    "late": "see whether something on the way swallows answers; on a slow line, raise "
    "readme.timeout",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """The circumstances of a POST that failed.

    Attributes:
        name: ``HOST:PORT`` of the endpoint.
        proxy_name: ``HOST:PORT`` of the proxy, or None.
        connect_seconds: How long connecting might have taken.
        progress: How far it came.
        min_tls: The oldest version of TLS that is spoken, such as ``1.2``, or empty.
    """

    name: str
    proxy_name: str | None
    connect_seconds: float
    progress: Progress
    min_tls: str = ""


def receipt_for_error(error: BaseException, attempt: Attempt) -> Deferred:
    """Return the receipt of a POST that `error` has ended.

    A time-out counts as one only when the receiver had the connection: before
    that the records cannot be at fault, and the cause is the network.
    """
    chain = tuple(chain_of(error))
    progress = attempt.progress
    is_late = progress.is_aborted or _has(chain, TimeoutError)
    if progress.is_connected and is_late:
        return _time_out(attempt)
    tunnel = _tunnel_status(chain)
    if tunnel is not None:
        return _refused_tunnel(tunnel, attempt)
    if progress.is_connected:
        layer = _layer_of_break(chain)
        hint = _tls_hint(chain, attempt)
        if hint is None and progress.is_fresh and attempt.min_tls:
            # Since TLS 1.3 a server looks at our certificate after the handshake,
            # and what it says of it may be lost when it hangs up.
            hint = _HINTS["asked"]
        return _network(f"{layer}: {attempt.name}: {_why(chain)}", hint)
    is_handshake = _has(chain, ssl.SSLError, ssl.CertificateError, PoolSslError)
    is_to_proxy = attempt.proxy_name is not None and _has(chain, ProxyError)
    why = _why(chain)
    if is_late:
        is_handshake = any("handshake" in str(one) for one in chain)
        what = "handshake" if is_handshake else "connection"
        why = f"no {what} within {attempt.connect_seconds:g} s"
    if is_handshake and not is_to_proxy:
        return _network(f"tls: {attempt.name}: {why}", _tls_hint(chain, attempt))
    is_bad_source = any(map(_is_bad_source, chain))
    is_unknown = _has(chain, socket.gaierror) and not is_bad_source
    layer = "dns" if is_unknown else "tcp"
    if attempt.proxy_name is not None:
        layer = "proxy"
        if is_late and not is_to_proxy:
            # It is there, and maybe waits for the endpoint itself.
            why = f"no way to {attempt.name} within {attempt.connect_seconds:g} s"
    hint = _HINTS["source" if is_bad_source else layer]
    return _network(f"{layer}: {attempt.proxy_name or attempt.name}: {why}", hint)


def is_unreached(error: BaseException) -> bool:
    """Return whether not even a TCP connection was made, to a proxy or without one."""
    return _has(tuple(chain_of(error)), NewConnectionError, ConnectTimeoutError)


def _time_out(attempt: Attempt) -> Deferred:
    progress = attempt.progress
    what = "no whole answer" if progress.is_sent else "the body could not be sent"
    reason = f"http: {attempt.name}: {what} within {progress.answer_seconds:g} s"
    return Deferred(
        Cause.TIMEOUT, reason, body_sent=progress.is_sent, hint=_HINTS["late"]
    )


def _refused_tunnel(status: int, attempt: Attempt) -> Deferred:
    proxy = attempt.proxy_name or "a proxy on the way"
    if status == 407:
        reason = f"proxy: {proxy}: 407: the proxy wants credentials"
        return Deferred(Cause.HOLD, reason, status=407, hint=_HINTS["407"])
    reason = f"proxy: {proxy}: answered {status} for {attempt.name}"
    return _network(reason, _HINTS["proxy"])


def _network(reason: str, hint: str | None) -> Deferred:
    return Deferred(Cause.NETWORK, reason, hint=hint)


def _tls_hint(chain: Sequence[BaseException], attempt: Attempt) -> str | None:
    """Return how a failed handshake can be mended, as far as OpenSSL tells."""
    reasons = {str(getattr(one, "reason", "")) for one in chain}
    if reasons & _VERSION:
        return (
            f"the server speaks no TLS {attempt.min_tls} or newer, which is asked for "
            "by network.min_tls, 1.2 at least, or by this system: the server needs an "
            "update"
        )
    if _NOT_TLS in reasons:
        return "nobody speaks TLS there: check scheme and port of readme.endpoint"
    if _NOTHING_FITS in reasons:
        return _HINTS["asked"]
    if any(map(_MISSING.search, reasons)):
        return "the server asks who we are: name a certificate in network.client_cert"
    if any(map(_OURS.search, reasons)):
        return (
            "the server does not accept our certificate: see whether that in "
            "network.client_cert has run out, and who has issued it"
        )
    return None


def _has(chain: Sequence[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(one, kinds) for one in chain)


def _is_bad_source(error: BaseException) -> bool:
    """Tell whether an address to start from is not ours, or of the other family."""
    # A resolver has numbers of its own, and macOS's are those of other errors.
    if isinstance(error, socket.gaierror):
        return error.errno == _OTHER_FAMILY
    return isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL


def _tunnel_status(chain: Sequence[BaseException]) -> int | None:
    for one in chain:
        if isinstance(one, OSError) and (found := _TUNNEL.search(str(one))):
            return int(found.group(1))
    return None


def _layer_of_break(chain: Sequence[BaseException]) -> str:
    if _has(chain, ssl.SSLError):
        return "tls"
    return "tcp" if _has(chain, OSError) else "http"


def _why(chain: Sequence[BaseException]) -> str:
    """Return the most telling cause in the system's words."""
    for kind, words in _WORDS:
        for one in chain:
            if isinstance(one, kind) and (text := words(one)):
                return text
    return "the answer is not HTTP, or was cut short"


def _certificate(error: BaseException) -> str:
    message = getattr(error, "verify_message", "").removesuffix(".")
    mend = _RESIGNED
    if "expired" in message or "not yet" in message:
        mend = _EXPIRED
    elif "mismatch" in message:
        mend = _MISNAMED
    return f"certificate not accepted: {message}; {mend}"


def _handshake(error: BaseException) -> str:
    reason: str | None = getattr(error, "reason", None)
    return (reason or "handshake failed").replace("_", " ").lower()


def _closed(error: BaseException) -> str:
    del error
    return "the connection was closed before an answer"


def _system(error: BaseException) -> str:
    number: int | None = getattr(error, "errno", None)
    return os.strerror(number) if number is not None else ""


def _resolver(error: BaseException) -> str:
    return getattr(error, "strerror", None) or "the name cannot be resolved"


# In order of how much they tell; the first kind that is found speaks.
_WORDS: tuple[tuple[type[BaseException], Callable[[BaseException], str]], ...] = (
    (ssl.SSLCertVerificationError, _certificate),
    (ssl.SSLEOFError, _closed),
    (ssl.SSLError, _handshake),
    (ConnectionResetError, _closed),
    (BrokenPipeError, _closed),
    (socket.gaierror, _resolver),
    (OSError, _system),
)
