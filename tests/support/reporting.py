"""A report made of lines, without a command or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.model import Line
from shipper.payload import PayloadBuilder
from shipper.pipeline import Shaper
from shipper.redact import Redactor
from shipper.reports.browse import Seen
from shipper.reports.gathering import Gathering
from shipper.reports.html.page import Facts, Setting, page
from shipper.reports.listed import Listed
from shipper.reports.preview import Previewer, Stage
from shipper.reports.reasons import Reasons
from shipper.values import Detector, Mode


def a_previewer(
    stage: Stage = "payload",
    *,
    hosts: Iterable[str] = (),
    mode: Mode = "off",
    **lists: Any,
) -> Previewer:
    """Return one that uses these lists, and detectors in that mode."""
    redactor = Redactor(**lists)
    shaper = Shaper(
        filters=Filters(allowed_http_hosts=hosts),
        identifier=Identifier(),
        redactor=redactor,
        payloads=PayloadBuilder(version="1", development_mode=False, comment="c"),
        detector=Detector(mode=mode),
    )
    reasons = Reasons(Listed(redactor.policy))
    return Previewer(shaper=shaper, reasons=reasons, stage=stage)


def seen(lines: Iterable[bytes], path: str = "a.log") -> Iterator[Seen]:
    """Yield lines of one file."""
    for number, line in enumerate(lines):
        yield Seen(path, Line(path, number, number + 1, 0, 0, line.rstrip(b"\n")))


def gathered(previewer: Previewer, lines: Iterable[bytes]) -> Gathering:
    """Return what is gathered of lines."""
    gathering = Gathering(previewer.reasons)
    for shown in previewer.show(seen(lines)):
        gathering.add(shown)
    return gathering


def a_page(
    lines: Iterable[bytes],
    *,
    hosts: Iterable[str] = (),
    mode: Mode = "off",
    **lists: Any,
) -> str:
    """Return the report of some lines."""
    previewer = a_previewer(hosts=hosts, mode=mode, **lists)
    gathering = gathered(previewer, lines)
    facts = Facts(
        made_at="2026-11-24 09:00:00 UTC",
        version="1.2.3",
        destination="https://metrics.example.com/v1/request",
        settings=[Setting("filter.denylist", tuple(lists.get("denylist", ())))],
        is_pending=True,
        is_partial=False,
    )
    return "\n".join(page(facts, previewer.totals, gathering, style=style()))


def style() -> str:
    """Return the style sheet."""
    sheet = resources.files("shipper.reports.html").joinpath("style.css")
    return sheet.read_text(encoding="utf-8")
