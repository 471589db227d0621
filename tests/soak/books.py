"""What lies on disk against what arrived: the soak's verdict on loss and repeats."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.spool import rotated_files


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Every line of the logs and of their rotated siblings.

    Attributes:
        ids: Of the lines that are records.
        torn: How many are none: their writer was killed inside write(2).
        dropped: How many records the writers say they could not write.
        files: How many files there are.
    """

    ids: Collection[str]
    torn: int
    dropped: int
    files: int


def read_logs(logs: Iterable[Path]) -> OnDisk:
    """Read every file of the logs."""
    ids: set[str] = set()
    torn = dropped = 0
    files = [file for log in logs for file in (*rotated_files(log), log)]
    for file in files:
        for line in file.read_bytes().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                torn += 1
                continue
            assert record["id"] not in ids, "a writer gave an id twice"
            ids.add(record["id"])
            dropped += record.get("dropped", 0)
    return OnDisk(ids, torn, dropped, len(files))


@dataclass(frozen=True, slots=True)
class Books:
    """Both sides.

    Attributes:
        arrived: How often each id has arrived.
        letters: Ids of the dead letters; None for a line without one.
        status: The `records` of ``shipper status --json``.
        most_repeats: The promised bound.
    """

    on_disk: OnDisk
    arrived: Mapping[str, int]
    letters: Collection[str | None]
    status: Mapping[str, int]
    most_repeats: int

    @property
    def lost(self) -> int:
        """How many records neither arrived nor are dead letters."""
        return len(set(self.on_disk.ids) - set(self.arrived) - set(self.letters))

    @property
    def repeats(self) -> int:
        """How often a record arrived that had arrived before."""
        return sum(self.arrived.values()) - len(self.arrived)

    def breaches(self) -> list[str]:
        """Return every promise that was not kept."""
        found = []
        if self.lost:
            found.append(f"{self.lost} records were lost")
        strange = set(self.arrived) - set(self.on_disk.ids)
        if strange:
            found.append(f"{len(strange)} records arrived that are not on disk")
        if self.repeats > self.most_repeats:
            found.append(
                f"{self.repeats} repeats, more than the bound of {self.most_repeats}"
            )
        unreadable = sum(name is None for name in self.letters)
        if unreadable != self.on_disk.torn:
            found.append(
                f"{self.on_disk.torn} lines are torn, "
                f"{unreadable} dead letters have no id"
            )
        wanted = {
            "delivered": len(self.on_disk.ids) - (len(self.letters) - unreadable),
            "skipped": 0,
            "dead": len(self.letters),
            "pending": 0,
            "exported": 0,
            "total": len(self.on_disk.ids) + self.on_disk.torn,
        }
        if wanted != dict(self.status):
            found.append(f"status says {dict(self.status)}, the disk {wanted}")
        return found
