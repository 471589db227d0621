"""Losses in words, for the reports that tell of them: a line each, none if none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipper.reports.losses import Losses

MOST_WRITERS = 5  # named in one line


def sentences(losses: Losses) -> Iterator[str]:
    """Yield what there is to tell."""
    if losses.missing_records:
        yield _missing(losses)
    for count, words in (
        (losses.lost_bytes, f"lost bytes: {{}} ({losses.lost_files} files)"),
        (losses.shrunk_bytes, "shrunk bytes: {}"),
        (losses.truncated_files, "files replaced in place: {}"),
        (losses.identity_ambiguous, "files of unclear identity: {}"),
    ):
        if count:
            yield words.format(f"{count:,}")
    for name, reasons in (
        ("bodies not sent", losses.withheld),
        ("suspected secrets", losses.detected),
        ("skipped", losses.skipped),
        ("rejected", losses.rejected),
    ):
        if reasons:
            yield f"{name}: {sum(reasons.values()):,} ({_listed(reasons)})"


def _missing(losses: Losses) -> str:
    writers = sorted(losses.writers, key=lambda each: -each.count)
    named = [f"writer pid {each.pid}" for each in writers[:MOST_WRITERS]]
    if len(writers) > 1:
        named = [
            f"{name}: {each.count:,}"
            for name, each in zip(named, writers, strict=False)
        ]
    if len(writers) > MOST_WRITERS:
        named.append(f"{len(writers) - MOST_WRITERS} more")
    text = f"missing records: {losses.missing_records:,}"
    if named:
        text += f" ({', '.join(named)})"
    if losses.dropped_records:
        text += f"; {losses.dropped_records:,} were dropped by the writer"
    if losses.waiting_records:
        text += f"; {losses.waiting_records:,} may still come"
    return text


def _listed(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{reason}: {count:,}" for reason, count in reasons.items())
