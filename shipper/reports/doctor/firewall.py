"""The text that opens a firewall: what leaves this host, where to, and why; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shipper.network import Route


@dataclass(frozen=True, slots=True)
class Opening:
    """One connection that has to be allowed.

    Attributes:
        host: Where it goes to.
        port: At that host.
        protocol: In words.
        direction: Always outbound; nothing listens here.
        proxy: ``HOST:PORT`` of what stands in between, or None.
        purpose: What is sent, in one sentence.
    """

    host: str
    port: int
    protocol: str
    direction: str
    proxy: str | None
    purpose: str


def opening_for(route: Route, *, min_tls: str, purpose: str) -> Opening:
    """Return what has to be allowed for a route."""
    parts = urlsplit(route.url)
    is_tls = parts.scheme == "https"
    host = parts.hostname or ""
    return Opening(
        host=host,
        port=parts.port or (443 if is_tls else 80),
        protocol=f"TCP, HTTPS (TLS {min_tls} or newer, SNI {host})"
        if is_tls
        else "TCP, HTTP without TLS",
        direction="outbound; answers alone come back, nothing listens on this host",
        proxy=route.proxy.name if route.proxy is not None else None,
        purpose=purpose,
    )


def request_text(openings: Sequence[Opening], *, source: str) -> str:
    """Return the request, to be pasted into a ticket.

    Args:
        openings: What has to be allowed.
        source: The host that connects.
    """
    lines = ["Firewall request: please allow"]
    for opening in openings:
        proxy = "none, directly"
        if opening.proxy is not None:
            proxy = f"{opening.proxy} (this host connects to it; it connects onward)"
        lines += [
            "",
            f"  from       {source}",
            f"  to host    {opening.host}",
            f"  port       {opening.port}",
            f"  protocol   {opening.protocol}",
            f"  direction  {opening.direction}",
            f"  proxy      {proxy}",
            f"  purpose    {opening.purpose}",
        ]
    return "\n".join(lines)
