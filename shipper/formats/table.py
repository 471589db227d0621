"""The table of formats that lines can be read as, by name.

It is the one place that knows them all; `docs/formats.md` says the same in prose.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shipper.formats.alb import ALB
from shipper.formats.clf import COMBINED, COMMON, VHOST_COMBINED
from shipper.formats.cloudfront import CLOUDFRONT
from shipper.formats.haproxy import HAPROXY
from shipper.formats.reader import Format
from shipper.formats.traefik_clf import TRAEFIK_CLF
from shipper.formats.w3c import W3C

_ALL: Final[tuple[Format, ...]] = (
    COMMON,
    COMBINED,
    VHOST_COMBINED,
    TRAEFIK_CLF,
    ALB,
    CLOUDFRONT,
    HAPROXY,
    W3C,
)

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {format_.name: format_ for format_ in _ALL}
)
