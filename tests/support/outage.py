"""Lives and deaths of a shipper, written down call by call, with what was said by then.

What each life did to its disk, and what it sent and heard, is one row of moments; a
power failure can be put between any two of them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from shipper.airgap.checking import open_bundle
from shipper.airgap.progress import Progress
from shipper.store import Store, open_store
from tests.support.accounts import Accounts
from tests.support.bundles import a_bundle
from tests.support.commands import Shop
from tests.support.disk import Disk, Image
from tests.support.doomed import Doom, Nursery
from tests.support.log_objects import a_log_object
from tests.support.records import a_record_line, compact
from tests.support.straced import Hear, Moment, Say, Sync, deeds_of, tracing
from wsgi_writer.rotate import RotatingFile

BATCH = 2
IN_FLIGHT = 3
WINDOW = BATCH * IN_FLIGHT
"""What may come twice: records."""
BATCHES = f"""
[batch]
max_records = {BATCH}
buffer_length = {BATCH}
max_in_flight = {IN_FLIGHT}
flush_interval = 0.05
"""
DIED = -signal.SIGKILL

_ID = re.compile(rb'"_id":"([0-9a-f-]{36})"')
_TAKEN = b"HTTP/1.1 202 "
STATE = "var/state"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log: where it ends, and the record's id; None for no record."""

    end_bytes: int
    id: str | None


@dataclass
class Story:
    """What happened, moment by moment.

    Attributes:
        shop: Where everything is.
        root: The disk that the state is on, and nothing else.
        moments: All of them, in order.
        ids: Every record there is.
        settled: Opens what is found on a disk as the next life would, and returns the
            records that are settled there; fails if its sums are not those of them.
    """

    shop: Shop
    root: Path
    moments: list[Moment]
    ids: frozenset[str]
    settled: Callable[[Path], frozenset[str]]
    # Of each record: the number of the moment before which it began to go out, and of
    # that in which the shipper heard that it has arrived.
    _sent: dict[str, int] = field(default_factory=dict)
    _answered: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out what was said when."""
        saying: dict[str, bytes] = defaultdict(bytes)
        for number, moment in enumerate(self.moments):
            match moment.deed:
                case Say(socket, content):
                    saying[socket] += content
                    for name in _ids(saying[socket]):
                        # It may have arrived before the call came to its end.
                        began = self._first_since(moment.began)
                        self._sent.setdefault(name, began)
                case Hear(socket, content) if content.startswith(_TAKEN):
                    for name in _ids(saying.pop(socket)):
                        self._answered.setdefault(name, number)

    def sent_by(self, cut: int) -> set[str]:
        """Return the records that may have gone out before a moment is over."""
        return {name for name, number in self._sent.items() if number <= cut}

    def answered_by(self, cut: int) -> set[str]:
        """Return those of which the shipper had heard before it that they arrived."""
        return {name for name, number in self._answered.items() if number < cut}

    def found_at_syncs(self) -> Iterator[tuple[int, int, Image]]:
        """Yield what is found if all that was not synced is gone.

        Each with the numbers of the first and the last moment just before which the
        failure may have come.
        """
        disk, first = Disk(self.root), 0
        for number, moment in enumerate(self.moments):
            # Until the next sync is over the disk stays as it is, whatever is said.
            if isinstance(moment.deed, Sync):
                yield first, number, disk.left(None)
                first = number + 1
            disk.apply(moment)
        yield first, len(self.moments), disk.left(None)

    def found_after(self, cuts: Iterable[int]) -> Iterator[tuple[int, Image]]:
        """Yield what may be found after failures at moments, which are in order."""
        disk, done = Disk(self.root), 0
        for number, cut in enumerate(cuts):
            for moment in self.moments[done:cut]:
                disk.apply(moment)
            done = cut
            yield cut, disk.left(Random(number))

    def moments_drawn(self, draws: int, *, seed: int) -> list[int]:
        """Return moments drawn by lot, in order."""
        lot = Random(seed)
        return sorted(lot.randint(1, len(self.moments)) for _ in range(draws))

    def configure(self, shop: Shop) -> None:
        """Let another shop go on with the same logs and what is on its own disk."""
        keep_state_on_disk(shop)
        text = shop.config.read_text()
        shop.config.write_text(text.replace(shop.log.name, str(self.shop.log)))

    def _first_since(self, began: int) -> int:
        return bisect_left(self.moments, began, key=lambda moment: moment.ended)


def _ids(content: bytes) -> list[str]:
    return [name.decode() for name in _ID.findall(content)]


def a_story(directory: Path, *, is_remote: bool, records: int) -> Story:
    """Let a shipper live five times over a log, twice to a sudden end.

    Args:
        directory: A real path, without links.
        is_remote: As if the state were on a network file system.
        records: How many are sent in the last life but one.
    """
    shop, root, record = Shop(directory), directory / "disk", directory / "calls"
    root.mkdir()
    accounts = Accounts(shop)
    with shop.receiving(), Nursery(tracing(record)) as nursery:
        keep_state_on_disk(shop)
        events = directory / "events.log"
        doom = Doom(nursery, shop.config, events, is_remote=is_remote)
        accounts.write(14)
        accounts.write_unreadable()
        accounts.write(6)
        codes = [doom.live()]
        os.rename(shop.log, f"{shop.log}.20261123T120000000000Z")
        accounts.write(20)
        accounts.write_unreadable()
        codes.append(doom.live("before COMMIT", 3))
        accounts.write(4)
        # No commit holds more than the window, so that there are as many at least.
        codes.append(doom.live("after COMMIT", 2))
        accounts.write(records)
        codes += [doom.live(), doom.live()]
    assert codes == [0, DIED, DIED, 0, 0], events.read_text()
    ids, settled = frozenset(accounts.sent), partial(_settled_by_store, logs_of(shop))
    return Story(shop, root, told(record, root), ids, settled)


def a_story_of_a_bundle(directory: Path) -> Story:
    """Let a bundle be sent, with a sudden end in its middle.

    Args:
        directory: A real path, without links.
    """
    shop, root, record = Shop(directory), directory / "disk", directory / "calls"
    root.mkdir()
    payloads = [compact(a_log_object(number)) for number in range(1, 41)]
    bundle = directory / "bundle"
    a_bundle(bundle, payloads, records_a_part=15)
    with shop.receiving(), Nursery(tracing(record)) as nursery:
        keep_state_on_disk(shop)
        events = directory / "events.log"
        doom = Doom(nursery, shop.config, events)
        codes = [doom.live("after the journal", 4, bundle=str(bundle))]
        codes.append(doom.live(bundle=str(bundle)))
    assert codes == [DIED, 0], events.read_text()
    ids = [name for payload in payloads for name in _ids(payload)]
    settled = partial(_settled_by_journal, bundle, ids)
    return Story(shop, root, told(record, root), frozenset(ids), settled)


def told(record: Path, root: Path) -> list[Moment]:
    """Return what happened on a disk, of which the record is removed."""
    moments = deeds_of(record, root)
    record.unlink()  # megabytes
    return moments


def keep_state_on_disk(shop: Shop) -> None:
    """Put the state where all that is done to it is told; take small batches."""
    text = shop.config.read_text()
    shop.config.write_text(text.replace('"state"', f'"disk/{STATE}"') + BATCHES)


def _settled_by_store(logs: dict[int, list[Line]], disk: Path) -> frozenset[str]:
    """Return what is settled in a state, by the lines of each inode's log."""
    with closing(open_store(str(disk / STATE))) as store:
        behind = lines_behind(store, logs)
        letters = len(list(store.dead_letters()))
        delivered = store.sums().lines.delivered
    ids = frozenset(line.id for line in behind if line.id is not None)
    assert (delivered, letters) == (len(ids), len(behind) - len(ids))
    return ids


