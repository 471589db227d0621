"""The one adapter of requests: our TLS settings on every connection.

A context, a source address and a proxy's credentials come in; pools of connections
that can use nothing else go out. Imported when the first connection is wanted, because
requests is large.
"""

from __future__ import annotations

import ssl
from typing import Any

from urllib3 import HTTPConnectionPool

from shipper.lean import requests


class RouteAdapter(requests.adapters.HTTPAdapter):
    """The one adapter: our TLS settings on direct and on proxied connections."""

    def __init__(
        self,
        context: ssl.SSLContext | None,
        source_address: str | None,
        proxy_credentials: str,
    ) -> None:
        # Read by init_poolmanager, which the parent's constructor calls.
        self._context = context
        self._proxy_credentials = proxy_credentials
        self._options: dict[str, Any] = {}  # keyword arguments of urllib3's pools
        if context is not None:
            self._options["ssl_context"] = context
        if source_address is not None:
            self._options["source_address"] = (source_address, 0)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Build the pools of direct connections."""
        super().init_poolmanager(*args, **{**options, **self._options})

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Build the pools of proxied connections, which requests sets up apart."""
        options = {**options, **self._options, "proxy_ssl_context": self._context}
        return super().proxy_manager_for(proxy, **options)

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Return what a proxy is told of who we are.

        The parent knows Latin-1 alone, and nobody without a password.
        """
        del proxy
        if not self._proxy_credentials:
            return {}
        return {"Proxy-Authorization": f"Basic {self._proxy_credentials}"}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Verify by the context alone, whatever the caller of a session says.

        The parent would load certifi's bundle into our context, or verify nothing.
        """
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"

    def pool_for(self, url: str, *, proxy_url: str | None) -> HTTPConnectionPool:
        """Return the pool that connects to `url`."""
        manager = self.proxy_manager_for(proxy_url) if proxy_url else self.poolmanager
        pool: HTTPConnectionPool = manager.connection_from_url(url)
        return pool
