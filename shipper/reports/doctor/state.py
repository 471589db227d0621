"""The state directory: whether it is ours, whole, private, and who is using it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from shipper.errors import StateError
from shipper.mounts import is_read_only, network_type
from shipper.reports.doctor.check import Check, failure, ok, warning
from shipper.store.examined import Holder, database_size, lock_holder

_READ_ONLY = "its file system is read-only"
_REMOUNT = "set state_dir to another disk; if it was writable, look for a failing one"


def state_checks(state_dir: str, holder: Holder) -> Iterator[Check]:
    """Yield what is to be said of the directory, the database and the lock."""
    yield _directory(state_dir)
    yield _database(state_dir)
    if not holder.is_known:
        yield ok("SHP022", state_dir, "who holds the lock cannot be seen here")
    elif holder.pid is None:
        yield ok("SHP022", state_dir, "free: no shipper is running on this state")
    else:
        why = f"held by pid {holder.pid}: a shipper is running on this state"
        yield ok("SHP022", state_dir, why)


def holder_of(state_dir: str) -> Holder:
    """Return who holds the lock of the state."""
    return lock_holder(state_dir)


def _directory(state_dir: str) -> Check:
    try:
        facts = os.stat(state_dir)
    except FileNotFoundError:
        return _missing(state_dir)
    except OSError as error:
        why = f"cannot be used: {error.strerror}"
        return failure("SHP020", state_dir, why, "set state_dir to another directory")
    user = os.geteuid()
    if not stat.S_ISDIR(facts.st_mode):
        mend = "point state_dir elsewhere, or move that file away"
        return failure("SHP020", state_dir, "it is not a directory", mend)
    if not os.access(state_dir, os.R_OK | os.W_OK | os.X_OK):
        if is_read_only(state_dir):
            return failure("SHP020", state_dir, _READ_ONLY, _REMOUNT)
        why = f"user {user} may not write there; it belongs to user {facts.st_uid}"
        mend = "run this as the shipper's user, or give the directory to it"
        return failure("SHP020", state_dir, why, mend)
    if kind := network_type(state_dir):
        why = f"it lies on {kind}, where locks and crashes are not what they are here"
        return warning("SHP020", state_dir, why, "set state_dir to a local disk")
    mode = stat.S_IMODE(facts.st_mode)
    if mode & 0o077:
        why = f"mode {mode:04o} lets other users look into what was refused"
        return warning("SHP020", state_dir, why, f"chmod 0700 {state_dir}")
    why = f"user {user} may write there, mode {mode:04o}"
    return ok("SHP020", state_dir, why)


def place_of(state_dir: str) -> str:
    """Return the directory itself, or the one there is in which it would be made."""
    while not os.path.lexists(state_dir):
        state_dir = os.path.dirname(state_dir)
    return state_dir


def _missing(state_dir: str) -> Check:
    above = place_of(state_dir)
    if os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK):
        return ok("SHP020", state_dir, "not there yet; the first run makes it")
    if is_read_only(above):
        return failure("SHP020", state_dir, f"it is not there; {_READ_ONLY}", _REMOUNT)
    why = f"it is not there, and user {os.geteuid()} cannot make it in {above}"
    mend = "create it for the shipper's user, or set state_dir"
    return failure("SHP020", state_dir, why, mend)


def _database(state_dir: str) -> Check:
    try:
        size = database_size(state_dir)
    except StateError as error:
        return failure("SHP021", error.path, str(error), error.hint or "")
    if size is None:
        return ok("SHP021", state_dir, "none yet; the first run makes it")
    return ok("SHP021", state_dir, f"whole, {size:,} bytes")
