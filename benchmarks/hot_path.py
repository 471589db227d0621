"""Microseconds per record of each step between the disk and the commit.

    python -m benchmarks.hot_path [--records 300] [--rounds 20] [--keep]

Lines of about 3.2 KB (median) are made from a fixed seed. A step costs what it adds to
the way before it, in CPU time, the best of many rounds; that way a record is in the
processor's caches as it is when the shipper runs. Beside each stands a floor: the
least that somebody could do there in Python with the same libraries. The last rows are
the whole way, beside loops that decode and encode every line and do nothing else.

With --keep the results go to benchmarks/results/, for docs/performance.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import msgspec

from benchmarks.peers import machine
from benchmarks.records import ABSENT_NAMES, PRESENT_NAMES, lines
from shipper.batch import Batcher
from shipper.fileid import FileRow
from shipper.filters import Filters
from shipper.follow import Follower, PlainStream, Position
from shipper.glance import Glance
from shipper.identify import Identifier
from shipper.model import Advance, Batch, Caller, Commit, Entry, Line
from shipper.parse import parse
from shipper.payload import PayloadBuilder
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from shipper.store import Store, open_store
from shipper.upload import body_of
from shipper.values import Detector

RESULT = Path(__file__).parent / "results" / "hot_path.json"
BATCH = 100  # records, `batch.max_records` as it is by default
COMMITS = 40
FILE = "measured"
_RAW = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True)
class Step:
    """What one record costs at a step, and the least that it could."""

    name: str
    microseconds: float
    floor: str = ""
    floor_microseconds: float | None = None


class Way:
    """The shipper's way for one record, to be walked as far as one likes."""

    def __init__(
        self,
        redactor: Redactor,
        detector: Detector = Detector(),  # noqa: B008
        glance: Glance = Glance(),  # noqa: B008
    ) -> None:
        self._filters = Filters(allowed_http_hosts=("api.example.com",))
        self._identifier = Identifier(rules=("header:X-Api-Key",))
        self._redactor = redactor
        self._detector = detector
        self._glance = glance
        self._builder = PayloadBuilder(
            version="0", development_mode=False, comment="benchmark"
        )

    def decode(self, line: Line) -> Record:
        record = parse(line.data, trusts_checksum=True)
        assert isinstance(record, Record)
        return record

    def check(self, line: Line) -> Record:
        record = parse(line.data)
        assert isinstance(record, Record)
        return record

    def keep(self, line: Line) -> Record:
        record = self.decode(line)
        assert self._filters.reason_to_skip(record) is None
        return record

    def identify(self, line: Line) -> tuple[Record, Caller]:
        record = self.keep(line)
        caller = self._identifier.caller_of(record)
        assert caller is not None
        return record, caller

    def redact(self, line: Line) -> tuple[Record, Caller, Redacted]:
        record, caller = self.identify(line)
        if self._glance.is_clear(line, record.entry):
            return record, caller, Redacted(record.entry)
        redacted = self._redactor.apply(record)
        assert isinstance(redacted, Redacted)
        assert self._detector.check(redacted.entry) is None
        return record, caller, redacted

    def splice(self, line: Line) -> Entry:
        return self._builder.build(*self.redact(line))

    def batches(self, lines: Iterable[Line]) -> Iterator[Batch]:
        batcher = Batcher(
            max_records=BATCH,
            max_bytes=8_000_000,
            buffer_length=10,
            max_age_seconds=5.0,
            keep_bytes=0,
        )
        for line in lines:
            entry = self.splice(line)
            if not batcher.has_room_for(entry):
                yield _whole(batcher.take())
            batcher.add(line, entry, 0.0)
            if batcher.is_full:
                yield _whole(batcher.take())


