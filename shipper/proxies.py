"""Which proxy a URL is reached through, if any; pure.

The configured proxy and the environment come in; a `Proxy`, None, or what is
wrong with the setting goes out. NO_PROXY is read here rather than by requests,
which knows neither IPv6 nor its ranges. A proxy's credentials never appear in
its name or in a message.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urlsplit

from shipper.errors import Fault
from shipper.secretive import Secretive

_NEVER_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PERCENT_ENCODE = "in user and password, write # as %23, / as %2F, ? as %3F, [ as %5B"


class Proxy(Secretive, frozen=True):
    """A proxy to send requests through.

    Attributes:
        url: Scheme, host in ASCII, and port.
        name: ``HOST:PORT``, for messages.
        credentials: User and password as Basic authentication has them, or empty.
        secrets: What must not appear in any message.
    """

    hidden: ClassVar = ("credentials", "secrets")

    url: str
    name: str
    credentials: str = ""
    secrets: tuple[str, ...] = ()


def find_proxy(
    url: str,
    *,
    explicit: str | None,
    no_proxy: Sequence[str],
    environ: Mapping[str, str],
) -> Proxy | Fault | None:
    """Return the proxy for `url`: the configured one, else the environment's.

    Lower-case variables win over upper-case ones, a scheme's own over ALL_PROXY.
    HTTP_PROXY is ignored when REQUEST_METHOD is set: in a CGI process it is a
    request header. This machine itself is never reached through a proxy, which
    would carry an ``http://`` loopback endpoint's key over the network.
    """
    parts = urlsplit(url)
    if _is_local(parts.hostname or ""):
        return None
    if explicit:
        where, key, text = "", "network.proxy", explicit
    else:
        where, text = _from_environment(parts.scheme, environ)
        key = ""
    if not text or _is_bypassed(parts, no_proxy or _environ_no_proxy(environ)):
        return None
    return parse_proxy(text, where=where, key=key)


def _from_environment(scheme: str, environ: Mapping[str, str]) -> tuple[str, str]:
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if variable == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
                continue
            if text := environ.get(variable, "").strip():
                return variable, text
    return "", ""


def _environ_no_proxy(environ: Mapping[str, str]) -> list[str]:
    text = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return re.split(r"[\s,]+", text)  # curl takes blanks too


def parse_proxy(text: str, *, where: str, key: str) -> Proxy | Fault:
    """Return the proxy that a URL names, or why it names none that could be used.

    Args:
        text: The URL; without a scheme it is ``http://``.
        where: Where it was written, for the fault.
        key: The key that it stands at, or empty.
    """
    hint = _PERCENT_ENCODE if "@" in text else None
    # Not quoted: a mistyped URL may still hold a password.
    unusable = Fault(where, key, "is not the URL of a proxy", hint)
    if _NEVER_IN_A_URL.search(text):
        return unusable
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port
        plain = host.encode("idna").decode()
    except ValueError:
        return unusable
    if parts.scheme not in _DEFAULT_PORTS:
        return Fault(where, key, f"{parts.scheme}:// proxies are not supported")
    # A "#" or "?" in a password ends the host early: what stands before it would be
    # taken for the proxy's name, looked up, and shown.
    has_more = parts.path not in {"", "/"} or parts.query or parts.fragment
    if not host or "\\" in host or has_more:
        problem = "expected a URL such as http://proxy.example:3128"
        return Fault(where, key, problem, hint)
    user, password = parts.username or "", parts.password or ""
    credentials = _basic(user, password) if user or password else ""
    secrets = {user, password, unquote(user), unquote(password), credentials} - {""}
    port = port or _DEFAULT_PORTS[parts.scheme]
    # Longest first: a password may begin with the user's name.
    ordered = tuple(sorted(secrets, key=len, reverse=True))
    # Without user and password: whoever connects takes a backslash, as in CORP\owl,
    # for the end of the host.
    url = f"{parts.scheme}://{_joined(plain, port)}"
    return Proxy(url, _joined(host, port), credentials, ordered)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _basic(user: str, password: str) -> str:
    """Return user and password of a URL, in Base64: its bytes, unquoted.

    In which charset they are is between the operator and the proxy (RFC 7617); what
    stands in the URL in clear is UTF-8.
    """
    # A variable of the environment holds any bytes.
    pair = (
        unquote_to_bytes(one.encode("utf-8", "surrogateescape"))
        for one in (user, password)
    )
    return base64.b64encode(b":".join(pair)).decode()


def bypass_problem(entry: str) -> str | None:
    """Return why an entry of `no_proxy` could cover no host, or None."""
    text = entry.strip()
    if text == "*" or _range(text) is not None:
        return None
    if "/" in text:
        return "is no range of addresses such as 10.0.0.0/8"
    name, colon, port = text.rpartition(":")
    name = name if colon and port.isdigit() else text
    if not name or (_address(name.strip("[]")) is None and set(" \t,:[]") & set(name)):
        return "is no name, address or range, alone or with :PORT"
    return None


def _is_local(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return address.is_loopback
    return host.lower().rstrip(".") == "localhost"


def _is_bypassed(parts: SplitResult, entries: Sequence[str]) -> bool:
    host = (parts.hostname or "").lower().rstrip(".")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return any(_matches(entry.strip().lower(), host, port) for entry in entries)


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Return whether one entry of NO_PROXY covers the host.

    Shapes: ``*``, ``NAME`` (and what is under it), ``.NAME``, ``*.NAME``, an
    address, a range ``ADDRESS/BITS``; a name or address may end in ``:PORT``,
    an IPv6 address then stands in brackets.
    """
    if entry == "*":
        return True
    address = _address(host)
    if (network := _range(entry)) is not None:
        return address is not None and address in network
    name, colon, wanted_port = entry.rpartition(":")
    if colon and wanted_port.isdigit():
        if int(wanted_port) != port:
            return False
        entry = name
    if address is not None:
        return _address(entry.strip("[]")) == address
    entry = entry.removeprefix("*").lstrip(".").rstrip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _range(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
