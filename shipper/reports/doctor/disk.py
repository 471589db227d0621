"""How long the disk holds what is not sent yet: sizes and times in, a sentence out.

The writer's budget stands in the application's code and cannot be read here, so
every estimate names what it rests on: the writer's defaults, the free space, and
the growth that the rotated files show. Where they show none, it says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shipper.reports.amounts import in_bytes, in_time
from shipper.reports.doctor.check import Check, failure, ok, warning

# What `wsgi_writer.ExchangeWriter` keeps to unless told otherwise (its docstring).
DEFAULT_TOTAL_BYTES = 4 * 1024**3
DEFAULT_FREE_BYTES = 512 * 1024**2
# A commit is a few pages, and with a dead letter a record of up to 1 MiB.
COMMIT_BYTES = 1024**2
# The journal grows to 4 MiB before it is copied, and the files and ranges of a large
# installation take 16 MB; dead letters come on top.
STATE_BYTES = 64 * 1024**2
SOON_SECONDS = 24 * 3600.0
SHORTEST_SPAN_SECONDS = 60.0  # a growth measured over less says nothing

_NO_ROTATED = "no rotated files show"


@dataclass(frozen=True, slots=True)
class Generation:
    """One file of a log.

    Attributes:
        changed_at: When its last byte was written, seconds since 1970.
    """

    size_bytes: int
    unread_bytes: int
    changed_at: float


@dataclass(frozen=True, slots=True)
class Growth:
    """How fast a log grows, and over how long that was seen."""

    bytes_per_second: float
    span_seconds: float


def growth_of(generations: Sequence[Generation]) -> Growth | None:
    """Return the growth between the oldest and the newest file, or None.

    What stands in the oldest was written before the moment it counts from.
    """
    ordered = sorted(generations, key=lambda each: each.changed_at)
    if len(ordered) < 2:
        return None
    span = ordered[-1].changed_at - ordered[0].changed_at
    grown = sum(each.size_bytes for each in ordered[1:])
    if span < SHORTEST_SPAN_SECONDS or not grown:
        return None
    return Growth(grown / span, span)


def rotation_check(
    where: str, generations: Sequence[Generation], *, is_foreign: bool, free_bytes: int
) -> Check:
    """Return how long until rotation removes what was not sent.

    Args:
        where: The log.
        generations: Its files.
        is_foreign: Another program writes it, and another one rotates it.
        free_bytes: On its disk.
    """
    ordered = sorted(generations, key=lambda each: each.changed_at)
    unread = sum(each.unread_bytes for each in ordered)
    if not unread:
        return ok("SHP014", where, "nothing unread: rotation takes what was sent")
    first = next(at for at, each in enumerate(ordered) if each.unread_bytes)
    held = sum(each.size_bytes for each in ordered[first:])
    what = f"{in_bytes(unread)} unread"
    growth = growth_of(generations)
    if growth is None:
        count = len(ordered)
        shown = f"its {count} files do not show yet" if count > 1 else _NO_ROTATED
        why = f"{what}; when it is removed cannot be known: {shown}"
        return ok("SHP014", where, f"{why} how fast the log grows")
    rate = (
        f"it grows by {in_bytes(growth.bytes_per_second * 3600)}/h, seen over "
        f"{in_time(growth.span_seconds)}"
    )
    if is_foreign:
        left = free_bytes / growth.bytes_per_second
        basis = (
            f"the disk is full in {in_time(left)} if nothing is removed; how much the "
            "rotation of another program keeps cannot be known"
        )
    else:
        until_budget = max(0, DEFAULT_TOTAL_BYTES - held) / growth.bytes_per_second
        until_floor = max(0, free_bytes - DEFAULT_FREE_BYTES) / growth.bytes_per_second
        left = min(until_budget, until_floor)
        by = (
            f"min_free_bytes of {in_bytes(DEFAULT_FREE_BYTES)}"
            if until_floor < until_budget
            else f"max_total_bytes of {in_bytes(DEFAULT_TOTAL_BYTES)}"
        )
        basis = (
            f"if nothing is sent, the first record is lost in {in_time(left)} by "
            f"the writer's default {by} (its own settings cannot be seen from here)"
        )
    why = f"{what}; {rate}; {basis}"
    if left < SOON_SECONDS:
        mend = "find out what holds the uploads; give the log more room meanwhile"
        return warning("SHP014", where, why, mend)
    return ok("SHP014", where, why)


def space_checks(
    directories: Mapping[str, bool],
    *,
    free_bytes_of: Callable[[str], int | None] | None = None,
) -> Iterator[Check]:
    """Yield the free space of each file system.

    Args:
        directories: Which to look at, and whether `wsgi_writer` writes there.
        free_bytes_of: Tells it; given by tests.
    """
    free_of = free_bytes_of or free_bytes
    for directory, has_writer in directories.items():
        free = free_of(directory)
        if free is None:
            continue
        why = f"{in_bytes(free)} free"
        if free < DEFAULT_FREE_BYTES and has_writer:
            why += f", and below {in_bytes(DEFAULT_FREE_BYTES)} a writer drops records"
            mend = "free some disk space"
            yield warning("SHP013", directory, why, mend)
        else:
            yield ok("SHP013", directory, why)


def state_space_check(state_dir: str, free_bytes: int) -> Check:
    """Return whether positions can be saved.

    Args:
        state_dir: The state directory.
        free_bytes: On its disk.
    """
    why = f"{in_bytes(free_bytes)} free"
    mend = "free some disk space, or set state_dir to another disk"
    if free_bytes < COMMIT_BYTES:
        why += f", and below {in_bytes(COMMIT_BYTES)} positions cannot be saved"
        return failure("SHP013", state_dir, f"{why}: nothing more is sent", mend)
    if free_bytes < STATE_BYTES:
        why += f": below {in_bytes(STATE_BYTES)} there is little room for the state"
        return warning("SHP013", state_dir, why, mend)
    return ok("SHP013", state_dir, why)


def free_bytes(directory: str) -> int | None:
    """Return what users other than root may still write, None if it is unknown."""
    try:
        facts = os.statvfs(directory)
    except OSError:
        return None
    return facts.f_bavail * facts.f_frsize
