"""Turn settled batches into the one commit that moves the positions; pure.

A settlement is a batch of which every record has found its end: delivered or
dead. Commits take settlements in the order the batches were read, so per file
the advances join without a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from shipper.model import Advance, Commit, DeadLetter, LinePlace, Run, Span


class Settlement(Struct, frozen=True):
    """What became of one batch.

    Attributes:
        spans: The stretches of file that the batch covers.
        dead_letters: Its unreadable lines and its refused records.
        refused: Count of refused records by file_id; they are not delivered.
        counters: Amounts to add to named totals.
        runs: Which numbers of which writers its lines carry.
        recovered: Places of dead letters that were sent again and taken.
    """

    spans: tuple[Span, ...]
    dead_letters: tuple[DeadLetter, ...]
    refused: tuple[tuple[str, int], ...]
    counters: tuple[tuple[str, int], ...]
    runs: tuple[Run, ...] = ()
    recovered: tuple[LinePlace, ...] = ()


def commit_of(settlements: Sequence[Settlement]) -> Commit:
    """Join settlements, in order, into one commit with one advance a file."""
    advances: dict[str, Advance] = {}
    counters: Counter[str] = Counter()
    dead_letters: list[DeadLetter] = []
    runs: list[Run] = []
    recovered: list[LinePlace] = []
    for settlement in settlements:
        recovered.extend(settlement.recovered)
        dead_letters.extend(settlement.dead_letters)
        runs.extend(settlement.runs)
        for name, amount in settlement.counters:
            counters[name] += amount
        refused = dict(settlement.refused)
        for span in settlement.spans:
            step = _advance(span, refused.get(span.file_id, 0))
            before = advances.get(span.file_id)
            advances[span.file_id] = step if before is None else joined(before, step)
    return Commit(
        advances=tuple(advances.values()),
        dead_letters=tuple(dead_letters),
        counters=tuple(sorted(counters.items())),
        runs=tuple(runs),
        recovered=tuple(recovered),
    )


def _advance(span: Span, refused: int) -> Advance:
    return Advance(
        file_id=span.file_id,
        start_bytes=span.start_bytes,
        end_bytes=span.end_bytes,
        crc_before=span.crc_before,
        crc_after=span.crc_after,
        tail=span.tail,
        delivered=span.entries - refused,
        skipped=span.skipped,
        dead=span.rejected + refused,
        blank=span.blank,
        torn=span.torn,
    )


def joined(earlier: Advance, later: Advance) -> Advance:
    """Return two advances of a file, one after the other, as one."""
    return replace(
        later,
        start_bytes=earlier.start_bytes,
        crc_before=earlier.crc_before,
        delivered=earlier.delivered + later.delivered,
        skipped=earlier.skipped + later.skipped,
        dead=earlier.dead + later.dead,
        blank=earlier.blank + later.blank,
        exported=earlier.exported + later.exported,
        torn=earlier.torn + later.torn,
    )
