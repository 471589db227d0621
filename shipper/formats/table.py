"""The table of formats that lines can be read as, by name.

It is the one place that knows them all; `docs/formats.md` says the same in prose.
A format's module is imported when the format is asked for: whoever follows own
records alone does not wait for the patterns of fifteen others.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from shipper.formats.reader import Format

# Each format's module, in which the name in capitals is its row.
_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "own": "own",
        "common": "clf",
        "combined": "clf",
        "vhost_combined": "clf",
        "nginx-json": "nginx_json",
        "caddy": "caddy",
        "traefik-json": "traefik_json",
        "traefik-clf": "traefik_clf",
        "alb": "alb",
        "har": "har",
        "envoy": "envoy",
        "haproxy": "haproxy",
        "cloudfront": "cloudfront",
        "apigateway": "apigateway",
        "kong": "kong",
        "w3c": "w3c",
    }
)


class _Formats(Mapping[str, Format]):
    """The rows by name; to ask for a name or for all names imports nothing."""

    def __getitem__(self, name: str) -> Format:
        module = importlib.import_module(f"shipper.formats.{_MODULES[name]}")
        row: Format = getattr(module, name.upper().replace("-", "_"))
        return row

    def __contains__(self, name: object) -> bool:
        return name in _MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


FORMATS: Final[Mapping[str, Format]] = _Formats()