def _whole(batch: Batch | None) -> Batch:
    assert batch is not None
    return batch


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--records", type=int, default=300)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--names", type=int, default=12, help="of the denylist")
    options.add_argument("--keep", action="store_true", help="in results/")
    given = options.parse_args()
    raw = lines(given.records)
    names = ABSENT_NAMES[: given.names]
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "app.log"
        log.write_bytes(b"\n".join(raw) + b"\n")
        check(list(read(log)), names)
        steps = measure(log, names, given.rounds)
        steps.append(commit(Path(directory) / "state"))
    size = int(statistics.median(map(len, raw)))
    print(f"{len(raw)} records of {size} bytes (median), {len(names)} names")
    for step in steps:
        floor = ""
        if step.floor_microseconds is not None:
            floor = f"{step.floor_microseconds:8.2f}  {step.floor}"
        print(f"{step.name:<38}{step.microseconds:8.2f} µs{floor}")
    if given.keep:
        result = {
            "taken": datetime.now(UTC).date().isoformat(),
            "machine": machine.facts(),
            "records": len(raw),
            "median_bytes": size,
            "names": len(names),
            "steps": [asdict(step) for step in steps],
        }
        text = json.dumps(result, indent=1, ensure_ascii=False)
        RESULT.write_text(text + "\n")


def read(log: Path) -> Iterator[Line]:
    """Yield the lines of a file as the shipper reads them."""
    handle = os.open(log, os.O_RDONLY)
    try:
        follower = Follower(FILE, PlainStream(handle), position=Position())
        while (block := follower.read()) is not None:
            yield from block
    finally:
        os.close(handle)


def check(found: Sequence[Line], names: Sequence[str]) -> None:
    """Make sure that the lists hit what they should, and nothing else."""
    for line in found:
        record, _, clean = Way(Redactor(denylist=names)).redact(line)
        assert clean.entry is record.entry
        _, _, listed = Way(Redactor(denylist=PRESENT_NAMES)).redact(line)
        assert listed.entry.count(b"[REDACTED ") >= len(PRESENT_NAMES) + 1


def measure(log: Path, names: Sequence[str], rounds: int) -> list[Step]:
    """Time each step as what it adds to the way before it, records in cache."""
    found = list(read(log))
    free, clean = Way(Redactor()), Way(Redactor(denylist=names))
    looked = Way(Redactor(), Detector(mode="warn"))
    redactor, detector = Redactor(denylist=names), Detector(mode="warn")
    glance = Glance(redactor.automata, detector.automata)
    usual = Way(redactor, detector, glance)
    listed = Way(Redactor(denylist=(*names, *PRESENT_NAMES)), Detector(mode="warn"))
    shown = Way(Redactor(denylist=(*names, *PRESENT_NAMES)))
    allowed = Way(Redactor(allowlist=("id", "city")))
    entries = [free.decode(line).entry for line in found]
    payloads = [free.splice(line).payload for line in found]
    word = names[0].encode()
    kept: deque[object] = deque(maxlen=BATCH)

    # One round of each in turn, so that a noisy moment hits all alike.
    acts: dict[str, Callable[[], object]] = {
        "read": lambda: deque(read(log), 0),
        "file": lambda: _lines_of(log),
        "decode": lambda: deque(map(free.decode, found), 0),
        "check": lambda: deque(map(free.check, found), 0),
        "raw": lambda: deque((_RAW.decode(line.data) for line in found), 0),
        "keep": lambda: deque(map(free.keep, found), 0),
        "identify": lambda: deque(map(free.identify, found), 0),
        "no list": lambda: deque(map(free.redact, found), 0),
        "looked": lambda: deque(map(looked.redact, found), 0),
        "clean": lambda: deque(map(clean.redact, found), 0),
        "glance": lambda: deque(map(usual.redact, found), 0),
        "shown": lambda: deque(map(shown.redact, found), 0),
        "allowed": lambda: deque(map(allowed.redact, found), 0),
        "word": lambda: deque((word in entry for entry in entries), 0),
        "sum": lambda: deque(map(crc32, entries), 0),
        "again": lambda: deque(map(_again, entries), 0),
        "free whole": lambda: deque(map(free.splice, found), 0),
        "three": lambda: deque((b"".join((b"{", e, b"}")) for e in entries), 0),
        "usual whole": lambda: deque(map(usual.splice, found), 0),
        "listed whole": lambda: deque(map(listed.splice, found), 0),
        "batches": lambda: deque(usual.batches(found), 0),
        "append": lambda: deque(map(kept.append, found), 0),
        "join": lambda: _post_bodies(payloads),
        "copy": lambda: deque((bytes(memoryview(body)) for body in payloads), 0),
        "msgspec": lambda: deque((_again(line.data) for line in found), 0),
        "json": lambda: deque((_again_by_json(line.data) for line in found), 0),
    }
    us = {name: time / len(found) * 1e6 for name, time in _best(acts, rounds).items()}
    around = us["read"] + us["join"] + us["batches"] - us["usual whole"]
    asked = "one search for one word"
    return [
        Step("read", us["read"], "lines of a file, no sums", us["file"]),
        Step("parse, by its checksum", us["decode"], "one checksum", us["sum"]),
        Step("keep or skip by host", us["keep"] - us["decode"]),
        Step("identify", us["identify"] - us["keep"]),
        Step(
            f"scan for {len(names)} names, none there",
            us["clean"] - us["no list"],
            asked,
            us["word"],
        ),
        Step(
            "detectors, nothing suspected",
            us["looked"] - us["no list"],
            asked,
            us["word"],
        ),
        Step(
            "instead of both: one look at a block",
            us["glance"] - us["no list"],
            asked,
            us["word"],
        ),
        Step(
            "splice (payload)",
            us["free whole"] - us["no list"],
            "three pieces joined",
            us["three"],
        ),
        Step(
            "batch", us["batches"] - us["usual whole"], "append to a list", us["append"]
        ),
        Step("post body (join)", us["join"], "one copy", us["copy"]),
        Step(
            "instead of the checksum: all is checked",
            us["check"] - us["decode"],
            "one pass, nothing built",
            us["raw"],
        ),
        Step(
            "instead of the scan: redact all parts",
            us["shown"] - us["no list"],
            "entry decoded and encoded once",
            us["again"],
        ),
        Step(
            "instead of the scan: an allowlist",
            us["allowed"] - us["no list"],
            "entry decoded and encoded once",
            us["again"],
        ),
        Step("WHOLE, no list, no detectors", us["free whole"] + around),
        Step("WHOLE, a list and nothing on it", us["usual whole"] + around),
        Step("WHOLE, every record redacted", us["listed whole"] + around),
        Step("decode and encode, msgspec", us["msgspec"] + us["file"] + us["join"]),
        Step("decode and encode, json", us["json"] + us["file"] + us["join"]),
    ]


