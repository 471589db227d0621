"""How the endpoint is reached: TLS, proxies, and what opens connections so.

`route_to` turns plain settings into a `Route`, or says what is wrong with them;
a route opens sessions and channels. Verification of certificates cannot be
turned off here, and no file such as .netrc is consulted.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace

from shipper import endpoint as endpoints
from shipper.errors import OPEN_TO_USER, ConfigError, Fault
from shipper.proxies import Proxy, find_proxy
from shipper.secretive import Secretive

if TYPE_CHECKING:
    import requests

    from shipper.channel import Channel

_TLS_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class NetworkSettings(Secretive, frozen=True, kw_only=True):
    """What the operator said about the way to the endpoint.

    Attributes:
        allow_plain_http: Permits ``http://`` beyond the loopback interface.
        proxy: URL of a proxy; wins over the environment.
        no_proxy: Names, addresses and ranges reached directly; wins likewise.
        ca_file: PEM file of authorities trusted besides the system's.
        client_cert: PEM file of our own certificate, for mutual TLS.
        client_key: PEM file of its key, unless `client_cert` holds it.
        min_tls: The oldest version of TLS that is spoken.
        source_address: The local address that connections start from.
        environ: For proxies and REQUESTS_CA_BUNDLE; OpenSSL reads SSL_CERT_FILE
            and SSL_CERT_DIR by itself.
    """

    hidden: ClassVar = ("proxy", "environ")

    allow_plain_http: bool = False
    proxy: str | None = None
    no_proxy: tuple[str, ...] = ()
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    min_tls: Literal["1.2", "1.3"] = "1.2"
    source_address: str | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


class Route(Struct, frozen=True):
    """The way to one URL, settled once: every thread opens its own channel on it.

    Attributes:
        url: The endpoint.
        name: Its ``HOST:PORT``, for messages.
        proxy: What stands in between, or None.
        context: The TLS settings of every connection, or None where none is used.
        source_address: The local address to start from, or None.
    """

    url: str
    name: str
    proxy: Proxy | None
    context: ssl.SSLContext | None
    source_address: str | None = None

    @property
    def min_tls(self) -> str:
        """The oldest version of TLS that is spoken, or empty where none is."""
        if self.context is None:
            return ""
        oldest = self.context.minimum_version
        return next((name for name, one in _TLS_VERSIONS.items() if one == oldest), "")

    def session(self) -> requests.Session:
        """Return a session that can only speak through this route's settings."""
        # Late: requests is half of what a start takes, and a run that finds nothing
        # to send does without.
        from shipper.adapter import RouteAdapter  # noqa: PLC0415
        from shipper.lean import requests  # noqa: PLC0415

        session = requests.Session()
        session.trust_env = False
        credentials = self.proxy.credentials if self.proxy is not None else ""
        adapter = RouteAdapter(self.context, self.source_address, credentials)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        if self.proxy is not None:
            session.proxies = {"http": self.proxy.url, "https": self.proxy.url}
        return session

    def channel(self, headers: Mapping[str, str], *, connect_seconds: float) -> Channel:
        """Return a channel that POSTs with `headers`; connects when first used."""
        from shipper.adapter import RouteAdapter  # noqa: PLC0415 - late, as above
        from shipper.channel import Channel  # noqa: PLC0415

        adapter = self.session().get_adapter(self.url)
        assert isinstance(adapter, RouteAdapter)
        parts = urlsplit(self.url)
        is_forwarded = self.proxy is not None and parts.scheme == "http"
        return Channel(
            adapter.pool_for(
                self.url, proxy_url=self.proxy.url if self.proxy else None
            ),
            # A proxy that forwards, rather than tunnels, wants the whole URL.
            target=self.url if is_forwarded else _target(parts),
            headers=headers,
            connect_seconds=connect_seconds,
        )

    def unverified(self) -> Route | None:
        """Return the route for whoever only wants to see who is at its end, or None.

        Nothing may be sent there: it could be anybody. So there is none through a
        proxy over TLS, which would be told its credentials.
        """
        is_secret = self.proxy is not None and self.proxy.url.startswith("https:")
        if self.context is None or is_secret:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return replace(self, context=context)


