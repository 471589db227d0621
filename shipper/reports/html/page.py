"""The whole page: heading, sums, tables, samples, and the policy that keeps it inert.

What was gathered comes in, lines of HTML go out. There is no script, no image, no
font and no address to fetch anything from; the policy forbids them all, and allows
the one style sheet by its hash.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from shipper.reports.gathering import Gathering
from shipper.reports.html import charts, samples, tables
from shipper.reports.html.tables import noun, number, size
from shipper.reports.html.text import shown
from shipper.reports.preview import Totals
from shipper.reports.reasons import Kind
from shipper.reports.timeline import moment_of

SAMPLES: Final = 8
MOST_FILES: Final = 12


class Setting(Struct, frozen=True):
    """One thing that is configured, for the page to tell."""

    name: str
    values: tuple[str, ...]


class Facts(Struct, frozen=True):
    """What the page says beside what was gathered.

    Attributes:
        made_at: When, for people.
        version: Of this program.
        destination: Where payloads would go.
        settings: The rules in force.
        is_pending: What waits was looked at, and no named files.
        is_partial: It ended early because a count was given.
    """

    made_at: str
    version: str
    destination: str
    settings: Sequence[Setting]
    is_pending: bool
    is_partial: bool


def page(
    facts: Facts, totals: Totals, gathering: Gathering, *, style: str
) -> Iterator[str]:
    """Yield the page, line by line."""
    yield from _opening(style)
    yield from _title(facts, totals, gathering)
    yield from _glance(totals, gathering)
    yield from _section("reasons", "Why things change", _REASONS)
    yield from tables.reasons(list(gathering.reasons()))
    yield from _section("endpoints", "Endpoints", _ENDPOINTS)
    yield from tables.groups(
        gathering.endpoints.largest_first(),
        caption="What is sent, by endpoint",
        heading="Endpoint",
        span=gathering.whole.times.span,
    )
    yield from _section("callers", "Callers", _CALLERS)
    yield from tables.groups(
        gathering.callers.largest_first(),
        caption="What is sent, by caller",
        heading="Caller",
        span=gathering.whole.times.span,
    )
    yield from _section("staying", "Lines that stay here", "")
    yield from tables.staying(_staying(totals))
    yield from _section("settings", "Rules in force", "")
    yield from _settings(facts, gathering)
    yield from _section("samples", "Before and after", _SAMPLES)
    chosen = list(gathering.samples.choose(SAMPLES))
    for place, sample in enumerate(chosen, start=1):
        yield from samples.article(sample, place)
    if not chosen:
        yield '<p class="none">No record would be sent.</p>'
    yield from _closing(gathering)


_CONTENTS: Final = (
    ("reasons", "Reasons"),
    ("endpoints", "Endpoints"),
    ("callers", "Callers"),
    ("staying", "Lines that stay"),
    ("settings", "Rules"),
    ("samples", "Before and after"),
)
_REASONS: Final = (
    "Each reason is found by comparing the record on disk with what would leave. "
    "Nothing changes without standing here."
)
_SAMPLES: Final = (
    "One record for each way in which records are treated. A value that does not leave "
    "is covered: this page holds nothing that would not be sent. "
    "What is grey leaves as it lies on disk; what leaves and looks like a secret is "
    "covered all the same."
)
_ENDPOINTS: Final = (
    "Numbers and keys within a path are taken together where the app names no route."
)
_CALLERS: Final = "Keys are masked: what stands here is what the dashboard would show."


def policy_for(style: str) -> str:
    """Return the Content-Security-Policy that lets this style sheet in, and no more."""
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _opening(style: str) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy_for(style)}">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="robots" content="noindex">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield "<title>What would leave \u2013 hartail preview</title>"
    yield f"<style>{style}</style></head><body>"


def _title(facts: Facts, totals: Totals, gathering: Gathering) -> Iterator[str]:
    stays = totals.lines - totals.going_on
    what = "what waits" if facts.is_pending else "the files named"
    part = ", as far as it was looked at" if facts.is_partial else ""
    yield '<header class="top"><p class="eyebrow">hartail preview</p>'
    yield "<h1>What would leave</h1>"
    yield (
        f'<p class="lead">Of {what}{part}, <b>{noun(totals.going_on, "record")}</b> '
        f"would be sent to <b>{shown(_host(facts.destination))}</b>, and "
        f"{noun(stays, 'line')} would stay.</p>"
    )
    span = gathering.whole.times.span
    covers = (
        f"<div><dt>Requests of</dt><dd>{moment_of(span.first)} \u2013 "
        f"{moment_of(span.last)}</dd></div>"
        if span is not None
        else ""
    )
    yield (
        f'<dl class="facts"><div><dt>Made</dt><dd>{shown(facts.made_at)}</dd></div>'
        f"{covers}<div><dt>By</dt><dd>shipper {shown(facts.version)}</dd></div></dl>"
    )
    links = " ".join(f'<a href="#{name}">{words}</a>' for name, words in _CONTENTS)
    yield f'<nav aria-label="Contents">{links}</nav></header><main>'


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url


def _glance(totals: Totals, gathering: Gathering) -> Iterator[str]:
    whole = gathering.whole
    kinds = totals.changes
    figures = (
        ("Records sent", number(totals.going_on), size(whole.size_bytes), "accent"),
        (
            "Values hidden",
            number(kinds[Kind.LISTED] + kinds[Kind.DETECTED]),
            f"{number(kinds[Kind.MASKED])} more masked before the disk",
            "listed",
        ),
        (
            "Bodies not sent",
            number(kinds[Kind.WITHHELD]),
            f"{number(kinds[Kind.OPENED])} opened or rewritten",
            "withheld",
        ),
        (
            "Lines that stay",
            number(totals.lines - totals.going_on),
            f"{number(sum(totals.skipped.values()))} skipped, "
            f"{number(sum(totals.rejected.values()))} unreadable",
            "masked",
        ),
    )
    yield '<section class="glance" aria-label="Sums"><ul class="figures">'
    for name, figure, note, tone in figures:
        yield (
            f'<li class="{tone}"><span>{name}</span> <strong>{figure}</strong> '
            f"<small>{note}</small></li>"
        )
    yield "</ul>"
    span = whole.times.span
    if span is not None:
        counts = whole.times.columns(72, span)
        chart = charts.columns(
            counts,
            width=720,
            height=64,
            label=f"{noun(whole.records, 'record')} over time, "
            f"at most {max(counts)} in a column",
        )
        yield (
            f'<figure class="timeline">{chart}<figcaption><span>{moment_of(span.first)}'
            f"</span> <span>{moment_of(span.last)}</span></figcaption></figure>"
        )
    yield "</section>"


def _section(name: str, heading: str, words: str) -> Iterator[str]:
    note = f'<p class="intro">{words}</p>' if words else ""
    yield f'<h2 id="{name}">{heading}</h2>{note}'


def _staying(totals: Totals) -> Iterator[tuple[str, str, int]]:
    for reason, count in totals.skipped.most_common():
        yield "Skipped by a rule", reason, count
    for reason, count in totals.rejected.most_common():
        yield "Unreadable, kept as a dead letter", reason, count
    if totals.stopped:
        yield "Where reading a file stops", "version", totals.stopped


def _settings(facts: Facts, gathering: Gathering) -> Iterator[str]:
    yield '<dl class="settings">'
    for setting in facts.settings:
        values = " ".join(f"<code>{shown(value)}</code>" for value in setting.values)
        if not setting.values:
            values = '<span class="nil">not set</span>'
        yield f"<div><dt>{shown(setting.name)}</dt><dd>{values}</dd></div>"
    files = [
        f"<code>{shown(path)}</code> <small>{noun(count, 'line')}</small>"
        for path, count in list(gathering.paths.items())[:MOST_FILES]
    ]
    if len(gathering.paths) > MOST_FILES:
        files.append(f"and {noun(len(gathering.paths) - MOST_FILES, 'more file')}")
    nothing = '<span class="nil">none</span>'
    yield f"<div><dt>Files</dt><dd>{'<br>'.join(files) or nothing}</dd></div></dl>"


def _closing(gathering: Gathering) -> Iterator[str]:
    yield (
        '</main><footer><p>SHA-256 of all payloads, one a line: <code class="digest">'
        f"{gathering.digest}</code><br>To get the same: <code>shipper preview --quiet"
        "</code> over the same lines with the same configuration, piped to "
        "<code>sha256sum</code>.</p>"
    )
    yield (
        "<p>This page is one file. It holds no script and no hidden value, and its "
        "policy lets nothing be loaded.</p></footer></body></html>"
    )
