"""Send a bundle: as a run sends batches, with a journal in place of the state.

Settings and an opened bundle come in, a receipt goes out when every record has found
its end. Killed at any point, the next call goes on; what was in flight is sent again,
with the same ids.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass

from shipper.airgap.checking import OpenBundle, presence_faults
from shipper.airgap.layout import FORMAT, RECEIPT, BundleError, CannotWriteError
from shipper.airgap.progress import Progress, Step
from shipper.airgap.reading import BundleLines, ObjectShaper
from shipper.airgap.receipt import BundleReceipt, encode_receipt
from shipper.airgap.writing import write_whole
from shipper.batch import Batcher
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.ending import Ending, exit_code
from shipper.events import Events
from shipper.finite import finite_pipeline
from shipper.model import Commit, DeadLetter
from shipper.pacing import pacing_of
from shipper.signals import Signals
from shipper.store import DeadRecord
from shipper.store.directory import prepare_directory
from shipper.uplink import uploader_of, window_of
from wsgi_writer._version import __version__


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a bundle has come.

    Attributes:
        delivered: Records that the receiver has taken, in all calls together; `dead`
            likewise those it would not.
        now: Records that were settled in this call.
        receipt: Where it was written; None while there are records left.
    """

    records: int
    delivered: int
    dead: int
    now: int
    receipt: str | None
    exit_code: int


def send(
    settings: Settings,
    bundle: OpenBundle,
    *,
    receipt: str | None,
    hmac_key: bytes | None,
    max_duration_seconds: float | None,
    events: Events,
    clock: Clock,
) -> Sent:
    """Send what was not sent of a bundle, and write its receipt when nothing is left.

    Args:
        settings: What `config.load` returned, with the key.
        bundle: Opened, and authentic if it has to be.
        receipt: Where the receipt goes; None: into the bundle.
        hmac_key: Makes the receipt authentic, or None.
        max_duration_seconds: End after so long even with records left, or None.
        events: Where it reports.
        clock: The time, and the bell that ends every wait.

    Raises:
        BundleError: A part is missing, foreign or changed; nothing of it was sent.
        StateLockedError: Another process sends this bundle.
        StateError, CannotWriteError: Progress or receipt cannot be written.
    """
    faults = list(presence_faults(bundle))
    if faults:
        raise BundleError(
            "the bundle is not whole: " + "; ".join(faults), path=bundle.directory
        )
    prepare_directory(settings.state_dir)
    manifest = bundle.manifest
    with closing(
        Progress(settings.state_dir, manifest.id, bundle.manifest_sha256)
    ) as progress:
        before = progress.delivered + progress.dead
        lines = BundleLines(
            bundle, part=progress.part, offset_bytes=progress.offset_bytes
        )
        ending, ended_by = _deliver(
            settings,
            lines,
            progress,
            seconds=max_duration_seconds,
            events=events,
            clock=clock,
        )
        if lines.fault is not None:
            raise lines.fault
        settled = progress.delivered + progress.dead
        path = None
        if ending is Ending.DRAINED:
            path = receipt or os.path.join(bundle.directory, RECEIPT)
            _write_receipt(path, bundle, progress, hmac_key, clock)
            events.emit(
                "bundle_sent",
                bundle=manifest.id,
                delivered=progress.delivered,
                dead=progress.dead,
            )
        return Sent(
            records=manifest.records,
            delivered=progress.delivered,
            dead=progress.dead,
            now=settled - before,
            receipt=path,
            exit_code=exit_code(ending, ended_by, environ=os.environ),
        )


def _deliver(
    settings: Settings,
    lines: BundleLines,
    progress: Progress,
    *,
    seconds: float | None,
    events: Events,
    clock: Clock,
) -> tuple[Ending, int | None]:
    pacing = pacing_of(settings, events=events, clock=clock)
    deadline = None if seconds is None else clock.monotonic() + seconds
    with ExitStack() as parts:
        uploader = uploader_of(parts, settings, events=events, clock=clock)
        pipeline = finite_pipeline(
            source=lines,
            shaper=ObjectShaper(),
            batcher=Batcher(
                max_records=pacing.max_records,
                max_bytes=pacing.max_bytes,
                buffer_length=pacing.max_records,
                max_age_seconds=settings.batch.flush_interval,
            ),
            window=window_of(
                settings,
                poster=uploader,
                max_records=pacing.max_records,
                pace=pacing.pace,
                events=events,
            ),
            checkpoints=_Books(lines, progress),
            clock=clock,
            events=events,
            deadline=deadline,
            shutdown_seconds=settings.shutdown_timeout,
        )

        def stop(signal_name: str) -> None:
            pipeline.stop(signal_name)
            uploader.hurry()

        with Signals(clock.wake, only_the_end=True) as signals:
            signals.on_stop = stop
            ending = pipeline.run()
    if ending is Ending.OUT_OF_TIME:
        why = pipeline.trouble or "the bundle is larger"
        events.emit("out_of_time", seconds=seconds or 0.0, why=why)
    return ending, signals.ended_by


class _Books:
    """Implements the pipeline's checkpoints: a line in the journal for each commit."""

    def __init__(self, lines: BundleLines, progress: Progress) -> None:
        self._lines = lines
        self._progress = progress

    def commit(self, commit: Commit) -> None:
        """Write down what was settled, before it is forgotten."""
        dead = [self._record_of(letter) for letter in commit.dead_letters]
        steps = [
            Step(int(each.file_id), each.end_bytes, each.delivered, each.dead)
            for each in commit.advances
        ]
        self._progress.add(steps, dead)
        for advance in commit.advances:
            self._lines.settled(advance.file_id, advance.end_bytes)

    def _record_of(self, letter: DeadLetter) -> DeadRecord:
        origin = self._lines.origin_of(letter.place)
        return DeadRecord(
            file_id=origin.file_id,
            start_bytes=origin.start_bytes,
            end_bytes=origin.end_bytes,
            id=letter.id,
            reason=letter.reason,
            detail=letter.detail,
            payload=None if letter.payload is None else letter.payload.decode(),
            sha256=letter.sha256,
            length_bytes=letter.length_bytes,
        )


def _write_receipt(
    path: str,
    bundle: OpenBundle,
    progress: Progress,
    hmac_key: bytes | None,
    clock: Clock,
) -> None:
    """Write the receipt; a crash leaves none, and the next call writes it.

    Raises:
        BundleError: The journal does not account for every record.
    """
    manifest = bundle.manifest
    if progress.delivered + progress.dead != manifest.records:
        raise BundleError(
            f"the sums do not add up: {progress.path}: {manifest.records} records, "
            f"{progress.delivered} delivered, {progress.dead} dead",
            path=progress.path,
        )
    receipt = BundleReceipt(
        format=FORMAT,
        bundle=manifest.id,
        manifest_sha256=bundle.manifest_sha256,
        records=manifest.records,
        delivered=progress.delivered,
        dead=progress.dead,
        dead_records=tuple(progress.dead_records()),
        sent_at=clock.now().isoformat(timespec="milliseconds"),
        tool=f"hartail {__version__}",
    )
    try:
        write_whole(path, encode_receipt(receipt, hmac_key))
    except CannotWriteError as error:
        hint = "everything was sent: give the command again with --receipt FILE"
        raise CannotWriteError(str(error), hint=error.hint or hint) from error
