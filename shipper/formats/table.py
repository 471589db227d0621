"""The table of formats that lines can be read as, by name.

It is the one place that knows them all; `docs/formats.md` says the same in prose.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shipper.formats.reader import Format

_ALL: Final[tuple[Format, ...]] = ()

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {format_.name: format_ for format_ in _ALL}
)
