"""How far one comes on the way to a URL: a look, for people who ask what is wrong.

A route comes in; which layer failed and what was seen of the others goes out. The
way is the uploads' own, but what is sent is a GET without key or content. An
authority that is not trusted is named, without a byte sent to who shows it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from shipper.answers import date_in
from shipper.certificate import Names, names_in
from shipper.channel import FAILURES, Channel, Progress, chain_of
from shipper.endpoint import is_loopback
from shipper.failures import Attempt, is_unreached, receipt_for_error
from shipper.network import Route

PATIENCE_PER_CONNECT = 5  # a name may have several addresses that do not answer
_PROXY_WANTS = 407  # of a proxy that forwards rather than tunnels
# X509_verify_cert_error_string(3): what a missing authority looks like.
_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})


class Layer(StrEnum):
    """What can fail on the way, in the order it is met."""

    DNS = "dns"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen.

    Attributes:
        failed: The layer that failed, or None when there was an answer.
        why: What failed, in one sentence without credentials, or empty.
        status: Of the answer, or None.
        date: The other side's clock as the answer tells it, or None.
        tls: The version of TLS, or empty.
        names: Of the certificate, trusted or not; None where none was shown.
        is_unknown_authority: The certificate is signed by nobody we trust.
        hint: How what failed can be mended, as far as it tells, or empty.
    """

    failed: Layer | None
    why: str = ""
    status: int | None = None
    date: datetime | None = None
    tls: str = ""
    names: Names | None = None
    is_unknown_authority: bool = False
    hint: str = ""


def look(
    route: Route, *, user_agent: str, connect_seconds: float, answer_seconds: float
) -> Sight:
    """Return what can be seen of the way."""
    channel = route.channel({"User-Agent": user_agent}, connect_seconds=connect_seconds)
    allowed_seconds = PATIENCE_PER_CONNECT * connect_seconds + answer_seconds
    try:
        with _cut_after(allowed_seconds, channel):
            answer = channel.get(answer_seconds=answer_seconds)
    except FAILURES as error:
        return _failure(route, error, channel.progress, connect_seconds)
    finally:
        channel.close()
    progress = channel.progress
    if answer.status == _PROXY_WANTS and route.proxy is not None:
        why = f"{route.proxy.name}: {answer.status}: the proxy wants credentials"
        return Sight(failed=Layer.PROXY, why=why)
    return Sight(
        failed=None,
        status=answer.status,
        date=date_in(answer.headers),
        tls=progress.tls,
        names=names_in(progress.certificate),
    )


def knock(route: Route, *, connect_seconds: float) -> Sight:
    """Return what can be seen of the way without sending anything on it."""
    channel = route.channel({}, connect_seconds=connect_seconds)
    try:
        with _cut_after(PATIENCE_PER_CONNECT * connect_seconds, channel):
            channel.shake_hands()
    except FAILURES as error:
        return _failure(route, error, channel.progress, connect_seconds)
    finally:
        channel.close()
    progress = channel.progress
    names = names_in(progress.certificate)
    return Sight(failed=None, tls=progress.tls, names=names)


def addresses_of(host: str) -> list[str]:
    """Return the addresses of a name, in the order they would be tried.

    Raises:
        OSError: The name cannot be resolved.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of no or of too many characters
        raise OSError(f"{host} is no name that could be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def nearest_host(route: Route) -> str:
    """Return the host that connections go to: the proxy's, or the URL's own."""
    return _nearest(route).hostname or ""


def stays_here(route: Route) -> bool:
    """Return whether connections go no further than this machine."""
    return is_loopback(_nearest(route))


def _nearest(route: Route) -> SplitResult:
    return urlsplit(route.proxy.url if route.proxy is not None else route.url)


def _failure(
    route: Route, error: BaseException, progress: Progress, connect_seconds: float
) -> Sight:
    proxy = route.proxy
    attempt = Attempt(
        name=route.name,
        proxy_name=proxy.name if proxy is not None else None,
        connect_seconds=connect_seconds,
        progress=progress,
        min_tls=route.min_tls,
    )
    # Its sentences begin with the layer: `failures` promises that.
    receipt = receipt_for_error(error, attempt)
    word, _, why = receipt.reason.partition(": ")
    # What breaks a connection that stands, the layers below have carried so far.
    layer = Layer.HTTP if progress.is_connected else Layer(word)
    if layer is Layer.PROXY and is_unreached(error):
        layer = Layer.TCP
    unknown = any(
        isinstance(one, ssl.SSLCertVerificationError)
        and one.verify_code in _UNKNOWN_AUTHORITY
        for one in chain_of(error)
    )
    names = names_in(progress.certificate)
    if layer is Layer.TLS and names is None:
        names = _shown_names(route, connect_seconds)
    return Sight(
        failed=layer,
        why=why,
        tls=progress.tls,
        names=names,
        is_unknown_authority=unknown,
        hint=receipt.hint or "",
    )


def _shown_names(route: Route, connect_seconds: float) -> Names | None:
    """Return the names in the certificate that is shown, whoever shows it."""
    unverified = route.unverified()
    if unverified is None:
        return None
    channel: Channel = unverified.channel({}, connect_seconds=connect_seconds)
    try:
        with (
            _cut_after(PATIENCE_PER_CONNECT * connect_seconds, channel),
            warnings.catch_warnings(),
        ):
            # urllib3 warns of what is wanted here.
            warnings.simplefilter("ignore")
            channel.shake_hands()
    except FAILURES:
        return None
    finally:
        channel.close()
    return names_in(channel.progress.certificate)


@contextmanager
def _cut_after(seconds: float, channel: Channel) -> Iterator[None]:
    """Cut a channel that takes longer: drops of an answer trip no time-out."""
    over = threading.Event()

    def cut() -> None:
        # Again and again: a channel that is still connecting cannot be cut.
        while not over.wait(seconds):
            channel.abort()

    threading.Thread(target=cut, name="probe", daemon=True).start()
    try:
        yield
    finally:
        over.set()
