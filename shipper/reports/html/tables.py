"""The tables of the report: reasons, endpoints, callers, lines that stay.

Sums come in, HTML goes out, one string a line of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from shipper.reports.gathering import STATUS_CLASSES, Group, Reason
from shipper.reports.html import charts
from shipper.reports.html.text import attribute, shown
from shipper.reports.reasons import Kind
from shipper.reports.timeline import Span

MOST_ROWS: Final = 40
MOST_PLACES: Final = 5
KINDS: Final[Mapping[Kind, str]] = {
    Kind.LISTED: "Hidden by a list",
    Kind.WITHHELD: "Body not sent",
    Kind.DETECTED: "Hidden by a detector",
    Kind.SUSPECTED: "Leaves, looks secret",
    Kind.RULE: "Changed by a rule",
    Kind.OPENED: "Laid out anew",
    Kind.MASKED: "Masked on disk",
}


def number(count: int) -> str:
    """Return a count for people."""
    return f"{count:,}"


def size(count: int) -> str:
    """Return an amount of bytes for people."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return (
        f"{amount:.0f} {unit}"
        if unit == "B" or amount >= 99.95
        else f"{amount:.1f} {unit}"
    )


def noun(count: int, word: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def why(kind: Kind, words: str) -> str:
    """Return a reason, its kind before it."""
    words = words.removeprefix("body not sent: ")
    words = words.removeprefix("leaves, and looks like a secret: ")
    words = words.removeprefix("looks like a secret: ")
    return (
        f'<span class="kind {kind}">{KINDS[kind]}</span> '
        f'<span class="why">{shown(words[:1].upper() + words[1:])}</span>'
    )


def reasons(found: Sequence[Reason]) -> Iterator[str]:
    """Yield the table of reasons."""
    if not found:
        yield '<p class="none">Every record leaves as it lies on disk.</p>'
        return
    most = max(reason.changes for reason in found)
    yield from _head(
        "Every reason for which something does not leave as it lies on disk",
        ("Reason", "Where", "Places", "Records", ""),
        ("", "", "n", "n", "wide"),
        name="reasons",
    )
    for reason in found[:MOST_ROWS]:
        where = [
            f"<li><code>{shown(place)}</code> <small>{number(count)}</small></li>"
            for place, count in reason.places.most_common(MOST_PLACES)
        ]
        rest = len(reason.places) - MOST_PLACES
        if rest > 0:
            where.append(f"<li><small>and {noun(rest, 'more place')}</small></li>")
        label = f"{reason.changes} of {most}"
        chart = charts.bar(
            reason.changes / most, width=96, height=8, label=label, tone=reason.kind
        )
        yield _row(
            why(reason.kind, reason.why),
            (f'<ul class="places">{"".join(where)}</ul>', ""),
            (number(reason.changes), "n"),
            (number(reason.records), "n"),
            (chart, "wide"),
        )
    yield from _foot(len(found) - MOST_ROWS, "reason")


def groups(
    found: Sequence[Group], *, caption: str, heading: str, span: Span | None
) -> Iterator[str]:
    """Yield the table of endpoints, or of callers."""
    if not found or span is None:
        yield '<p class="none">No record would be sent.</p>'
        return
    most = found[0].records
    yield from _head(
        caption,
        (heading, "Over time", "Records", "", "Status", "Hidden", "Bytes"),
        ("", "wide", "n", "wide share", "", "n", "n wide"),
        name="groups",
    )
    for group in found[:MOST_ROWS]:
        times = charts.columns(
            group.times.columns(24, span),
            width=96,
            height=20,
            label=f"{noun(group.records, 'record')} over time",
        )
        share = charts.bar(
            group.records / most,
            width=64,
            height=8,
            label=f"{number(group.records)} of at most {number(most)}",
            tone="accent",
        )
        hidden = number(group.hidden) if group.hidden else '<span class="nil">0</span>'
        if group.withheld:
            hidden += f" <small>+ {noun(group.withheld, 'body')}</small>".replace(
                "bodys", "bodies"
            )
        yield _row(
            _name(group),
            (times, "wide"),
            (number(group.records), "n"),
            (share, "wide share"),
            (_statuses(group), ""),
            (hidden, "n"),
            (size(group.size_bytes), "n wide"),
        )
    yield from _foot(len(found) - MOST_ROWS, heading.lower())


def staying(found: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    """Yield the table of lines that are not sent: their fate, why, how many."""
    rows = list(found)
    if not rows:
        yield '<p class="none">Every line would be sent.</p>'
        return
    yield from _head(
        "Lines that stay on this machine", ("What", "Reason", "Lines"), ("", "", "n")
    )
    for what, why, count in rows:
        yield _row(
            shown(what), (f"<code>{shown(why)}</code>", ""), (number(count), "n")
        )
    yield from _foot(0, "reason")


def _name(group: Group) -> str:
    name = group.name
    word = f'<span class="method">{shown(name.word)}</span> ' if name.word else ""
    note = (
        f'<small class="note">{shown(_short(name.note))}</small>'
        if name.note not in ("", name.text)
        else ""
    )
    return f'{word}<code class="name">{shown(_short(name.text))}</code>{note}'


def _short(text: str) -> str:
    """Show of a masked key what tells it from others, as a dashboard does."""
    if "sha512-" in text and len(text) > 40:
        return f"{text[: text.index('sha512-') + 13]}\u2026{text[-6:]}"
    return text


def _statuses(group: Group) -> str:
    counts = [(f"s{name}", group.statuses[name]) for name in STATUS_CLASSES]
    label = ", ".join(
        f"{name} {group.statuses[name]}"
        for name in STATUS_CLASSES
        if group.statuses[name]
    )
    chart = charts.parts(counts, width=64, height=8, label=label)
    errors = group.statuses["4xx"] + group.statuses["5xx"]
    share = f"<small>{errors / group.records:.0%} errors</small>" if errors else ""
    return f'<span title="{attribute(label)}">{chart}</span> {share}'


def _head(
    caption: str, headings: Sequence[str], classes: Sequence[str], *, name: str = ""
) -> Iterator[str]:
    # The roles are said because a narrow screen shows rows as blocks.
    yield (
        f'<div class="scroll" role="region" aria-label="{attribute(caption)}" '
        f'tabindex="0"><table class="{name}" role="table">'
    )
    yield f"<caption>{shown(caption)}</caption>"
    cells = "".join(
        f'<th scope="col" role="columnheader" class="{kind}">{shown(text)}</th>'
        if text
        else f'<td role="cell" class="{kind}"></td>'
        for text, kind in zip(headings, classes, strict=True)
    )
    yield (
        f'<thead role="rowgroup"><tr role="row">{cells}</tr></thead>'
        '<tbody role="rowgroup">'
    )


def _row(first: str, *cells: tuple[str, str]) -> str:
    rest = "".join(
        f'<td role="cell" class="{kind}">{content}</td>' for content, kind in cells
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{rest}</tr>'


def _foot(more: int, word: str) -> Iterator[str]:
    yield "</tbody></table></div>"
    if more > 0:
        yield f'<p class="more">and {noun(more, f"more {word}")}</p>'
