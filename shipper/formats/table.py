"""The table of formats that lines can be read as, by name.

It is the one place that knows them all; `docs/formats.md` says the same in prose.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shipper.formats.alb import ALB
from shipper.formats.apigateway import APIGATEWAY
from shipper.formats.caddy import CADDY
from shipper.formats.clf import COMBINED, COMMON, VHOST_COMBINED
from shipper.formats.cloudfront import CLOUDFRONT
from shipper.formats.envoy import ENVOY
from shipper.formats.haproxy import HAPROXY
from shipper.formats.har import HAR
from shipper.formats.kong import KONG
from shipper.formats.nginx_json import NGINX_JSON
from shipper.formats.own import OWN
from shipper.formats.reader import Format
from shipper.formats.traefik_clf import TRAEFIK_CLF
from shipper.formats.traefik_json import TRAEFIK_JSON
from shipper.formats.w3c import W3C

_ALL: Final[tuple[Format, ...]] = (
    OWN,
    COMMON,
    COMBINED,
    VHOST_COMBINED,
    NGINX_JSON,
    CADDY,
    TRAEFIK_JSON,
    TRAEFIK_CLF,
    ALB,
    HAR,
    ENVOY,
    HAPROXY,
    CLOUDFRONT,
    APIGATEWAY,
    KONG,
    W3C,
)

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {format_.name: format_ for format_ in _ALL}
)
