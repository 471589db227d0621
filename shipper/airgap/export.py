"""Run an export: fill a bundle, commit what is in it, seal it; each step in its turn.

Settings and the name of a directory come in, a sealed bundle and an outcome go out. No
network is touched and no key is asked for. Positions move once, at the end, together
with the bundle's row; a crash before that leaves everything as it was.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass
from uuid import uuid4

from shipper.airgap.acknowledging import carry_out_acknowledgements
from shipper.airgap.describing import bundle_of, manifest_of
from shipper.airgap.filling import Filling
from shipper.airgap.held import Held
from shipper.airgap.layout import CannotWriteError, Manifest, encode_manifest
from shipper.airgap.packing import Packer
from shipper.airgap.sealing import (
    Workshop,
    check_free,
    seal,
    seal_earlier,
    sweep,
    workshop_of,
)
from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.errors import EXIT_OK
from shipper.events import Events
from shipper.joints import letterbox_of
from shipper.store import Bundle, StateLock, Store, open_store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an export has done.

    Attributes:
        path: Of the bundle; None if no record was left to export.
        bundle: Its id, or None.
        was_cut_off: An earlier export had committed it; this one has sealed it, and
            done nothing else.
    """

    path: str | None
    bundle: str | None
    records: int
    skipped: int
    dead: int
    blank: int
    exit_code: int
    was_cut_off: bool = False


def export(
    settings: Settings,
    out: str,
    *,
    label: str,
    hmac_key: bytes | None,
    max_duration_seconds: float | None,
    events: Events,
    clock: Clock,
) -> Outcome:
    """Write what a run would send into a bundle, and count it as exported.

    Args:
        settings: What `config.load` returned; needs no key.
        out: The directory that the bundle becomes; not there yet.
        label: Where the bundle comes from, for people.
        hmac_key: Makes it authentic, or None.
        max_duration_seconds: Seal what there is after so long, or None.
        events: Where it reports.
        clock: The time, and the bell that ends every wait.

    Raises:
        StateLockedError: A shipper uses the state directory.
        StateError: The state cannot be read or written.
        CannotWriteError: The bundle cannot be written. Nothing was exported then,
            unless only the seal is missing, which the next export writes.
        ConfigError: What the configuration names cannot be used.
    """
    path = os.path.abspath(out)
    deadline = (
        None
        if max_duration_seconds is None
        else clock.monotonic() + max_duration_seconds
    )
    with ExitStack() as parts:
        lock = StateLock(settings.state_dir)
        lock.acquire()
        parts.callback(lock.release)
        store = open_store(
            settings.state_dir,
            on_state_error=settings.on_state_error,
            clock=clock,
            events=events,
        )
        parts.callback(store.close)
        if (earlier := seal_earlier(store, path, events)) is not None:
            return Outcome(
                path, earlier.id, earlier.records, 0, 0, 0, EXIT_OK, was_cut_off=True
            )
        carry_out_acknowledgements(letterbox_of(settings, store))
        check_free(path)
        sweep(path)
        filling = Filling(
            settings,
            store,
            seconds=max_duration_seconds,
            deadline=deadline,
            events=events,
            clock=clock,
        )
        job = _Export(
            settings, store, path, filling=filling, events=events, clock=clock
        )
        return job.run(label, hmac_key)


@dataclass(frozen=True, slots=True)
class _Made:
    """A bundle that lacks its seal, and how the command ends."""

    manifest: Manifest
    content: bytes
    exit_code: int


class _Export:
    """One export, with the state open and locked."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        path: str,
        *,
        filling: Filling,
        events: Events,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._path = path
        self._filling = filling
        self._events = events
        self._clock = clock

    def run(self, label: str, hmac_key: bytes | None) -> Outcome:
        """Read, pack, commit, seal."""
        bundle_id = str(uuid4())
        workshop = Workshop(self._path, bundle_id)
        held = Held()
        try:
            try:
                made = self._make(workshop, held, bundle_id, label)
            except BaseException:
                # A crash before the commit leaves a directory without a seal, which
                # the next export of this name removes: its lines come again.
                workshop.clear()
                raise
            bundle = self._commit(held, made.manifest, made.content, hmac_key)
            if bundle is None:
                workshop.clear()
            else:
                self._seal(bundle)
                self._events.emit(
                    "bundle_sealed",
                    path=bundle.path,
                    records=bundle.records,
                    parts=len(made.manifest.parts),
                )
        finally:
            workshop.close()
        return _outcome(bundle, held, made.exit_code)

    def _make(
        self, workshop: Workshop, held: Held, bundle_id: str, label: str
    ) -> _Made:
        """Put everything but the seal on the disk."""
        created_at = self._clock.now().isoformat(timespec="milliseconds")
        most = self._settings.batch.max_records
        with closing(Packer(workshop.directory, max_records=most)) as packer:
            code = self._filling.fill(packer, held)
            packer.finish()
        manifest = manifest_of(
            self._settings,
            packer,
            held.advances,
            bundle_id=bundle_id,
            label=label,
            created_at=created_at,
            path_of=self._path_of,
        )
        content = encode_manifest(manifest)
        if manifest.records:
            workshop.finish(content)
        return _Made(manifest, content, code)

    def _commit(
        self, held: Held, manifest: Manifest, content: bytes, hmac_key: bytes | None
    ) -> Bundle | None:
        """Move the positions, and remember the bundle; None if it would be empty."""
        if not manifest.records:
            self._store.commit(held.whole())
            return None
        bundle = bundle_of(manifest, content, path=self._path, hmac_key=hmac_key)
        self._store.commit(held.whole(), bundle=bundle)
        return bundle

    def _path_of(self, file_id: str) -> str:
        row = self._store.file(file_id)
        return "" if row is None else row.path

    def _seal(self, bundle: Bundle) -> None:
        # A crash here: the state knows the bundle, and the next export seals it.
        hint = "its records count as exported: run shipper export again to seal it"
        try:
            is_there = seal(bundle)
        except CannotWriteError as error:
            raise CannotWriteError(str(error), hint=error.hint or hint) from error
        if not is_there:
            directory = workshop_of(bundle.path, bundle.id)
            raise CannotWriteError(
                f"cannot seal the bundle: {directory}: it is gone",
                hint=f"bring it back, with its medium; {hint}",
            )
        # A crash here: the next export finds it sealed, and notes it.
        self._store.sealed(bundle.id)


def _outcome(bundle: Bundle | None, held: Held, code: int) -> Outcome:
    advances = held.advances
    return Outcome(
        path=None if bundle is None else bundle.path,
        bundle=None if bundle is None else bundle.id,
        records=sum(advance.exported for advance in advances),
        skipped=sum(advance.skipped for advance in advances),
        dead=sum(advance.dead for advance in advances),
        blank=sum(advance.blank for advance in advances),
        exit_code=code,
    )
