"""Whether the words of `[limits]` mean anything: a fault for each that does not.

A document comes in, faults go out. A limit that could not be read would be no limit,
and nobody would know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.logs import zone_of
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault
from shipper.limits.quiet import quiet_hours_of, span_of
from shipper.limits.timetable import timetable_of
from shipper.limits.words import rate_of

_CHECKS: Mapping[str, tuple[Callable[[str], object], str | None]] = {
    "rate": (rate_of, None),
    "bwlimit": (timetable_of, None),
    "timezone": (zone_of, "Debian: apt install tzdata, if the name is right"),
}


def limit_faults(document: Document) -> Iterator[Fault]:
    """Find limits that cannot be kept."""
    for name, (check, hint) in _CHECKS.items():
        path: KeyPath = ("limits", name)
        value = document.value(*path)
        text = document.text(*path)
        # A bare number is what its digits say; what is neither, the schema refuses.
        if type(value) is int or (isinstance(value, float) and value.is_integer()):
            text = str(int(value))
        if text:
            yield from _fault(document, path, partial(check, text), hint)
    spans: list[str] = []
    for index in range(document.length("limits", "quiet_hours")):
        path = ("limits", "quiet_hours", index)
        if text := document.text(*path):
            found = list(_fault(document, path, partial(span_of, text), None))
            yield from found
            spans += [] if found else [text]
    path = ("limits", "quiet_hours")
    yield from _fault(document, path, partial(quiet_hours_of, spans), None)


def _fault(
    document: Document, path: KeyPath, check: Callable[[], object], hint: str | None
) -> Iterator[Fault]:
    try:
        check()
    except ValueError as error:
        yield Fault(document.where(path), dotted(path), str(error), hint)
