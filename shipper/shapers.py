"""Build what says what lines become: the pure part of the pipeline, under settings.

Settings come in; a shaper for records of our own and one for those of each source go
out. The part of `service` that whoever only looks, or brings history, shares with it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from shipper.callers import callers_of
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.events import Events
from shipper.filters import Filters
from shipper.glance import Glance
from shipper.payload import PayloadBuilder
from shipper.pipeline import Shaper
from shipper.redact import Redactor
from shipper.sample import Sampler
from shipper.values import Detector
from wsgi_writer._version import __version__

if TYPE_CHECKING:
    from shipper.live import LiveShaper
    from shipper.readings import Readings


class Shapers(Struct, frozen=True):
    """What lines become, by where they come from.

    Attributes:
        own: Of our own records.
        by_source: Of those of each `[[source]]`, in order; callers differ.
        close: Ends the threads that users' functions answer on.
    """

    own: Shaper
    by_source: tuple[Shaper, ...]
    close: Callable[[], None] = lambda: None

    def around(self, readings: Readings | None) -> Shaper | LiveShaper:
        """Return what shapes the lines of followed files; None: all are our own."""
        if readings is None:
            return self.own
        from shipper.live import LiveShaper  # noqa: PLC0415 - late: for foreign logs

        return LiveShaper(shapers=self.by_source, own=self.own, readings=readings)

    def load(self) -> None:
        """Make ready for the first line, whose coming is no time to begin."""
        # All shapers have these in common.
        self.own.redactor.load()
        self.own.detector.load()

    def unsampled(self) -> Shapers:
        """Return the same without a sample: every record counts."""
        every = Sampler()
        return Shapers(
            replace(self.own, sampler=every),
            tuple(replace(shaper, sampler=every) for shaper in self.by_source),
        )


def shapers_of(
    settings: Settings, *, events: Events | None = None, clock: Clock | None = None
) -> Shapers:
    """Return the pure part of the pipeline: what lines become under `settings`.

    Args:
        settings: What `config.load` returned.
        events: Told when a caller cannot be looked for, or None.
        clock: Says when a table of callers is looked at again.

    Raises:
        ConfigError: What `[identify]` names cannot be used.
    """
    system = f"{platform.machine()}-{platform.system().lower()}{platform.release()}"
    callers = callers_of(settings, events=events, clock=clock)
    redactor = Redactor(
        denylist=settings.filter.denylist,
        allowlist=settings.filter.allowlist,
        redaction=settings.filter.redaction,
    )
    detector = Detector(mode=settings.filter.detectors, kinds=settings.filter.detect)
    own = Shaper(
        filters=Filters(
            allowed_http_hosts=settings.filter.allowed_http_hosts,
            skip_methods=settings.filter.skip_methods,
            include_paths=settings.filter.include_paths,
            exclude_paths=settings.filter.exclude_paths,
            include_statuses=settings.filter.include_statuses,
            exclude_statuses=settings.filter.exclude_statuses,
            include_content_types=settings.filter.include_content_types,
            exclude_content_types=settings.filter.exclude_content_types,
        ),
        identifier=callers.general,
        redactor=redactor,
        payloads=PayloadBuilder(
            version=__version__,
            development_mode=settings.readme.development_mode,
            comment=f"{system}/{platform.python_version()}",
        ),
        sampler=Sampler(rate=settings.filter.sample_rate),
        detector=detector,
        glance=Glance(redactor.automata, detector.automata),
    )
    by_source = (replace(own, identifier=one) for one in callers.by_source)
    return Shapers(own, tuple(by_source), callers.close)


def shaper_of(
    settings: Settings, *, events: Events | None = None, clock: Clock | None = None
) -> Shaper:
    """Return what records of our own become; see `shapers_of`."""
    return shapers_of(settings, events=events, clock=clock).own