def _settled_by_journal(bundle: Path, ids: Sequence[str], disk: Path) -> frozenset[str]:
    """Return what is settled of a bundle, of which these are the records in order."""
    opened = open_bundle(str(bundle))
    state_dir = disk / STATE
    state_dir.mkdir(parents=True, exist_ok=True)
    identity = opened.manifest.id, opened.manifest_sha256
    with closing(Progress(str(state_dir), *identity)) as progress:
        return frozenset(ids[: progress.delivered + progress.dead])


def write_anew(log: Path, count: int) -> list[str]:
    """Append records as an application does that was started after the failure."""
    return write_with(RotatingFile(log, min_free_bytes=0), count)


def write_with(writer: RotatingFile, count: int) -> list[str]:
    """Append records with a writer, and close it; return their ids."""
    names = [str(uuid.uuid4()) for _ in range(count)]
    for name in names:
        line = a_record_line(envelope={"id": name})
        head, _, tail = line.partition(b',"w":[7,1,1]')
        assert writer.write(head, tail + b"\n")
    writer.close()
    return names


def lines_of(log: Path) -> list[Line]:
    """Return the lines of a log that are not blank."""
    lines, end = [], 0
    for text in log.read_bytes().splitlines(keepends=True):
        end += len(text)
        if text.startswith(b"{"):
            lines.append(Line(end, json.loads(text)["id"]))
        elif text.strip():
            lines.append(Line(end, None))
    return lines


def logs_of(shop: Shop) -> dict[int, list[Line]]:
    """Return the lines of every file of a log, by its inode."""
    files = shop.directory.glob(f"{shop.log.name}*")
    return {file.stat().st_ino: lines_of(file) for file in files}


def lines_behind(store: Store, logs: Mapping[int, Sequence[Line]]) -> list[Line]:
    """Return the lines before the positions of a state."""
    ends = {row.ino: row.offset_bytes for row in store.known_files()}
    return [
        line
        for inode, lines in logs.items()
        for line in lines
        if line.end_bytes <= ends.get(inode, 0)
    ]
