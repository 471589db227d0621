"""The soak: writers and shipper killed at random for minutes, and nothing lost.

Four writers fill a log that rotates every second. Writers and shipper are killed
with SIGKILL at random moments and started again at once; the receiver fails one
request in five. In the end everything is drained and counted: every line on
disk has arrived or is a dead letter, repeats stay within the promised bound, and
the shipper's memory and descriptors have stayed flat.

    python -m tests.soak.soak --minutes 20
    python -m tests.soak.soak --minutes 20 --workers 2

With workers each writer has a log of its own, and now and then one of the processes
that read them is killed rather than their parent.

Prints a summary and exits 1 if any promise was broken; then the files are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from shipper.cli.table import VERBS
from shipper.receiver.faults import Faults
from shipper.receiver.keeping import Counts, Request
from shipper.receiver.server import Receiver
from shipper.store import open_reader
from tests.soak import vitals
from tests.soak.books import Books, read_logs
from tests.support.commands import KEY, Shop, environment

WRITERS = 4
MAX_RECORDS = 100
MAX_IN_FLIGHT = 4
RECORD_BYTES = 1_700  # measured; only the pace of rotation hangs on it
CALM_SECONDS = 3.0  # nobody is killed at the end, so that the last lines are whole
DRAIN_SECONDS = 600.0
TICK_SECONDS = 0.25
# Of five requests the fifth fails: a 503, now and then a reset or a lost answer.
FAULTS = Faults(status=503, every=5, reset_every=15, lose_answer_every=20)


class Inbox:
    """Counts what the receiver took; told from its threads."""

    def __init__(self) -> None:
        # Mutable state, guarded by the lock: arrivals by id.
        self._lock = threading.Lock()
        self.arrived: Counter[str] = Counter()

    def note(self, request: Request) -> None:
        """Count the records of one request."""
        with self._lock:
            self.arrived.update(name for name in request.ids if name is not None)


@dataclass
class Troupe:
    """The processes on stage: writers and one shipper, replaced when killed.

    Attributes:
        logs: Who writes to which; the writers share them.
    """

    logs: Sequence[Path]
    config: Path
    rotate_bytes: int
    rate: float
    chosen: random.Random
    errors: Path
    # Mutable state: who plays, since when the shipper does, and who was killed.
    writers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    shipper: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    writer_kills: int = 0
    shipper_kills: int = 0
    worker_kills: int = 0

    def begin(self) -> None:
        """Start everybody."""
        self.writers = [self._writer(number) for number in range(WRITERS)]
        self._raise_shipper()

    def kill_a_writer(self) -> None:
        """Kill one and start another."""
        number = self.chosen.randrange(WRITERS)
        self.writers[number].kill()
        self.writers[number].wait()
        self.writer_kills += 1
        self.writers[number] = self._writer(number)

    def kill_the_shipper(self) -> None:
        """Kill it and start another."""
        assert self.shipper is not None
        self.shipper.kill()
        self.shipper.wait()
        self.shipper_kills += 1
        self._raise_shipper()

    def kill_a_worker(self) -> None:
        """Kill one of the processes that the shipper has, if it has any now."""
        assert self.shipper is not None
        children = vitals.children(self.shipper.pid)
        if children:
            with suppress(ProcessLookupError):
                os.kill(self.chosen.choice(children), signal.SIGKILL)
                self.worker_kills += 1

    def the_dead(self) -> list[str]:
        """Return who has ended by itself, which nobody should."""
        playing = [*self.writers, *([self.shipper] if self.shipper else [])]
        return [
            f"{one.args!r} ended with {one.returncode}"
            for one in playing
            if one.poll() is not None
        ]

    def rest(self) -> None:
        """Let the writers finish, then the shipper."""
        for writer in self.writers:
            writer.terminate()
        for writer in self.writers:
            writer.wait()
        self.writers = []
        if self.shipper is not None:
            self.shipper.terminate()
            self.shipper.wait()
            self.shipper = None

    def clear(self) -> None:
        """Kill whoever is left."""
        for one in [*self.writers, *([self.shipper] if self.shipper else [])]:
            one.kill()
            one.wait()

    def _writer(self, number: int) -> subprocess.Popen[bytes]:
        log = self.logs[number % len(self.logs)]
        words = (str(log), str(self.rotate_bytes), str(self.rate))
        return self._start("tests.soak.writer", *words)

    def _raise_shipper(self) -> None:
        self.shipper = self._start("shipper", "run", "--config", str(self.config))
        self.born = time.monotonic()

    def _start(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        with self.errors.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", module, *words],
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )


def lifetime(chosen: random.Random) -> float:
    """Draw how long a shipper may live: mostly seconds, sometimes a minute."""
    if chosen.randrange(6) == 0:
        return chosen.uniform(30.0, 60.0)
    return chosen.expovariate(1 / 4.0)


def storm(troupe: Troupe, seconds: float) -> list[vitals.Sample]:
    """Kill at random for a while, and look at the shipper in between.

    Raises:
        RuntimeError: Somebody has ended by itself.
    """
    samples: list[vitals.Sample] = []
    pause = threading.Event()
    end = time.monotonic() + seconds
    next_writer = time.monotonic() + 1.0
    dies_at = time.monotonic() + lifetime(troupe.chosen)
    while (now := time.monotonic()) < end:
        if dead := troupe.the_dead():
            raise RuntimeError("; ".join(dead))
        is_calm = now >= end - CALM_SECONDS
        if now >= next_writer and not is_calm:
            troupe.kill_a_writer()
            next_writer = now + troupe.chosen.expovariate(1 / 2.0)
        if now >= dies_at and not is_calm:
            if len(troupe.logs) > 1 and troupe.chosen.randrange(2):
                troupe.kill_a_worker()
            else:
                troupe.kill_the_shipper()
            dies_at = now + lifetime(troupe.chosen)
        assert troupe.shipper is not None
        age = now - troupe.born
        seen = vitals.sample(troupe.shipper.pid, troupe.shipper_kills, age)
        if seen is not None:
            samples.append(seen)
        pause.wait(TICK_SECONDS)
    return samples


def command(shop: Shop, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shipper to its end."""
    return subprocess.run(
        [sys.executable, "-m", "shipper", *words, "--config", str(shop.config)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DRAIN_SECONDS + 60,
        check=False,
    )


def settle(shop: Shop) -> list[str]:
    """Drain, and return what went wrong with it."""
    found = []
    drained = command(shop, "run", "--once", "--max-duration", f"{DRAIN_SECONDS:.0f}s")
    if drained.returncode != 0:
        found.append(f"draining ended with {drained.returncode}: {drained.stderr}")
    if "audit" in VERBS:
        audited = command(shop, "audit")
        if audited.returncode != 0:
            found.append(f"audit ended with {audited.returncode}: {audited.stdout}")
    return found


def read_books(
    shop: Shop, logs: Sequence[Path], arrived: Counter[str], most_repeats: int
) -> Books:
    """Read both sides: the disk and the state, and what arrived."""
    told = command(shop, "status", "--json")
    status = json.loads(told.stdout)["records"] if told.returncode == 0 else {}
    reader = open_reader(str(shop.directory / "state"))
    assert reader is not None
    letters = [one.letter.id for one in reader.dead_letters()]
    reader.close()
    return Books(read_logs(logs), arrived, letters, status, most_repeats)


def summary(
    books: Books,
    counts: Counts,
    troupe: Troupe,
    samples: list[vitals.Sample],
    seconds: float,
) -> str:
    """Return the figures, a line each."""
    rss = [one.rss_kib for one in samples if one.age_seconds >= vitals.WARM_SECONDS]
    open_now = [one.descriptors for one in samples]
    lines = {
        "seconds": f"{seconds:.0f}",
        "files": books.on_disk.files,
        "records on disk": len(books.on_disk.ids),
        "torn lines": books.on_disk.torn,
        "dropped by writers": books.on_disk.dropped,
        "arrived": len(books.arrived),
        "dead letters": len(books.letters),
        "lost": books.lost,
        "repeats": f"{books.repeats} (bound {books.most_repeats})",
        "killed": f"{troupe.writer_kills} writers, {troupe.shipper_kills} shippers, "
        f"{troupe.worker_kills} workers",
        "requests": f"{counts.requests}, {counts.faults} failed, "
        f"{counts.lost_answers} answers lost",
        "memory": f"{min(rss, default=0)} to {max(rss, default=0)} KiB",
        "descriptors": f"{min(open_now, default=0)} to {max(open_now, default=0)}",
    }
    return "\n".join(f"{name:<20}{value}" for name, value in lines.items())


def soak(
    directory: Path, *, minutes: float, rate: float, seed: int, workers: int
) -> list[str]:
    """Run the soak in `directory`; print the figures, return the breaches."""
    shop, inbox = Shop(directory), Inbox()
    began = time.monotonic()
    with ExitStack() as parts:
        receiver = Receiver(api_key=KEY, faults=FAULTS, on_request=inbox.note)
        receiver.start()
        parts.callback(receiver.stop)
        shop.configure(receiver.url)
        shop.configure_more(
            f"[batch]\nmax_records = {MAX_RECORDS}\nmax_in_flight = {MAX_IN_FLIGHT}\n"
        )
        logs = [shop.log]
        if workers > 1:
            shop.configure_more(
                f'workers = {workers}\n[[source]]\npaths = ["exchanges-*.jsonl"]\n'
            )
            logs = [
                directory / f"exchanges-{number}.jsonl" for number in range(WRITERS)
            ]
        troupe = Troupe(
            logs,
            shop.config,
            rotate_bytes=round(WRITERS * rate * RECORD_BYTES / len(logs)),
            rate=rate,
            chosen=random.Random(seed),
            errors=directory / "stderr.log",
        )
        parts.callback(troupe.clear)
        troupe.begin()
        samples = storm(troupe, 60 * minutes)
        troupe.rest()
        found = settle(shop)
        counts = receiver.counts
    windows = troupe.shipper_kills * workers + troupe.worker_kills
    broken_off = windows * MAX_IN_FLIGHT + counts.lost_answers
    books = read_books(shop, logs, inbox.arrived, broken_off * MAX_RECORDS)
    found += books.breaches() + vitals.breaches(samples)
    print(summary(books, counts, troupe, samples, time.monotonic() - began))
    return found


def main() -> int:
    """Run the soak as the command line says."""
    parser = argparse.ArgumentParser(description="Kill at random; lose nothing.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=50.0, help="of each writer, 1/s")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--workers", type=int, default=1, help="[batch] workers")
    chosen = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="hartail-soak-"))
    print(f"{'seed':<20}{chosen.seed}", flush=True)
    found = soak(
        directory,
        minutes=chosen.minutes,
        rate=chosen.rate,
        seed=chosen.seed,
        workers=chosen.workers,
    )
    for breach in found:
        print(f"BROKEN: {breach}")
    if found:
        print(f"files are kept in {directory}")
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
