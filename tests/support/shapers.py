"""A builder of the pure part of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.payload import PayloadBuilder
from shipper.pipeline import Shaper
from shipper.redact import Redactor


def a_shaper(*, denylist: Iterable[str] = ()) -> Shaper:
    """Return what says what a record becomes, with nothing set but the list."""
    return Shaper(
        filters=Filters(),
        identifier=Identifier(),
        redactor=Redactor(denylist=denylist),
        payloads=PayloadBuilder(version="1", development_mode=False, comment=""),
    )
