"""Lines of Combined logs read per second and core, parsing alone.

    python benchmarks/formats.py [FILE] [--rounds 20]

FILE is a log in Combined; without one, 10,000 lines are made from a fixed seed. The
best of many rounds counts, in CPU time: parsing alone, and then up to a record of
our own, masks included. If `apachelogs` is installed it reads the same lines; it is
no dependency of ours.

Measured on one core of a shared machine with Python 3.11, 10,000 lines of a real
Apache log, best of 20 rounds:

    parse              140,000 lines/s
    adopt               15,000 lines/s
    apachelogs 0.6.1    15,900 lines/s, 8.8 times slower than our parsing
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

from shipper.adopt import Adopter, record_id
from shipper.foreign import Foreign, Hints
from shipper.formats import FORMATS
from wsgi_writer.mask import Masks

LINES = 10_000
AGENTS = (
    "curl/7.68.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:25.0) Gecko/20100101 Firefox/25.0",
    "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
)


def made_lines(seed: int = 1) -> list[bytes]:
    """Return lines as Apache writes them."""
    chance = random.Random(seed)
    return [
        (
            f"203.0.113.{chance.randrange(256)} - - [23/Nov/2026:{number // 3600:02d}:"
            f"{number // 60 % 60:02d}:{number % 60:02d} +0000] "
            f'"GET /owls/{chance.randrange(999)}?page={chance.randrange(9)} HTTP/1.1" '
            f"200 {chance.randrange(99_999)} "
            f'"https://a.example/{chance.randrange(99)}" '
            f'"{chance.choice(AGENTS)}"'
        ).encode()
        for number in range(LINES)
    ]


def best_rate(work: Callable[[], object], lines: int, rounds: int) -> float:
    """Return lines per second of CPU time in the best round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return lines / best


def main() -> None:
    """Print one line per reader."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", nargs="?", type=Path)
    options.add_argument("--rounds", type=int, default=20)
    given = options.parse_args()
    lines = given.file.read_bytes().splitlines() if given.file else made_lines()
    adopter = Adopter(masks=Masks(), base_url="https://api.example.com")

    def parse() -> None:
        read = FORMATS["combined"].open(Hints()).read
        for line in lines:
            read(line)

    def adopt() -> None:
        read = FORMATS["combined"].open(Hints()).read
        for number, line in enumerate(lines):
            item = read(line)
            if isinstance(item, Foreign):
                adopter.adopt(item, record_id("", b"", number, line))

    ours = best_rate(parse, len(lines), given.rounds)
    print(f"parse       {ours:10,.0f} lines/s")
    print(f"adopt       {best_rate(adopt, len(lines), given.rounds):10,.0f} lines/s")
    try:
        import apachelogs  # type: ignore[import-not-found]  # may be installed or not
    except ImportError:
        print("apachelogs  not installed")
        return
    texts = [line.decode("utf-8", "surrogateescape") for line in lines]

    def other() -> None:
        parser = apachelogs.LogParser(apachelogs.COMBINED)
        for _ in parser.parse_lines(texts, ignore_invalid=True):
            pass

    theirs = best_rate(other, len(lines), min(given.rounds, 3))
    print(f"apachelogs  {theirs:10,.0f} lines/s, 1/{ours / theirs:.1f} of ours")


if __name__ == "__main__":
    main()
