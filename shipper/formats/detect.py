"""Which format a log has, found in its first lines, or why nobody can tell.

At most 200 lines come in, their wrappers taken off; the name of the one format that
fits at least 95 % of them goes out, or a refusal that names the best ones. A line is
never asked alone: whatever is found holds for the whole file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from shipper.foreign import Hints
from shipper.formats.looks import NO_EXCHANGE, archive_of, layout_of, look_of
from shipper.formats.reader import Format
from shipper.formats.table import FORMATS
from shipper.model import BOM, Reject

FIRST_LINES: Final = 200
SHARE: Final = 0.95

_HAR: Final = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')


class Detected(Struct, frozen=True):
    """The one format that fits; `share` is of the lines looked at."""

    name: str
    share: float


class Candidate(Struct, frozen=True):
    """A format that fits some lines, but cannot be taken."""

    name: str
    share: float


class Undetected(Struct, frozen=True):
    """No format can be told.

    Attributes:
        why: One sentence for people, with the best formats and their shares.
        candidates: The formats that fit any line, best first.
        looks_like: What the log seems to be instead, such as ``an error log``.
    """

    why: str
    candidates: tuple[Candidate, ...] = ()
    looks_like: str | None = None

    @property
    def tells_of_none(self) -> bool:
        """True for a log in which there is no exchange, such as an error log."""
        look = self.looks_like or ""
        return not self.candidates and look.endswith(NO_EXCHANGE)


def detect(
    lines: Sequence[bytes],
    hints: Hints | None = None,
    formats: Mapping[str, Format] = FORMATS,
) -> Detected | Undetected:
    """Tell the format of a log from its first lines.

    Args:
        lines: Without newlines; those past the 200th are not looked at.
        hints: Handed to the readers.
        formats: The table.
    """
    first = [line.removeprefix(BOM) for line in lines[:FIRST_LINES]]
    given = [line for line in first if line.strip()]
    if not given:
        return Undetected("the log has no lines to tell its format by")
    archive = archive_of(first[0])
    if archive is not None:
        return Undetected(f"the file is {archive}", (), archive)
    if _HAR.match(b"\n".join(first)):
        documents = [row.name for row in formats.values() if row.is_document]
        if documents:
            return Detected(documents[0], 1.0)
    candidates = _candidates(given, hints or Hints(), formats)
    fitting = [found for found in candidates if found.share >= SHARE]
    names = {found.name for found in fitting}
    contained = {name for found in fitting for name in formats[found.name].contains}
    winners = [found for found in fitting if found.name in names - contained]
    if not winners:
        return _none_fits(given, candidates)
    if len(winners) > 1:
        listed = " and ".join(map(_shown, winners[:2]))
        return Undetected(f"two formats fit: {listed}", tuple(winners))
    return _checked(given, winners[0], hints or Hints(), formats)


def _candidates(
    given: Sequence[bytes], hints: Hints, formats: Mapping[str, Format]
) -> list[Candidate]:
    """Count the lines that fit; header lines are for the readers alone."""
    lines = [line for line in given if not line.startswith(b"#")]
    found = []
    for row in formats.values():
        if row.is_document:
            continue
        reader = row.open(hints)
        fits = [reader.fits(line) for line in given]
        counted = [
            fit for fit, line in zip(fits, given, strict=True) if line[:1] != b"#"
        ]
        if any(counted):
            found.append(Candidate(row.name, sum(counted) / len(lines)))
    return sorted(found, key=lambda candidate: -candidate.share)


def _checked(
    given: Sequence[bytes],
    winner: Candidate,
    hints: Hints,
    formats: Mapping[str, Format],
) -> Detected | Undetected:
    """Refuse a log of the right program that tells of no exchange at all."""
    reader = formats[winner.name].open(hints)
    items = [
        item
        for line in given
        for item in [reader.read(line)]
        if not line.startswith(b"#")
    ]
    if all(isinstance(item, Reject) and item.reason == "not-http" for item in items):
        why = f"the lines are those of {winner.name}, but tell of no HTTP exchange"
        return Undetected(why, (winner,), "a log of notices")
    return Detected(winner.name, winner.share)


def _none_fits(given: Sequence[bytes], candidates: list[Candidate]) -> Undetected:
    looks = Counter(look for look in map(look_of, given) if look is not None)
    looks_like = layout_of(given[0])
    # A log that is mostly of a known format needs no other name.
    if looks and looks_like is None and not (candidates and candidates[0].share > 0.5):
        look, count = looks.most_common(1)[0]
        looks_like = look if count * 2 > len(given) else None
    why = f"no format fits {SHARE:.0%} of the first {len(given)} lines"
    if candidates:
        why += f"; the best are {', '.join(map(_shown, candidates[:2]))}"
    if looks_like is not None:
        why += f"; it looks like {looks_like}"
    return Undetected(why, tuple(candidates), looks_like)


def _shown(candidate: Candidate) -> str:
    # Rounded down: 94.9 % must not look like enough.
    return f"{candidate.name} ({int(candidate.share * 1000) / 10:g} %)"
