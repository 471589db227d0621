"""What `shipper doctor` does: takes settings apart and has each room look.

Settings come in as far as they could be loaded; checks come out, in the order in
which a person would look. Only the test record, and nothing else, makes a record.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from uuid import uuid4

from shipper import uplink
from shipper.clock import Clock
from shipper.config import load
from shipper.config.settings import Settings
from shipper.errors import ConfigError, Fault
from shipper.events import Events
from shipper.network import Route, route_to
from shipper.receipt import Receipt
from shipper.reports.doctor import disk, files, key, state, systemd, watches, way
from shipper.reports.doctor.check import (
    KINDS,
    Check,
    failure,
    ok,
    shortened,
    skipped,
)
from shipper.reports.doctor.firewall import Opening, opening_for
from shipper.transport import ANSWER_PER_CONNECT
from wsgi_writer._version import __version__

LOOK_SECONDS = 0.25  # how soon an answer is noticed
USER_AGENT = f"hartail/{__version__}"
_KEY = "readme.api_key_file"


@dataclass
class Examination:
    """One run of all checks.

    Args:
        config: The configuration file, or None to look in the usual places.
        is_offline: Nothing is sent and no name is looked up.
        sends_test: A record that is marked as development data is posted.
        events: Told of trouble with the egress log.
        clock: The time.

    Attributes:
        openings: What a firewall has to let through, once the checks are over.
    """

    config: str | None
    is_offline: bool
    sends_test: bool
    events: Events
    clock: Clock
    openings: list[Opening] = field(default_factory=list)

    def checks(self) -> Iterator[Check]:
        """Yield every check as it comes out."""
        try:
            settings = load(self.config, os.environ, checks="machine")
        except ConfigError as error:
            for fault in error.faults:
                yield _fault(fault)
            rest = self._what_is_left()
            if rest is None:
                codes = [code for code in KINDS if code not in {"SHP001", "SHP002"}]
                yield from skipped(codes, "the configuration cannot be used")
                return
            settings = rest
        else:
            where = settings.origin or "the environment"
            yield ok("SHP001", where, "every key is good")
        yield from self._key_checks(settings)
        yield from self._file_checks(settings)
        holder = state.holder_of(settings.state_dir)
        yield from state.state_checks(settings.state_dir, holder)
        yield from self._way_checks(settings)
        yield from self._heartbeat_checks(settings)
        yield from systemd.systemd_checks(os.environ, holder.pid)

    def _what_is_left(self) -> Settings | None:
        """Return settings with faults: bad files or a bad key leave much to look at."""
        # With the key, if there is nothing wrong with it.
        for checks in ("key", "file"):
            with suppress(ConfigError):
                return load(self.config, os.environ, checks=checks, needs_source=False)
        return None

    def _key_checks(self, settings: Settings) -> Iterator[Check]:
        origin = settings.readme.api_key_origin
        if settings.readme.api_key:
            yield key.shape_check(settings.readme.api_key, origin)
        secrets = (origin, settings.identify.mask_key_file, settings.network.client_key)
        paths = tuple(path for path in secrets if os.path.isabs(path))
        if paths:
            yield from key.file_checks(paths)
        else:
            yield from skipped(("SHP003",), "no key is in a file")

    def _file_checks(self, settings: Settings) -> Iterator[Check]:
        if not settings.sources:
            codes = ("SHP010", "SHP011", "SHP012", "SHP013", "SHP014")
            yield from skipped(codes, "no [[source]] is configured")
            return
        found = files.Files(settings.state_dir, settings.sources, clock=self.clock)
        yield from found.checks()
        watched = watches.watch_checks(
            found.directories,
            mode=settings.watch,
            poll_interval_seconds=settings.poll_interval,
            clock=self.clock,
        )
        yield from shortened(watched, "place")
        if settings.watch == "poll":
            yield from skipped(("SHP012",), 'not needed: watch = "poll"')
        else:
            yield from watches.limit_checks()
        logs = found.logs()
        written = {os.path.dirname(log.where) for log in logs if not log.is_foreign}
        places = {place: place in written for place in found.directories}
        free_bytes = disk.free_bytes(state.place_of(settings.state_dir))
        if free_bytes is not None:
            yield disk.state_space_check(settings.state_dir, free_bytes)
        yield from shortened(disk.space_checks(places), "place")
        rotations = (
            disk.rotation_check(
                log.where,
                log.generations,
                is_foreign=log.is_foreign,
                free_bytes=disk.free_bytes(os.path.dirname(log.where)) or 0,
            )
            for log in logs
        )
        yield from shortened(rotations, "log")

    def _way_checks(self, settings: Settings) -> Iterator[Check]:
        codes = (*way.WAY_CODES, key.ACCEPTED, key.TEST)
        try:
            route = route_to(settings.readme.endpoint, uplink.network_of(settings))
        except ConfigError:
            yield from skipped(codes, "the settings of the network cannot be used")
            return
        purpose = "delivers logged API exchanges to ReadMe, and receives its answers"
        min_tls = settings.network.min_tls
        self.openings.append(opening_for(route, min_tls=min_tls, purpose=purpose))
        if self.is_offline:
            yield from skipped(codes, "not checked with --offline")
            return
        checks = list(
            way.way_checks(
                route,
                user_agent=USER_AGENT,
                connect_seconds=settings.readme.timeout,
                answer_seconds=ANSWER_PER_CONNECT * settings.readme.timeout,
                now=self.clock.now(),
            )
        )
        yield from checks
        if any(check.verdict == "failure" for check in checks):
            yield from skipped((key.ACCEPTED, key.TEST), "ReadMe cannot be reached")
        elif not settings.readme.api_key:
            yield from skipped((key.ACCEPTED, key.TEST), "there is no usable key")
        else:
            yield from self._accepted_checks(settings, route)

    def _heartbeat_checks(self, settings: Settings) -> Iterator[Check]:
        codes = (way.HEARTBEAT,)
        if not settings.heartbeat.url:
            yield from skipped(codes, "no heartbeat is configured")
            return
        try:
            route = uplink.heartbeat_route(settings)
        except ConfigError:
            yield from skipped(codes, "the settings of the network cannot be used")
            return
        purpose = "tells a monitor that records are delivered: a GET without content"
        min_tls = settings.network.min_tls
        self.openings.append(opening_for(route, min_tls=min_tls, purpose=purpose))
        if self.is_offline:
            yield from skipped(codes, "not checked with --offline")
        else:
            yield way.heartbeat_check(route, connect_seconds=settings.readme.timeout)

    def _accepted_checks(self, settings: Settings, route: Route) -> Iterator[Check]:
        if not self.sends_test:
            receipt = self._receipt(settings, ())
            yield from key.empty_checks(receipt, route.name)
            return
        now = self.clock.now()
        record = key.a_test_record(str(uuid4()), now=now, version=__version__)
        yield from key.record_checks(self._receipt(settings, (record,)), route.name)

    def _receipt(self, settings: Settings, payloads: Sequence[bytes]) -> Receipt:
        """Post as the shipper does, on the record of the egress log too."""
        with ExitStack() as parts:
            uploader = uplink.uploader_of(
                parts, settings, events=self.events, clock=self.clock
            )
            uploader.post(1, payloads)
            while not (answers := uploader.answered()):
                self.clock.wait(LOOK_SECONDS)
        return answers[0].receipt


def host_name() -> str:
    """Return what this host calls itself; no name is looked up."""
    return socket.gethostname()


def _fault(fault: Fault) -> Check:
    code = "SHP002" if fault.key == _KEY else "SHP001"
    where = ": ".join(part for part in (fault.where, fault.key) if part)
    return failure(code, where, fault.problem, fault.hint or "correct this setting")