def route_to(
    url: str,
    network: NetworkSettings,
    *,
    key: str = "readme.endpoint",
    may_have_query: bool = False,
) -> Route:
    """Return the route to `url`.

    Args:
        url: The address.
        network: What the operator said about ways.
        key: Where the address is written.
        may_have_query: It is not the ingestion call.

    Raises:
        ConfigError: The URL cannot be used, or the proxy and certificate files cannot:
            all of them are told.
    """
    problem = endpoints.problem(
        url,
        allow_plain_http=network.allow_plain_http,
        may_have_query=may_have_query,
    )
    if problem is not None:
        raise ConfigError((Fault("", key, problem),))
    proxy = find_proxy(
        url,
        explicit=network.proxy,
        no_proxy=network.no_proxy,
        environ=network.environ,
    )
    faults: list[Fault] = []
    if isinstance(proxy, Fault):
        faults, proxy = [proxy], None
    parts = urlsplit(url)
    needs_tls = parts.scheme == "https" or (
        proxy is not None and proxy.url.startswith("https:")
    )
    host, port = parts.hostname or "", parts.port
    port = port or (443 if parts.scheme == "https" else 80)
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    context = None
    if needs_tls:
        try:
            context = tls_context(network)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(tuple(faults))
    return Route(url, name, proxy, context, network.source_address)


def tls_context(network: NetworkSettings) -> ssl.SSLContext:
    """Return the TLS settings: the system's trust, or what replaces or joins it.

    REQUESTS_CA_BUNDLE replaces the system's authorities, as it does for every
    program that honours it; a configured `ca_file` joins them and wins over it.

    Raises:
        ConfigError: With every file that is missing or does not hold what it should.
    """
    faults: list[Fault] = []
    bundle = network.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and not network.ca_file:
        # Made first: the other files are tried on it if the bundle cannot be used.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        is_directory = os.path.isdir(bundle)
        with _loading(bundle, faults, where="REQUESTS_CA_BUNDLE"):
            context = ssl.create_default_context(
                cafile=None if is_directory else bundle,
                capath=bundle if is_directory else None,
            )
    else:
        context = ssl.create_default_context()
    if network.ca_file:
        with _loading(network.ca_file, faults, key="network.ca_file"):
            context.load_verify_locations(cafile=network.ca_file)
    if network.client_cert:
        _load_client(context, network.client_cert, network.client_key, faults)
    if faults:
        raise ConfigError(tuple(faults))
    # Never lowered: the system's policy may ask for more than we do.
    wanted = _TLS_VERSIONS[network.min_tls]
    context.minimum_version = max(context.minimum_version, wanted)
    return context


def _load_client(
    context: ssl.SSLContext, cert: str, key: str | None, faults: list[Fault]
) -> None:
    known = len(faults)
    # Opened here first: OpenSSL does not say which of the two it could not open.
    for path, name in ((cert, "client_cert"), (key, "client_key")):
        if path:
            with _loading(path, faults, key=f"network.{name}"), open(path, "rb"):
                pass
    if len(faults) == known:
        # An empty password: without one OpenSSL would ask on the terminal.
        with _loading(cert, faults, key="network.client_cert"):
            context.load_cert_chain(cert, key, "")


_PEM = "it takes PEM: BEGIN CERTIFICATE, and a PRIVATE KEY without passphrase"


@contextmanager
def _loading(
    path: str, faults: list[Fault], *, where: str = "", key: str = ""
) -> Iterator[None]:
    """Turn the errors of loading a PEM file into a fault of the configuration."""
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        is_content = isinstance(error, ssl.SSLError)
        why = "does not hold what it should" if is_content else error.strerror
        hint = None
        if is_content:
            hint = _PEM
        elif isinstance(error, PermissionError):
            hint = OPEN_TO_USER
        faults.append(Fault(where, key, f"{path} cannot be used: {why}", hint))


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path
