"""What became of every followed file, and what still waits in it.

The state says what was delivered, skipped and dead; the files themselves say
what waits: they are found and read exactly as the shipper would, and nothing
is changed by it. The sums belong to one moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shipper.clock import Clock
from shipper.events import Events
from shipper.flight import LIMITED
from shipper.parse import UnknownVersion, parse
from shipper.reports.beside import source_beside
from shipper.reports.losses import Losses, by_reason, losses_of
from shipper.source import FileView, Followed
from shipper.source.siblings import Pattern, name_at
from shipper.store.bundles import Exported
from shipper.store.examined import Holder, lock_holder
from shipper.store.snapshot import open_snapshot
from shipper.store.sums import FileSums, Outcomes

GONE = "gone"
HISTORY = "history"
NEW = "new"
MISSING = "missing"
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Records:
    """Records by what became of them; blank lines are none.

    Attributes:
        pending: Whole lines that are none of the others.
        exported: They left in a bundle that nobody has acknowledged yet.
    """

    delivered: int = 0
    skipped: int = 0
    dead: int = 0
    pending: int = 0
    exported: int = 0

    @property
    def total(self) -> int:
        """Every record there is."""
        settled = self.delivered + self.skipped + self.dead + self.exported
        return settled + self.pending


@dataclass(frozen=True, slots=True)
class FileStatus:
    """One file.

    Attributes:
        path: Its present name, or the last one known.
        state: ``open``, ``rotated``, ``done``, ``gone`` from the disk, ``history``
            for what a backfill has read, or ``new`` or ``missing`` there, which the
            shipper has not seen yet; ``unnamed`` if no `[[source]]` names it now.
        size_bytes: Length on disk; the last known one when it is gone.
        position_bytes: Everything before it is committed; unpacked bytes.
        pending_bytes: What is on disk beyond the position; packed bytes.
        stopped: Why nothing more is read of it by this version, or None.
    """

    path: str
    state: str
    size_bytes: int
    position_bytes: int
    pending_bytes: int
    records: Records
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The files, and the sum over all of them.

    Attributes:
        has_run: False before the shipper has made its state.
        losses: What never reached the shipper, and what it kept back.
        holder: Which process is shipping.
        last_delivery: When it delivered last, seconds since 1970, or None.
        held: Records that a limit of `[limits]` has made wait, by its name.
        bundles: Those that nobody has acknowledged yet, oldest first.
    """

    files: tuple[FileStatus, ...]
    records: Records
    has_run: bool
    losses: Losses
    holder: Holder
    last_delivery: float | None
    held: Mapping[str, int] = field(default_factory=dict)
    bundles: tuple[Exported, ...] = ()


def take_status(
    state_dir: str, sources: Sequence[Followed], *, events: Events, clock: Clock
) -> Status:
    """Look at state and files.

    Raises:
        StateError: The state cannot be read.
    """
    with open_snapshot(state_dir) as snapshot:
        source = source_beside(
            state_dir, sources, catalog=snapshot, events=events, clock=clock
        )
        source.look()
        last_delivery = snapshot.last_delivery()
    try:
        views = {view.file_id: view for view in source.files()}
        pending: Counter[str] = Counter()
        stopped: dict[str, str] = {}
        while (line := source.next_line()) is not None:
            if line.data.strip() or line.fault is not None:
                number = source.source_of(line.file_id)
                is_own = number is None or not sources[number].is_foreign
                if is_own and line.file_id not in pending:
                    # The shipper goes no further than a version it does not know.
                    record = parse(line.data)
                    if isinstance(record, UnknownVersion):
                        stopped[line.file_id] = record.why
                pending[line.file_id] += 1
    finally:
        source.close()
    patterns = [Pattern(path) for one in sources for path in one.paths]
    known = {file.file_id: file for file in snapshot.sums.files}
    files = tuple(
        _file_status(
            known.get(file_id),
            views.get(file_id),
            pending[file_id],
            stopped.get(file_id),
            patterns,
        )
        for file_id in known | views
    )
    files = tuple(sorted(files, key=lambda file: (file.state == GONE, file.path)))
    total = Records(
        delivered=sum(file.records.delivered for file in files),
        skipped=sum(file.records.skipped for file in files),
        dead=sum(file.records.dead for file in files),
        pending=sum(file.records.pending for file in files),
        exported=sum(file.records.exported for file in files),
    )
    return Status(
        files,
        total,
        has_run=snapshot.has_run,
        losses=losses_of(snapshot.sums),
        holder=lock_holder(state_dir),
        last_delivery=last_delivery,
        held=by_reason(snapshot.sums.counters, LIMITED),
        bundles=snapshot.sums.bundles,
    )


def _file_status(
    known: FileSums | None,
    view: FileView | None,
    pending: int,
    stopped: str | None,
    patterns: Sequence[Pattern],
) -> FileStatus:
    """Join what the state knows of a file with what the disk shows of it."""
    lines = known.lines if known is not None else Outcomes()
    records = Records(
        lines.delivered, lines.skipped, lines.dead, pending, lines.exported
    )
    if view is None:
        assert known is not None
        state = _absent_state(known, patterns)
        return FileStatus(
            known.path, state, known.size_bytes, known.offset_bytes, 0, records
        )
    return FileStatus(
        path=view.path,
        state=known.state if known is not None else NEW,
        size_bytes=view.size_bytes,
        position_bytes=known.offset_bytes if known is not None else view.offset_bytes,
        pending_bytes=view.unread_bytes,
        records=records,
        stopped=stopped,
    )


def _absent_state(known: FileSums, patterns: Sequence[Pattern]) -> str:
    """Return the state of a file that the shipper would not find."""
    if known.state in {GONE, HISTORY}:
        return known.state
    is_named = name_at(patterns, known.path) is not None
    return MISSING if is_named else UNNAMED
