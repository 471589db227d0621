"""A program that uses everything public of `wsgi_writer`; it only has to type-check."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsgi_writer import ExchangeWriter, __version__

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """A WSGI application as the standard library types it."""
    environ["wsgi_writer.route"] = "/things/{id}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [__version__.encode()]


def identify(environ: dict[str, Any]) -> dict[str, str] | None:
    """A grouping function as the vendor's."""
    key = environ.get("HTTP_X_API_KEY")
    return None if key is None else {"api_key": str(key), "label": "", "email": ""}


plain: WSGIApplication = ExchangeWriter(application, "exchanges.jsonl")
writer = ExchangeWriter(
    application,
    Path("exchanges.jsonl"),
    identify=identify,
    base_log_url="https://docs.example.com",
    max_body_bytes=16_384,
    max_record_bytes=262_144,
    max_bytes=64 * 1024**2,
    max_total_bytes=4 * 1024**3,
    min_free_bytes=512 * 1024**2,
    when_full="drop_newest",
    mode=0o640,
    fsync="rotate",
    lock_timeout=0.05,
    mask_headers=("X-Partner",),
    mask_query=("ticket",),
    mask_fields=None,
    mask="hmac",
    mask_key_file="mask.key",
    mask_short_keys=False,
    jwt_claims=("sub",),
    identity_cookies=("session",),
    skip_paths=("/healthz",),
    record_bodies=lambda environ: environ["REQUEST_METHOD"] != "PUT",
    trusted_proxies=("10.0.0.0/8", "unix"),
)
writer.close()