def _best(acts: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(acts, float("inf"))
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, act in acts.items():
            start = time.process_time()
            act()
            best[name] = min(best[name], time.process_time() - start)
    return best


def commit(state: Path) -> Step:
    """Time the store's commit of a batch, beside one page that is written through."""
    state.mkdir()
    store = open_store(str(state))
    store.record(new=[FileRow(file_id=FILE, path="/log", dev=1, ino=1)])
    handle = os.open(state / "page", os.O_RDWR | os.O_CREAT)
    ours, floor = [], []
    for number in range(COMMITS):
        start = time.process_time()
        _commit(store, number)
        between = time.process_time()
        os.pwrite(handle, bytes(4096), 4096 * number)
        os.fdatasync(handle)
        ours.append(between - start)
        floor.append(time.process_time() - between)
    os.close(handle)
    store.close()
    return Step(
        f"commit, for each of {BATCH} records",
        min(ours) / BATCH * 1e6,
        "one page written through",
        min(floor) / BATCH * 1e6,
    )


def _commit(store: Store, number: int) -> None:
    size = BATCH * 3200
    store.commit(
        Commit(
            advances=(
                Advance(
                    file_id=FILE,
                    start_bytes=number * size,
                    end_bytes=(number + 1) * size,
                    crc_before=number,
                    crc_after=number + 1,
                    tail=b"x" * 256,
                    delivered=BATCH,
                    skipped=0,
                    dead=0,
                    blank=0,
                ),
            ),
            dead_letters=(),
            counters=(),
        )
    )


def _lines_of(log: Path) -> None:
    with log.open("rb") as file:
        deque(file, 0)


def _again(line: bytes) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(line))


def _again_by_json(line: bytes) -> bytes:
    return json.dumps(json.loads(line), separators=(",", ":")).encode()


def _post_bodies(payloads: Sequence[bytes]) -> None:
    for start in range(0, len(payloads), BATCH):
        body_of(payloads[start : start + BATCH])


if __name__ == "__main__":
    main()
