"""What a check says, and the closed list of codes; pure.

A code never changes its meaning and is never given out twice: tickets and
docs/doctor.md refer to it. The exit code of a whole examination follows from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shipper.errors import (
    EXIT_CANNOT_CREATE,
    EXIT_CONFIG,
    EXIT_IO_ERROR,
    EXIT_NO_INPUT,
    EXIT_NO_PERMISSION,
    EXIT_OK,
    EXIT_TRY_AGAIN,
)
from shipper.reports.amounts import counted


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"  # it ships, and somebody should look
    FAILURE = "failure"  # it does not ship
    SKIPPED = "skipped"  # not checked; the reason says why


@dataclass(frozen=True, slots=True)
class Kind:
    """One code.

    Attributes:
        title: What is checked, in a few words.
        exit_code: What an examination ends with in which it failed.
    """

    title: str
    exit_code: int


KINDS: Mapping[str, Kind] = {
    "SHP001": Kind("configuration", EXIT_CONFIG),
    "SHP002": Kind("project key", EXIT_CONFIG),
    "SHP003": Kind("files of keys", EXIT_NO_PERMISSION),
    "SHP010": Kind("followed files", EXIT_NO_INPUT),
    "SHP011": Kind("file events", EXIT_NO_INPUT),
    "SHP012": Kind("inotify limits", EXIT_NO_INPUT),
    "SHP013": Kind("disk space", EXIT_IO_ERROR),
    "SHP014": Kind("time until rotation", EXIT_NO_INPUT),
    "SHP020": Kind("state directory", EXIT_CANNOT_CREATE),
    "SHP021": Kind("state database", EXIT_CANNOT_CREATE),
    "SHP022": Kind("state lock", EXIT_CANNOT_CREATE),
    "SHP030": Kind("name resolution", EXIT_TRY_AGAIN),
    "SHP031": Kind("connection", EXIT_TRY_AGAIN),
    "SHP032": Kind("proxy", EXIT_TRY_AGAIN),
    "SHP033": Kind("TLS", EXIT_TRY_AGAIN),
    "SHP034": Kind("HTTP", EXIT_TRY_AGAIN),
    "SHP035": Kind("clock", EXIT_TRY_AGAIN),
    "SHP036": Kind("key at ReadMe", EXIT_NO_PERMISSION),
    "SHP037": Kind("test record", EXIT_TRY_AGAIN),
    "SHP038": Kind("heartbeat", EXIT_TRY_AGAIN),
    "SHP040": Kind("systemd", EXIT_CONFIG),
}
MOST_GOOD = 20  # are named one by one; whatever is wrong always is
# Of several failures the first of these counts: what a person has to mend comes
# before what may pass by itself.
PRECEDENCE = (
    EXIT_CONFIG,
    EXIT_NO_PERMISSION,
    EXIT_CANNOT_CREATE,
    EXIT_IO_ERROR,
    EXIT_NO_INPUT,
    EXIT_TRY_AGAIN,
)


@dataclass(frozen=True, slots=True)
class Check:
    """What one check has found.

    Attributes:
        code: Of `KINDS`; several checks may have the same, one a place.
        where: The file, key or host it is about, or empty.
        why: What was found, in one sentence.
        mend: What to do about it, or empty.
    """

    code: str
    verdict: Verdict
    where: str
    why: str
    mend: str = ""

    @property
    def title(self) -> str:
        """What is checked, in a few words."""
        return KINDS[self.code].title


def ok(code: str, where: str, why: str) -> Check:
    """Return a check without trouble."""
    return Check(code, Verdict.OK, where, why)


def warning(code: str, where: str, why: str, mend: str) -> Check:
    """Return a check that somebody should look at."""
    return Check(code, Verdict.WARNING, where, why, mend)


def failure(code: str, where: str, why: str, mend: str) -> Check:
    """Return a check that keeps records from being shipped."""
    return Check(code, Verdict.FAILURE, where, why, mend)


def skipped(codes: Sequence[str], why: str) -> list[Check]:
    """Return checks that were not made, all for one reason."""
    return [Check(code, Verdict.SKIPPED, "", why) for code in codes]


def shortened(checks: Iterable[Check], noun: str) -> Iterator[Check]:
    """Yield checks of one code, of many that are good only the first ones.

    Args:
        checks: One for each of some things.
        noun: What one such thing is called.
    """
    good: list[Check] = []
    for check in checks:
        if check.verdict is not Verdict.OK or len(good) < MOST_GOOD:
            yield check
        if check.verdict is Verdict.OK:
            good.append(check)
    if more := len(good[MOST_GOOD:]):
        yield ok(good[0].code, "", f"{counted(more, f'more {noun}')} without trouble")


def exit_code_of(checks: Iterable[Check]) -> int:
    """Return the exit code of an examination; warnings do not change it."""
    failed = {
        KINDS[check.code].exit_code
        for check in checks
        if check.verdict is Verdict.FAILURE
    }
    return next((code for code in PRECEDENCE if code in failed), EXIT_OK)
