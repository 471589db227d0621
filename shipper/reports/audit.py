"""Whether the sums add up: the files on disk counted again, against the ledger.

Everything the state says belongs to one moment; the files are read as they are
now. Every byte of every file is explained by a stretch: committed (delivered,
exported, skipped, dead, blank), pending, lost, from before the start; or it is wrong,
and then the proof fails. Nothing is changed by looking, and nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from shipper.clock import Clock
from shipper.events import Events
from shipper.fileid import FileRow, FileState, at_cut
from shipper.reports.finding import Disk, UnreadableError
from shipper.reports.losses import Losses, losses_of
from shipper.reports.stretches import (
    Kind,
    Stretch,
    before_start,
    passed_over,
    pending,
    read_again,
    recorded,
)
from shipper.source import FileView, Followed
from shipper.store.account import Account, Range, open_account
from shipper.store.sums import Outcomes, total_of

SKIPPED_PREFIX = "skipped:"


@dataclass(frozen=True, slots=True)
class FileAudit:
    """One file, explained from its first byte to its last.

    Attributes:
        path: Where it was found, or was seen last.
        state: As the state has it, or ``new``, ``missing`` or ``unnamed``.
    """

    path: str
    state: str
    stretches: tuple[Stretch, ...]

    def lines(self, *kinds: Kind) -> Outcomes:
        """Return what the lines in stretches of these kinds became."""
        return total_of(each.lines for each in self.stretches if each.kind in kinds)

    def of(self, kind: Kind) -> list[Stretch]:
        """Return the stretches of a kind."""
        return [each for each in self.stretches if each.kind is kind]

    def size_of(self, kind: Kind) -> int:
        """Return the bytes in stretches of a kind."""
        return sum(each.size_bytes for each in self.of(kind))

    @property
    def whole_lines(self) -> int:
        """Lines that wait."""
        return sum(each.whole_lines for each in self.stretches)


@dataclass(frozen=True, slots=True)
class Audit:
    """All files, and what of the sums is wrong beyond any one file.

    Attributes:
        faults: Sums that contradict each other.
        losses: What never reached the shipper, and what it kept back.
        counters: Named totals of the same moment.
        has_run: False before the shipper has made its state.
    """

    files: tuple[FileAudit, ...]
    faults: tuple[str, ...]
    losses: Losses
    counters: Mapping[str, int]
    has_run: bool

    @property
    def is_exact(self) -> bool:
        """True if every byte is explained and no sum contradicts another."""
        return not self.faults and not any(each.of(Kind.WRONG) for each in self.files)

    @property
    def lines(self) -> Outcomes:
        """What became of all lines ever committed, by the ledger."""
        return total_of(each.lines(*Kind) for each in self.files)


def take_audit(
    state_dir: str, sources: Sequence[Followed], *, events: Events, clock: Clock
) -> Audit:
    """Count again.

    Raises:
        StateError: The state cannot be read.
    """
    with open_account(state_dir) as account:
        disk = Disk(sources, account, events=events, clock=clock)
        try:
            auditor = _Auditor(account, disk)
            files = [auditor.known(row) for row in account.files()]
            files += auditor.unknown()
        finally:
            disk.close()
        faults = tuple(_faults(account))
        sums = account.sums
        return Audit(
            tuple(files),
            faults,
            losses=losses_of(sums),
            counters=sums.counters,
            has_run=account.has_run,
        )


class _Auditor:
    """Explains one file after the other."""

    def __init__(self, account: Account, disk: Disk) -> None:
        # Mutable state: what has been explained, so that nothing is twice.
        self._account = account
        self._disk = disk
        self._known: set[str] = set()
        self._paths: set[str] = set()

    def known(self, row: FileRow) -> FileAudit:
        """Explain a file of the state."""
        self._known.add(row.file_id)
        if at_cut(row) is not row:
            # What is left of it is a new file, as soon as nothing is under way.
            row = replace(row, state=FileState.GONE)
        ranges = self._account.ranges(row.file_id)
        try:
            with self._disk.opened(row) as sighting:
                if sighting is None:
                    return self._absent(row, ranges)
                self._paths.add(sighting.path)
                stretches = list(read_again(sighting, row, ranges))
                if row.is_passed_over:
                    stretches += passed_over(sighting)
                elif self._is_read_on(row):
                    stretches += pending(sighting, row.offset_bytes)
                return FileAudit(sighting.path, row.state.value, tuple(stretches))
        except UnreadableError as error:
            why = f"cannot be read: {error}"
            whole = Stretch(Kind.WRONG, 0, row.size_bytes, why=why)
            return FileAudit(row.path, row.state.value, (whole,))

    def unknown(self) -> Iterator[FileAudit]:
        """Explain the files that the shipper has not seen yet."""
        for view in self._disk.views():
            if view.file_id not in self._known and view.path not in self._paths:
                yield self._new(view)

    def _is_read_on(self, row: FileRow) -> bool:
        """Tell whether the shipper reads on in a file where its row ends."""
        if row.state is FileState.HISTORY:
            # Else another row has the rest of it, or the backfill's next run.
            return self._disk.has_view(row.file_id)
        return row.state is not FileState.GONE

    def _new(self, view: FileView) -> FileAudit:
        try:
            with self._disk.opened_view(view) as sighting:
                if sighting is None:
                    return FileAudit(view.path, "new", ())
                if sighting.packing and not view.unread_bytes:
                    stretches = tuple(passed_over(sighting))
                else:
                    start = view.offset_bytes
                    stretches = (*before_start(start), *pending(sighting, start))
                return FileAudit(view.path, "new", stretches)
        except UnreadableError as error:
            # Nothing of it was ever committed: nothing can be wrong.
            whole = Stretch(Kind.PENDING, 0, view.size_bytes, why=str(error))
            return FileAudit(view.path, "new", (whole,))

    def _absent(self, row: FileRow, ranges: Iterator[Range]) -> FileAudit:
        """Explain a file that is not there: by the ledger, and what it lost."""
        stretches = list(recorded(row, ranges))
        state = row.state.value
        if row.state is FileState.HISTORY:
            # Whether a backfill is over, its next run will say.
            return FileAudit(row.path, state, tuple(stretches))
        if row.state is not FileState.GONE and not self._disk.is_named(row.path):
            # Nobody asks for the rest of it: it neither waits nor is lost.
            return FileAudit(row.path, "unnamed", tuple(stretches))
        if row.state is not FileState.DONE and row.size_bytes != row.offset_bytes:
            stretches += self._remainder(row)
        if row.state is not FileState.GONE:
            state = "missing"
        return FileAudit(row.path, state, tuple(stretches))

    def _remainder(self, row: FileRow) -> Iterator[Stretch]:
        """Explain what a file that is not there had beyond its position."""
        end, position = row.size_bytes, row.offset_bytes
        if end is not None and end <= position:
            return
        # It may have been sent, and removed, since the moment we speak of.
        by_now = self._account.committed_now(row.file_id)
        if end is not None:
            by_now = min(by_now, end)
        if by_now > position:
            yield Stretch(Kind.PENDING, position, by_now)
        if end is None or by_now < end:
            yield Stretch(Kind.LOST, max(position, by_now), end)


def _faults(account: Account) -> Iterator[str]:
    """Say which sums contradict each other."""
    sums = account.sums
    skipped = sum(
        amount
        for name, amount in sums.counters.items()
        if name.startswith(SKIPPED_PREFIX)
    )
    if skipped != sums.lines.skipped:
        yield (
            f"the ledger has {sums.lines.skipped} skipped lines, "
            f"and the counters have {skipped}"
        )
    for bundle in account.unequal_bundles():
        yield (
            f"the ledger has {bundle.found} lines in bundle {bundle.id}, and "
            f"{bundle.wanted} are not acknowledged"
        )
    stray = account.stray_letters()
    if stray:
        yield f"{stray} dead letters are of lines that are not committed"
