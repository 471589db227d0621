"""Whether what a `[[source]]` says of another program's log can be followed.

A document comes in, faults go out: keys that the format has no use for, and those
it cannot do without. Time zones are looked up here, and a field map's file is read;
the log itself is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.settings import OWN, SourceSettings
from shipper.config.toml_lines import KeyPath
from shipper.errors import ConfigError, Fault
from shipper.rules import check_rule

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from shipper.formats import Format

_FOREIGN_KEYS = ("base_url", "identity", "timezone", "fields", "map", "wrapper")
_ZONE_HINT = 'write a name of the IANA database, as in timezone = "Europe/Berlin"'


def log_faults(document: Document, *, reads_maps: bool) -> Iterator[Fault]:
    """Find what is wrong with the sources that are logs of other programs.

    Args:
        document: What was written.
        reads_maps: The files of field maps are on this machine, and are judged too.
    """
    for index in range(document.length("source")):
        source = _Source(document, index, reads_maps=reads_maps)
        name = document.value(*source.key("format"))
        if name is None or name == OWN:
            yield from source.own_faults()
        else:
            # Late, here and below: who follows own records alone needs no format.
            from shipper.formats import FORMATS  # noqa: PLC0415

            yield from source.word_faults()
            if isinstance(name, str) and name in FORMATS:
                yield from source.foreign_faults(FORMATS[name])


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        ValueError: There is none of this name.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - late

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # A path is a ValueError, a directory of zones, such as "Europe", an OSError.
        raise ValueError(f'there is no time zone "{name}"') from error


class _Source:
    """One table of the document."""

    def __init__(self, document: Document, index: int, *, reads_maps: bool) -> None:
        self._document = document
        self._index = index
        self._reads_maps = reads_maps

    def key(self, name: str) -> KeyPath:
        return ("source", self._index, name)

    def _text(self, name: str) -> str:
        return self._document.text(*self.key(name)) or ""

    def _fault(self, name: str, problem: str, hint: str | None = None) -> Fault:
        key = self.key(name)
        return Fault(self._document.where(key), dotted(key), problem, hint)

    def own_faults(self) -> Iterator[Fault]:
        unsaid = SourceSettings(paths=())
        for name in _FOREIGN_KEYS:
            if self._document.value(*self.key(name)) not in (
                None,
                getattr(unsaid, name),
            ):
                problem = "is for logs of other programs, and this one is our own"
                hint = 'say whose it is, as in format = "combined"'
                yield self._fault(name, problem, hint)

    def word_faults(self) -> Iterator[Fault]:
        """Find what no format could use."""
        yield from self._base_url_faults()
        rule = self._text("identity")
        if rule and (problem := check_rule(rule)) is not None:
            yield self._fault("identity", problem)
        if name := self._text("timezone"):
            try:
                zone_of(name)
            except ValueError as error:
                yield self._fault("timezone", str(error), _ZONE_HINT)

    def foreign_faults(self, format_: Format) -> Iterator[Fault]:
        yield from self._identity_faults()
        if format_.needs_zone and not self._text("timezone"):
            problem = f"is missing: the stamps of {format_.name} name no time zone"
            yield self._fault("timezone", problem, _ZONE_HINT)
        yield from self._field_faults(format_)
        if format_.has_headers and self._text("wrapper") in {"docker", "cri"}:
            problem = f"{format_.name} logs are files of their own, never wrapped"
            yield self._fault("wrapper", problem)

    def _base_url_faults(self) -> Iterator[Fault]:
        from shipper.adopt import Adopter  # noqa: PLC0415 - late, as above
        from wsgi_writer.mask import Masks  # noqa: PLC0415

        if url := self._text("base_url"):
            try:
                Adopter(masks=Masks(), base_url=url)
            except ValueError as error:
                _, _, problem = str(error).partition(": ")
                yield self._fault("base_url", problem)

    def _identity_faults(self) -> Iterator[Fault]:
        has_others = self._document.length("identify", "rules") or self._document.text(
            "identify", "lookup"
        )
        if not self._text("identity") and not has_others:
            yield self._fault(
                "identity",
                "is missing: a log of another program names no caller, and there is "
                "no rule for callers",
                'give it one, as in identity = "client-ip", or [[identify.rules]]',
            )

    def _field_faults(self, format_: Format) -> Iterator[Fault]:
        from shipper.config.field_map import read_field_map  # noqa: PLC0415 - late
        from shipper.formats.fields import faults_in  # noqa: PLC0415

        fields = self._document.value(*self.key("fields"))
        path = self._text("map")
        if not format_.takes_fields:
            for name, is_given in (("fields", bool(fields)), ("map", bool(path))):
                if is_given:
                    problem = f"the format {format_.name} has no field map"
                    yield self._fault(name, problem)
            return
        if fields and path:
            yield self._fault("map", "there are fields already", "keep one of the two")
        if isinstance(fields, dict):
            for fault in faults_in(fields):
                key = (*self.key("fields"), fault.name)
                where = self._document.where(key)
                yield Fault(where, dotted(key), fault.why, fault.hint)
        if path and self._reads_maps:
            try:
                read_field_map(self._document.absolute(path, key=self.key("map")))
            except ConfigError as error:
                for found in error.faults:
                    # What is wrong with the whole file is told where it is named.
                    told = f"{found.where}: {found.problem}"
                    yield found if found.key else self._fault("map", told, found.hint)
