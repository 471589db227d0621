"""The URL that records are sent to: what makes one acceptable.

Text comes in, a sentence about what is wrong with it goes out, or None.
Records and key go to this URL and nowhere else, so a URL that would carry
them in clear, or in somebody's access log, is refused here.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit, urlunsplit

REQUEST_PATH = "/v1/request"
_EXAMPLES = {
    False: "https://metrics.readme.io/v1/request",
    True: "https://monitor.example/ping/1234",
}


def complete(url: str) -> str:
    """Return `url` with the ingestion path when it has none at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(path=REQUEST_PATH)) if not parts.path else url


def on_server(server: str) -> str:
    """Return the ingestion URL on `server`: its scheme, host and port, our path.

    The vendor's SDKs drop a path of README_METRICS_SERVER too.
    """
    try:
        parts = urlsplit(server)
    except ValueError:
        return server
    return urlunsplit((parts.scheme, parts.netloc, REQUEST_PATH, "", ""))


def problem(
    url: str,
    *,
    allow_plain_http: bool,
    carries: str = "records and key",
    may_have_query: bool = False,
) -> str | None:
    """Return why nothing must be sent to `url`, or None when it may be.

    Args:
        url: The address.
        allow_plain_http: Permits ``http://`` beyond the loopback interface.
        carries: What would go over the network in clear.
        may_have_query: A monitor wants one; the ingestion call has none.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")  # as whoever connects does
        if host and "[" in parts.netloc:
            ipaddress.IPv6Address(host)
    except ValueError:
        # Not quoted: a password may stand where a port is looked for.
        return f"is not a URL: expected one such as {_EXAMPLES[may_have_query]}"
    if parts.scheme not in {"https", "http"} or not host:
        return f"expected a URL such as {_EXAMPLES[may_have_query]}"
    # A backslash is the end of the host to whoever connects, and none to urlsplit.
    if not url.isascii() or not url.isprintable() or set(" \\") & set(url):
        return "holds a character that URLs must percent-encode"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    if (parts.query and not may_have_query) or parts.fragment:
        what = "a fragment" if may_have_query else "a query or a fragment"
        return f"must not have {what}"
    if parts.scheme == "http" and not allow_plain_http and not is_loopback(parts):
        return f"is http://, which would send {carries} in clear"
    return None


def is_loopback(parts: SplitResult) -> bool:
    """Return whether the host is this machine."""
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
