"""Small charts as inline SVG: a row of columns, a bar, a bar in parts.

Numbers come in, one element goes out. Colours are classes of the style sheet, so that
they follow light, dark and print; each chart says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipper.reports.html.text import attribute


def columns(
    counts: Sequence[int], *, width: int, height: int, label: str, tone: str = "accent"
) -> str:
    """Return columns side by side; what is not zero is never invisible."""
    most = max(counts, default=0) or 1
    step = width / max(len(counts), 1)
    gap = min(step * 0.25, 1.5)
    parts = [
        f'<rect x="{_n(place * step)}" y="{_n(height - tall)}" '
        f'width="{_n(step - gap)}" height="{_n(tall)}"/>'
        for place, count in enumerate(counts)
        if count and (tall := max(count / most * height, 1.5))
    ]
    base = f'<path class="base" d="M0 {height - 0.5}H{width}"/>'
    return _svg(base + "".join(parts), width, height, label, f"columns {tone}")


def bar(share: float, *, width: int, height: int, label: str, tone: str) -> str:
    """Return a bar of which a share is filled."""
    filled = min(max(share, 0.0), 1.0) * width
    if share > 0:
        filled = max(filled, 2.0)
    track = f'<rect class="track" width="{width}" height="{height}" rx="2"/>'
    fill = f'<rect width="{_n(filled)}" height="{height}" rx="2"/>' if filled else ""
    return _svg(track + fill, width, height, label, f"bar {tone}")


def parts(
    counts: Sequence[tuple[str, int]], *, width: int, height: int, label: str
) -> str:
    """Return a bar cut into named parts; the name is the class of its colour."""
    whole = sum(count for _, count in counts) or 1
    pieces = []
    start = 0.0
    for tone, count in counts:
        if count:
            size = count / whole * width
            pieces.append(
                f'<rect class="{tone}" x="{_n(start)}" width="{_n(size)}" '
                f'height="{height}"/>'
            )
            start += size
    return _svg("".join(pieces), width, height, label, "parts")


def _svg(content: str, width: int, height: int, label: str, classes: str) -> str:
    return (
        f'<svg class="{classes}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{attribute(label)}" '
        f'preserveAspectRatio="none">{content}</svg>'
    )


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
