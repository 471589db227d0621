"""Who the client is when a proxy stands between.

In go the address of the peer and the headers it forwarded; out comes the client's
address, scheme and host. Headers are believed only from peers that were named at
construction; whatever they hold, an answer comes back and nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

from wsgi_writer.mask import Remembered

Address = IPv4Address | IPv6Address

UNKNOWN_PEER: Final = "127.0.0.1"  # a UNIX socket has no address; ReadMe wants one
UNIX: Final = "unix"

# RFC 7239 section 4: name=token or name="quoted", separated by ";" within an element.
_PAIR: Final = re.compile(
    r'(?<![A-Za-z])([A-Za-z]++)\s*+=\s*+("(?:[^"\\]++|\\.)*+"|[^\s;,"]*+)'
)
_ELEMENT: Final = re.compile(r'(?:[^,"]++|"(?:[^"\\]++|\\.)*+")++')
_CLOSED: Final = re.compile(r'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+')
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?"
)
_LONGEST_CHAIN: Final = 64  # hops looked at; a longer chain was not made by proxies


@dataclass(slots=True)
class Origin:
    """Where an exchange came from, as its client saw it.

    Built once per request, hence not frozen.
    """

    client: str
    scheme: str
    host: str


class TrustedProxies:
    """The peers whose forwarding headers are believed.

    Args:
        peers: Addresses or networks in the usual notation, and `"unix"` for peers
            on a UNIX socket.

    Raises:
        TypeError: If a peer is not a string.
        ValueError: If a string is neither an address, a network nor `"unix"`.
    """

    def __init__(self, peers: Iterable[str] = ()) -> None:
        # Mutable state: _known, a memory of a pure function; any thread may fill it.
        names = _names(peers)
        self._has_unix = UNIX in names
        self._networks = tuple(_network(name) for name in names if name != UNIX)
        self._known: Remembered[Address | None] = Remembered(_address)

    def __bool__(self) -> bool:
        return self._has_unix or bool(self._networks)

    def resolve(self, received: Mapping[str, Any], origin: Origin) -> Origin:
        """Return the origin behind `origin.client`, or `origin` itself.

        The address is the rightmost one that is not a trusted proxy's own: each
        proxy appends whom it saw, and everything left of that is the client's word.
        """
        if not self._trusts(received.get("REMOTE_ADDR") or ""):
            return origin
        told = _x_forwarded(received) or _forwarded(received)
        if told is None:
            return origin
        scheme = told.proto.lower()
        return Origin(
            client=self._client(told.addresses) or origin.client,
            scheme=scheme if scheme in ("http", "https") else origin.scheme,
            host=told.host if _HOST.fullmatch(told.host) else origin.host,
        )

    def _client(self, addresses: list[str]) -> str | None:
        nearest = None
        for text in reversed(addresses[-_LONGEST_CHAIN:]):
            address = self._known[text]
            if address is None:
                return nearest  # hidden, unknown or nonsense: the last one known
            nearest = str(address)
            if not self._covers(address):
                return nearest
        return nearest

    def _trusts(self, peer: object) -> bool:
        if not isinstance(peer, str):
            return False
        address = self._known[peer]
        if address is not None and self._covers(address):
            return True
        return self._has_unix and _is_nowhere(address)

    def _covers(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


@dataclass(frozen=True, slots=True)
class _Told:
    addresses: list[str]
    proto: str
    host: str


def peer_address(peer: object) -> str:
    """Return the address of a peer, that of IPv4 where a socket serves both families.

    On a UNIX socket, where there is none, the peer is this machine.
    """
    address = _address(peer) if isinstance(peer, str) else None
    return UNKNOWN_PEER if _is_nowhere(address) else str(address)


def _x_forwarded(received: Mapping[str, Any]) -> _Told | None:
    # One family or the other, never mixed: a proxy that writes X-Forwarded-For may
    # well pass on a Forwarded header that the client made up.
    chain, proto, host = (
        _text(received, "HTTP_X_FORWARDED_" + name) for name in ("FOR", "PROTO", "HOST")
    )
    if not (chain or proto or host):
        return None
    addresses = [part.strip() for part in chain.split(",")] if chain else []
    return _Told(addresses, _first(proto), _first(host))


def _forwarded(received: Mapping[str, Any]) -> _Told | None:
    text = _text(received, "HTTP_FORWARDED")
    # Behind a quote that is never closed none is: looking for it at each of them
    # would hold up the application for seconds.
    end = _CLOSED.match(text).end()  # type: ignore[union-attr]  # matches the empty text
    elements = [
        {name.lower(): _unquoted(value) for name, value in _PAIR.findall(element)}
        for element in _ELEMENT.findall(text[:end] + text[end:].replace('"', ","))
    ]
    if not elements:
        return None
    return _Told(
        [element.get("for", "") for element in elements],
        next((e["proto"] for e in elements if "proto" in e), ""),
        next((e["host"] for e in elements if "host" in e), ""),
    )


def _text(received: Mapping[str, Any], key: str) -> str:
    value = received.get(key)
    return value if isinstance(value, str) else ""


def _first(values: str) -> str:
    return values.partition(",")[0].strip()


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _address(text: str) -> Address | None:
    """Read `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # how a dual-stack socket shows an IPv4 peer
    return address


def _is_nowhere(address: Address | None) -> bool:
    # Servers call a UNIX socket "", "localhost", "unix" or "0.0.0.0".
    return address is None or address.is_unspecified


def _names(peers: object) -> tuple[object, ...]:
    if isinstance(peers, str):
        return (peers,)
    if isinstance(peers, bytes) or not isinstance(peers, Iterable):
        raise TypeError(f"trusted_proxies must be a list of strings, not {peers!r}")
    return tuple(peers)


def _network(name: object) -> IPv4Network | IPv6Network:
    if not isinstance(name, str):
        raise TypeError(f"trusted_proxies must hold strings, not {name!r}")
    try:
        return ip_network(name, strict=False)
    except ValueError:
        raise ValueError(
            f"trusted_proxies must hold addresses, networks or 'unix', not {name!r}"
        ) from None
