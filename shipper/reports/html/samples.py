"""Samples of records, place by place: on disk, and as they leave, and why.

A sample comes in, an article goes out. Its values are cut and covered already.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipper.reports.html.tables import noun, number, why
from shipper.reports.html.text import shown
from shipper.reports.reasons import Kind
from shipper.reports.samples import Row, Sample


def article(sample: Sample, place: int) -> Iterator[str]:
    """Yield one sample."""
    status = min(max(sample.status // 100, 2), 5)
    alike = (
        "The only record treated like this."
        if sample.like_it == 1
        else f"Stands for {noun(sample.like_it, 'record')} treated alike."
    )
    yield f'<article class="sample" aria-labelledby="sample-{place}">'
    yield (
        f'<header><h3 id="sample-{place}"><span class="method">{shown(sample.method)}'
        f"</span> <code>{shown(sample.url)}</code> "
        f'<span class="status s{status}xx">{sample.status}</span></h3>'
        f"<p>{alike} Caller <b>{shown(sample.caller)}</b>, "
        f"id <code>{shown(sample.id)}</code></p></header>"
    )
    yield from _table(sample)
    rest = sample.size_bytes - len(sample.payload.encode())
    cut = f"\u2026 and {noun(rest, 'more byte')}" if rest > 0 else ""
    yield (
        f"<details><summary>Exact bytes that leave <small>{number(sample.size_bytes)} "
        f"bytes</small></summary><pre><code>{shown(sample.payload)}</code>"
        f'<span class="cut">{cut}</span></pre></details></article>'
    )


def _table(sample: Sample) -> Iterator[str]:
    yield '<table class="fields" role="table"><caption>Before and after</caption>'
    yield (
        '<thead role="rowgroup"><tr role="row">'
        + "".join(
            f'<th scope="col" role="columnheader">{heading}</th>'
            for heading in ("Place", "On disk", "Leaves", "Why")
        )
        + '</tr></thead><tbody role="rowgroup">'
    )
    yield from map(_row, sample.rows)
    yield "</tbody></table>"
    if sample.more_rows:
        yield (
            f'<p class="more">and {noun(sample.more_rows, "more place")} that nothing '
            "changed; the exact bytes below have them all</p>"
        )


def _row(row: Row) -> str:
    place = f'<th scope="row" role="rowheader">{_place(row.place)}</th>'
    if row.kind is None:
        return (
            f'<tr role="row">{place}<td role="cell" colspan="3">{_value(row.after)}'
            "</td></tr>"
        )
    before = _value(row.before)
    if row.is_covered:
        before = f'<span class="cover">{shown(row.before)}</span>'
    if row.after is not None:
        after = _value(row.after)
    elif row.kind is Kind.OPENED:
        after = '<span class="gone">as below</span>'
    elif row.kind is Kind.MASKED:
        after = ""
    else:
        after = '<span class="gone">removed</span>'
    return (
        f'<tr role="row" class="changed {row.kind}">{place}'
        f'<td role="cell" data-label="On disk">{before}</td>'
        f'<td role="cell" data-label="Leaves">{after}</td>'
        f'<td role="cell" data-label="Why">{why(row.kind, row.why)}</td></tr>'
    )


def _place(place: str) -> str:
    return f"<code>{shown(place).replace('.', '.<wbr>')}</code>"


def _value(text: str | None) -> str:
    return f"<code>{shown(text)}</code>" if text else '<span class="nil">empty</span>'
