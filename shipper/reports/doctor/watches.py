"""How each directory is watched: by watches that are really set, and the limits.

What the shipper's own watch says becomes checks: nothing here judges in its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from shipper.clock import Clock
from shipper.mounts import filesystem_type
from shipper.reports.doctor.check import Check, ok, warning
from shipper.reports.doctor.told import Told
from shipper.wake import Watch

LIMITS = "/proc/sys/fs/inotify"
PROCESSES = "/proc"
_NEARLY = 0.9  # of a limit, beyond which a restart may meet it


def watch_checks(
    directories: Sequence[str],
    *,
    mode: Literal["auto", "events", "poll"],
    poll_interval_seconds: float,
    clock: Clock,
) -> Iterator[Check]:
    """Yield how each directory is watched, from watches that are set for a moment."""
    told = Told()
    watch = Watch(
        mode=mode,
        clock=clock,
        events=told,
        poll_interval_seconds=poll_interval_seconds,
    )
    watch.follow(directories)
    watch.pause_seconds(found_lines=False)
    watch.close()
    degraded = {
        str(fields["directory"]): str(fields["why"]) for _, fields in told.events
    }
    polled = f"polled every {poll_interval_seconds:g} s"
    for directory in directories:
        kind = filesystem_type(directory) or "unknown file system"
        where = f"{directory} ({kind})"
        if mode == "poll":
            yield ok("SHP011", where, f'{polled}, because watch = "poll"')
        elif directory not in degraded:
            yield ok("SHP011", where, "events by inotify")
        else:
            why = f"{polled}: {degraded[directory]}"
            yield _polled(where, why)


def _polled(where: str, why: str) -> Check:
    if "come over" in why:
        # Nothing is wrong with a network file system that is polled.
        return ok("SHP011", where, why)
    mend = "records are seen later, none is lost; mend it if that is too late"
    return warning("SHP011", where, why, mend)


def limit_checks(
    *, limits: str = LIMITS, processes: str = PROCESSES
) -> Iterable[Check]:
    """Return what inotify allows this user, and how much of it is taken."""
    instances = _number_in(os.path.join(limits, "max_user_instances"))
    watches = _number_in(os.path.join(limits, "max_user_watches"))
    if instances is None or watches is None:
        why = "this system does not tell them; files are polled where it has none"
        return [ok("SHP012", "", why)]
    taken = _instances_taken(processes)
    why = (
        f"{watches:,} watches and {instances:,} instances a user; at least {taken} "
        f"instances of this user are in use"
    )
    if taken >= _NEARLY * instances:
        mend = "raise fs.inotify.max_user_instances with sysctl; until then it polls"
        return [warning("SHP012", limits, why, mend)]
    return [ok("SHP012", limits, why)]


def _number_in(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _instances_taken(processes: str) -> int:
    """Count the inotify handles of this user's processes, as far as they show."""
    taken = 0
    for entry in _listed(processes):
        if not entry.isdigit():
            continue
        handles = os.path.join(processes, entry, "fd")
        try:
            if os.stat(handles).st_uid != os.geteuid():
                continue
        except OSError:
            continue
        for handle in _listed(handles):
            try:
                target = os.readlink(os.path.join(handles, handle))
            except OSError:
                continue
            taken += target == "anon_inode:inotify"
    return taken


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
