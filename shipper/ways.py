"""Build how the lines of each `[[source]]` are read: the part of `service` for logs.

Settings come in; a `Way` for every log of another program goes out, with the masks of
`[identify]`, so that a caller's key has one mask wherever it comes from.
"""

from __future__ import annotations

from shipper.adopt import Adopter
from shipper.callers import masks_of
from shipper.config.field_map import read_field_map
from shipper.config.logs import zone_of
from shipper.config.settings import Settings, SourceSettings
from shipper.errors import ConfigError, Fault
from shipper.foreign import Hints
from shipper.formats import FORMATS
from shipper.lookup import UnusableError
from shipper.readings import Way
from shipper.rejected import RejectedText
from wsgi_writer.mask import Masks


def ways_of(settings: Settings) -> tuple[Way | None, ...]:
    """Return how the lines of each source are read, None for our own format.

    Raises:
        ConfigError: A field map or the key of the masks cannot be used.
    """
    if not any(source.is_foreign for source in settings.sources):
        return (None,) * len(settings.sources)
    try:
        masks = masks_of(settings.identify)
    except UnusableError as error:
        path = settings.identify.mask_key_file
        where = settings.origin or "environment"
        problem = f"{path}: {error.problem}"
        fault = Fault(where, "identify.mask_key_file", problem, error.hint)
        raise ConfigError((fault,)) from error
    return tuple(
        _way(source, masks) if source.is_foreign else None
        for source in settings.sources
    )


def _way(source: SourceSettings, masks: Masks) -> Way:
    fields = read_field_map(source.map) if source.map else source.fields
    return Way(
        format=FORMATS[source.format],
        hints=Hints(
            zone=zone_of(source.timezone) if source.timezone else None,
            fields=fields or None,
        ),
        adopter=Adopter(masks=masks, base_url=source.base_url or None),
        rejected=RejectedText(masks),
        wrapper=source.wrapper,
    )
