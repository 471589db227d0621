"""What was written, what arrived, and what the state says: do the sums add up?

The receiver's files, the state database and the log on disk are read from
outside, as an auditor would. Records are told apart by their ids.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass, field

from shipper.clock import SystemClock
from shipper.reports.status import take_status
from shipper.store import open_reader
from tests.support.commands import Shop
from tests.support.events import RecordingEvents
from tests.support.followed import Table
from tests.support.records import a_record_line

NO_SUCH_DAY = "2026-02-30T12:00:00.123Z"  # the schema lets it pass, the receiver not


@dataclass
class Accounts:
    """The books of one log and its shipper.

    Attributes:
        sent: Ids of the records that will be accepted, in the order written.
        poisoned: Ids of the records that the receiver refuses.
        unreadable: How many lines are no records.
    """

    shop: Shop
    sent: list[str] = field(default_factory=list)
    poisoned: list[str] = field(default_factory=list)
    unreadable: int = 0
    _positions: dict[str, int] = field(default_factory=dict)

    def write(self, count: int) -> None:
        """Append good records to the active file."""
        names = [str(uuid.uuid4()) for _ in range(count)]
        self.sent += names
        self._append([a_record_line(envelope={"id": name}) for name in names])

    def write_poison(self) -> None:
        """Append a record that the shipper sends and the receiver refuses."""
        name = str(uuid.uuid4())
        self.poisoned.append(name)
        day = {"startedDateTime": NO_SUCH_DAY}
        self._append([a_record_line(envelope={"id": name}, **day)])

    def write_unreadable(self) -> None:
        """Append a line that is no record, and a blank one."""
        self.unreadable += 1
        self._append([b"line %d is no record" % self.unreadable, b""])

    def _append(self, lines: list[bytes]) -> None:
        with self.shop.log.open("ab", buffering=0) as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def requests(self) -> list[list[str]]:
        """Return the ids of each accepted request, in order of arrival."""
        lines = (self.shop.directory / "received/requests.jsonl").read_text()
        requests = map(json.loads, lines.splitlines())
        return [request["ids"] for request in requests if request["ids"]]

    def copies(self) -> int:
        """Return how many records arrived beyond the first time."""
        arrived = self.shop.received()
        return len(arrived) - len(set(arrived))

    def check_positions(self) -> None:
        """Fail if a position has gone back since the last time it was looked at."""
        reader = open_reader(str(self.shop.directory / "state"))
        if reader is None:
            assert not self._positions
            return
        for file in reader.sums().files:
            assert file.offset_bytes >= self._positions.get(file.file_id, 0)
            self._positions[file.file_id] = file.offset_bytes
        reader.close()

    def check_end(self) -> None:
        """Fail unless everything was settled: nothing lost, every sum exact."""
        self.check_positions()
        logs = self.shop.directory / "received/logs.jsonl"
        lines = Counter(logs.read_bytes().splitlines())
        arrived = Counter(self.shop.received())
        assert set(self.sent) == set(arrived)
        # A repeat is the same bytes again, id included.
        assert len(lines) == len(arrived)
        self._check_order()
        self._check_letters()
        status = take_status(
            str(self.shop.directory / "state"),
            [Table((str(self.shop.log),))],
            events=RecordingEvents(),
            clock=SystemClock(),
        )
        records = status.records
        dead = len(self.poisoned) + self.unreadable
        assert (records.delivered, records.dead) == (len(self.sent), dead)
        assert (records.skipped, records.pending) == (0, 0)

    def _check_order(self) -> None:
        """Within a request, records stand in the order of the file."""
        place = {name: number for number, name in enumerate(self.sent)}
        for ids in self.requests():
            places = [place[name] for name in ids]
            assert places == sorted(places)

    def _check_letters(self) -> None:
        reader = open_reader(str(self.shop.directory / "state"))
        assert reader is not None
        letters = [kept.letter for kept in reader.dead_letters()]
        reader.close()
        refused = sorted(letter.id for letter in letters if letter.id is not None)
        assert refused == sorted(self.poisoned)
        assert len(letters) == len(self.poisoned) + self.unreadable
