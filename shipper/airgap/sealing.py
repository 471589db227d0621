"""From a directory full of parts to a sealed bundle, in steps that can be gone on with.

Everything but the seal is on the disk before the state commits; the seal and the name
come after. So a bundle that is sealed was committed, and one that was committed can be
sealed by any later export, with what the state remembers of it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import suppress

from shipper.airgap.layout import HMAC, MANIFEST, PARTS, PLACES, SUMS, CannotWriteError
from shipper.airgap.partfile import DIRECTORY_MODE
from shipper.airgap.writing import sync_directory, told, write_whole
from shipper.events import Events
from shipper.store import Bundle, Store
from shipper.store.directory import force_path

_UNSEALED = ".unsealed-"


class Workshop:
    """The directory in which a bundle is made, beside the name it will have.

    It is locked as long as it is being worked in, so that what a crash has left can be
    told from what another shipper is making.

    Args:
        path: The name it will have; absolute.
        bundle_id: Of the bundle.
    """

    def __init__(self, path: str, bundle_id: str) -> None:
        # Mutable state: the locked handle.
        self.directory = workshop_of(path, bundle_id)
        with told(self.directory):
            os.mkdir(self.directory, DIRECTORY_MODE)
            self._handle = os.open(self.directory, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def finish(self, manifest: bytes) -> None:
        """Write the manifest, and force all names to the disk.

        Raises:
            CannotWriteError: The disk is full or failing.
        """
        write_whole(os.path.join(self.directory, MANIFEST), manifest)
        with told(self.directory):
            for name in (PARTS, PLACES):
                sync_directory(os.path.join(self.directory, name))
            # The directory that it is in may be new too.
            force_path(self.directory)

    def clear(self) -> None:
        """Remove it with all that is in it: nothing was committed."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def close(self) -> None:
        """Let go of it; it stays."""
        os.close(self._handle)


def workshop_of(path: str, bundle_id: str) -> str:
    """Return the name that a bundle has until it is sealed."""
    return f"{path}{_UNSEALED}{bundle_id}"


def seal(bundle: Bundle) -> bool:
    """Give a committed bundle its seal and its name; also if it has them already.

    Returns:
        False if the directory is nowhere.

    Raises:
        CannotWriteError: It cannot be written, or the name is taken.
    """
    directory = workshop_of(bundle.path, bundle.id)
    if not os.path.isdir(directory):
        # Renamed before the crash; or removed, or carried away, which it should not.
        if not _is_sealed(bundle):
            return False
        # The crash may have come before the name was on the disk. With it undone and
        # the bundle noted as sealed, the next export of this name would remove it.
        with told(bundle.path):
            sync_directory(os.path.dirname(bundle.path))
        return True
    if bundle.hmac:
        # A crash here, or before, leaves a directory without a seal: nobody sends it.
        write_whole(os.path.join(directory, HMAC), bundle.hmac.encode())
    # A crash here: likewise. The seal is written last, so that a copy of a directory
    # under any name is a bundle only when it holds everything.
    write_whole(os.path.join(directory, SUMS), bundle.sums.encode())
    with told(bundle.path):
        # A crash here leaves a sealed bundle under its first name; it may be carried
        # and sent, for its lines are committed, and the next export renames it.
        if os.path.lexists(bundle.path):
            raise CannotWriteError(
                f"cannot seal the bundle: {bundle.path}: something else has its name",
                hint=f"move that away, and run shipper export again; {directory} is "
                "the bundle",
            )
        os.rename(directory, bundle.path)
        # A crash here may undo the name, and nothing else.
        sync_directory(os.path.dirname(bundle.path))
    return True


def seal_earlier(store: Store, path: str, events: Events) -> Bundle | None:
    """Seal what exports had committed when they were cut off.

    Returns:
        The one of them that has the name `path`, if there is one.
    """
    found = None
    for bundle in store.unsealed():
        if not seal(bundle):
            # Looked for by every export: its medium may not be there today.
            events.emit(
                "bundle_missing",
                path=bundle.path,
                bundle=bundle.id,
                records=bundle.records,
            )
            continue
        # A crash before this finds it sealed the next time.
        store.sealed(bundle.id)
        events.emit("bundle_resealed", path=bundle.path)
        found = bundle if bundle.path == path else found
    return found


def check_free(path: str) -> None:
    """Find out early whether a bundle can have its name.

    Raises:
        CannotWriteError: It is taken, or no directory could hold it.
    """
    if os.path.lexists(path):
        raise CannotWriteError(
            f"cannot write the bundle: {path}: it is there already",
            hint="name another directory: each export is a bundle of its own",
        )
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        raise CannotWriteError(
            f"cannot write the bundle: {path}: there is no directory {parent}"
        )


def sweep(path: str) -> None:
    """Remove what exports under this name have left when they were killed.

    Call it with every committed bundle sealed: what is left was never committed.
    """
    name = re.escape(os.path.basename(path) + _UNSEALED)
    parent = os.path.dirname(path)
    with told(parent):
        for entry in os.listdir(parent):
            if re.fullmatch(name + r"[0-9a-f-]{36}", entry):
                _remove_abandoned(os.path.join(parent, entry))


def _remove_abandoned(directory: str) -> None:
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # Whoever is still at work there holds it: another state, the same name.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(handle)


def _is_sealed(bundle: Bundle) -> bool:
    try:
        with open(os.path.join(bundle.path, SUMS), encoding="utf-8") as file:
            return file.read() == bundle.sums
    except OSError:
        return False
